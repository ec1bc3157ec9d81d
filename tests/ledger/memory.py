"""Commands decided in memory alone: no database, no loop. For laws over many of them, and for tables of refusals."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import count
from typing import Any

from aggregates import ids
from aggregates.fact import Fact, Stamp, Stream
from ledger.command import ANSWERS, Command
from ledger.commands.standing import OpenAccount
from ledger.unit import Cold, Unit
from ledger.warm import WarmStreams

PLENTY = 1 << 40


class Memory:
    """All streams, as far as anything was recorded on them, and a clock that is put forward by hand."""

    def __init__(self, at: datetime = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)) -> None:
        self.at = at
        self.warm = WarmStreams(PLENTY)
        self.facts: list[Fact] = []
        self.keep = True
        self._keys = count(1)

    def record(self, command: Command) -> list[Fact]:
        """Decide a command; return its facts. Raises: LedgerError, as the command refuses."""
        return self.decided(command, Unit(self.warm, next(self._keys).to_bytes(32, "big"), 0))

    def decided(self, command: Any, unit: Unit) -> list[Fact]:
        """Decide on the streams of a unit; a stream that nobody has written to begins blank."""
        stamp = Stamp(self.at, self.at, "key_test", "req_test")
        while True:
            try:
                command.decide(unit, stamp)
                break
            except Cold as cold:
                self._warm_up(cold, unit)
        facts = unit.collect()
        unit.keep_fresh()
        if self.keep:
            self.facts += facts
        return facts

    def _warm_up(self, cold: Cold, unit: Unit) -> None:
        assert not unit.has_recorded(), "a decision asks for everything before its first fact"
        assert issubclass(cold.kind, Stream), "in memory nothing is read of a single fact"
        self.warm.put(cold.kind.blank(cold.stream_id))

    def do(self, command: Command) -> dict[str, Any]:
        """Decide a command; return its answer's body."""
        return self.answer(command, self.record(command))

    def answer(self, command: Command, facts: Sequence[Fact]) -> dict[str, Any]:
        """Return what a command's facts are answered with."""
        return ANSWERS[command.ANSWER](facts).body

    def account(self, currency: str = "KRW") -> str:
        """Open an account."""
        return str(self.do(OpenAccount("Blue Kite Estates", "prepaid", currency, None, 0))["id"])

    def stream(self, kind: type[Any], public_id: str) -> Any:
        """Return a stream as it stands."""
        found = self.warm.get(ids.stream_id(public_id))
        return kind.blank(ids.stream_id(public_id)) if found is None else found
