"""Shapes of payment requests, their attachments and their evidence."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from api.shapes.base import ACCOUNT_ID, DATE, OTHER_ACCOUNT_ID, TIME, Shape, example
from api.shapes.obligations import OBLIGATION_ID, ObligationPayment

REQUEST_ID = "prq_01k7q4m2x9w3t8r5z6h2k9w4q8m1x7"
ATTACHMENT_ID = "att_abcdefghijklmnopqrstuvwxyz234567"
DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

RequestStatus = Literal[
    "sent", "accepted", "rejected", "withdrawn", "expired", "partially_paid", "paid", "reversed"
]  # fmt: skip
"""paid = all that is owed has settled or was confirmed by the payee; reversed = it was, and was taken back."""

_FILE: dict[str, Any] = {"id": ATTACHMENT_ID, "type": "pdf", "size": 48_213, "sha256": DIGEST}


class AttachmentFile(Shape):
    """A file that goes with a request, without its name."""

    model_config = example(**_FILE)

    id: str
    type: Literal["jpg", "png", "pdf", "xlsx", "zip"]
    size: Annotated[int, Field(description="in bytes")]
    sha256: Annotated[str, Field(description="of its bytes, in hex")]


class UploadedAttachment(AttachmentFile):
    """A file that was uploaded; what no request names is forgotten after its last day."""

    model_config = example(**_FILE, account_id=ACCOUNT_ID, kept_until=DATE)

    account_id: str
    kept_until: str


class NamedAttachment(AttachmentFile):
    """A file that goes with a request, under its name; null when it is erased, *** for whoever may not see it."""

    model_config = example(**_FILE, name="contract.pdf")

    name: str | None


class RequestCounterparty(Shape):
    """A person who is asked; masked unless the key is that of one of the two sides."""

    model_config = example(name="Haneul", phone="01000000001", email=None)

    name: str
    phone: str | None
    email: str | None


class PaymentRequestSent(Shape):
    """A request for money that was sent."""

    model_config = example(
        id=REQUEST_ID, account_id=ACCOUNT_ID, payer_account_id=None, amount=1_000_000, currency="KRW",
        due_on="2024-11-30", expires_on="2024-12-30", reference="ORDER-118", attachments=[_FILE], version=1,
        status="sent",
    )  # fmt: skip

    id: str
    account_id: Annotated[str, Field(description="who asks")]
    payer_account_id: Annotated[str | None, Field(description="the account that is asked; null = a person")]
    amount: int
    currency: str
    due_on: str
    expires_on: Annotated[str, Field(description="last day on which it can be answered")]
    reference: str | None
    attachments: list[AttachmentFile]
    version: int
    status: Literal["sent"]


class PaymentRequestStep(Shape):
    """What a step has made of a request."""

    model_config = example(id=REQUEST_ID, status="accepted", version=1, obligation_id=OBLIGATION_ID)

    id: str
    status: Literal["sent", "accepted", "rejected", "withdrawn", "expired"]
    version: Annotated[int | None, Field(description="which version the step was about; null = none")]
    obligation_id: Annotated[str | None, Field(description="what is paid from now on; null before acceptance")]


class PaymentRequestBound(Shape):
    """Who is asked."""

    model_config = example(id=REQUEST_ID, payer_account_id=OTHER_ACCOUNT_ID)

    id: str
    payer_account_id: str | None


class AmendmentStep(Shape):
    """What has become of a change."""

    model_config = example(id=REQUEST_ID, amendment=1, amendment_status="accepted", version=2)

    id: str
    amendment: int
    amendment_status: Literal["proposed", "accepted", "rejected", "withdrawn"]
    version: Annotated[int | None, Field(description="of the request, once both sides agree; null before")]


_LISTED: dict[str, Any] = {
    "id": REQUEST_ID, "account_id": ACCOUNT_ID, "payer_account_id": None,
    "counterparty": {"name": "H**", "phone": "***-***-0001", "email": None}, "counterparty_verified": True,
    "status": "partially_paid", "version": 1, "amount": 1_000_000, "currency": "KRW", "due_on": "2024-11-30",
    "expires_on": "2024-12-30", "reference": "ORDER-118", "obligation_id": OBLIGATION_ID, "answered_on": "2024-11-02",
    "paid": 400_000, "outstanding": 600_000, "pending": 0, "confirmed": 0, "reversed": 0, "refunded": 0,
    "payer_credit": 0, "paid_on": None, "overdue": True, "overdue_from": "2024-12-01", "overdue_to": None,
    "days_late": 1, "amendment_open": False, "occurred_at": TIME, "position": 42,
}  # fmt: skip


class ListedPaymentRequest(Shape):
    """A request for money, with what is paid of it."""

    model_config = example(**_LISTED)

    id: str
    account_id: str
    payer_account_id: str | None
    counterparty: Annotated[RequestCounterparty | None, Field(description="null = an account is asked")]
    counterparty_verified: Annotated[bool, Field(description="the person has shown to be the one that was asked")]
    status: RequestStatus
    version: int
    amount: int
    currency: str
    due_on: str
    expires_on: str
    reference: str | None
    obligation_id: str | None
    answered_on: str | None
    paid: Annotated[int, Field(description="settled or confirmed, and not taken back")]
    outstanding: Annotated[int | None, Field(description="what is left to pay; null before acceptance")]
    pending: Annotated[int, Field(description="what the payment under way will bring")]
    confirmed: Annotated[int, Field(description="what of it the payee has confirmed; no money moved here")]
    reversed: int
    refunded: int
    payer_credit: Annotated[int, Field(description="paid beyond what was due")]
    paid_on: str | None
    overdue: Annotated[bool, Field(description="the due date has passed and something is owed")]
    overdue_from: str | None
    overdue_to: Annotated[str | None, Field(description="the day on which it was paid late; null while it is overdue")]
    days_late: int
    amendment_open: bool
    occurred_at: str
    position: int


_TERMS: dict[str, Any] = {
    "amount": 1_000_000, "due_on": "2024-11-30", "details": "Shelves, order 118",
    "attachments": [{**_FILE, "name": "contract.pdf"}],
}  # fmt: skip


class RequestVersion(Shape):
    """One version of what was asked for; the last one is the one that holds."""

    model_config = example(version=1, **_TERMS, at=TIME, position=42)

    version: int
    amount: int
    due_on: str
    details: str | None
    attachments: list[NamedAttachment]
    at: str
    position: int


class RequestAmendment(Shape):
    """A change that one side has proposed, and what the other one said."""

    model_config = example(
        amendment=1, side="payee", status="proposed", **_TERMS, via="account", at=TIME, position=44, code=None,
        text=None, answered_at=None,
    )  # fmt: skip

    amendment: int
    side: Literal["payee", "payer"]
    status: Literal["proposed", "accepted", "rejected", "withdrawn"]
    amount: int
    due_on: str
    details: str | None
    attachments: list[NamedAttachment]
    via: Literal["account", "page", "service"]
    at: str
    position: int
    code: str | None
    text: str | None
    answered_at: str | None


class RequestRejection(Shape):
    """Why somebody said no."""

    model_config = example(code="wrong_amount", text="We had agreed on 900,000.")

    code: str
    text: str | None


class RequestHistoryEntry(Shape):
    """One fact about a request, its obligation, or a payment or message about it."""

    model_config = example(
        position=42, block=17, at=TIME, topic="payment_request.sent", digest=DIGEST, fact={"request_id": REQUEST_ID}
    )

    position: int
    block: Annotated[int | None, Field(description="of the seal that it stands in")]
    at: str
    topic: str
    digest: Annotated[str, Field(description="SHA-256 over the stored row, as the seal takes it")]
    fact: Annotated[dict[str, Any], Field(description="as stored; people stand there by tokens alone")]


_WHOLE: dict[str, Any] = {
    **_LISTED, "details": "Shelves, order 118", "attachments": [{**_FILE, "name": "contract.pdf"}], "rejection": None,
    "versions": [{"version": 1, **_TERMS, "at": TIME, "position": 42}], "amendments": [], "payments": [],
}  # fmt: skip


class PaymentRequest(ListedPaymentRequest):
    """A request with all its versions, changes, payments and its whole history."""

    model_config = example(
        **_WHOLE, link=None,
        history=[
            {"position": 42, "block": 17, "at": TIME, "topic": "payment_request.sent", "digest": DIGEST,
             "fact": {"request_id": REQUEST_ID}}
        ],
    )  # fmt: skip

    details: str | None
    attachments: list[NamedAttachment]
    rejection: RequestRejection | None
    link: Annotated[str | None, Field(description="the person's link, for the payee to hand over")]
    versions: list[RequestVersion]
    amendments: list[RequestAmendment]
    payments: list[ObligationPayment]
    history: Annotated[list[RequestHistoryEntry], Field(description="oldest first")]


class EvidenceSeal(Shape):
    """Where the ledger's seal stood."""

    model_config = example(position=57, blocks=20, head=DIGEST)

    position: int
    blocks: int
    head: str


