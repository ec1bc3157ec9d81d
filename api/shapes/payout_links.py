"""Shapes of pay-out links."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from api.shapes.base import ACCOUNT_ID, DATE, TIME, Shape, example

PAYOUT_LINK_ID = "pol_01k7q4m2x9w3t8r5z6h2k9w4q8m1x7"
_PAYMENT_ID = "pay_01k7q4m2x9w3t8r5z6h2k9w4q8m1x7"
_OBLIGATION_ID = "obl_01k7q4m2x9w3t8r5z6h2k9w4q8m1x7"

PayoutLinkStatus = Literal[
    "issued", "details_submitted", "funding", "funded", "paying", "paid_out", "payout_failed", "expired", "cancelled",
    "rejected", "refunding", "refunded", "reversed",
]  # fmt: skip

_LINK: dict[str, Any] = {
    "id": PAYOUT_LINK_ID,
    "account_id": ACCOUNT_ID,
    "amount": 30_000,
    "currency": "KRW",
    "expires_on": DATE,
    "approval_required": False,
    "reference": "REFUND-2026-0007",
}


class PayoutLink(Shape):
    """A pay-out link that was issued."""

    model_config = example(**_LINK, status="issued")

    id: str
    account_id: str
    amount: int
    currency: str
    status: PayoutLinkStatus
    expires_on: Annotated[str, Field(description="last KST day for details and for paying")]
    approval_required: bool
    reference: str | None


class PayoutPayee(Shape):
    """Who is paid; masked for those who only read."""

    name: str
    phone: str
    email: str


class PayoutDetails(Shape):
    """Where the money shall go, as the payee entered it."""

    version: Annotated[int, Field(description="each submission is a new one; paying names it")]
    kind: Literal["account", "card"]
    bank: str
    account_number: Annotated[str, Field(description="the last four digits; of a card likewise")]
    holder: Annotated[str, Field(description="the first letter")]
    holder_check: Annotated[
        Literal["full", "partial", "none"] | None,
        Field(description="how well the holder's name is that of the account; null = the bank has not said yet"),
    ]
    approved_by: str | None


class ListedPayoutLink(PayoutLink):
    """A pay-out link as it stands."""

    model_config = example(
        **_LINK,
        status="paid_out",
        payee={"name": "H**", "phone": "***-***-0007", "email": ""},
        details={
            "version": 1,
            "kind": "account",
            "bank": "Harbour Bank",
            "account_number": "***-***-0440",
            "holder": "H**",
            "holder_check": "full",
            "approved_by": None,
        },
        obligation_id=_OBLIGATION_ID,
        payment_id=_PAYMENT_ID,
        held=0,
        owing=0,
        attempts=1,
        code=None,
        paid_on=DATE,
        made_by="payments-team",
        link=None,
        pay_link=None,
        issued_at=TIME,
        position=42,
    )

    payee: PayoutPayee
    details: PayoutDetails | None
    obligation_id: Annotated[str | None, Field(description="what the creator pays")]
    payment_id: Annotated[str | None, Field(description="the payment that has settled")]
    held: Annotated[int, Field(description="paid in and neither paid out nor given back")]
    owing: Annotated[int, Field(description="left owing because others took the payment back")]
    attempts: Annotated[int, Field(description="how often the bank was told to pay")]
    code: Annotated[
        str | None, Field(description="why it was not paid, came back, or was taken back; rejected = not approved")
    ]
    paid_on: str | None
    made_by: str
    link: Annotated[str | None, Field(description="to the payee's page, while details are taken; alone, not in lists")]
    pay_link: Annotated[str | None, Field(description="to the creator's page, for the details of this version alone")]
    issued_at: str
    position: int


class PayoutCode(Shape):
    """A code was sent to the payee's phone."""

    model_config = example(id=PAYOUT_LINK_ID, code_id="pyc_abcdefghijklmnopqrstuvwxyz234567", expires_in=180)

    id: str
    code_id: str
    expires_in: Annotated[int, Field(description="seconds")]


class PayoutDetailsTaken(Shape):
    """Details were taken, as a new version."""

    model_config = example(id=PAYOUT_LINK_ID, version=1)

    id: str
    version: int


class PayoutApproved(Shape):
    """Another person has approved where the money goes."""

    model_config = example(id=PAYOUT_LINK_ID, version=1, approved_by="finance-team")

    id: str
    version: int
    approved_by: str


class PayoutRejected(Shape):
    """Another person has refused to have it paid: it is over, or what was held goes back to the creator."""

    model_config = example(id=PAYOUT_LINK_ID, status="rejected", version=1, rejected_by="finance-team")

    id: str
    status: Literal["rejected", "refunding"]
    version: int
    rejected_by: str


class PayoutPaying(Shape):
    """The creator pays, or held money is paid out."""

    model_config = example(
        id=PAYOUT_LINK_ID, status="funding", version=1, obligation_id=_OBLIGATION_ID, payment_id=_PAYMENT_ID
    )

    id: str
    status: Literal["funding", "paying"]
    version: int
    obligation_id: str | None
    payment_id: Annotated[str | None, Field(description="the creator's payment; null when held money is paid out")]


class PayoutRefund(Shape):
    """Held money is on its way back to the creator."""

    model_config = example(id=PAYOUT_LINK_ID, status="refunding", amount=30_000)

    id: str
    status: Literal["refunding"]
    amount: int


class PayoutLinkEnded(Shape):
    """A pay-out link has ended without money."""

    model_config = example(id=PAYOUT_LINK_ID, status="cancelled")

    id: str
    status: Literal["cancelled", "expired"]
