"""Tables of the view `invoices`: invoices with their payments, what each purchase adds to a month, and what waits.

Money is counted under the KST month in which it was recorded (SPEC R-089): after the first instant of the next month
the rows of a month change no more, so those of an invoice are final when it is issued, however late that is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from projections.rows import Table


@dataclass(slots=True)
class InvoiceRow:
    """One invoice.

    Attributes:
        after_month: month of the account's invoice before it, "" when there was none: its rows are those of the months
            from there up to its own, which is not among them.
        first_month: the earliest month that it bills: the one before its own, unless one was missed.
        carry_after: position of the last pay-out of credit before it; returns up to there were paid out.
        adjusted_minor: what operators have changed the billed amount by. adjustments: each of them, oldest first.
        advance_minor: part that was paid before it was issued. paid_minor: all that is paid, with that part.
        lifted: it blocks nothing although it is overdue.
        version: of the account's stream, after the last fact about it.
    """

    invoice_id: str
    position: int
    account_id: str
    number: int
    month: str
    after_month: str
    first_month: str
    carry_after: int
    issued_on: date
    due_on: date
    currency: str
    settlement_minor: int
    coupons: int
    carry_over_minor: int
    applied_minor: int
    carried_minor: int
    billed_minor: int
    advance_minor: int
    paid_minor: int
    outstanding_minor: int
    version: int
    adjusted_minor: int = 0
    lifted: bool = False
    adjustments: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class PurchaseRow:
    """What one order or plain spend adds to one month of its account.

    Attributes:
        position: of the last fact that changed it.
        settlement_minor, coupons: captured in the month and not returned in it.
        carry_over_minor: returned in the month of what was captured earlier.
    """

    account_id: str
    month: str
    spend_id: str
    position: int
    settlement_minor: int
    coupons: int
    carry_over_minor: int


@dataclass(slots=True)
class PaymentRow:
    """The part of one payment that went to one invoice; invoice_id "" = the part that was paid in advance."""

    settlement_id: str
    invoice_id: str
    position: int
    account_id: str
    amount_minor: int
    currency: str
    paid_at: datetime
    paid_on: date
    method: str
    reference: str | None


@dataclass(slots=True)
class StandingRow:
    """What of an account is not billed, and what it has to its credit.

    Attributes:
        open: month -> [captured, coupons, carried over] that no invoice has taken.
        due_month: the first of these months that gives reason for an invoice; None without one.
        billed_through: month of the last invoice, "" before it.
        paid_out_at: position of the last pay-out of credit; 0 without one.
    """

    account_id: str
    currency: str
    open: dict[str, list[int]]
    due_month: str | None
    billed_through: str
    carry_over_minor: int
    advance_minor: int
    paid_out_at: int


INVOICES = Table(
    "view_invoices",
    InvoiceRow,
    key={"invoice_id": "text"},
    ddl="""
    CREATE TABLE {table} (
        invoice_id text NOT NULL,
        position bigint NOT NULL,
        account_id text NOT NULL,
        number bigint NOT NULL,
        month text NOT NULL,
        after_month text NOT NULL,
        first_month text NOT NULL,
        carry_after bigint NOT NULL,
        issued_on date NOT NULL,
        due_on date NOT NULL,
        currency text NOT NULL,
        settlement_minor bigint NOT NULL,
        coupons bigint NOT NULL,
        carry_over_minor bigint NOT NULL,
        applied_minor bigint NOT NULL,
        carried_minor bigint NOT NULL,
        billed_minor bigint NOT NULL,
        advance_minor bigint NOT NULL,
        paid_minor bigint NOT NULL,
        outstanding_minor bigint NOT NULL,
        version bigint NOT NULL,
        adjusted_minor bigint NOT NULL,
        lifted boolean NOT NULL,
        adjustments jsonb NOT NULL,
        CONSTRAINT {table}_pkey PRIMARY KEY (invoice_id),
        CHECK (billed_minor = settlement_minor - applied_minor + adjusted_minor),
        CHECK (billed_minor = paid_minor + outstanding_minor)
    ) WITH (fillfactor = 80)
    """,
    indexes=(
        "CREATE UNIQUE INDEX IF NOT EXISTS {table}_of_account ON {table} (account_id, month)",
        "CREATE UNIQUE INDEX IF NOT EXISTS {table}_newest ON {table} (position)",
        "CREATE INDEX IF NOT EXISTS {table}_open ON {table} (due_on, position) WHERE outstanding_minor > 0",
    ),
    json=frozenset({"adjustments"}),
)

PURCHASES = Table(
    "view_invoice_rows",
    PurchaseRow,
    key={"account_id": "text", "month": "text", "spend_id": "text"},
    ddl="""
    CREATE TABLE {table} (
        account_id text NOT NULL,
        month text NOT NULL,
        spend_id text NOT NULL,
        position bigint NOT NULL,
        settlement_minor bigint NOT NULL,
        coupons bigint NOT NULL,
        carry_over_minor bigint NOT NULL,
        CONSTRAINT {table}_pkey PRIMARY KEY (account_id, month, spend_id)
    ) WITH (fillfactor = 90)
    """,
)

PAYMENTS = Table(
    "view_invoice_payments",
    PaymentRow,
    key={"settlement_id": "text", "invoice_id": "text"},
    ddl="""
    CREATE TABLE {table} (
        settlement_id text NOT NULL,
        invoice_id text NOT NULL,
        position bigint NOT NULL,
        account_id text NOT NULL,
        amount_minor bigint NOT NULL,
        currency text NOT NULL,
        paid_at timestamptz NOT NULL,
        paid_on date NOT NULL,
        method text NOT NULL,
        reference text,
        CONSTRAINT {table}_pkey PRIMARY KEY (settlement_id, invoice_id)
    )
    """,
    indexes=("CREATE INDEX IF NOT EXISTS {table}_of_invoice ON {table} (invoice_id, position)",),
)

STANDINGS = Table(
    "view_invoice_accounts",
    StandingRow,
    key={"account_id": "text"},
    ddl="""
    CREATE TABLE {table} (
        account_id text NOT NULL,
        currency text NOT NULL,
        open jsonb NOT NULL,
        due_month text,
        billed_through text NOT NULL,
        carry_over_minor bigint NOT NULL,
        advance_minor bigint NOT NULL,
        paid_out_at bigint NOT NULL,
        CONSTRAINT {table}_pkey PRIMARY KEY (account_id)
    ) WITH (fillfactor = 70)
    """,
    indexes=("CREATE INDEX IF NOT EXISTS {table}_due ON {table} (due_month, account_id) WHERE due_month IS NOT NULL",),
    json=frozenset({"open"}),
)
