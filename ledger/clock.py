"""Where the time of a fact comes from.

The ledger asks one clock, once for each command; aggregates never ask at all. Tests and the sandbox put their own clock
in its place. A clock must never be read twice for one decision.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return the present moment, aware and in UTC."""


class SystemClock:
    """The machine's own clock."""

    __slots__ = ()

    def now(self) -> datetime:
        """Return the present moment, aware and in UTC."""
        return datetime.now(UTC)
