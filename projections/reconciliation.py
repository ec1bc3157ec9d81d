"""The view `reconciliation`: lines of providers and banks, what the ledger itself says, and what was matched.

Its queries are in `reconciliation_queries` and `proof`; what the rules would match now says `matching` (SPEC R-062).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aggregates import ids
from aggregates.account import Account
from aggregates.reconciliation import Counterpart, Remittance, SourceFile, Tally
from aggregates.reconciliation.items import ITEM_FACTS, item_id, item_of
from aggregates.reconciliation.remittance import net_minor
from aggregates.reconciliation.rules import MANUAL
from ledger.commands.source_files import file_json
from projections.reconciliation_rows import (
    FILES,
    ITEMS,
    LINES,
    OWNERS,
    REMITTANCES,
    FileRow,
    ItemRow,
    LineRow,
    OwnerRow,
    RemittanceRow,
)
from projections.rows import Key, Rows, Table
from projections.view import View, business_date_of

_OF_LINES = (
    Tally.LineMatched, Tally.LineUnmatched, Tally.LineParked, Tally.LineReleased, Tally.ParkedCredited,
    Tally.ParkedReturned,
)  # fmt: skip
_OF_ITEMS = (Counterpart.Taken, Counterpart.Freed)
_OF_REMITTANCES = (Remittance.LinesAdded, Remittance.Received, Remittance.Reopened)


class Reconciliation(View):
    """Lines, items, remittances and files."""

    NAME = "reconciliation"
    TABLES = (LINES, ITEMS, REMITTANCES, FILES, OWNERS)
    TAKES = ITEM_FACTS | {
        Account.Opened, SourceFile.Taken, Tally.LinesTaken, *_OF_LINES, *_OF_ITEMS, *_OF_REMITTANCES,
    }  # fmt: skip

    def adds(self, fact: Any) -> int:
        """Return about how many rows a fact adds."""
        return len(fact.lines) if isinstance(fact, Tally.LinesTaken) else 1

    def keys(self, fact: Any, position: int) -> Iterable[tuple[Table, Key]]:
        """Name the rows that a fact reads or changes."""
        if isinstance(fact, _OF_LINES):
            yield LINES, (fact.line_id,)
        elif isinstance(fact, _OF_ITEMS):
            yield ITEMS, (fact.item_id, fact.side)
        elif isinstance(fact, _OF_REMITTANCES):
            yield REMITTANCES, (fact.remittance_id,)
        elif type(fact) in ITEM_FACTS:
            yield OWNERS, (fact.originator_id,)

    def project(self, fact: Any, position: int, rows: Rows) -> None:
        """Change the rows as the fact says."""
        match fact:
            case Account.Opened():
                rows.put(OWNERS, OwnerRow(fact.originator_id, fact.account_id))
            case SourceFile.Taken():
                rows.put(FILES, FileRow(fact.file_id, position, fact.source, file_json(fact)))
            case Tally.LinesTaken():
                _take(fact, position, rows)
            case Counterpart.Taken() | Counterpart.Freed():
                item = rows.get(ITEMS, (fact.item_id, fact.side))
                item.line_id = fact.line_id if isinstance(fact, Counterpart.Taken) else None
                item.seen = position
            case Remittance.LinesAdded() | Remittance.Received() | Remittance.Reopened():
                _remit(fact, position, rows)
            case _ if isinstance(fact, _OF_LINES):
                _settle(fact, position, rows)
        if type(fact) in ITEM_FACTS:
            _add_item(fact, position, rows)


def _take(fact: Any, position: int, rows: Rows) -> None:
    for line in fact.lines:
        line_id = ids.child_id("lin", fact.tally_id, line.no)
        rows.put(
            LINES,
            LineRow(
                line_id, f"{position:019d}/{line.no:09d}", position, position, fact.source, fact.side, fact.day,
                fact.currency, line.amount_minor, line.fee_minor, line.method, line.reference, line.remittance_id,
                line.note, fact.file_id, line.row, "open", None, [], None, False, None,
            ),
        )  # fmt: skip


def _settle(fact: Any, position: int, rows: Rows) -> None:
    """Note what became of a line."""
    line = rows.get(LINES, (fact.line_id,))
    line.seen = position
    line.reason = getattr(fact, "reason", None)
    match fact:
        case Tally.LineMatched():
            line.status, line.rule, line.items = "matched", fact.rule, list(fact.items)
            if line.side == "bank":
                line.remittance_id = fact.remittance_id
        case Tally.LineUnmatched():
            line.status, line.rule, line.items, line.by_hand = "open", None, [], True
            if line.side == "bank":
                line.remittance_id = None
        case Tally.LineParked():
            line.status = "parked"
        case Tally.LineReleased():
            line.status = "open"
        case Tally.ParkedCredited():
            line.status, line.rule, line.account_id = "credited", MANUAL, fact.account_id
        case Tally.ParkedReturned():
            line.status, line.rule = "returned", MANUAL


def _remit(fact: Any, position: int, rows: Rows) -> None:
    """Note what belongs to a remittance, and whether the bank has it."""
    key = (fact.remittance_id,)
    match fact:
        case Remittance.LinesAdded():
            row = rows.find(REMITTANCES, key)
            if row is None:
                row = RemittanceRow(
                    fact.remittance_id, position, position, fact.source, fact.reference, fact.currency,
                    fact.last_day, 0, [], 0, None, None,
                )  # fmt: skip
                rows.put(REMITTANCES, row)
            sums = {method: [gross, fee] for method, gross, fee in row.parts}
            for part in fact.parts:
                gross, fee = sums.get(part.method, [0, 0])
                sums[part.method] = [gross + part.gross_minor, fee + part.fee_minor]
            row.parts = [[method, *sums[method]] for method in sorted(sums)]
            row.lines += fact.lines
            row.last_day = max(row.last_day, fact.last_day)
            row.net_minor += net_minor(fact.parts)
        case Remittance.Received():
            row = rows.get(REMITTANCES, key)
            row.received_minor, row.line_id = fact.net_minor, fact.line_id
        case Remittance.Reopened():
            row = rows.get(REMITTANCES, key)
            row.received_minor, row.line_id = None, None
    rows.get(REMITTANCES, key).seen = position


def _add_item(fact: Any, position: int, rows: Rows) -> None:
    """Keep what a fact says of money at a provider or a bank."""
    item = item_of(fact)
    if item is None:
        return
    owner = rows.find(OWNERS, (fact.originator_id,))
    account_id = None if owner is None else owner.account_id
    rows.put(
        ITEMS,
        ItemRow(
            item_id(fact, account_id), item.side, position, position, account_id, fact.TOPIC, business_date_of(fact),
            item.currency, item.amount_minor, item.method, list(item.references), None,
        ),
    )  # fmt: skip
