"""The bodies and queries of requests about payment requests."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from aggregates.collecting.payment_request_parts import DETAILS_MAX, REASON_MAX
from api.bodies import example
from api.fields import Amount, Body, Currency, Day, PageQuery, PublicIdText, Query, Reason, Reference
from api.recipients import Text

REQUEST_ID = "prq_01k7q4m2x9w3t8r5z6h2k9w4q8m1x7"
ATTACHMENT_ID = "att_abcdefghijklmnopqrstuvwxyz234567"

AttachmentIdText = Annotated[str, StringConstraints(pattern=r"^att_[a-z2-7]{32}$")]
FileName = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f/\\]{1,120}$")]
Details = Annotated[str, Field(min_length=1, max_length=DETAILS_MAX)]
Version = Annotated[int, Field(ge=1, le=1_000, description="The version that was seen and is answered.")]
Side = Annotated[
    Literal["payee", "payer"] | None,
    Field(description="For which side; a key that is bound to an account need not say."),
]
RejectionCode = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z_]{1,40}$"),
    Field(
        description="One of not_ordered, not_delivered, wrong_amount, wrong_due_date, already_paid, unknown_requester,"
        " other."
    ),
]


class CounterpartyBody(Body):
    """Who is asked: an account of this ledger, or a person by name and phone, e-mail, or both."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"name": "Haneul", "phone": "010-0000-0001", "email": "haneul@kite.example"}}
    )

    account_id: PublicIdText | None = None
    name: Annotated[str, Field(max_length=50)] = ""
    phone: Text = ""
    email: Annotated[str, Field(max_length=254)] = ""


class AttachmentBody(Body):
    """A file that was uploaded, under the name that it shall have."""

    model_config = example(attachment_id=ATTACHMENT_ID, name="contract.pdf")

    attachment_id: AttachmentIdText
    name: FileName


class TermsBody(Body):
    """What is asked for; the whole of it, also where little changes."""

    model_config = example(
        amount=1_000_000,
        currency="KRW",
        due_on="2024-11-30",
        details="Harbour tea house, shelves, order 118",
        attachments=[{"attachment_id": ATTACHMENT_ID, "name": "contract.pdf"}],
    )

    amount: Amount
    currency: Currency | None = None
    due_on: Annotated[Day, Field(description="KST date by which it is to be paid; today or later.")]
    details: Details | None = None
    attachments: Annotated[list[AttachmentBody], Field(default_factory=list, max_length=100)]


class PaymentRequestBody(TermsBody):
    """A request for money."""

    model_config = example(
        account_id="acc_01k7q4m2x9w3t8r5z6",
        counterparty={"name": "Haneul", "phone": "010-0000-0001"},
        amount=1_000_000,
        currency="KRW",
        due_on="2024-11-30",
        details="Harbour tea house, shelves, order 118",
        attachments=[],
        reference="ORDER-118",
    )

    account_id: Annotated[
        PublicIdText | None, Field(description="Who asks; a key that is bound to an account need not say.")
    ] = None
    counterparty: CounterpartyBody
    reference: Reference | None = None


class AmendmentBody(TermsBody):
    """A change of what was agreed."""

    model_config = example(amount=900_000, currency="KRW", due_on="2024-12-10", attachments=[])

    side: Side = None


class AcceptBody(Body):
    """The counterparty's yes to the version that it has seen."""

    model_config = example(version=1)

    version: Version


class RejectBody(Body):
    """The counterparty's no, with its reason: a code and words of its own."""

    model_config = example(version=1, code="wrong_amount", text="We had agreed on 900,000.")

    version: Version
    code: RejectionCode
    text: Annotated[Reason, Field(max_length=REASON_MAX)]


class SideBody(Body):
    """For which side, where the key does not say it."""

    model_config = example()

    side: Side = None


class RejectAmendmentBody(SideBody):
    """The other side's no to a change, with its reason."""

    model_config = example(code="wrong_due_date", text="Not before the delivery.")

    code: RejectionCode
    text: Annotated[Reason, Field(max_length=REASON_MAX)]


class ClaimBody(Body):
    """The link that somebody was sent, and the last four digits of their phone: the request is theirs."""

    model_config = example(link="abcdefghijklmnopqrstuvwxyz234567", digits="0001", account_id="acc_01k7q4m2x9w3t8r5z6")

    link: Annotated[
        str, StringConstraints(pattern=r"^[a-z2-7]{32}$"), Field(description="What stands behind /p/ in the link.")
    ]
    digits: Annotated[
        Annotated[str, StringConstraints(pattern=r"^[0-9]{4}$")] | None,
        Field(description="Not needed where the request went to an e-mail address alone."),
    ] = None
    account_id: Annotated[
        PublicIdText | None, Field(description="Whose it is; a key that is bound to an account need not say.")
    ] = None


class RequestPaymentBody(Body):
    """A payment of what is left, or of a part of it."""

    model_config = example(amount=400_000, currency="KRW", method="card")

    amount: Amount
    method: Literal["card", "transfer", "virtual_account"]
    currency: Currency | None = None


class PaymentRequestsQuery(PageQuery):
    """Which requests."""

    account_id: PublicIdText | None = None
    side: Literal["payee", "payer"] | None = None
    status: (
        Literal["sent", "accepted", "rejected", "withdrawn", "expired", "partially_paid", "paid", "reversed"] | None
    ) = None
    overdue: Annotated[
        Literal["true", "false"] | None, Field(description="Only those whose due date has passed, or only the others.")
    ] = None


class EvidenceQuery(Query):
    """In which form, and in which language people read it."""

    format: Literal["json", "pdf", "zip"] = "json"
    language: Literal["ko", "en"] = "ko"
