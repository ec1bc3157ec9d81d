"""The view `accounts`: every account with its figures, newest first.

Figures that depend on the clock (use and remainder of this month's limit) are put together when they are asked for,
from the use of each month that the rows hold.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from aggregates import ids
from aggregates.account import Account
from aggregates.account.standing import AccountOpened, Figures
from aggregates.dates import billing_month, business_date
from aggregates.errors import NotFound
from aggregates.fact import FACTS, Fact
from ledger.shapes import current_account_json
from projections.movements import BOOKS, PREPAID, Book, balance_change, book_of
from projections.paging import Page, fetch, paged, place
from projections.rows import Key, Rows, Table
from projections.view import View


@dataclass(slots=True)
class AccountRow:
    """One account.

    Attributes:
        stream: id of its stream.
        position: of the fact that opened it.
        frozen: charge id -> amount that a pending cancellation has set aside (SPEC R-068).
        version: of its last fact.
        collections_minor, payer_credit_minor, payout_hold_minor: balances of the books beside the prepaid one.
    """

    stream: UUID
    position: int
    account_id: str
    name: str
    mode: str
    currency: str
    status: str
    overdraft_limit_minor: int | None
    credit_limit_minor: int | None
    balance_minor: int = 0
    held_minor: int = 0
    refund_pending_minor: int = 0
    frozen: dict[str, int] = field(default_factory=dict)
    version: int = 0
    collections_minor: int = 0
    payer_credit_minor: int = 0
    payout_hold_minor: int = 0


@dataclass(slots=True)
class UseRow:
    """How much of a postpaid account's limit one month has used."""

    stream: UUID
    month: str
    used_minor: int


ACCOUNTS = Table(
    "view_accounts",
    AccountRow,
    key={"stream": "uuid"},
    ddl="""
    CREATE TABLE {table} (
        stream uuid NOT NULL,
        position bigint NOT NULL,
        account_id text NOT NULL,
        name text NOT NULL,
        mode text NOT NULL,
        currency text NOT NULL,
        status text NOT NULL,
        overdraft_limit_minor bigint,
        credit_limit_minor bigint,
        balance_minor bigint NOT NULL,
        held_minor bigint NOT NULL,
        refund_pending_minor bigint NOT NULL,
        frozen jsonb NOT NULL,
        version bigint NOT NULL,
        collections_minor bigint NOT NULL,
        payer_credit_minor bigint NOT NULL,
        payout_hold_minor bigint NOT NULL,
        CONSTRAINT {table}_pkey PRIMARY KEY (stream)
    ) WITH (fillfactor = 80)
    """,
    indexes=(
        "CREATE UNIQUE INDEX IF NOT EXISTS {table}_newest ON {table} (position)",
        "CREATE INDEX IF NOT EXISTS {table}_by_name ON {table} (name, position)",
    ),
    json=frozenset({"frozen"}),
)

USES = Table(
    "view_accounts_used",
    UseRow,
    key={"stream": "uuid", "month": "text"},
    ddl="""
    CREATE TABLE {table} (
        stream uuid NOT NULL,
        month text NOT NULL,
        used_minor bigint NOT NULL,
        CONSTRAINT {table}_pkey PRIMARY KEY (stream, month)
    ) WITH (fillfactor = 80)
    """,
)


FIGURES: dict[Book, str] = {book: "balance_minor" if book == PREPAID else f"{book}_minor" for book in BOOKS}
"""Book -> its balance in a row."""


def opened(fact: AccountOpened, position: int) -> AccountRow:
    """Return the row of an account as it was opened."""
    return AccountRow(
        stream=fact.originator_id,
        position=position,
        account_id=fact.account_id,
        name=fact.name,
        mode=fact.mode,
        currency=fact.currency,
        status="open",
        overdraft_limit_minor=fact.overdraft_limit_minor,
        credit_limit_minor=fact.credit_limit_minor,
        version=fact.originator_version,
    )


def fold(row: AccountRow, fact: Fact) -> None:
    """Change an account's figures by what a fact changed them by; these are sums, so that a fact may be left out."""
    row.version = fact.originator_version
    book, change_minor = balance_change(fact)
    if change_minor:
        figure = FIGURES[book]
        setattr(row, figure, getattr(row, figure) + change_minor)
    match fact:
        case Account.Spent():
            row.held_minor += fact.held_minor
        case Account.SpendCaptured():
            row.held_minor -= fact.amount_minor
        case Account.SpendReturned():
            row.held_minor -= fact.from_held_minor
        case Account.RefundRequested() | Account.RefundPayoutReturned():
            row.refund_pending_minor += fact.amount_minor
        case Account.RefundCompleted() | Account.RefundRejected() | Account.RefundCancelled():
            row.refund_pending_minor -= fact.amount_minor
        case Account.ChargeCancelStarted():
            row.frozen = {**row.frozen, fact.charge_id: fact.amount_minor}
        case Account.ChargeCancelled() | Account.ChargeCancelFailed():
            row.frozen = {charge: amount for charge, amount in row.frozen.items() if charge != fact.charge_id}
        case Account.ChargedBack() if fact.charge_id in row.frozen:
            row.frozen = {**row.frozen, fact.charge_id: row.frozen[fact.charge_id] - fact.from_lot_minor}
        case Account.CreditLimitSet():
            row.credit_limit_minor = fact.amount_minor
        case Account.ModeSwitched():
            row.mode = fact.mode
            row.credit_limit_minor, row.overdraft_limit_minor = fact.credit_limit_minor, fact.overdraft_limit_minor
        case Account.Frozen() | Account.Unfrozen() | Account.Closed():
            row.status = fact.figures.status


