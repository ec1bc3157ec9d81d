"""Shapes of direct debits: onboarding, mandates, debits, plans and batches."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from api.shapes.base import ACCOUNT_ID, DATE, TIME, Shape, example
from api.shapes.obligations import OBLIGATION_ID

MANDATE_ID = "mdt_01k7q4m2x9w3t8r5z6x2m4q8w1t5r9"
DEBIT_ID = "dbt_01k7q4m2x9w3t8r5z6x2m4q8w1t5r9"
PLAN_ID = "dpl_01k7q4m2x9w3t8r5z6x2m4q8w1t5r9"
BATCH_ID = "dbb_01k7q4m2x9w3t8r5z627pm2r"
DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

OnboardingStatus = Literal[
    "draft", "applied", "contract_signed", "surety_submitted", "testing", "approved", "rejected"
]  # fmt: skip
MandateStatus = Literal[
    "consent_requested", "consented", "submitted_to_bank", "active", "failed", "suspended", "cancelled", "superseded"
]  # fmt: skip
DebitStatus = Literal[
    "scheduled", "submitted", "collected", "partially_collected", "failed", "cancelled", "reversed"
]  # fmt: skip
BatchStatus = Literal["open", "closed", "sent", "missed", "answered", "settled"]


class OnboardingStep(Shape):
    """Where an application for direct debits stands."""

    model_config = example(account_id=ACCOUNT_ID, status="applied")

    account_id: str
    status: OnboardingStatus


class OnboardingDocument(Shape):
    """A document that was filed."""

    model_config = example(account_id=ACCOUNT_ID, kind="bankbook", sha256=DIGEST)

    account_id: str
    kind: str
    sha256: Annotated[str, Field(description="of its bytes, in hex")]


class FiledDocument(Shape):
    """A document as it is listed."""

    model_config = example(kind="bankbook", sha256=DIGEST)

    kind: str
    sha256: str


class Surety(Shape):
    """The surety of an application."""

    model_config = example(kind="guarantee_insurance", amount=10_000_000, currency="KRW", reference="POLICY-118")

    kind: Literal["guarantee_insurance", "deposit", "other"]
    amount: int
    currency: str
    reference: str


class Onboarding(Shape):
    """An application for direct debits."""

    model_config = example(
        account_id=ACCOUNT_ID, status="approved", statement_text="BLUE KITE", settlement_account="***0440",
        documents=[{"kind": "bankbook", "sha256": DIGEST}], surety=None, institution_code="9912345678", reason=None,
        updated_at=TIME,
    )  # fmt: skip

    account_id: str
    status: OnboardingStatus
    statement_text: Annotated[str, Field(description="what stands in the payers' passbooks")]
    settlement_account: Annotated[str, Field(description="where collected money goes, masked")]
    documents: list[FiledDocument]
    surety: Surety | None
    institution_code: Annotated[str | None, Field(description="the account's number at the provider")]
    reason: str | None
    updated_at: str


_TERMS: dict[str, Any] = {
    "id": MANDATE_ID, "account_id": ACCOUNT_ID, "status": "consent_requested", "channel": "app",
    "consent_text": "debit-consent/1", "fixed_amount": 50_000, "max_per_debit": None, "max_per_month": None,
    "partial": False, "currency": "KRW", "replaces": None, "consent_until": DATE,
}  # fmt: skip


class _MandateTerms(Shape):
    id: str
    account_id: str
    status: MandateStatus
    channel: Literal["app", "ars", "paper"]
    consent_text: Annotated[str, Field(description="version of what the payer agrees to")]
    fixed_amount: Annotated[int | None, Field(description="the designated amount; null = it varies")]
    max_per_debit: int | None
    max_per_month: int | None
    partial: Annotated[bool, Field(description="whether the bank may take less than asked for")]
    currency: str
    replaces: Annotated[str | None, Field(description="the mandate whose place it takes once it is active")]
    consent_until: str


class RequestedMandate(_MandateTerms):
    """A mandate that a payer is asked for."""

    model_config = example(**_TERMS)


class MandateStep(Shape):
    """The state of a mandate after a step."""

    model_config = example(id=MANDATE_ID, status="active")

    id: str
    status: MandateStatus


class DebitPayer(Shape):
    """Whom a mandate is asked of, masked."""

    model_config = example(name="***", phone="***-***-0001")

    name: str
    phone: str


class Mandate(_MandateTerms):
    """A mandate: a payer's consent that money is taken from a bank account."""

    model_config = example(
        **{**_TERMS, "status": "active"}, step=None, replaced_by=None, consented_on=DATE, evidence_hash=DIGEST,
        evidence_kept_until=None, payer={"name": "***", "phone": "***-***-0001"}, bank="004",
        account_number="***0440", batch_id=BATCH_ID, code=None, reason=None, ended_by=None, ended_on=None,
        requested_at=TIME,
    )  # fmt: skip

    step: Annotated[
        Literal["entry", "verifying", "consent"] | None,
        Field(description="what a requested one waits for: the payer's account, the bank, the payer's consent"),
    ]
    replaced_by: str | None
    consented_on: str | None
    evidence_hash: Annotated[str | None, Field(description="SHA-256 of what proves the consent, in hex")]
    evidence_kept_until: Annotated[str | None, Field(description="null while the mandate lasts")]
    payer: DebitPayer
    bank: str | None
    account_number: Annotated[str | None, Field(description="its last digits")]
    batch_id: str | None
    code: Annotated[str | None, Field(description="why it failed, or why another account is asked for")]
    reason: str | None
    ended_by: Literal["payer", "biller", "bank", "superseded"] | None
    ended_on: str | None
    requested_at: str


