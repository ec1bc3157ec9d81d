"""The shapes of answers, for the OpenAPI document and for the tests that hold real answers against it.

Answers are written by the ledger's formatters and by the views; nothing is converted through these models at run time.
Every money field is an integer in minor units of the account's currency.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, create_model

ACCOUNT_ID = "acc_01k7q4m2x9w3t8r5z6"
CHARGE_ID = "chg_01k7q4m2x9w3t8r5z62"
SPEND_ID = "spd_01k7q4m2x9w3t8r5z63"
REFUND_ID = "rfd_01k7q4m2x9w3t8r5z64"
EXAMPLE_TIME = "2026-03-02T01:15:30.000000Z"


def example(**values: Any) -> ConfigDict:
    """Return a model configuration with an example; answers are closed: a field that is not listed is a mistake."""
    return ConfigDict(extra="forbid", json_schema_extra={"example": values})


class Account(BaseModel):
    """A customer company's money as of now."""

    model_config = example(
        id=ACCOUNT_ID,
        name="Harbour Tea House",
        mode="prepaid",
        currency="KRW",
        status="open",
        balance=422748,
        held=0,
        refund_pending=0,
        available=422748,
        overdraft_limit=0,
        credit_limit=None,
        used_this_month=None,
        remaining_limit=None,
        version=7,
    )

    id: str
    name: str
    mode: Literal["prepaid", "postpaid"]
    currency: str
    status: Literal["open", "frozen", "closed"]
    balance: int
    held: int
    refund_pending: int
    available: int | None
    overdraft_limit: int | Literal["unlimited"] | None
    credit_limit: int | None
    used_this_month: int | None
    remaining_limit: int | None
    version: int


class Key(BaseModel):
    """An API key; `key` is the key itself, shown once."""

    model_config = example(
        id="key_7k2m9q4x1w8t",
        key="lk_live_7k2m9q4x1w8t_<43 characters>_<checksum>",
        role="service",
        scopes=["accounts:read", "charges:write"],
        account_id=None,
        member_id=None,
        owner=None,
        environment="live",
        created_at=EXAMPLE_TIME,
        created_by="key_0c5f3h8j2n6p",
        expires_at="2027-03-02T01:15:30.000000Z",
        revoked_at=None,
    )

    id: str
    key: str | None = None
    role: str
    scopes: list[str]
    account_id: str | None
    member_id: str | None
    owner: str | None
    environment: str
    created_at: str
    created_by: str
    expires_at: str
    revoked_at: str | None


class LotPart(BaseModel):
    """A part taken from one lot."""

    model_config = example(charge_id=CHARGE_ID, amount=29700)

    charge_id: str
    amount: int


class Charge(BaseModel):
    """Money paid in."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "example": {
                "id": CHARGE_ID,
                "account_id": ACCOUNT_ID,
                "amount": 12222,
                "currency": "KRW",
                "method": "card",
                "status": "paid",
                "charged_on": "2026-03-02",
                "remaining": 12222,
            }
        },
    )

    id: str
    account_id: str
    amount: int
    currency: str
    method: str
    status: Literal["awaiting_deposit", "paid", "cancel_pending", "cancelled", "expired"]
    charged_on: str | None
    remaining: int


class ChargeCancelled(BaseModel):
    """A cancelled charge: what the payment method gets back, and the fee."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={"example": {"id": CHARGE_ID, "status": "cancelled", "fee": 30000, "payout": 270000}},
    )

    id: str
    status: str
    fee: int
    payout: int


class Spend(BaseModel):
    """Money held or taken for a purchase; amount = held + captured + returned."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "example": {
                "id": SPEND_ID,
                "account_id": ACCOUNT_ID,
                "amount": 29700,
                "currency": "KRW",
                "held": 0,
                "captured": 29700,
                "returned": 0,
                "status": "captured",
                "lots": [{"charge_id": CHARGE_ID, "amount": 29700}],
            }
        },
    )

    id: str
    amount: int
    captured: int
    returned: int
    status: Literal["held", "captured", "partly_returned", "returned"]
    lots: list[LotPart]


class RefundPreview(BaseModel):
    """What a refund request would pay out now."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "example": {
                "amount": 100000,
                "displayed_estimate": 90000,
                "fee": 5000,
                "payout": 95000,
                "lots": [{"charge_id": CHARGE_ID, "amount": 100000, "fee_free": False}],
                "rule": "refund-fee/1",
            }
        },
    )

    amount: int
    displayed_estimate: int
    fee: int
    payout: int
    lots: list[dict[str, Any]]
    rule: str


class RefundRequest(BaseModel):
    """Money on its way back to a bank account; the account number is never shown whole."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "example": {
                "id": REFUND_ID,
                "account_id": ACCOUNT_ID,
                "amount": 100000,
                "currency": "KRW",
                "fee": 5000,
                "payout": 95000,
                "status": "requested",
                "lots": [{"charge_id": CHARGE_ID, "amount": 100000}],
            }
        },
    )

    id: str
    amount: int
    fee: int
    payout: int
    status: str
    lots: list[LotPart]


class MemberLimit(BaseModel):
    """A sub-member's monthly limit; `limit` is null when none is granted."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={"example": {"member_id": "member-7", "limit": 300000, "used": 250000, "remaining": 50000}},
    )

    member_id: str
    limit: int | Literal["unlimited"] | None
    used: int
    remaining: int | None


