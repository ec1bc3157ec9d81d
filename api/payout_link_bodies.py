"""Bodies and queries of pay-out links."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from api.bodies import example
from api.fields import Amount, Body, Currency, Day, Name, PageQuery, PublicIdText, Reason, Reference
from api.owners import OwnerQuery
from api.recipients import Text

PayoutStatus = Literal[
    "issued", "details_submitted", "funding", "funded", "paying", "paid_out", "payout_failed", "expired", "cancelled",
    "rejected", "refunding", "refunded", "reversed",
]  # fmt: skip

Version = Annotated[int, Field(ge=1, le=1_000_000, description="Of the details that were shown.")]


class PayeeBody(Body):
    """Who is paid; hyphens in the number are left out. The code before the details goes to this number."""

    model_config = example(name="Haneul", phone="010-0000-0007", email="haneul@example.com")

    name: Annotated[Name, Field(max_length=50)]
    phone: Text
    email: Annotated[str, StringConstraints(pattern=r"^[^@\s]{1,64}@[^@\s]{1,190}$")] | None = None


class PayoutLinkBody(Body):
    """Somebody who shall be paid, and is asked where to."""

    model_config = example(
        account_id="acc_01k7q4m2x9w3t8r5z6",
        amount=30_000,
        currency="KRW",
        payee={"name": "Haneul", "phone": "010-0000-0007"},
        expires_on="2026-03-09",
        approval_required=False,
        reference="REFUND-2026-0007",
    )

    account_id: PublicIdText
    amount: Amount
    currency: Currency | None = None
    payee: PayeeBody
    channels: Annotated[
        list[Literal["alimtalk", "sms", "email"]],
        Field(default_factory=list, max_length=3, description="In the order in which they are tried."),
    ]
    expires_on: Annotated[Day | None, Field(description="Last KST day; left out: 7 days from today.")] = None
    approval_required: Annotated[
        bool, Field(description="Whether another person than the issuer approves where the money goes.")
    ] = False
    reference: Reference | None = None


class PayoutDetailsBody(Body):
    """Where the money shall go, as the payee enters it: a bank account, or a card; and the code from the phone."""

    model_config = example(
        code_id="pyc_abcdefghijklmnopqrstuvwxyz234567",
        code="000000",
        bank="Harbour Bank",
        account_number="110-220-330440",
        holder="Haneul",
    )

    code_id: Annotated[str, StringConstraints(pattern=r"^pyc_[a-z2-7]{32}$")]
    code: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
    holder: Annotated[Name, Field(max_length=100)]
    bank: Annotated[Name | None, Field(max_length=50, description="Of an account.")] = None
    account_number: Annotated[str | None, Field(min_length=4, max_length=40)] = None
    card_number: Annotated[str | None, Field(min_length=4, max_length=40)] = None

    @model_validator(mode="after")
    def _account_or_card(self) -> Self:
        if (self.account_number is None) == (self.card_number is None) or (self.bank is None) != (
            self.account_number is None
        ):
            raise PydanticCustomError("destination", "account_number with bank, or card_number without, must be given")
        return self


class PayoutVersionBody(Body):
    """Which details."""

    model_config = example(version=1)

    version: Version


class RejectPayoutBody(PayoutVersionBody):
    """Which details, and why."""

    model_config = example(version=1, reason="Another holder than the one on the contract")

    reason: Reason


class PayPayoutBody(Body):
    """Which details are paid to, and how the creator pays; held money needs no method."""

    model_config = example(version=1, method="card")

    version: Version
    method: Annotated[
        Literal["card", "transfer"] | None,
        Field(description="At the gateway: what cannot be paid out goes back the same way."),
    ] = None
    billing_key_id: Annotated[
        PublicIdText | None, Field(description="A registered card that is charged; only with method card.")
    ] = None


class PayoutReasonBody(Body):
    """Why."""

    model_config = example(reason="Paid in another way")

    reason: Reason


class PayoutLinksQuery(OwnerQuery, PageQuery):
    """Which pay-out links."""

    status: PayoutStatus | None = None