class EvidenceParty(Shape):
    """One side: an account, or a person."""

    model_config = example(account_id=ACCOUNT_ID, account_name="Blue Kite Trading", person=None, verified=False)

    account_id: str | None
    account_name: str | None
    person: RequestCounterparty | None
    verified: bool


class EvidenceFact(Shape):
    """One fact as it is stored, with all that is needed to make its digest again."""

    model_config = example(
        position=42, block=17, block_hash=DIGEST, stream="00000000-0000-5000-8000-000000000001", version=1,
        topic="payment_request.sent", key=None, digest=DIGEST, state='{"request_id":"prq_01k7q4m2x9w3t8r5z61"}',
    )  # fmt: skip

    position: int
    block: int | None
    block_hash: str | None
    stream: str
    version: int
    topic: str
    key: Annotated[str | None, Field(description="the command's key, hex; null = none")]
    digest: str
    state: Annotated[str, Field(description="the stored bytes, as text")]


class EvidenceMessage(Shape):
    """Who was told of what, and whether it arrived."""

    model_config = example(
        id="tel_01k7q4m2x9w3t8r5z6h2k9w4q8m1x7", kind="request.sent", recipient="person", requested_at=TIME,
        status="told", channel="alimtalk", code=None, settled_at=TIME,
    )  # fmt: skip

    id: str
    kind: str
    recipient: str
    requested_at: str
    status: str
    channel: str | None
    code: str | None
    settled_at: str | None


