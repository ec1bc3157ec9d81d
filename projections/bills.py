"""The view `bills`: every bill of a biller, its customers, and what time has to do for them (SPEC 10.3, R-120..R-125).

Whether a bill is paid, overdue or refunded is read from the view `obligations` and the day that is asked for; a bill
itself knows neither. Names and numbers lie in the vault.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from aggregates.collecting.bill import NONE, Bill
from aggregates.collecting.bill_customer import BillCustomer
from aggregates.collecting.bill_facts import BillSheet
from projections.rows import Key, Rows, Table
from projections.view import View


@dataclass(slots=True)
class BillRow:
    """One bill.

    Attributes:
        position, created_at: of its first fact. changed: position of its last.
        status: draft, sent, viewed or cancelled: its own state.
        forward: vault token of whom the payer has asked; None = nobody now.
        chosen: payment id -> who pays and how, as of `Bill.PaymentStarted`.
        auto_*: as of `AutoPay`.
        others as of `BillSheet`.
    """

    bill_id: str
    position: int
    changed: int
    created_at: datetime
    account_id: str
    customer_id: str
    person: str
    reference: str | None
    amount_minor: int
    currency: str
    due_on: date
    obligation_id: str | None
    status: str
    sent_at: datetime | None = None
    viewed_at: datetime | None = None
    forward: str | None = None
    forwards: int = 0
    reminded_on: date | None = None
    auto_state: str = NONE
    auto_code: str | None = None
    auto_turn: int = 0
    auto_minor: int | None = None
    auto_pay_on: date | None = None
    auto_announced_at: datetime | None = None
    chosen: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class CustomerRow:
    """One customer of one biller.

    Attributes:
        position: of the first bill. person: vault token of the customer, as on the newest bill.
        auto_on: whether bills are paid automatically. auto_turn: how many times that was turned on.
        auto_since: when it was turned on or off last; None = never. auto_reason: why it is off: payer or card.
        billing_key_id: the card that was named last.
    """

    customer_id: str
    account_id: str
    position: int
    person: str
    auto_on: bool = False
    auto_turn: int = 0
    auto_since: datetime | None = None
    auto_reason: str | None = None
    billing_key_id: str | None = None


BILLS = Table(
    "view_bills",
    BillRow,
    key={"bill_id": "text"},
    ddl="""
    CREATE TABLE {table} (
        bill_id text NOT NULL,
        position bigint NOT NULL,
        changed bigint NOT NULL,
        created_at timestamptz NOT NULL,
        account_id text NOT NULL,
        customer_id text NOT NULL,
        person text NOT NULL,
        reference text,
        amount_minor bigint NOT NULL,
        currency text NOT NULL,
        due_on date NOT NULL,
        obligation_id text,
        status text NOT NULL,
        sent_at timestamptz,
        viewed_at timestamptz,
        forward text,
        forwards integer NOT NULL,
        reminded_on date,
        auto_state text NOT NULL,
        auto_code text,
        auto_turn integer NOT NULL,
        auto_minor bigint,
        auto_pay_on date,
        auto_announced_at timestamptz,
        chosen jsonb NOT NULL,
        CONSTRAINT {table}_pkey PRIMARY KEY (bill_id)
    ) WITH (fillfactor = 80)
    """,
    indexes=(
        "CREATE INDEX IF NOT EXISTS {table}_by_account ON {table} (account_id, position)",
        "CREATE INDEX IF NOT EXISTS {table}_by_customer ON {table} (customer_id, position)",
        "CREATE INDEX IF NOT EXISTS {table}_by_due ON {table} (due_on) WHERE status IN ('sent', 'viewed')",
    ),
    json=frozenset({"chosen"}),
)

CUSTOMERS = Table(
    "view_bill_customers",
    CustomerRow,
    key={"customer_id": "text"},
    ddl="""
    CREATE TABLE {table} (
        customer_id text NOT NULL,
        account_id text NOT NULL,
        position bigint NOT NULL,
        person text NOT NULL,
        auto_on boolean NOT NULL,
        auto_turn integer NOT NULL,
        auto_since timestamptz,
        auto_reason text,
        billing_key_id text,
        CONSTRAINT {table}_pkey PRIMARY KEY (customer_id)
    ) WITH (fillfactor = 80)
    """,
    indexes=(
        "CREATE INDEX IF NOT EXISTS {table}_by_account ON {table} (account_id, position)",
        "CREATE INDEX IF NOT EXISTS {table}_auto ON {table} (customer_id) WHERE auto_on",
    ),
)

_SWITCH = (BillCustomer.AutoPayOn, BillCustomer.AutoPayOff)


class Bills(View):
    """Bills, and the customers that they go to."""

    NAME = "bills"
    TABLES = (BILLS, CUSTOMERS)
    TAKES = frozenset(
        {
            Bill.AutoPayAnnounced, Bill.AutoPayMissed, Bill.Cancelled, Bill.Changed, Bill.Created, Bill.ForwardRevoked,
            Bill.Forwarded, Bill.PaymentStarted, Bill.Reminded, Bill.Sent, Bill.Viewed, *_SWITCH,
        }
    )  # fmt: skip

    def keys(self, fact: Any, position: int) -> Iterable[tuple[Table, Key]]:
        """Name the rows that a fact reads or changes."""
        if isinstance(fact, _SWITCH):
            yield CUSTOMERS, (fact.customer_id,)
            return
        yield BILLS, (fact.sheet.bill_id,)
        if isinstance(fact, Bill.Created):
            yield CUSTOMERS, (fact.sheet.customer_id,)

    def project(self, fact: Any, position: int, rows: Rows) -> None:
        """Change the rows as the fact says."""
        match fact:
            case BillCustomer.AutoPayOn():
                customer = rows.get(CUSTOMERS, (fact.customer_id,))
                customer.auto_on, customer.auto_turn, customer.auto_reason = True, fact.turn, None
                customer.auto_since, customer.billing_key_id = fact.recorded_at, fact.billing_key_id
            case BillCustomer.AutoPayOff():
                customer = rows.get(CUSTOMERS, (fact.customer_id,))
                customer.auto_on, customer.auto_since, customer.auto_reason = False, fact.recorded_at, fact.reason
            case _:
                _of_bill(fact, position, rows)


def _of_bill(fact: Any, position: int, rows: Rows) -> None:
    sheet: BillSheet = fact.sheet
    if isinstance(fact, Bill.Created):
        row = BillRow(
            sheet.bill_id, position, position, fact.recorded_at, sheet.account_id, sheet.customer_id, sheet.person,
            sheet.reference, sheet.amount_minor, sheet.currency, sheet.due_on, None, sheet.status,
        )  # fmt: skip
        rows.put(BILLS, row)
        customer = rows.find(CUSTOMERS, (sheet.customer_id,))
        if customer is None:
            rows.put(CUSTOMERS, CustomerRow(sheet.customer_id, sheet.account_id, position, sheet.person))
        else:
            customer.person = sheet.person
        return
    row = rows.get(BILLS, (sheet.bill_id,))
    row.changed, row.status, row.obligation_id = position, sheet.status, sheet.obligation_id
    row.amount_minor, row.due_on, row.sent_at = sheet.amount_minor, sheet.due_on, sheet.sent_at
    row.forward, row.forwards, row.reminded_on = sheet.forward, sheet.forwards, sheet.reminded_on
    auto_pay = sheet.auto_pay
    row.auto_state, row.auto_code, row.auto_turn = auto_pay.state, auto_pay.code, auto_pay.turn
    row.auto_minor, row.auto_pay_on = auto_pay.amount_minor, auto_pay.pay_on
    row.auto_announced_at = auto_pay.announced_at
    if isinstance(fact, Bill.Viewed):
        row.viewed_at = fact.recorded_at
    if isinstance(fact, Bill.PaymentStarted):
        row.chosen = {**row.chosen, fact.payment_id: {"by": fact.by, "method": fact.method}}
