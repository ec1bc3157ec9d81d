"""The tally: all lines of one source on one KST day, whichever files they came in, and what became of each.

A line is known by a mark that its source and day give it; a file that brings it again brings nothing. A bank's money
that matches nothing is parked at once, so that the books and the bank agree, and waits for a decision (SPEC R-062).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Self
from uuid import UUID

from aggregates import ids
from aggregates.errors import Conflict, NotFound, Rejected
from aggregates.fact import Stamp, Stream, stream_class
from aggregates.reconciliation.facts import (
    LineMatched,
    LineParked,
    LineReleased,
    LinesTaken,
    LineUnmatched,
    ParkedCredited,
    ParkedReturned,
)
from aggregates.reconciliation.line import MATCHED, NO_MATCH, OPEN, PARKED, UNMATCHED, LineState, line_no
from aggregates.reconciliation.parts import BANK, LINES_MAX, StatementLine


class LineNotFound(NotFound):
    """There is no such line."""

    code = "line_not_found"


class LineNotOpen(Conflict):
    """The line is matched, or its money was credited or returned."""

    code = "line_not_open"


class LineNotMatched(Conflict):
    """The line is not matched with anything."""

    code = "line_not_matched"


class LineNotParked(Conflict):
    """The money of the line is not parked."""

    code = "line_not_parked"


class AmountsDiffer(Rejected):
    """A line can only stand for things that make its amount, to the unit."""

    code = "amounts_differ"


class NothingToMatch(Rejected):
    """A match names things of the ledger or one remittance, and they are of the line's side and currency."""

    code = "nothing_to_match"