class EvidenceRequest(ListedPaymentRequest):
    """The request as it stands, in clear."""

    model_config = example(**_WHOLE)

    details: str | None
    attachments: list[NamedAttachment]
    rejection: RequestRejection | None
    versions: list[RequestVersion]
    amendments: list[RequestAmendment]
    payments: list[ObligationPayment]


class PaymentRequestEvidence(Shape):
    """All that the ledger knows of a request: what was asked, said, sent and paid, fact by fact with its seal."""

    model_config = example(
        format=1,
        kind="payment_request_evidence",
        made_at=TIME,
        position=57,
        seal={"position": 57, "blocks": 20, "head": DIGEST},
        payee={"account_id": ACCOUNT_ID, "account_name": "Blue Kite Trading", "person": None, "verified": True},
        payer={
            "account_id": None, "account_name": None,
            "person": {"name": "Haneul", "phone": "01000000001", "email": None}, "verified": True,
        },
        request=_WHOLE,
        messages=[],
        facts=[],
    )  # fmt: skip

    format: int
    kind: Literal["payment_request_evidence"]
    made_at: str
    position: int
    seal: EvidenceSeal
    payee: EvidenceParty
    payer: EvidenceParty
    request: EvidenceRequest
    messages: list[EvidenceMessage]
    facts: list[EvidenceFact]