class MandateDetail(Mandate):
    """A mandate with the link to the payer's page."""

    model_config = example(
        **{**_TERMS, "status": "active"}, step=None, replaced_by=None, consented_on=DATE, evidence_hash=DIGEST,
        evidence_kept_until=None, payer={"name": "***", "phone": "***-***-0001"}, bank="004",
        account_number="***0440", batch_id=BATCH_ID, code=None, reason=None, ended_by=None, ended_on=None,
        requested_at=TIME, link=None,
    )  # fmt: skip

    link: Annotated[str | None, Field(description="the payer's page; null for a key that only reads")]


class ScheduledDebit(Shape):
    """A debit that was scheduled."""

    model_config = example(
        id=DEBIT_ID, mandate_id=MANDATE_ID, obligation_id=OBLIGATION_ID, amount=50_000, currency="KRW",
        collect_on=DATE, same_day=False, retry_days=[3, 7, 14], status="scheduled",
    )  # fmt: skip

    id: str
    mandate_id: str
    obligation_id: Annotated[str, Field(description="what is due; a bill can ask for it when the debit does not")]
    amount: int
    currency: str
    collect_on: Annotated[str, Field(description="business day of collection")]
    same_day: bool
    retry_days: list[int]
    status: Literal["scheduled"]


class DebitRef(Shape):
    """One of many debits that were scheduled."""

    model_config = example(id=DEBIT_ID, obligation_id=OBLIGATION_ID)

    id: str
    obligation_id: str


class ScheduledDebits(Shape):
    """Debits that were scheduled together, in the order in which they were asked for."""

    model_config = example(count=1, amount=50_000, items=[{"id": DEBIT_ID, "obligation_id": OBLIGATION_ID}])

    count: int
    amount: int
    items: list[DebitRef]


class DebitStep(Shape):
    """The state of a debit after a step."""

    model_config = example(id=DEBIT_ID, status="cancelled")

    id: str
    status: DebitStatus


class Debit(Shape):
    """A debit. What is still due says its obligation."""

    model_config = example(
        id=DEBIT_ID, account_id=ACCOUNT_ID, mandate_id=MANDATE_ID, obligation_id=OBLIGATION_ID, amount=50_000,
        currency="KRW", collect_on=DATE, same_day=False, retry_days=[3, 7, 14], status="failed", collected=0,
        reversed=0, tries=1, next_on=DATE, batch_id=BATCH_ID, code="insufficient_funds", collected_at=None,
        scheduled_at=TIME,
    )  # fmt: skip

    id: str
    account_id: str
    mandate_id: str
    obligation_id: str
    amount: int
    currency: str
    collect_on: str
    same_day: bool
    retry_days: list[int]
    status: DebitStatus
    collected: Annotated[int, Field(description="what was taken and not taken back")]
    reversed: Annotated[int, Field(description="what was taken back")]
    tries: int
    next_on: Annotated[str | None, Field(description="from when on it goes into a file; null = it does not")]
    batch_id: str | None
    code: str | None
    collected_at: str | None
    scheduled_at: str


