"""Plain-text accounting: the journal as beancount and hledger read it, with a balance assertion per account and day.

Transactions come by business date, then position. After each day, every account that moved on it is asserted to hold
what the ledger says, so that whoever opens the file finds out by himself whether a line is missing. In memory are the
balances alone, however long the journal.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple, Protocol

from aggregates.money import EXPONENTS, format_minor
from aggregates.postings.chart import (
    COLLECTIONS,
    MEMBER_RECEIVABLE,
    PAYERS_CREDIT,
    PAYOUT_HOLD,
    PREPAID,
    PREPAID_HOLD,
    REFUND_PAYABLE,
    TRADE_RECEIVABLE,
    UNBILLED_RECEIVABLE,
    WITHDRAWAL_PAYABLE,
)
from projections.exports.asked import Asked
from projections.exports.sink import Meter
from projections.exports.source import Source, narrowed

ROOTS = {
    "asset": "Assets",
    "liability": "Liabilities",
    "equity": "Equity",
    "revenue": "Income",
    "expense": "Expenses",
    "clearing": "Equity:Clearing",
}
"""First word of a ledger account -> where it stands in plain-text accounting."""

PER_CUSTOMER = frozenset(
    {
        PREPAID,
        PREPAID_HOLD,
        REFUND_PAYABLE,
        COLLECTIONS,
        PAYERS_CREDIT,
        WITHDRAWAL_PAYABLE,
        PAYOUT_HOLD,
        TRADE_RECEIVABLE,
        UNBILLED_RECEIVABLE,
        MEMBER_RECEIVABLE,
    }
)
"""Ledger accounts that are kept for each customer's account below themselves; SPEC 14 names them per master."""

SPAN_DAYS = 31
"""So many days with entries are read in one statement."""

BUFFER_PARTS = 1_000
"""So many pieces of text are handed on at a time."""


class Line(NamedTuple):
    """A line of the journal: where it belongs in plain-text accounting, and its signed amount (debit > 0)."""

    account: str
    amount_minor: int
    currency: str


class Entry(NamedTuple):
    """The lines of one fact; position 0 = what was there before."""

    position: int
    version: int
    topic: str
    account_id: str
    lines: list[Line]


Balances = dict[tuple[str, str], int]
"""(account, currency) -> balance in minor units, debit > 0."""


class Syntax(Protocol):
    """How one program wants to read it."""

    def head(self, asked: Asked, currencies: list[str]) -> str:
        """Return what stands first."""

    def opened(self, day: date, account: str) -> str:
        """Return what declares an account that is used for the first time."""

    def entry(self, day: date, entry: Entry) -> str:
        """Return a transaction."""

    def asserted(self, day: date, balances: Balances) -> str:
        """Return the assertion of what accounts hold at the end of a day."""


class Beancount:
    """Beancount: an assertion holds at the beginning of its date, so it bears the next day's."""

    def head(self, asked: Asked, currencies: list[str]) -> str:
        """Return what stands first."""
        options = "".join(f'option "operating_currency" "{currency}"\n' for currency in currencies)
        return f'option "title" "Payments ledger at position {asked.position}"\n{options}\n'

    def opened(self, day: date, account: str) -> str:
        """Return what declares an account that is used for the first time."""
        return f"{day} open {account}\n"

    def entry(self, day: date, entry: Entry) -> str:
        """Return a transaction."""
        lines = "".join(
            f"  {line.account}  {format_minor(line.amount_minor, line.currency)} {line.currency}\n"
            for line in entry.lines
        )
        if not entry.position:
            return f'{day} * "opening balances"\n{lines}'
        link = f" ^{entry.account_id}" if entry.account_id else ""
        about = f"  position: {entry.position}\n  version: {entry.version}\n"
        return f'{day} * "{entry.topic}"{link}\n{about}{lines}'

    def asserted(self, day: date, balances: Balances) -> str:
        """Return the assertion of what accounts hold at the end of a day."""
        after = day + timedelta(days=1)
        return "".join(
            f"{after} balance {account}  {format_minor(minor, currency)} ~ 0 {currency}\n"
            for (account, currency), minor in balances.items()
        )


