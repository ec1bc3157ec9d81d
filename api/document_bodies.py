"""The bodies and queries of requests about documents."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from api.bodies import example
from api.fields import Body, Currency, Day, MemberId, PageQuery, PublicIdText, Query
from api.order_bodies import OrderIdText

DocumentKind = Literal[
    "account_statement",
    "charge_receipt",
    "cancellation_receipt",
    "quote",
    "transaction_statement",
    "invoice",
    "refund_report",
]
Language = Literal["ko", "en"]
Format = Literal["json", "pdf", "xlsx", "csv"]
Month = Annotated[str, StringConstraints(pattern=r"^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])$")]
Email = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^@\s]{1,64}@[^@\s]{1,135}$")]
Version = Annotated[int, Field(ge=1, lt=2**63)]

NEEDS: dict[str, tuple[str, ...]] = {
    "account_statement": ("from_date", "to_date"),
    "charge_receipt": ("charge_id",),
    "cancellation_receipt": ("charge_id",),
    "quote": ("quote_id",),
    "transaction_statement": (),
    "invoice": ("invoice_id",),
    "refund_report": ("month",),
}
MAY: dict[str, tuple[str, ...]] = {
    "account_statement": ("account_id", "version"),
    "charge_receipt": (),
    "cancellation_receipt": (),
    "quote": (),
    "transaction_statement": ("account_id", "member_id", "order_ids"),
    "invoice": ("transaction_date",),
    "refund_report": ("account_id", "currency"),
}
"""Kind -> fields that it needs, and others that it may have; a field of another kind is refused."""

COMMON = frozenset({"kind", "language", "formats", "email"})


class DocumentBody(Body):
    """A document to be issued; which of the fields it needs, its kind says."""

    model_config = example(
        kind="account_statement", account_id="acc_01k7q4m2x9w3t8r5z6", **{"from": "2026-03-01", "to": "2026-03-31"}
    )

    kind: DocumentKind
    language: Language = "ko"
    formats: Annotated[
        list[Format] | None, Field(min_length=1, max_length=4, description="All of its kind when not given.")
    ] = None
    email: Annotated[Email | None, Field(description="Whom it is for, as printed; kept in the vault alone.")] = None
    account_id: Annotated[
        PublicIdText | None, Field(description="A key that is bound to an account need not name it.")
    ] = None
    member_id: MemberId | None = None
    from_date: Annotated[Day | None, Field(alias="from", description="account_statement: first day.")] = None
    to_date: Annotated[Day | None, Field(alias="to", description="account_statement: last day.")] = None
    version: Annotated[
        Version | None, Field(description="account_statement: of the account; the newest when not given.")
    ] = None
    charge_id: Annotated[PublicIdText | None, Field(description="charge_receipt, cancellation_receipt.")] = None
    quote_id: Annotated[PublicIdText | None, Field(description="quote.")] = None
    order_ids: Annotated[
        list[OrderIdText] | None,
        Field(min_length=1, max_length=1_000, description="transaction_statement: all that can be when not given."),
    ] = None
    invoice_id: Annotated[PublicIdText | None, Field(description="invoice.")] = None
    transaction_date: Annotated[
        Day | None, Field(description="invoice: the date to print, for presentation; today when not given.")
    ] = None
    month: Annotated[Month | None, Field(description="refund_report: YYYY-MM, in Seoul.")] = None
    currency: Annotated[Currency | None, Field(description="refund_report of all accounts: KRW when not given.")] = None

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        given = {name for name in self.model_fields_set if getattr(self, name) is not None} - COMMON
        names = {name: field.alias or name for name, field in type(self).model_fields.items()}
        missing = [names[name] for name in NEEDS[self.kind] if name not in given]
        foreign = sorted(names[name] for name in given - {*NEEDS[self.kind], *MAY[self.kind]})
        if missing:
            raise PydanticCustomError("kind", f"{self.kind} needs {', '.join(missing)}")
        if foreign:
            raise PydanticCustomError("kind", f"{self.kind} has no {', '.join(foreign)}")
        return self


class DocumentsQuery(PageQuery):
    """Which documents; a key that is bound to an account sees its own."""

    account_id: PublicIdText | None = None
    kind: DocumentKind | None = None


class VerifyQuery(Query):
    """Of what: the digest printed on the document, or the SHA-256 of a file."""

    sha256: Annotated[str | None, StringConstraints(pattern=r"^[0-9a-f]{64}$")] = None
