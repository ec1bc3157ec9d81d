"""The shapes of answers, for the OpenAPI document and for the tests that hold real answers against it.

Answers are written by the ledger's formatters and by the views; nothing is converted through these models at run time.
Every amount is an integer in minor units of the currency beside it. A field that may be missing has a default of null.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

ACCOUNT_ID = "acc_01k7q4m2x9w3t8r5z6"
OTHER_ACCOUNT_ID = "acc_01b3c5d7e9f1g3h5j7"
CHARGE_ID = "chg_01k7q4m2x9w3t8r5z62"
SPEND_ID = "spd_01k7q4m2x9w3t8r5z63"
REFUND_ID = "rfd_01k7q4m2x9w3t8r5z64"
TIME = "2026-03-02T01:15:30.000000Z"
DATE = "2026-03-02"


class Shape(BaseModel):
    """Base of every answer: closed, so that an undocumented field is found by a test."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


def example(**values: Any) -> ConfigDict:
    """Return a model configuration with the example that the documentation shows."""
    return ConfigDict(json_schema_extra={"example": values})


class Account(Shape):
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
    available: Annotated[int | None, Field(description="null when an unlimited overdraft allows anything")]
    overdraft_limit: int | Literal["unlimited"]
    credit_limit: int | None
    used_this_month: int | None
    remaining_limit: int | None
    version: int


