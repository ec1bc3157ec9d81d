"""The open batch: decided commands on their way to one commit, and the one verdict that all of them wait for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import Enum
from uuid import UUID

import structlog

from aggregates.fact import Stream
from ledger.rows import LateRow
from ledger.seal import Refusal, Row

log = structlog.get_logger("ledger.pending")

WAKE_TOGETHER_MAX = 4
"""Callers woken at once while nothing is being committed. Of more, one half decides its next commands while the other
half's are on their way: with all of them in step, PostgreSQL and this process would wait for each other in turns."""


class Verdict(Enum):
    """What became of a batch.

    COMMITTED: durable. UNDONE: surely not stored, decide again. REFUSED: surely not stored, and the database would not
    take it now. UNKNOWN: nobody knows yet, ask again by key.
    """

    COMMITTED = "committed"
    UNDONE = "undone"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class PendingBatch:
    """Facts and refusals that will be committed together.

    Attributes:
        rows, refusals: what will be stored, in order.
        keys: command keys of both. streams: what it adds to, by the integer of their ids.
        snapshots: (stream id, version, topic, state) taken at the version of a snapshot, stored after the commit.
        unmoved: stream (integer of its id) -> version at which a decision has read it: stored only while that is so.
        commands: how many decisions it holds.
        first_position: position of its first row, once committed.
        verdict: None until it is known.
    """

    __slots__ = (
        "_loop",
        "_waiters",
        "commands",
        "first_position",
        "keys",
        "refusals",
        "rows",
        "snapshots",
        "streams",
        "unmoved",
        "verdict",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.rows: list[Row | LateRow] = []
        self.refusals: list[Refusal] = []
        self.keys: list[bytes] = []
        self.streams: dict[int, Stream] = {}
        self.unmoved: dict[int, int] = {}
        self.snapshots: list[tuple[UUID, int, str, bytes]] = []
        self.commands = 0
        self.first_position = 0
        self.verdict: Verdict | None = None
        self._loop = loop
        self._waiters: list[asyncio.Future[Verdict] | Callable[[Verdict], None]] = []

    @property
    def done(self) -> bool:
        """Whether its verdict is known."""
        return self.verdict is not None

    def settled(self) -> asyncio.Future[Verdict]:
        """Return a future of the caller's own (it may be cancelled without touching anyone else's)."""
        future: asyncio.Future[Verdict] = self._loop.create_future()
        if self.verdict is None:
            self._waiters.append(future)
        else:
            future.set_result(self.verdict)
        return future

    def when_settled(self, tell: Callable[[Verdict], None]) -> None:
        """Have `tell` called with the verdict, which is not known yet; what it raises is logged."""
        assert self.verdict is None, "the verdict is known"
        self._waiters.append(tell)

    def settle(self, verdict: Verdict, first_position: int = 0, *, in_step: bool = True) -> None:
        """Tell everyone who waits; let go of what is no longer needed.

        Args:
            in_step: whether nothing is being committed meanwhile.
        """
        self.first_position = first_position
        self.rows, self.refusals, self.snapshots = [], [], []
        self.keys, self.streams = [], {}
        self.verdict = verdict
        waiters, self._waiters = self._waiters, []
        half = len(waiters) // 2 if in_step and len(waiters) > WAKE_TOGETHER_MAX else len(waiters)
        self._wake(waiters[:half])
        if half < len(waiters):
            self._loop.call_soon(self._wake, waiters[half:])

    def _wake(self, waiters: list[asyncio.Future[Verdict] | Callable[[Verdict], None]]) -> None:
        verdict = self.verdict
        assert verdict is not None, "woken before the verdict"
        for waiter in waiters:
            if isinstance(waiter, asyncio.Future):
                if not waiter.done():
                    waiter.set_result(verdict)
                continue
            try:
                waiter(verdict)
            except Exception:
                log.exception("somebody who waited for a commit could not be told")
