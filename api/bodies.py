"""The bodies of all requests that change something: one closed, strict model each."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StringConstraints, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from api.fields import (
    Amount,
    Body,
    Currency,
    Instant,
    Limit,
    MemberId,
    Name,
    PublicIdText,
    Reason,
    Reference,
    SignedAmount,
    Unlimited,
)

Attachment = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
AccountNumber = Annotated[str, StringConstraints(pattern=r"^[0-9](?:[0-9-]{3,32})[0-9]$")]
Holder = Annotated[str, Field(min_length=1, max_length=100)]
HolderIsMember = Annotated[bool, Field(description="The bank account is the member's own.")]
BankCode = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:-]{1,64}$")]


def example(**values: Any) -> ConfigDict:
    """Return a model configuration with the example that the documentation shows."""
    return ConfigDict(json_schema_extra={"example": values})


class OpenAccountBody(Body):
    """A new account."""

    model_config = example(name="Harbour Tea House", mode="prepaid", currency="KRW")

    name: Name
    mode: Literal["prepaid", "postpaid"]
    currency: Currency = "KRW"
    credit_limit: Limit | None = None
    overdraft_limit: Limit | Unlimited = 0


class ReasonBody(Body):
    """A decision of a person, with its reason."""

    model_config = example(reason="Requested by the customer, ticket 4711")

    reason: Reason


class OptionalReasonBody(Body):
    """A decision of a person, with or without a reason."""

    model_config = example(reason="Documents complete")

    reason: Reason | None = None


class EmptyBody(Body):
    """Nothing beside the path."""

    model_config = example()


class ChargeBody(Body):
    """Money that the caller has already received (card, transfer), or a virtual account to wait on."""

    model_config = example(amount=12222, currency="KRW", method="card", reference="PAY-20260302-0007")

    amount: Amount
    method: Literal["card", "transfer", "virtual_account"]
    currency: Currency | None = None
    reference: Reference | None = None
    occurred_at: Instant | None = None


class PaymentBody(Body):
    """A payment to start at the gateway."""

    model_config = example(
        account_id="acc_01k7q4m2x9w3t8r5z6", amount=12222, currency="KRW", method="card", reference="SHOP-20260302-0007"
    )

    account_id: PublicIdText
    amount: Amount
    method: Literal["card", "transfer", "virtual_account"]
    currency: Currency | None = None
    reference: Reference | None = None
    billing_key_id: Annotated[
        PublicIdText | None, Field(description="A registered card that is charged; only with method card.")
    ] = None


class BillingKeyBody(Body):
    """A card to register at the gateway: the one-time token that the gateway's own page gave for it."""

    model_config = example(token="one-time-token-of-the-gateway", label="Company card")  # noqa: S106 (fictitious)

    token: Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{8,255}$")]
    label: Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,50}$")] | None = None


class DepositBody(Body):
    """What arrived on a virtual account."""

    model_config = example(amount=50000, currency="KRW")

    amount: Amount
    currency: Currency | None = None
    occurred_at: Instant | None = None


class ChargeBackBody(Body):
    """What the card company or a gateway took back of a charge by itself."""

    model_config = example(amount=10000, currency="KRW")

    amount: Amount
    currency: Currency | None = None


class ReceivablePaymentBody(Body):
    """A customer's payment of what chargebacks left owing."""

    model_config = example(amount=4000, currency="KRW", reference="BANK-20260331-0002")

    amount: Amount
    currency: Currency | None = None
    reference: Reference | None = None


class SpendBody(Body):
    """A purchase: captured at once, or held until it is captured, returned or expired."""

    model_config = example(amount=29700, currency="KRW", reference="ORDER-0042")

    amount: Amount
    currency: Currency | None = None
    reference: Reference | None = None
    member_id: MemberId | None = None
    capture: bool = True
    expires_at: Instant | None = None
    cash_amount: Annotated[Limit, Field(description="Part that buys cash-convertible goods.")] = 0
    occurred_at: Instant | None = None


class CaptureBody(Body):
    """What is taken of a held spend; with `release`, the rest goes back at once."""

    model_config = example(amount=9900, currency="KRW", release="difference_refund")

    amount: Amount
    currency: Currency | None = None
    release: Literal["difference_refund"] | None = None
    reason: Reason | None = None


class ReturnBody(Body):
    """What comes back of a spend."""

    model_config = example(amount=19800, currency="KRW", reason="Coupon voided")

    amount: Amount
    currency: Currency | None = None
    reason: Reason | None = None


class RefundRequestBody(Body):
    """A wish for money back to a bank account; number and holder go to the vault and nowhere else."""

    model_config = example(
        amount=100000,
        currency="KRW",
        bank="Example Bank",
        account_number="000-0000-000000",
        holder="Example Holder",
        reason="No longer needed",
    )

    amount: Amount
    currency: Currency | None = None
    bank: Name
    account_number: AccountNumber
    holder: Holder
    holder_is_member: HolderIsMember = False
    reason: Reason
    attachments: Annotated[list[Attachment], Field(default_factory=list, max_length=5)]


class DestinationBody(Body):
    """Another bank account, after the pay-out to the first one failed or came back; kept in the vault as the first."""

    model_config = example(bank="Example Bank", account_number="000-0000-111111", holder="Example Holder")

    bank: Name
    account_number: AccountNumber
    holder: Holder
    holder_is_member: HolderIsMember = False