class Key(Shape):
    """An API key; `key` is the key itself, shown once."""

    model_config = example(
        id="key_7k2m9q4x1w8t",
        key="lk_live_7k2m9q4x1w8t_<43 characters>_<checksum>",
        role="service",
        scopes=["accounts:read", "charges:write"],
        account_id=None,
        member_id=None,
        owner="payments-team",
        environment="live",
        created_at=TIME,
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
    owner: str
    environment: Literal["live", "test"]
    created_at: str
    created_by: str
    expires_at: str | None
    revoked_at: str | None


class LotPart(Shape):
    """A part of one lot."""

    model_config = example(charge_id=CHARGE_ID, amount=29700)

    charge_id: str
    amount: int


class RefundPart(LotPart):
    """A part of one lot, and whether it bears a fee."""

    model_config = example(charge_id=CHARGE_ID, amount=100000, fee_free=False)

    fee_free: bool


class Parked(Shape):
    """What of a deposit did not fit, and why."""

    id: str
    amount: int
    why: str


class Charge(Shape):
    """Money paid in."""

    model_config = example(
        id=CHARGE_ID,
        account_id=ACCOUNT_ID,
        amount=12222,
        currency="KRW",
        method="card",
        status="paid",
        charged_on=DATE,
        remaining=12222,
    )

    id: str
    account_id: str
    amount: int
    currency: str
    method: Literal["card", "transfer", "virtual_account"]
    status: Literal["awaiting_deposit", "paid", "cancel_pending", "cancelled", "expired"]
    charged_on: str | None
    remaining: int
    expires_on: Annotated[str | None, Field(description="last day for the deposit of a virtual account")] = None
    parked_deposit: Annotated[Parked | None, Field(description="a deposit that did not fit")] = None


class ListedCharge(Charge):
    """A charge in a list."""

    model_config = example(
        id=CHARGE_ID,
        account_id=ACCOUNT_ID,
        amount=12222,
        currency="KRW",
        method="card",
        status="paid",
        charged_on=DATE,
        remaining=12222,
        reference="PAY-20260302-0007",
        expires_on=None,
        fee=None,
        payout=None,
        charged_back=0,
        occurred_at=TIME,
        position=42,
    )

    reference: str | None
    fee: int | None
    payout: int | None
    charged_back: int
    occurred_at: str
    position: int


class ChargeCancelled(Shape):
    """A cancelled charge: what the payment method gets back, and the fee."""

    model_config = example(id=CHARGE_ID, status="cancelled", fee=30000, payout=270000)

    id: str
    status: Literal["cancelled"]
    fee: int
    payout: int


class Lot(Shape):
    """What is left of one charge."""

    model_config = example(
        charge_id=CHARGE_ID, charged_on=DATE, method="card", amount=12222, remaining=12222, frozen=False
    )

    charge_id: str
    charged_on: str
    method: str
    amount: int
    remaining: int
    frozen: Annotated[bool, Field(description="set aside by a pending cancellation")]


class ParkedDeposit(Shape):
    """Money that arrived where it could not be booked."""

    model_config = example(
        id="dep_01k7q4m2x9w3t8r5z65",
        account_id=ACCOUNT_ID,
        amount=49000,
        currency="KRW",
        status="credited",
        charged_on=DATE,
        remaining=49000,
        reason="The payer called",
    )

    id: str
    account_id: str
    amount: int
    currency: str
    status: Literal["parked", "credited", "returned"]
    charge_id: str | None = None
    charged_on: str | None = None
    remaining: int | None = None
    reason: str | None = None


_SPEND = {
    "id": SPEND_ID,
    "account_id": ACCOUNT_ID,
    "amount": 29700,
    "currency": "KRW",
    "held": 0,
    "captured": 29700,
    "returned": 0,
    "status": "captured",
    "lots": [{"charge_id": CHARGE_ID, "amount": 29700}],
    "overdrawn": 0,
    "member_id": None,
    "reference": "ORDER-0042",
}


class _Spend(Shape):
    id: str
    account_id: str
    amount: int
    currency: str
    held: int
    captured: int
    returned: int
    status: Literal["held", "captured", "partly_returned", "returned"]
    lots: list[LotPart]
    overdrawn: int
    member_id: str | None
    reference: str | None
    expires_at: Annotated[str | None, Field(description="when an uncaptured hold is given back")]


class Spend(_Spend):
    """Money held or taken for a purchase; amount = held + captured + returned."""

    model_config = example(**_SPEND, spent_on=DATE, expires_at=None, balance=393048)

    spent_on: str
    balance: Annotated[int | None, Field(description="of the account after it; not shown to a sub-member")] = None


class ListedSpend(_Spend):
    """A spend in a list."""

    model_config = example(**_SPEND, expires_at=None, occurred_at=TIME, position=43)

    occurred_at: str
    position: int


class RefundPreview(Shape):
    """What a refund request would pay out now."""

    model_config = example(
        amount=100000,
        currency="KRW",
        displayed_estimate=90000,
        fee=5000,
        payout=95000,
        lots=[{"charge_id": CHARGE_ID, "amount": 100000, "fee_free": False}],
        same_payout=None,
        rule="refund-fee/1",
    )

    amount: int
    currency: str
    displayed_estimate: int
    fee: int
    payout: int
    lots: list[RefundPart]
    same_payout: Annotated[
        int | None, Field(description="a smaller amount that would pay out the same; null when there is none")
    ]
    rule: str


RefundStatus = Literal[
    "requested",
    "reviewing",
    "paying",
    "payout_unknown",
    "payout_failed",
    "payout_returned",
    "completed",
    "rejected",
    "cancelled",
]

_REFUND = {
    "id": REFUND_ID,
    "account_id": ACCOUNT_ID,
    "amount": 100000,
    "currency": "KRW",
    "fee": 5000,
    "payout": 95000,
    "status": "requested",
    "lots": [{"charge_id": CHARGE_ID, "amount": 100000, "fee_free": False}],
}


class RefundDecision(Shape):
    """A refund request after a decision on it."""

    model_config = example(**{**_REFUND, "status": "reviewing"})

    id: str
    account_id: str
    amount: int
    currency: str
    fee: int
    payout: int
    status: RefundStatus
    lots: list[RefundPart]


class RefundRequest(RefundDecision):
    """Money on its way back to a bank account."""

    model_config = example(
        **_REFUND,
        displayed_estimate=90000,
        requested_on=DATE,
        bank="Example Bank",
        holder_is_member=False,
        second_approver_required=True,
        rule="refund-fee/1",
    )

    displayed_estimate: int
    requested_on: str
    bank: str
    holder_is_member: bool
    second_approver_required: bool
    rule: str


class ListedRefundRequest(RefundDecision):
    """A refund request in a list; only the last digits of its account number are shown."""

    model_config = example(
        **_REFUND,
        displayed_estimate=90000,
        requested_on=DATE,
        bank="Example Bank",
        account_number="***-***-0000",
        holder_is_member=False,
        second_approver_required=True,
        attachments=[],
        request_reason="No longer needed",
        reason=None,
        code=None,
        occurred_at=TIME,
        position=44,
    )

    displayed_estimate: int
    requested_on: str
    bank: str
    account_number: str
    holder_is_member: bool
    second_approver_required: bool
    attachments: list[str]
    request_reason: str
    reason: str | None
    code: str | None
    occurred_at: str
    position: int


class MemberLimit(Shape):
    """A sub-member's monthly limit; `limit` is null when none is granted, `remaining` is null when it is unlimited."""

    model_config = example(
        member_id="member-7", month="2026-03", limit=300000, used=250000, remaining=50000, cash_convertible=False
    )

    member_id: str
    month: str
    limit: int | Literal["unlimited"] | None
    used: int
    remaining: int | None
    cash_convertible: bool


class CashFigures(Shape):
    """What may be spent on cash-convertible goods."""

    limit: int | None
    used: int
    remaining: int | None


class CashLimit(CashFigures):
    """What may be spent on cash-convertible goods in a month."""

    model_config = example(month="2026-03", limit=500000, used=0, remaining=500000)

    month: str


class Limits(Shape):
    """The account's limits in the present month; null for a prepaid account."""

    model_config = example(
        month="2026-03",
        limit=10000000,
        used=59400,
        remaining=9940600,
        members=[
            {
                "member_id": "member-7",
                "month": "2026-03",
                "limit": 300000,
                "used": 250000,
                "remaining": 50000,
                "cash_convertible": False,
            }
        ],
        cash={"limit": 500000, "used": 0, "remaining": 500000},
    )

    month: str
    limit: int | None
    used: int | None
    remaining: int | None
    members: list[MemberLimit]
    cash: CashFigures | None


class Adjustment(Shape):
    """A correction by one operator, approved by another person."""

    model_config = example(
        id="adj_01k7q4m2x9w3t8r5z66",
        account_id=ACCOUNT_ID,
        amount=-1500,
        currency="KRW",
        status="requested",
        reason="Charged twice by mistake",
        made_by="key_7k2m9q4x1w8t",
        decided_by=None,
        balance=None,
    )

    id: str
    account_id: str
    amount: int
    currency: str
    status: Literal["requested", "approved", "rejected"]
    reason: str
    made_by: str
    decided_by: str | None
    balance: int | None


class Movement(Shape):
    """One side of a transfer."""

    account_id: str
    amount: int
    balance: int
    lots: list[LotPart]
    version: int


class ReceivedMovement(Movement):
    """The receiving side of a transfer."""

    id: str


_LOTS = [{"charge_id": CHARGE_ID, "amount": 5000}]


class Transfer(Shape):
    """Both movements of a transfer."""

    model_config = example(
        id="trf_01k7q4m2x9w3t8r5z67",
        amount=5000,
        currency="KRW",
        reference="Branch 4",
        sent={"account_id": ACCOUNT_ID, "amount": -5000, "balance": 417748, "lots": _LOTS, "version": 8},
        received={
            "id": "trr_01b3c5d7e9f1g3h5j72",
            "account_id": OTHER_ACCOUNT_ID,
            "amount": 5000,
            "balance": 5000,
            "lots": [{"charge_id": "trr_01b3c5d7e9f1g3h5j72", "amount": 5000}],
            "version": 2,
        },
    )

    id: str
    amount: int
    currency: str
    reference: str | None
    sent: Movement
    received: ReceivedMovement


class Settlement(Shape):
    """A postpaid customer's payment, and what is still owed."""

    model_config = example(
        id="stl_01k7q4m2x9w3t8r5z68",
        account_id=ACCOUNT_ID,
        amount=59100,
        currency="KRW",
        reference="BANK-20260331-0001",
        receivable=0,
    )

    id: str
    account_id: str
    amount: int
    currency: str
    reference: str | None
    receivable: int


class StatementRow(Shape):
    """One movement of a statement."""

    position: int
    occurred_at: str
    business_date: str
    type: str
    amount: int
    balance: int
    reference: str | None
    detail: dict[str, Any]


_ROW = {
    "position": 42,
    "occurred_at": TIME,
    "business_date": DATE,
    "type": "charge",
    "amount": 12222,
    "balance": 12222,
    "reference": "PAY-20260302-0007",
    "detail": {"charge_id": CHARGE_ID, "method": "card"},
}


class Transaction(StatementRow):
    """One movement of the balance."""

    model_config = example(**_ROW, currency="KRW")

    currency: str


class Total(Shape):
    """How many movements of one type, and their sum."""

    count: int
    amount: int


class Statement(Shape):
    """All movements between two dates; the same version gives the same bytes."""

    model_config = example(
        **{"from": "2026-03-01", "to": "2026-03-31"},
        account_id=ACCOUNT_ID,
        name="Harbour Tea House",
        mode="prepaid",
        currency="KRW",
        version=7,
        opening_balance=0,
        rows=[_ROW],
        totals={"charge": {"count": 1, "amount": 12222}},
        closing_balance=12222,
        digest="5f0c8e8e6f0b5b7e9d5c2d1f0b7a4c115f0c8e8e6f0b5b7e9d5c2d1f0b7a4c11",
    )

    account_id: str
    name: str
    mode: Literal["prepaid", "postpaid"]
    currency: str
    from_date: Annotated[str, Field(alias="from")]
    to_date: Annotated[str, Field(alias="to")]
    version: int
    opening_balance: int
    rows: list[StatementRow]
    totals: dict[str, Total]
    closing_balance: int
    digest: str


class JournalLine(Shape):
    """One line of an entry: a debit or a credit on one account of the books."""

    account: str
    debit: int
    credit: int


class JournalEntry(Shape):
    """The balanced postings of one fact."""

    model_config = example(
        position=42,
        occurred_at=TIME,
        business_date=DATE,
        topic="account.charged",
        account_id=ACCOUNT_ID,
        version=3,
        currency="KRW",
        lines=[
            {"account": "asset.gateway_receivable.card", "debit": 12222, "credit": 0},
            {"account": "liability.prepaid", "debit": 0, "credit": 12222},
        ],
    )

    position: int
    occurred_at: str
    business_date: str
    topic: str
    account_id: str
    version: int
    currency: str
    lines: list[JournalLine]


class BookTotal(Shape):
    """Debits and credits in one currency; balance = debit - credit."""

    currency: str
    debit: int
    credit: int
    balance: int


class BookAccount(BookTotal):
    """Debits and credits of one account of the books."""

    account: str


class TrialBalance(Shape):
    """Every account of the books; debits equal credits in each currency."""

    model_config = example(
        position=42,
        accounts=[
            {
                "account": "asset.gateway_receivable.card",
                "currency": "KRW",
                "debit": 12222,
                "credit": 0,
                "balance": 12222,
            },
            {"account": "liability.prepaid", "currency": "KRW", "debit": 0, "credit": 12222, "balance": -12222},
        ],
        totals=[{"currency": "KRW", "debit": 12222, "credit": 12222, "balance": 0}],
    )

    position: int
    accounts: list[BookAccount]
    totals: list[BookTotal]


class FactRecord(Shape):
    """One immutable fact; `hash` is SHA-256 over its stored fields as the seal digests them."""

    model_config = example(
        position=42,
        stream="0e6f6f3e-6d0a-5a35-9a66-0c5b6f3b2f11",
        version=3,
        topic="account.charged",
        hash="9b1f0c8e8e6f0b5b7e9d5c2d1f0b7a4c115f0c8e8e6f0b5b7e9d5c2d1f0b7a4c",
        fact={"charge_id": CHARGE_ID, "amount_minor": 12222},
    )

    position: int
    stream: str
    version: int
    topic: str
    hash: str
    fact: dict[str, Any]


class Seal(Shape):
    """The head of the chain of blocks that seals facts and remembered refusals."""

    model_config = example(
        position=42,
        head="9b1f0c8e8e6f0b5b7e9d5c2d1f0b7a4c115f0c8e8e6f0b5b7e9d5c2d1f0b7a4c",
        blocks=17,
        checkpoint=None,
    )

    position: int
    head: str | None
    blocks: int
    checkpoint: dict[str, Any] | None


class BatchItem(Shape):
    """What became of one item: its own status and body, as its own route would have answered."""

    key: str | None
    status: int
    replayed: bool
    position: int | None
    body: dict[str, Any]


class BatchResult(Shape):
    """What became of each item, in order."""

    model_config = example(
        mode="continue",
        items=[
            {
                "key": "topup-2026-03-0001",
                "status": 201,
                "replayed": False,
                "position": 42,
                "body": {"id": CHARGE_ID, "status": "paid"},
            }
        ],
    )

    mode: Literal["atomic", "continue"]
    items: list[BatchItem]


class Health(Shape):
    """The process answers."""

    model_config = example(status="ok")

    status: Literal["ok"]


class ViewLag(Shape):
    """How far one view has come."""

    view: str
    position: int
    lag_seconds: float | None


class Readiness(Shape):
    """Whether requests can be served, and why not."""

    model_config = example(status="ready", reasons=[], views=[{"view": "accounts", "position": 42, "lag_seconds": 0.0}])

    status: Literal["ready", "not_ready"]
    reasons: list[str]
    views: list[ViewLag]


def list_of(item: type[Shape]) -> type[BaseModel]:
    """Return the model of a page of `item`."""
    extra = item.model_config["json_schema_extra"]
    assert isinstance(extra, dict)
    config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"items": [extra["example"]], "next_cursor": None}}
    )
    items: Any = (list[item], ...)  # type: ignore[valid-type]
    next_cursor: Any = (str | None, ...)
    name = f"{item.__name__.removeprefix('Listed')}List"
    return create_model(name, __config__=config, __doc__="One page of a list.", items=items, next_cursor=next_cursor)
