"""Bodies and queries of direct debits."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from aggregates.collecting.debit import RETRY_DAYS
from aggregates.collecting.mandate import CONSENT_TEXTS
from aggregates.collecting.onboarding import DOCUMENT_KINDS
from api.bodies import example
from api.fields import Amount, Body, Currency, Day, Name, PageQuery, PublicIdText, Query, Reason, Reference
from api.recipients import Text
from api.shapes.base import ACCOUNT_ID, DATE
from api.shapes.direct_debits import MANDATE_ID, DebitStatus, MandateStatus

Bank = Annotated[str, StringConstraints(pattern=r"^[0-9]{3}$")]
AccountNumber = Annotated[str, StringConstraints(pattern=r"^[0-9]{6,16}$")]
Identity = Annotated[
    str,
    StringConstraints(pattern=r"^([0-9]{6}|[0-9]{10})$"),
    Field(description="birth date (YYMMDD) or business number of ten digits"),
]
Month = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$")]
RetryDays = Annotated[
    list[Annotated[int, Field(ge=1, le=60)]],
    Field(max_length=3, description="days after the day of collection on which it is tried again; [] = never"),
]
DayOfMonth = Annotated[int, Field(ge=1, le=31)]
StatementText = Annotated[str, Field(min_length=1, max_length=16)]
DocumentKind = Literal[
    "business_registration", "representative_id", "bankbook", "application_form", "contract", "surety"
]  # fmt: skip
assert set(DOCUMENT_KINDS) == set(DocumentKind.__args__)  # type: ignore[attr-defined]


class OnboardingBody(Body):
    """Where collected money goes, and what stands in the payers' passbooks."""

    model_config = example(
        bank="004", account_number="110220330440", holder="Blue Kite Trading", business_number="1234567891",
        statement_text="BLUE KITE",
    )  # fmt: skip

    bank: Bank
    account_number: AccountNumber
    holder: Name
    business_number: Annotated[str, StringConstraints(pattern=r"^[0-9]{10}$")]
    statement_text: StatementText


class DocumentQuery(Query):
    """Which document the file is."""

    kind: DocumentKind


class SuretyBody(Body):
    """The surety; insurance needs its policy filed before."""

    model_config = example(kind="guarantee_insurance", amount=10_000_000, reference="POLICY-118")

    kind: Literal["guarantee_insurance", "deposit", "other"]
    amount: Amount
    currency: Currency | None = None
    reference: Reference


class ApprovalBody(Body):
    """The account's number at the provider."""

    model_config = example(institution_code="9912345678")

    institution_code: Annotated[str, StringConstraints(pattern=r"^[0-9]{10}$")]


class RejectionBody(Body):
    """Why the provider does not take it."""

    model_config = example(reason="The bankbook is not the business's own")

    reason: Reason


class DebitPayerBody(Body):
    """Whom a mandate is asked of."""

    model_config = example(name="Haneul", phone="010-0000-0001")

    name: Name
    phone: Text
    email: Annotated[str, Field(min_length=3, max_length=200, pattern=r"^[^@\s]+@[^@\s]+$")] | None = None


class MandateBody(Body):
    """What a payer is asked to agree to. With `send` the payer is told, with the link to their page."""

    model_config = example(
        account_id=ACCOUNT_ID, payer={"name": "Haneul", "phone": "010-0000-0001"}, channel="app", fixed_amount=50_000
    )

    account_id: PublicIdText | None = None
    payer: DebitPayerBody
    channel: Literal["app", "ars", "paper"] = "app"
    fixed_amount: Amount | None = None
    max_per_debit: Amount | None = None
    max_per_month: Amount | None = None
    partial: bool = False
    replaces: PublicIdText | None = None
    send: bool = True


class BankAccountBody(Body):
    """The account that the payer has entered, and that the payer agrees."""

    model_config = example(
        bank="004", account_number="110220330440", holder="Haneul", identity="900815", consent_text=CONSENT_TEXTS[-1]
    )

    bank: Bank
    account_number: AccountNumber
    holder: Name
    identity: Identity
    consent_text: Annotated[
        Literal["debit-consent/1"], Field(description="version of the text that the payer was shown and accepts")
    ]


class MandateCancelBody(Body):
    """Who ends it, and why."""

    model_config = example(by="biller", reason="The contract has ended")

    by: Literal["payer", "biller"]
    reason: Reason


class DebitReasonBody(Body):
    """Why."""

    model_config = example(reason="A dispute")

    reason: Reason


class MandatesQuery(PageQuery):
    """Whose, and in which state."""

    account_id: PublicIdText | None = None
    status: MandateStatus | None = None


class DebitItem(Body):
    """One debit. With `obligation_id` it collects what is asked for already, such as a bill."""

    model_config = example(mandate_id=MANDATE_ID, amount=50_000, collect_on=DATE)

    mandate_id: PublicIdText
    amount: Amount
    collect_on: Day
    obligation_id: PublicIdText | None = None
    same_day: bool = False
    retry_days: RetryDays = Field(default_factory=lambda: list(RETRY_DAYS))


class DebitBody(DebitItem):
    """A debit of an account; a key that is bound to one need not name it."""

    model_config = example(account_id=ACCOUNT_ID, mandate_id=MANDATE_ID, amount=50_000, collect_on=DATE)

    account_id: PublicIdText | None = None
    currency: Currency | None = None


class DebitsBody(Body):
    """Debits that are scheduled together, all or none."""

    model_config = example(
        account_id=ACCOUNT_ID, items=[{"mandate_id": MANDATE_ID, "amount": 50_000, "collect_on": DATE}]
    )

    account_id: PublicIdText | None = None
    items: Annotated[list[DebitItem], Field(min_length=1, max_length=500)]


class DebitsQuery(PageQuery):
    """Whose, in which state, by which mandate, of which month of collection."""

    account_id: PublicIdText | None = None
    status: DebitStatus | None = None
    mandate_id: PublicIdText | None = None
    month: Month | None = None


class DebitCancelBody(Body):
    """Why it is not collected; what is due stays due, and a bill can ask for it."""

    model_config = example(reason="switched_to_bill")

    reason: Literal["by_biller", "switched_to_bill"] = "by_biller"


class SummaryQuery(Query):
    """Whose, and of which months of collection; at most 36."""

    account_id: PublicIdText | None = None
    first_month: Month
    last_month: Month


class DebitPlanBody(Body):
    """The same debit every month."""

    model_config = example(account_id=ACCOUNT_ID, mandate_id=MANDATE_ID, amount=50_000, day=25, first_month="2026-03")

    account_id: PublicIdText | None = None
    mandate_id: PublicIdText
    amount: Amount
    currency: Currency | None = None
    day: DayOfMonth
    first_month: Month
    last_month: Month | None = None
    retry_days: RetryDays = Field(default_factory=lambda: list(RETRY_DAYS))


class DebitsOwnerQuery(PageQuery):
    """Whose."""

    account_id: PublicIdText | None = None