class Hledger:
    """hledger: an assertion holds where it stands, so a transaction of zeros ends each day."""

    def head(self, asked: Asked, currencies: list[str]) -> str:
        """Return what stands first."""
        commodities = "".join(f"commodity 1000.{'0' * EXPONENTS[each]} {each}\n" for each in currencies)
        return f"; Payments ledger at position {asked.position}\ndecimal-mark .\n{commodities}\n"

    def opened(self, day: date, account: str) -> str:
        """Return what declares an account that is used for the first time."""
        return f"account {account}\n\n"

    def entry(self, day: date, entry: Entry) -> str:
        """Return a transaction."""
        lines = "".join(
            f"    {line.account}  {format_minor(line.amount_minor, line.currency)} {line.currency}\n"
            for line in entry.lines
        )
        if not entry.position:
            return f"{day} opening balances\n{lines}\n"
        whose = f", account_id:{entry.account_id}" if entry.account_id else ""
        return f"{day} ({entry.position}) {entry.topic}  ; version:{entry.version}{whose}\n{lines}\n"

    def asserted(self, day: date, balances: Balances) -> str:
        """Return the assertion of what accounts hold at the end of a day."""
        lines = "".join(
            f"    {account}  {format_minor(0, currency)} {currency} = {format_minor(minor, currency)} {currency}\n"
            for (account, currency), minor in balances.items()
        )
        return f"{day} balances\n{lines}\n"


SYNTAXES: dict[str, Syntax] = {"beancount": Beancount(), "hledger": Hledger()}


def account_name(account: str, account_id: str) -> str:
    """Return where a ledger account, of one customer where it is kept per customer, stands in plain-text accounting.

    E.g. "Liabilities:Prepaid:Acc-01..." for liability.prepaid of acc_01...
    """
    first, *rest = account.split(".")
    parts = [ROOTS[first], *("-".join(word.capitalize() for word in part.split("_")) for part in rest)]
    if account in PER_CUSTOMER and account_id:
        parts.append(f"Acc-{account_id.removeprefix('acc_')}")
    return ":".join(parts)


def write_accounting(source: Source, asked: Asked, meter: Meter) -> dict[str, Any]:
    """Write the journal as text that beancount or hledger reads.

    With `from`, an opening transaction holds what was there before.

    Returns:
        {"entries", "assertions"}: how many.
    """
    book = _Book(SYNTAXES[asked.format], meter)
    book.begin(asked, _currencies(source))
    if asked.from_date is not None:
        before = [
            Line(account_name(account, whose), minor, currency) for account, whose, currency, minor in _before(source)
        ]
        if before:
            book.add(asked.from_date, Entry(0, 0, "", "", before))
    lines = csv.reader(line.decode() for block in _by_day(source) for line in block)
    for day, of_day in groupby(lines, itemgetter(_DAY)):
        on = date.fromisoformat(day)
        for _, of_entry in groupby(of_day, itemgetter(_POSITION)):
            book.add(on, _entry(list(of_entry)))
        book.end_day(on)
    book.flush()
    return {"entries": book.entries, "assertions": book.assertions}


class _Book:
    """What is written so far: the balances, and text that waits to be handed on."""

    def __init__(self, syntax: Syntax, meter: Meter) -> None:
        self._syntax = syntax
        self._meter = meter
        self._parts: list[str] = []
        self._balances: Balances = {}
        self._moved: Balances = {}
        self._opened: set[str] = set()
        self.entries = 0
        self.assertions = 0

    def begin(self, asked: Asked, currencies: list[str]) -> None:
        """Write what stands first."""
        self._parts.append(self._syntax.head(asked, currencies))

    def add(self, day: date, entry: Entry) -> None:
        """Write a transaction, and declare the accounts that it is the first to use."""
        for line in entry.lines:
            if line.account not in self._opened:
                self._opened.add(line.account)
                self._parts.append(self._syntax.opened(day, line.account))
            key = (line.account, line.currency)
            self._balances[key] = self._moved[key] = self._balances.get(key, 0) + line.amount_minor
        self._parts.append(self._syntax.entry(day, entry))
        self.entries += 1
        if len(self._parts) >= BUFFER_PARTS:
            self.flush()

    def end_day(self, day: date) -> None:
        """Write what the accounts that moved hold now."""
        self._parts.append(self._syntax.asserted(day, self._moved))
        self.assertions += len(self._moved)
        self._moved.clear()

    def flush(self) -> None:
        """Hand the text on."""
        self._meter.write("".join(self._parts).encode())
        self._parts.clear()


