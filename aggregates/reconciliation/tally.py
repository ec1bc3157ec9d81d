"""The tally: all lines of one source on one KST day, whichever files they came in, and what became of each.

A line is known by a mark that its source and day give it; a file that brings it again brings nothing. A bank's money
that matches nothing is parked at once, so that the books and the bank agree, and waits for a decision (SPEC R-062).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple, Self
from uuid import UUID

from aggregates import ids
from aggregates.errors import Conflict, NotFound, Rejected
from aggregates.fact import Fact, Stamp, Stream, fact, stream_class
from aggregates.reconciliation.parts import BANK, LINES_MAX, StatementLine

OPEN = "open"
MATCHED = "matched"
PARKED = "parked"
CREDITED = "credited"
RETURNED = "returned"

NO_MATCH = "no_match"
UNMATCHED = "unmatched"
"""Why money is parked: nothing matched it, or a person took its match back."""


class LineState(NamedTuple):
    """A line as it stands.

    Attributes:
        amount_minor: signed.
        status: open, matched, parked, credited or returned.
        items: what it is matched with.
        remittance_id: or the remittance that it is.
    """

    amount_minor: int
    status: str = OPEN
    items: tuple[str, ...] = ()
    remittance_id: str | None = None


@fact("tally.lines_taken")
class LinesTaken(Fact):
    """Lines of a file that were not known.

    Attributes:
        tally_id: public id, made of source and day.
        source: name of the profile.
        side: provider or bank.
        day: KST day of the lines.
        currency: ISO 4217.
        file_id: the file.
        lines: at most 100.
    """

    tally_id: str
    source: str
    side: str
    day: date
    currency: str
    file_id: str
    lines: tuple[StatementLine, ...]

    def apply(self, tally: Tally) -> None:
        tally.tally_id, tally.source, tally.side = self.tally_id, self.source, self.side
        tally.day, tally.currency = self.day, self.currency
        for line in self.lines:
            tally.lines[line.no] = LineState(line.amount_minor)
            tally.marks[line.mark] = line.content


@fact("tally.line_matched")
class LineMatched(Fact):
    """A line stands for things of the ledger, or for a remittance.

    Attributes:
        line_id: public id of the line.
        side: provider or bank.
        day: of the line.
        amount_minor: signed; the sum of what it is matched with.
        currency: ISO 4217.
        items: the things of the ledger; none for a remittance.
        remittance_id: the remittance; None for things of the ledger.
        rule: reference, amount_date or manual.
        reason: of a person, for manual; None for a rule.
    """

    line_id: str
    side: str
    day: date
    amount_minor: int
    currency: str
    items: tuple[str, ...]
    remittance_id: str | None
    rule: str
    reason: str | None

    def apply(self, tally: Tally) -> None:
        tally.lines[line_no(self.line_id)] = LineState(self.amount_minor, MATCHED, self.items, self.remittance_id)


@fact("tally.line_unmatched")
class LineUnmatched(Fact):
    """A person took a match back. Fields as of `LineMatched`."""

    line_id: str
    side: str
    day: date
    amount_minor: int
    currency: str
    items: tuple[str, ...]
    remittance_id: str | None
    reason: str

    def apply(self, tally: Tally) -> None:
        tally.lines[line_no(self.line_id)] = LineState(self.amount_minor)


@fact("tally.line_parked")
class LineParked(Fact):
    """Money at the bank that nothing explains is kept apart until a person decides.

    Attributes:
        line_id: the line.
        day: of the line.
        amount_minor: > 0.
        currency: ISO 4217.
        why: no_match, or unmatched when a person took its match back.
    """

    line_id: str
    day: date
    amount_minor: int
    currency: str
    why: str

    def apply(self, tally: Tally) -> None:
        tally.lines[line_no(self.line_id)] = LineState(self.amount_minor, PARKED)


@fact("tally.line_released")
class LineReleased(Fact):
    """Parked money is explained after all: its match is recorded in the same commit. Fields as of `LineParked`."""

    line_id: str
    day: date
    amount_minor: int
    currency: str

    def apply(self, tally: Tally) -> None:
        tally.lines[line_no(self.line_id)] = LineState(self.amount_minor)


@fact("tally.parked_credited")
class ParkedCredited(Fact):
    """A person put parked money on an account; the account's own fact of it is in the same commit.

    Attributes:
        line_id: the line.
        day: of the line.
        amount_minor: > 0.
        currency: ISO 4217.
        account_id: whose it is.
        deposit_id: what the account calls it.
        reason: why, in the person's words.
    """

    line_id: str
    day: date
    amount_minor: int
    currency: str
    account_id: str
    deposit_id: str
    reason: str

    def apply(self, tally: Tally) -> None:
        tally.lines[line_no(self.line_id)] = LineState(self.amount_minor, CREDITED)


@fact("tally.parked_returned")
class ParkedReturned(Fact):
    """A person had parked money sent back to where it came from; the bank will say so in a line of its own.

    Attributes:
        line_id: the line.
        day: of the line.
        amount_minor: > 0.
        currency: ISO 4217.
        item_id: what the bank's line will be matched with ("itr_...").
        reason: why, in the person's words.
    """

    line_id: str
    day: date
    amount_minor: int
    currency: str
    item_id: str
    reason: str

    def apply(self, tally: Tally) -> None:
        tally.lines[line_no(self.line_id)] = LineState(self.amount_minor, RETURNED)


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


def line_no(line_id: str) -> int:
    """Return the number of a line on its day, out of an id that this ledger has made."""
    return ids.parse(line_id, "lin").version


def tally_of(line_id: str) -> str:
    """Return the tally of a line. Raises: NotFound: no line can have this id."""
    return f"tly_{ids.parse(line_id, 'lin').account_id[4:]}"