class DebitCount(Shape):
    """How many debits, and for how much."""

    model_config = example(count=2, amount=100_000)

    count: int
    amount: int


class DebitsCollected(DebitCount):
    """What was collected; `partly`: debits of which a part came."""

    model_config = example(count=2, amount=125_000, partly=1)

    partly: int


class DebitsFailed(DebitCount):
    """What was not; `retrying`: debits that are tried again."""

    model_config = example(count=2, amount=75_000, retrying=1)

    retrying: int


class DebitsCancelled(Shape):
    """How many debits were taken back."""

    model_config = example(count=0)

    count: int


_MONTH: dict[str, Any] = {
    "month": "2026-03", "scheduled": {"count": 0, "amount": 0}, "submitted": {"count": 0, "amount": 0},
    "collected": {"count": 2, "amount": 125_000, "partly": 1}, "failed": {"count": 2, "amount": 125_000, "retrying": 1},
    "reversed": {"count": 0, "amount": 0}, "cancelled": {"count": 0},
}  # fmt: skip


class DebitMonth(Shape):
    """The debits of a month of collection."""

    model_config = example(**_MONTH)

    month: str
    scheduled: DebitCount
    submitted: DebitCount
    collected: DebitsCollected
    failed: DebitsFailed
    reversed: DebitCount
    cancelled: DebitsCancelled


class DebitSummary(Shape):
    """The figures of the dashboard, by month of collection."""

    model_config = example(account_id=ACCOUNT_ID, months=[_MONTH])

    account_id: str
    months: list[DebitMonth]


_PLAN: dict[str, Any] = {
    "id": PLAN_ID, "account_id": ACCOUNT_ID, "mandate_id": MANDATE_ID, "amount": 50_000, "currency": "KRW", "day": 25,
    "first_month": "2026-03", "last_month": None, "retry_days": [3, 7, 14], "status": "active",
    "next_month": "2026-03",
}  # fmt: skip


class MadeDebitPlan(Shape):
    """A plan that was made."""

    model_config = example(**_PLAN)

    id: str
    account_id: str
    mandate_id: str
    amount: int
    currency: str
    day: Annotated[int, Field(description="of the month; 29 to 31 = the last of a shorter one")]
    first_month: str
    last_month: str | None
    retry_days: list[int]
    status: Literal["active", "ended"]
    next_month: str | None


class DebitPlan(MadeDebitPlan):
    """A plan: the same debit every month."""

    model_config = example(**_PLAN, next_on=DATE, debits=3, last_debit_id=DEBIT_ID, last_code=None)

    next_on: Annotated[str | None, Field(description="business day of the next debit")]
    debits: Annotated[int, Field(description="how many it has made")]
    last_debit_id: str | None
    last_code: Annotated[str | None, Field(description="why the last month went without; null = it did not")]


class DebitPlanEnded(Shape):
    """A plan that has ended."""

    model_config = example(id=PLAN_ID, status="ended")

    id: str
    status: Literal["ended"]


class DebitBatchStep(Shape):
    """The state of a batch after a step."""

    model_config = example(id=BATCH_ID, status="answered")

    id: str
    status: BatchStatus


class DebitBatch(Shape):
    """A file for the bank, and what the bank said of it."""

    model_config = example(
        id=BATCH_ID, account_id=ACCOUNT_ID, kind="debits", day=DATE, status="settled", institution_code="9912345678",
        cut_off_at=TIME, results_at=TIME, lines=5, amount=250_000, currency="KRW", sha256=DIGEST,
        results_sha256=DIGEST, settled=5, done=2, partly=1, failed=2, collected=125_000, code=None, opened_at=TIME,
    )  # fmt: skip

    id: str
    account_id: str
    kind: Literal["mandates", "debits", "same_day"]
    day: Annotated[str, Field(description="business day of the applications, or of collection")]
    status: BatchStatus
    institution_code: str
    cut_off_at: Annotated[str, Field(description="until when the bank takes the file")]
    results_at: Annotated[str, Field(description="when it answers")]
    lines: int
    amount: Annotated[int, Field(description="what the lines ask for")]
    currency: str
    sha256: Annotated[str | None, Field(description="of the file as it was sent")]
    results_sha256: str | None
    settled: Annotated[int, Field(description="lines whose result is recorded")]
    done: int
    partly: int
    failed: int
    collected: int
    code: str | None
    opened_at: str
