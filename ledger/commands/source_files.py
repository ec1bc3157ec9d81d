"""The command that takes a file of a provider or a bank: whole, in one commit, and every line of it once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, NamedTuple

from aggregates.errors import Rejected
from aggregates.fact import Fact, Stamp
from aggregates.reconciliation.files import LinesChanged, SourceFile, SourceFileTaken, record_file
from aggregates.reconciliation.parts import RemittancePart, StatementLine
from aggregates.reconciliation.remittance import Remittance, added
from aggregates.reconciliation.tally import Tally
from ledger.command import Answer, Streams, answer

ROWS_SHOWN = 100
"""How many rows a refusal names."""

NO_METHOD = "transfer"
"""What a provider that does not tell methods apart takes: bank transfers."""


class FileRow(NamedTuple):
    """A row of a file, understood.

    Attributes:
        row: its number in the file, from 1. day: its KST day.
        mark: keyed mark of what tells it from others of its day. content: of all that it says.
        amount_minor, fee_minor, method, reference, note: as of `StatementLine`.
        remittance: the provider's number of the remittance it belongs to; None without one.
    """

    row: int
    day: date
    mark: str
    content: str
    amount_minor: int
    fee_minor: int
    method: str | None
    reference: str | None
    remittance: str | None
    note: str | None


@dataclass(frozen=True, slots=True)
class TakeFile:
    """Take a file.

    Attributes:
        source: name of its profile. side: provider or bank. currency: ISO 4217.
        digest: SHA-256 of its bytes, hex.
        rows: all of them, in order; at least one, unless there is a
        refusal: why the file cannot be read; None when it can.
    """

    ANSWER: ClassVar[str] = "source-file/1"

    source: str
    side: str
    currency: str
    digest: str
    rows: tuple[FileRow, ...]
    refusal: Rejected | None = None

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `SourceFile.Taken`, and what is new on the tallies and remittances.

        Raises:
            Rejected: `refusal`.
            FileKnown: the very same file was taken before.
            LinesChanged: some of its rows are known and said something else.

        Source: SPEC R-062.
        """
        file_id, file = streams.named(SourceFile, "fil", file_name(self.source, self.digest))
        if self.refusal is not None:
            raise self.refusal
        tallies = {day: streams.named(Tally, "tly", tally_name(self.source, day)) for day in self.days}
        remittances = {
            name: streams.named(Remittance, "rmt", remittance_name(self.source, name)) for name in self.remittances
        }
        file.require_new(file_id)
        new = self._new_rows({day: tally for day, (_, tally) in tallies.items()})
        self._record_file(file, stamp, file_id, new)
        for day, (tally_id, tally) in tallies.items():
            own = [row for row in new if row.day == day]
            last = len(tally.lines)
            lines = [_line(row, last + number, remittances) for number, row in enumerate(own, 1)]
            tally.take(
                stamp,
                tally_id=tally_id,
                source=self.source,
                side=self.side,
                day=day,
                currency=self.currency,
                file_id=file_id,
                lines=lines,
            )
        for name, (remittance_id, remittance) in remittances.items():
            sent = [row for row in new if row.remittance == name]
            if sent:
                remittance.add(
                    stamp,
                    remittance_id=remittance_id,
                    source=self.source,
                    reference=name,
                    currency=self.currency,
                    file_id=file_id,
                    lines=len(sent),
                    last_day=max(row.day for row in sent),
                    parts=added((), [_part(row) for row in sent]),
                )

    @property
    def days(self) -> list[date]:
        """Its days, in order."""
        return sorted({row.day for row in self.rows})

    @property
    def remittances(self) -> list[str]:
        """The remittances that it names, in order."""
        return sorted({row.remittance for row in self.rows if row.remittance is not None})

    def _new_rows(self, tallies: dict[date, Tally]) -> list[FileRow]:
        """Return the rows that are not known yet, each once. Raises: LinesChanged."""
        known = {day: dict(tally.marks) for day, tally in tallies.items()}
        changed: list[int] = []
        new: list[FileRow] = []
        for row in self.rows:
            content = known[row.day].setdefault(row.mark, row.content)
            if content != row.content:
                changed.append(row.row)
            elif row.mark not in tallies[row.day].marks:
                new.append(row)
        if changed:
            raise LinesChanged(
                "rows of the file are known under the same number and said something else; nothing of it was taken",
                rows=[str(row) for row in changed[:ROWS_SHOWN]],
                count=len(changed),
            )
        return list({(row.day, row.mark): row for row in reversed(new)}.values())[::-1]

    def _record_file(self, file: SourceFile, stamp: Stamp, file_id: str, new: Sequence[FileRow]) -> None:
        record_file(
            file,
            stamp,
            file_id=file_id,
            source=self.source,
            side=self.side,
            digest=self.digest,
            currency=self.currency,
            rows=len(self.rows),
            new_rows=len(new),
            first_day=self.days[0],
            last_day=self.days[-1],
            in_minor=sum(max(0, row.amount_minor) for row in self.rows),
            out_minor=sum(min(0, row.amount_minor) for row in self.rows),
            new_in_minor=sum(max(0, row.amount_minor) for row in new),
            new_out_minor=sum(min(0, row.amount_minor) for row in new),
        )


def file_name(source: str, digest: str) -> str:
    """Return what the ledger knows a file by."""
    return f"file:{source}:{digest}"


def tally_name(source: str, day: date) -> str:
    """Return what the ledger knows the lines of a source and day by."""
    return f"tally:{source}:{day.isoformat()}"


def remittance_name(source: str, reference: str) -> str:
    """Return what the ledger knows a remittance by."""
    return f"remittance:{source}:{reference}"


def _line(row: FileRow, number: int, remittances: dict[str, tuple[str, Remittance]]) -> StatementLine:
    return StatementLine(
        no=number,
        row=row.row,
        mark=row.mark,
        content=row.content,
        amount_minor=row.amount_minor,
        fee_minor=row.fee_minor,
        method=row.method,
        reference=row.reference,
        remittance_id=None if row.remittance is None else remittances[row.remittance][0],
        note=row.note,
    )


def _part(row: FileRow) -> RemittancePart:
    return RemittancePart(row.method or NO_METHOD, row.amount_minor, row.fee_minor)


def file_json(fact: SourceFileTaken) -> dict[str, Any]:
    """Return a file in the shape of the HTTP face."""
    return {
        "id": fact.file_id,
        "source": fact.source,
        "side": fact.side,
        "sha256": fact.digest,
        "currency": fact.currency,
        "rows": fact.rows,
        "new": fact.new_rows,
        "known": fact.rows - fact.new_rows,
        "first_day": fact.first_day.isoformat(),
        "last_day": fact.last_day.isoformat(),
        "amount_in": fact.in_minor,
        "amount_out": fact.out_minor,
        "new_in": fact.new_in_minor,
        "new_out": fact.new_out_minor,
    }


@answer("source-file/1")
def source_file(facts: Sequence[Fact]) -> Answer:
    """Answer with the file and how much of it was new."""
    fact = facts[0]
    assert isinstance(fact, SourceFileTaken)
    return Answer(201, file_json(fact))
