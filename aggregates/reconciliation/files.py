"""A file of a provider or a bank: taken as a whole or not at all, and the same file only once."""

from __future__ import annotations

from datetime import date
from typing import Self
from uuid import UUID

from aggregates.errors import Conflict, Rejected
from aggregates.fact import Fact, Stamp, Stream, fact, stream_class


@fact("source_file.taken")
class SourceFileTaken(Fact):
    """A file was taken; its lines that were new are facts of their days, in the same commit.

    Attributes:
        file_id: public id, made of source and digest.
        source: name of the profile that it was read by.
        side: provider or bank.
        digest: SHA-256 of its bytes, hex.
        currency: ISO 4217.
        rows: how many it has, without those that the profile skips.
        new_rows: how many of them were not known.
        first_day, last_day: KST days of its rows.
        in_minor, out_minor: sums of its amounts above and below 0; out <= 0.
        new_in_minor, new_out_minor: the same of those that were not known.
    """

    file_id: str
    source: str
    side: str
    digest: str
    currency: str
    rows: int
    new_rows: int
    first_day: date
    last_day: date
    in_minor: int
    out_minor: int
    new_in_minor: int
    new_out_minor: int

    def apply(self, file: SourceFile) -> None:
        file.file_id = self.file_id


class FileKnown(Conflict):
    """This very file was taken before; nothing of it is new."""

    code = "file_known"


class LinesChanged(Rejected):
    """Rows of the file are known under the same number and said something else then: nothing of the file was taken."""

    code = "lines_changed"


@stream_class("source_file")
class SourceFile(Stream):
    """One file. file_id: "" before it was taken."""

    __slots__ = ("file_id",)

    Taken = SourceFileTaken

    def __init__(self, id: UUID) -> None:
        super().__init__(id)
        self.file_id = ""

    def require_new(self, file_id: str) -> None:
        """Refuse a file that was taken before. Raises: FileKnown."""
        if self.version:
            raise FileKnown("this file was taken before; nothing of it is new", file_id=file_id)

    def copy(self) -> Self:
        """Return an independent copy."""
        twin = type(self)(self.id)
        twin.version, twin.recorded_at, twin.pending = self.version, self.recorded_at, list(self.pending)
        twin.file_id = self.file_id
        return twin


def record_file(file: SourceFile, stamp: Stamp, **said: str | int | date) -> SourceFileTaken:
    """Record that a file was taken. Check `require_new` before."""
    taken: SourceFileTaken = file.record(SourceFileTaken, stamp, **said)
    return taken