class Limits(BaseModel):
    """The account's limits in the present month."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "example": {
                "month": "2026-03",
                "limit": 10000000,
                "used": 59400,
                "remaining": 9940600,
                "members": [{"member_id": "member-7", "limit": 300000, "used": 250000, "remaining": 50000}],
                "cash": None,
            }
        },
    )

    month: str
    limit: int | None
    used: int | None
    remaining: int | None
    members: list[MemberLimit]


def shape(name: str, doc: str, **values: Any) -> type[BaseModel]:
    """Return a model of an answer from an example of it: each field has the type that its example has, or is null."""
    fields: Any = {
        field: (Any if value is None else type(value) | None, ...) if not isinstance(value, list) else (list[Any], ...)
        for field, value in values.items()
    }
    config = ConfigDict(extra="allow", json_schema_extra={"example": values})
    return create_model(name, __config__=config, __doc__=doc, **fields)


CashLimit = shape(
    "CashLimit", "What may be spent on cash-convertible goods a month.", month="2026-03", limit=500000, used=0,
    remaining=500000,
)  # fmt: skip
Adjustment = shape(
    "Adjustment", "A correction by one operator, approved by another.", id="adj_01k7q4m2x9w3t8r5z66",
    account_id=ACCOUNT_ID, amount=-1500, currency="KRW", status="requested", reason="Charged twice by mistake",
)  # fmt: skip
Transfer = shape(
    "Transfer", "Both movements of a transfer.", id="trf_01k7q4m2x9w3t8r5z67", from_account_id=ACCOUNT_ID,
    to_account_id="acc_01b3c5d7e9f1g3h5j7", amount=5000, currency="KRW", reference="Branch 4",
)  # fmt: skip
Settlement = shape(
    "Settlement", "A postpaid customer's payment.", id="stl_01k7q4m2x9w3t8r5z68", account_id=ACCOUNT_ID, amount=59100,
    currency="KRW", receivable=0,
)  # fmt: skip
ParkedDeposit = shape(
    "ParkedDeposit", "Money that arrived where it could not be booked.", id="dep_01k7q4m2x9w3t8r5z65",
    account_id=ACCOUNT_ID, amount=49000, currency="KRW", status="credited",
)  # fmt: skip
Transaction = shape(
    "Transaction", "One movement of the balance.", position=42, occurred_at=EXAMPLE_TIME, business_date="2026-03-02",
    type="charge", amount=12222, balance=12222, currency="KRW", reference="PAY-20260302-0007", detail={},
)  # fmt: skip
Lot = shape(
    "Lot", "What is left of one charge, in the order spending takes it.", charge_id=CHARGE_ID, charged_on="2026-03-02",
    method="card", amount=12222, remaining=12222,
)  # fmt: skip
Statement = shape(
    "Statement", "All movements between two dates; the same version gives the same bytes.", account_id=ACCOUNT_ID,
    currency="KRW", opening_balance=0, closing_balance=12222, rows=[], totals={"charge": 12222}, version=7,
    digest="5f0c...",
)  # fmt: skip
JournalEntry = shape(
    "JournalEntry", "The balanced postings of one fact.", position=42, business_date="2026-03-02",
    topic="account.charged", postings=[],
)  # fmt: skip
TrialBalance = shape(
    "TrialBalance", "Every account of the books; debits equal credits in each currency.", position=42, accounts=[],
    totals=[],
)  # fmt: skip
FactRecord = shape(
    "FactRecord", "One immutable fact.", position=42, stream="0e6f6f3e-6d0a-5a35-9a66-0c5b6f3b2f11", version=3,
    topic="account.charged", hash="9b1f...", fact={},
)  # fmt: skip
Seal = shape(
    "Seal", "The head of the chain of blocks.", position=42, head="9b1f...", blocks=17, checkpoint=None
)  # fmt: skip
BatchResult = shape(
    "BatchResult", "What became of each item, in order.", mode="continue",
    items=[{"key": "topup-2026-03-0001", "status": 201, "replayed": False, "position": 42, "body": {"id": CHARGE_ID}}],
)  # fmt: skip
Health = shape("Health", "The process answers.", status="ok")
Readiness = shape("Readiness", "Whether requests can be served, and why not.", status="ready", reasons=[], views=[])


def list_of(item: type[BaseModel], example_item: Any = None) -> type[BaseModel]:
    """Return the model of a page of `item`."""
    extra = item.model_config.get("json_schema_extra")
    one = example_item or (extra.get("example") if isinstance(extra, dict) else None)
    config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"items": [one] if one else [], "next_cursor": None}}
    )
    items: Any = (list[item], ...)  # type: ignore[valid-type]
    next_cursor: Any = (str | None, ...)
    return create_model(
        f"{item.__name__}List", __config__=config, __doc__="One page of a list.", items=items, next_cursor=next_cursor
    )