@stream_class("tally")
class Tally(Stream):
    """All lines of one source on one day.

    Attributes:
        tally_id, source, side, day, currency: as recorded.
        lines: number -> the line as it stands.
        marks: mark of each line -> mark of its content.
    """

    __slots__ = ("currency", "day", "lines", "marks", "side", "source", "tally_id")

    LinesTaken = LinesTaken
    LineMatched = LineMatched
    LineUnmatched = LineUnmatched
    LineParked = LineParked
    LineReleased = LineReleased
    ParkedCredited = ParkedCredited
    ParkedReturned = ParkedReturned

    def __init__(self, id: UUID) -> None:
        super().__init__(id)
        self.tally_id = ""
        self.source = ""
        self.side = ""
        self.day = date.min
        self.currency = ""
        self.lines: dict[int, LineState] = {}
        self.marks: dict[str, str] = {}

    def take(
        self,
        stamp: Stamp,
        *,
        tally_id: str,
        source: str,
        side: str,
        day: date,
        currency: str,
        file_id: str,
        lines: Sequence[StatementLine],
    ) -> None:
        """Record lines that are not known, numbered from the last one on, in facts of at most 100."""
        for at in range(0, len(lines), LINES_MAX):
            self.record(
                LinesTaken,
                stamp,
                tally_id=tally_id,
                source=source,
                side=side,
                day=day,
                currency=currency,
                file_id=file_id,
                lines=tuple(lines[at : at + LINES_MAX]),
            )

    def line(self, line_id: str) -> LineState:
        """Return a line as it stands. Raises: LineNotFound."""
        found = self.lines.get(line_no(line_id))
        if found is None:
            raise LineNotFound("there is no line with this id")
        return found

    def require_matchable(self, line_id: str) -> LineState:
        """Return a line that may be matched: open, or parked. Raises: LineNotFound. LineNotOpen."""
        line = self.line(line_id)
        if line.status not in (OPEN, PARKED):
            raise LineNotOpen("the line is settled; only a match can be taken back", line_status=line.status)
        return line

    def require_parked(self, line_id: str) -> LineState:
        """Return a line whose money is parked. Raises: LineNotFound. LineNotParked."""
        line = self.line(line_id)
        if line.status != PARKED:
            raise LineNotParked("the money of this line is not parked", line_status=line.status)
        return line

    def match(
        self,
        stamp: Stamp,
        *,
        line_id: str,
        items: tuple[str, ...],
        remittance_id: str | None,
        rule: str,
        reason: str | None,
    ) -> None:
        """Record what a line stands for; parked money is released before. Check `require_matchable` before."""
        if self.line(line_id).status == PARKED:
            self.release(stamp, line_id=line_id)
        self.record(
            LineMatched,
            stamp,
            line_id=line_id,
            side=self.side,
            day=self.day,
            amount_minor=self.line(line_id).amount_minor,
            currency=self.currency,
            items=items,
            remittance_id=remittance_id,
            rule=rule,
            reason=reason,
        )

    def unmatch(self, stamp: Stamp, *, line_id: str, reason: str) -> None:
        """Take a match back; a bank's incoming money is parked again.

        Raises:
            LineNotFound. LineNotMatched.
        """
        line = self.require_matched(line_id)
        self.record(
            LineUnmatched,
            stamp,
            line_id=line_id,
            side=self.side,
            day=self.day,
            amount_minor=line.amount_minor,
            currency=self.currency,
            items=line.items,
            remittance_id=line.remittance_id,
            reason=reason,
        )
        if self.side == BANK and line.amount_minor > 0:
            self._parked(stamp, line_id, line.amount_minor, UNMATCHED)

    def require_matched(self, line_id: str) -> LineState:
        """Return a line that is matched. Raises: LineNotFound. LineNotMatched."""
        line = self.line(line_id)
        if line.status != MATCHED:
            raise LineNotMatched("the line is not matched with anything", line_status=line.status)
        return line

    def park(self, stamp: Stamp, *, line_id: str) -> None:
        """Keep money apart that nothing explains.

        Raises:
            LineNotFound. LineNotOpen: it is not open, or no money that came in at a bank.

        Source: SPEC R-062.
        """
        line = self.line(line_id)
        if line.status != OPEN or self.side != BANK or line.amount_minor <= 0:
            raise LineNotOpen("only open lines of money that came in at a bank are parked", line_status=line.status)
        self._parked(stamp, line_id, line.amount_minor, NO_MATCH)

    def release(self, stamp: Stamp, *, line_id: str) -> None:
        """Record that parked money is explained; its match follows in the same commit."""
        self.record(
            LineReleased,
            stamp,
            line_id=line_id,
            day=self.day,
            amount_minor=self.line(line_id).amount_minor,
            currency=self.currency,
        )

    def credit(self, stamp: Stamp, *, line_id: str, account_id: str, deposit_id: str, reason: str) -> None:
        """Record beside the account's own fact whose the money is. Check `require_parked` before."""
        self.record(
            ParkedCredited,
            stamp,
            line_id=line_id,
            day=self.day,
            amount_minor=self.line(line_id).amount_minor,
            currency=self.currency,
            account_id=account_id,
            deposit_id=deposit_id,
            reason=reason,
        )

    def give_back(self, stamp: Stamp, *, line_id: str, reason: str) -> None:
        """Record that parked money was sent back.

        Raises:
            LineNotFound. LineNotParked.

        Source: SPEC R-062.
        """
        line = self.require_parked(line_id)
        self.record(
            ParkedReturned,
            stamp,
            line_id=line_id,
            day=self.day,
            amount_minor=line.amount_minor,
            currency=self.currency,
            item_id=ids.child_id("itr", self.tally_id, self.version + 1),
            reason=reason,
        )

    def _parked(self, stamp: Stamp, line_id: str, amount_minor: int, why: str) -> None:
        self.record(
            LineParked,
            stamp,
            line_id=line_id,
            day=self.day,
            amount_minor=amount_minor,
            currency=self.currency,
            why=why,
        )

    def size_bytes(self) -> int:
        """Return about what it takes in memory."""
        return 1_000 + 400 * len(self.lines)

    def copy(self) -> Self:
        """Return an independent copy."""
        twin = type(self)(self.id)
        for name in (*Stream.__slots__, *Tally.__slots__):
            setattr(twin, name, getattr(self, name))
        twin.pending, twin.lines, twin.marks = list(self.pending), dict(self.lines), dict(self.marks)
        return twin
