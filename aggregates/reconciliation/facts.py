"""What is recorded of the lines of a source and day; the stream of all of them is `Tally`."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from aggregates.fact import Fact, fact
from aggregates.reconciliation.line import CREDITED, MATCHED, PARKED, RETURNED, LineState, line_no
from aggregates.reconciliation.parts import StatementLine

if TYPE_CHECKING:
    from aggregates.reconciliation.tally import Tally


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
