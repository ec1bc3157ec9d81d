"""Direct debits: files of mandates and of debits for the institution that collects, and its files of results."""

from __future__ import annotations

from datetime import date
from typing import Literal, NamedTuple, Protocol

FileStatus = Literal["absent", "accepted", "answered"]
"""absent = it has never heard of the key; answered = its results can be fetched."""


class BatchFile(NamedTuple):
    """A file for the institution.

    Attributes:
        key: ours. kind: mandates, debits or same_day. day: the business day it is for, in Seoul.
        institution_code: whose it is. content: in the layout of `ledger.debits`.
    """

    key: str
    kind: Literal["mandates", "debits", "same_day"]
    day: date
    institution_code: str
    content: bytes


class FileState(NamedTuple):
    """A file as the institution has it. sha256: of its content, hex; None when absent."""

    key: str
    status: FileStatus
    sha256: str | None = None


class ResultFile(NamedTuple):
    """What the institution says of a file.

    Attributes:
        number: grows with each.
        key: of the file that it is about.
        kind: results: which lines were not done, or not wholly; returns: money that was taken back later.
        content: in the layout of `ledger.debits`.
    """

    number: int
    key: str
    kind: Literal["results", "returns"]
    content: bytes


class DirectDebitPort(Protocol):
    """Collects from bank accounts, a file for each business day. Source: SPEC 10.2, 13, R-111."""

    async def submit_mandates(self, batch: BatchFile) -> FileState:
        """Hand in a file of mandates, until 12:00 of the business day after its own. Idempotent by `key`.

        Raises:
            PortRefused: the key stands for another file, the file is not in order, or its hour has passed.
            PortUnavailable: no answer; it may have been taken.
        """

    async def submit_debits(self, batch: BatchFile) -> FileState:
        """Hand in a file of debits: until 17:00 of the business day before, of the same day until 12:00.

        Idempotent and raises as `submit_mandates`.
        """

    async def status(self, key: str) -> FileState:
        """Return a file as the institution has it. Raises: PortUnavailable."""

    async def fetch_results(self, after: int) -> tuple[ResultFile, ...]:
        """Return at most 20 files of results with numbers above `after`, in order. Raises: PortUnavailable."""