_DAY, _POSITION = 0, 1
_LINE = """
    t.business_date::text, t.position, t.version, t.topic, coalesce(n.account_id, ''),
    t.account, t.amount_minor, t.currency
"""


def _entry(rows: list[list[str]]) -> Entry:
    """Return the entry that these rows, in the order of `_LINE`, are the lines of."""
    _, position, version, topic, account_id, *_ = rows[0]
    lines = [Line(account_name(row[5], row[4]), int(row[6]), row[7]) for row in rows]
    return Entry(int(position), int(version), topic, account_id, lines)


def _by_day(source: Source) -> Iterator[list[bytes]]:
    """Yield the journal's lines as CSV by business date and position, some days at a time."""
    asked = source.asked
    for number, (first, last, spans) in enumerate(_spans(source)):
        tables, conditions = narrowed(source.connection, asked)
        conditions.append(f"t.position <= {asked.position:d}")
        if first is not None and last is not None:
            conditions.append(f"t.business_date BETWEEN '{first}' AND '{last}'")
        yield from source.copy(
            f"SELECT {_LINE} FROM {tables} WHERE {' AND '.join(conditions)}"
            " ORDER BY t.business_date, t.position, t.line"
        )
        source.told(number + 1, spans)


def _spans(source: Source) -> Iterator[tuple[date | None, date | None, int]]:
    """Yield (first day, last day, how many spans); one customer's journal is read in one piece."""
    asked = source.asked
    if asked.account_id is not None:
        yield None, None, 1
        return
    found = source.connection.execute(
        "SELECT DISTINCT business_date FROM view_journal_days"
        " WHERE business_date BETWEEN coalesce(%s, '-infinity'::date) AND coalesce(%s, 'infinity'::date) ORDER BY 1",
        [asked.from_date, asked.to_date],
    ).fetchall()
    days = [day for (day,) in found]
    spans = [days[at : at + SPAN_DAYS] for at in range(0, len(days), SPAN_DAYS)]
    for span in spans:
        yield span[0], span[-1], len(spans)


def _currencies(source: Source) -> list[str]:
    found = source.connection.execute("SELECT DISTINCT currency FROM view_journal_days ORDER BY 1").fetchall()
    return [currency for (currency,) in found]


def _before(source: Source) -> list[tuple[str, str, str, int]]:
    """Return (ledger account, customer's account or "", currency, balance) at the beginning of `from`; none of 0."""
    asked = source.asked
    assert asked.from_date is not None, "there is a before only with a from"
    earlier = replace(asked, from_date=None, to_date=asked.from_date - timedelta(days=1))
    tables, conditions = narrowed(source.connection, earlier)
    conditions.append(f"t.position <= {asked.position:d}")
    kept = ", ".join(f"'{account}'" for account in sorted(PER_CUSTOMER))
    return source.connection.execute(
        f"""
        SELECT t.account, CASE WHEN t.account IN ({kept}) THEN coalesce(n.account_id, '') ELSE '' END, t.currency,
               sum(t.amount_minor)::bigint
        FROM {tables} WHERE {" AND ".join(conditions)}
        GROUP BY 1, 2, 3 HAVING sum(t.amount_minor) <> 0 ORDER BY 3, 1, 2
        """.encode()
    ).fetchall()