def month_use(fact: Fact) -> tuple[str, int, int] | None:
    """Return (month, change, use after it) of a postpaid limit; None without a change to an open month (SPEC R-084)."""
    if isinstance(fact, Account.Spent) and fact.month_used_minor is not None:
        return fact.month, fact.amount_minor, fact.month_used_minor
    if isinstance(fact, Account.SpendReturned) and fact.month_used_minor is not None:
        return fact.month, -fact.amount_minor, fact.month_used_minor
    return None


class Accounts(View):
    """Every account with its figures."""

    NAME = "accounts"
    VERSION = 2
    TABLES = (ACCOUNTS, USES)
    TAKES = frozenset(kind for topic, kind in FACTS.items() if topic.startswith("account."))

    def keys(self, fact: Any, position: int) -> Iterable[tuple[Table, Key]]:
        """Name the rows that a fact reads or changes."""
        yield ACCOUNTS, (fact.originator_id,)
        use = month_use(fact)
        if use is not None:
            yield USES, (fact.originator_id, use[0])

    def project(self, fact: Any, position: int, rows: Rows) -> None:
        """Change the rows as the fact says."""
        if isinstance(fact, Account.Opened):
            rows.put(ACCOUNTS, opened(fact, position))
            return
        row = rows.get(ACCOUNTS, (fact.originator_id,))
        fold(row, fact)
        for name, figure in (
            ("balance_minor", FIGURES[book_of(type(fact))]),
            ("refund_pending_minor", "refund_pending_minor"),
        ):
            stored = getattr(fact, name, None)
            if stored is not None and stored != getattr(row, figure):
                raise ValueError(f"{figure} is {stored} in the fact, but {getattr(row, figure)} by all facts up to it")
        use = month_use(fact)
        if use is not None:
            rows.put(USES, UseRow(fact.originator_id, use[0], use[2]))


COLUMNS = ", ".join(f"a.{name}" for name in ACCOUNTS.columns)


def body(row: AccountRow, used_minor: int) -> dict[str, Any]:
    """Return an account in the shape of the HTTP face; `used_minor` is the use of the month it is asked for."""
    used, remaining = None, None
    if row.credit_limit_minor is not None:
        used, remaining = used_minor, max(0, row.credit_limit_minor - used_minor)
        available: int | None = remaining
    elif row.overdraft_limit_minor is None:
        available = None
    else:
        available = row.balance_minor + row.overdraft_limit_minor - sum(row.frozen.values())
    figures = Figures(
        account_id=row.account_id,
        name=row.name,
        mode=row.mode,
        currency=row.currency,
        status=row.status,
        balance_minor=row.balance_minor,
        held_minor=row.held_minor,
        refund_pending_minor=row.refund_pending_minor,
        available_minor=available,
        overdraft_limit_minor=row.overdraft_limit_minor,
        credit_limit_minor=row.credit_limit_minor,
        used_this_month_minor=used,
        remaining_limit_minor=remaining,
    )
    books: dict[str, int] = {book: getattr(row, figure) for book, figure in FIGURES.items() if book != PREPAID}
    return current_account_json(figures, books, row.version)


async def page(
    conn: AsyncConnection[Any],
    *,
    at: datetime,
    name: str | None = None,
    cursor: str | None = None,
    limit: int | None = None,
) -> Page:
    """Return a page of accounts, newest first; with `name`, those of exactly that name.

    The KST month of `at` is the month of `used_this_month` and `remaining_limit`.

    Raises:
        Malformed: cursor or limit.
    """
    asked = {"list": "accounts", "name": name}
    where = place(asked, cursor, limit)
    query = f"""
        SELECT {COLUMNS}, coalesce(u.used_minor, 0) AS used_minor
        FROM view_accounts a LEFT JOIN view_accounts_used u ON u.stream = a.stream AND u.month = %s
        WHERE a.position < %s AND (%s::text IS NULL OR a.name = %s)
        ORDER BY a.position DESC LIMIT %s
    """
    found = await fetch(conn, query, [billing_month(business_date(at)), where.after, name, name, where.limit + 1])
    used = [row.pop("used_minor") for row in found]
    accounts = [AccountRow(**row) for row in found]
    items = [body(row, use) for row, use in zip(accounts, used, strict=True)]
    return paged(asked, where, items, [row.position for row in accounts])


async def one(conn: AsyncConnection[Any], account_id: str, *, at: datetime) -> dict[str, Any]:
    """Return one account as the view has it.

    Raises:
        NotFound: the view has no such account.
    """
    query = f"""
        SELECT {COLUMNS}, coalesce(u.used_minor, 0) AS used_minor
        FROM view_accounts a LEFT JOIN view_accounts_used u ON u.stream = a.stream AND u.month = %s
        WHERE a.stream = %s
    """
    found = await fetch(conn, query, [billing_month(business_date(at)), ids.stream_id(account_id)])
    if not found:
        raise NotFound("there is no account with this id")
    used = found[0].pop("used_minor")
    return body(AccountRow(**found[0]), used)
