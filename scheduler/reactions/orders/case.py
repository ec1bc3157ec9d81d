"""One order while it is worked on: its state, the people behind its numbers, and the commands about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Any, TypeVar

import structlog
from psycopg import AsyncConnection

from aggregates.errors import LedgerError
from aggregates.order import Order
from aggregates.order.parts import BATCH_MAX
from ledger.command import Command, Outcome
from projections import order_work
from scheduler.reactions.bench import Bench, call_of

log = structlog.get_logger("reactions")

T = TypeVar("T")

NAME = "orders"
"""The actor of all facts is "reaction:orders"."""


class Case:
    """One order in one look at it.

    Attributes:
        order: as it was committed when the look began.
        bench: what reactions share. views: a connection that finds views by their names.
        done: how many commands have recorded something new.
    """

    def __init__(self, bench: Bench, views: AsyncConnection[Any], order: Order) -> None:
        self.bench = bench
        self.views = views
        self.order = order
        self._version = order.version
        self.done = 0

    @property
    def order_id(self) -> str:
        """Public id of the order."""
        return self.order.order_id

    async def tokens(self, recipients: Iterable[int]) -> dict[int, str]:
        """Return the vault tokens of recipients."""
        return await order_work.tokens_of(self.views, self.order_id, list(recipients))

    async def do(self, key: str, command: Command, **more: Any) -> bool:
        """Do one command; return whether it has recorded something new. As `do_all`."""
        return (await self.do_all([(key, command)], **more))[0]

    async def do_all(self, commands: Sequence[tuple[str, Command]], **more: Any) -> list[bool]:
        """Do commands in order, in one commit as far as possible; return which have recorded something new.

        A refusal is no error: somebody else was first, and the next look sees what is left.

        Args:
            commands: key and command. What a command names stands in its key, so that no two share one; the version
                of the order that was looked at is added, because a refusal is remembered, and what was refused on
                one state may be right on a later one.
            more: of `Call`.

        Raises:
            LedgerError: as of `Engine.submit`.
        """
        items = [(command, call_of(NAME, f"{key}@{self._version}", **more)) for key, command in commands]
        return [self._taken(outcome) for outcome in await self.bench.engine.submit_in_order(items, look_up=False)]

    def _taken(self, outcome: Outcome | LedgerError) -> bool:
        if isinstance(outcome, LedgerError):
            raise outcome
        new = not outcome.replayed and outcome.status < 400
        if outcome.status >= 400 and not outcome.replayed:
            log.info("somebody else was first", order=self.order_id, answer=outcome.body.decode())
        self.done += new
        return new


def mark(*parts: Sequence[int]) -> str:
    """Return a short name of lists of numbers: other lists have other names."""
    text = "|".join(",".join(map(str, part)) for part in parts)
    return sha256(text.encode()).hexdigest()[:16]


def sliced(numbers: Sequence[T], size: int = BATCH_MAX) -> Iterator[tuple[T, ...]]:
    """Cut a list into batches."""
    return (tuple(numbers[first : first + size]) for first in range(0, len(numbers), size))