class PayoutBody(Body):
    """What the bank was told, or what it said; that it has paid is said by completing the request."""

    model_config = example(result="failed", code="account_closed")

    result: Annotated[
        Literal["started", "unknown", "failed", "returned"],
        Field(
            description="started: approved, and the bank is told now. unknown: its answer was lost. failed: it"
            " definitely did not pay. returned: it sent a completed pay-out back."
        ),
    ]
    code: Annotated[
        BankCode | None, Field(description="The bank's reason: required with failed and returned, not taken otherwise.")
    ] = Field(None, validate_default=True)

    @field_validator("code")
    @classmethod
    def _fits_result(cls, code: str | None, known: ValidationInfo) -> str | None:
        result = known.data.get("result")
        if result in ("failed", "returned") and code is None:
            raise PydanticCustomError("code_missing", "is required when result is failed or returned")
        if result in ("started", "unknown") and code is not None:
            raise PydanticCustomError("code_given", "is only taken when result is failed or returned")
        return code


class CreditLimitBody(Body):
    """The monthly limit of a postpaid account."""

    model_config = example(amount=10000000, currency="KRW", reason="Yearly review")

    amount: Limit
    currency: Currency | None = None
    reason: Reason


class MemberLimitBody(Body):
    """A sub-member's monthly limit: an amount, "unlimited", or null to withdraw it."""

    model_config = example(monthly_limit=300000)

    monthly_limit: Limit | Unlimited | None
    cash_convertible: Annotated[
        bool | None, Field(description="May buy cash-convertible goods; left as it is when not given.")
    ] = None


class CashLimitBody(Body):
    """What may be spent on cash-convertible goods a month; null withdraws the permission."""

    model_config = example(monthly_limit=500000, reason="Contract of March")

    monthly_limit: Limit | None
    reason: Reason


class SettlementBody(Body):
    """A postpaid customer's payment."""

    model_config = example(amount=59100, currency="KRW", reference="BANK-20260331-0001")

    amount: Amount
    currency: Currency | None = None
    reference: Reference | None = None


class InvoicePart(Body):
    """The part of a payment that goes to one invoice."""

    model_config = example(invoice_id="inv_01k7q4m2x9w3t8r5z67", amount=59100)

    invoice_id: PublicIdText
    amount: Amount


class InvoicePaymentBody(Body):
    """A payment of the invoice in the path; with parts, of several invoices of its account, that one among them."""

    model_config = example(amount=59100, currency="KRW", method="transfer", reference="BANK-20260331-0001")

    amount: Amount
    currency: Currency | None = None
    reference: Reference | None = None
    method: Literal["transfer", "virtual_account"] = "transfer"
    parts: Annotated[list[InvoicePart] | None, Field(min_length=1, max_length=100)] = None
    occurred_at: Instant | None = None


class AdjustInvoiceBody(Body):
    """The new billed amount of an invoice, and why."""

    model_config = example(billed_amount=58100, currency="KRW", reason="Agreed with the customer")

    billed_amount: Limit
    currency: Currency | None = None
    reason: Reason


class CreditPayoutBody(Body):
    """The payment of a customer's credit, and why."""

    model_config = example(reason="The customer becomes prepaid", reference="BANK-20260402-0009")

    reason: Reason
    reference: Reference | None = None


class SwitchModeBody(Body):
    """The other mode of an account, with its limits, and why."""

    model_config = example(mode="postpaid", credit_limit=500000, reason="Contract signed")

    mode: Literal["prepaid", "postpaid"]
    credit_limit: Limit | None = None
    overdraft_limit: Limit | Unlimited = 0
    currency: Currency | None = None
    reason: Reason


class TransferBody(Body):
    """Money from one prepaid account to another."""

    model_config = example(
        from_account_id="acc_01k7q4m2x9w3t8r5z6", to_account_id="acc_01b3c5d7e9f1g3h5j7", amount=5000, currency="KRW"
    )

    from_account_id: PublicIdText
    to_account_id: PublicIdText
    amount: Amount
    currency: Currency | None = None
    reference: Reference | None = None


class AdjustmentBody(Body):
    """A correction; a positive amount is in the customer's favour."""

    model_config = example(amount=-1500, currency="KRW", reason="Charged twice by mistake")

    amount: SignedAmount
    currency: Currency | None = None
    reason: Reason


class KeyBody(Body):
    """A new API key."""

    model_config = example(role="service", scopes=["accounts:read", "charges:write"])

    role: Literal["admin", "operator", "service", "accountant", "auditor", "master", "sub"]
    scopes: Annotated[list[str], Field(min_length=1, max_length=100)] | None = None
    account_id: PublicIdText | None = None
    member_id: MemberId | None = None
    owner: Annotated[
        str | None,
        StringConstraints(pattern=r"^[A-Za-z0-9_.:-]{1,64}$"),
        Field(description="Opaque person behind the key; two keys of one person are one person under four eyes."),
    ] = None
    expires_at: Instant | None = None


class BatchBody(Body):
    """Up to 1,000 operations; each item is {op, key, ids of its path, fields of its body}."""

    model_config = example(
        mode="continue",
        items=[
            {
                "op": "charge",
                "key": "topup-2026-03-0001",
                "account_id": "acc_01k7q4m2x9w3t8r5z6",
                "amount": 12222,
                "method": "card",
            }
        ],
    )

    mode: Literal["atomic", "continue"]
    items: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=1_000)]
