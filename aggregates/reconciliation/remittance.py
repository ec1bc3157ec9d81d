"""A remittance: payments of many that a provider sends to the bank in one sum, less its fees.

What belongs to it comes in with the provider's files; when the bank has the sum, the ledger's receivable from the
provider becomes money at the bank.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Self
from uuid import UUID

from aggregates.errors import Conflict, NotFound
from aggregates.fact import Fact, Stamp, Stream, fact, stream_class
from aggregates.reconciliation.parts import RemittancePart


@fact("remittance.lines_added")
class RemittanceLinesAdded(Fact):
    """Lines of a provider's file belong to a remittance.

    Attributes:
        remittance_id: public id, made of source and reference.
        source: name of the provider's profile.
        reference: the provider's number of the remittance.
        currency: ISO 4217.
        file_id: the file.
        lines: how many of its lines were added.
        last_day: KST day of the last of them.
        parts: what they bring, by method.
    """

    remittance_id: str
    source: str
    reference: str
    currency: str
    file_id: str
    lines: int
    last_day: date
    parts: tuple[RemittancePart, ...]

    def apply(self, remittance: Remittance) -> None:
        remittance.remittance_id = self.remittance_id
        remittance.currency = self.currency
        remittance.parts = added(remittance.parts, self.parts)


@fact("remittance.received")
class RemittanceReceived(Fact):
    """The bank has the sum: a line of the bank's file was matched with the remittance.

    Attributes:
        remittance_id: public id.
        line_id: the line.
        net_minor: what the bank has; gross - fees of the parts.
        currency: ISO 4217.
        parts: what it is made of, as it was then.
    """

    remittance_id: str
    line_id: str
    net_minor: int
    currency: str
    parts: tuple[RemittancePart, ...]

    def apply(self, remittance: Remittance) -> None:
        remittance.line_id = self.line_id
        remittance.received = self.parts


@fact("remittance.reopened")
class RemittanceReopened(Fact):
    """The bank's line was not this remittance after all. Fields as of `RemittanceReceived`."""

    remittance_id: str
    line_id: str
    net_minor: int
    currency: str
    parts: tuple[RemittancePart, ...]

    def apply(self, remittance: Remittance) -> None:
        remittance.line_id = None
        remittance.received = ()


class RemittanceNotFound(NotFound):
    """There is no such remittance."""

    code = "remittance_not_found"


class RemittanceIsReceived(Conflict):
    """The bank has this remittance already."""

    code = "remittance_received"


@stream_class("remittance")
class Remittance(Stream):
    """One remittance.

    Attributes:
        remittance_id, currency: as recorded.
        parts: all that belongs to it, by method.
        line_id: the bank's line; None before it is received.
        received: the parts of then.
    """

    __slots__ = ("currency", "line_id", "parts", "received", "remittance_id")

    LinesAdded = RemittanceLinesAdded
    Received = RemittanceReceived
    Reopened = RemittanceReopened

    def __init__(self, id: UUID) -> None:
        super().__init__(id)
        self.remittance_id = ""
        self.currency = ""
        self.parts: tuple[RemittancePart, ...] = ()
        self.line_id: str | None = None
        self.received: tuple[RemittancePart, ...] = ()

    @property
    def net_minor(self) -> int:
        """What the bank should have of it."""
        return net_minor(self.parts)

    def add(
        self,
        stamp: Stamp,
        *,
        remittance_id: str,
        source: str,
        reference: str,
        currency: str,
        file_id: str,
        lines: int,
        last_day: date,
        parts: Iterable[RemittancePart],
    ) -> None:
        """Record that lines belong to it; also after it was received: the proof shows what is missing then."""
        self.record(
            RemittanceLinesAdded,
            stamp,
            remittance_id=remittance_id,
            source=source,
            reference=reference,
            currency=currency,
            file_id=file_id,
            lines=lines,
            last_day=last_day,
            parts=tuple(parts),
        )

    def require_open(self) -> None:
        """Refuse what the bank has. Raises: RemittanceIsReceived."""
        if self.line_id is not None:
            raise RemittanceIsReceived("the bank has this remittance already", line_id=self.line_id)

    def receive(self, stamp: Stamp, *, line_id: str) -> None:
        """Record that the bank has it. Check `require_open` before."""
        self._record(RemittanceReceived, stamp, line_id, self.parts)

    def reopen(self, stamp: Stamp) -> None:
        """Record that the bank does not have it after all."""
        assert self.line_id is not None, "only a remittance that was received is opened again"
        self._record(RemittanceReopened, stamp, self.line_id, self.received)

    def _record(self, kind: type[Fact], stamp: Stamp, line_id: str, parts: tuple[RemittancePart, ...]) -> None:
        self.record(
            kind,
            stamp,
            remittance_id=self.remittance_id,
            line_id=line_id,
            net_minor=net_minor(parts),
            currency=self.currency,
            parts=parts,
        )

    def copy(self) -> Self:
        """Return an independent copy."""
        twin = type(self)(self.id)
        for name in (*Stream.__slots__, *Remittance.__slots__):
            setattr(twin, name, getattr(self, name))
        twin.pending = list(self.pending)
        return twin


def net_minor(parts: Iterable[RemittancePart]) -> int:
    """Return what remains of parts after the fees."""
    return sum(part.gross_minor - part.fee_minor for part in parts)


def added(parts: Iterable[RemittancePart], more: Iterable[RemittancePart]) -> tuple[RemittancePart, ...]:
    """Return the sums of parts by method, in the order of the methods."""
    sums: dict[str, tuple[int, int]] = {}
    for part in (*parts, *more):
        gross, fee = sums.get(part.method, (0, 0))
        sums[part.method] = gross + part.gross_minor, fee + part.fee_minor
    return tuple(RemittancePart(method, *sums[method]) for method in sorted(sums))
