"""A request of several commands: remembered under its own key beside the keys of its items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, cast

from aggregates.batch import BatchReceived
from aggregates.fact import Fact, Stamp
from ledger.command import Answer, Streams, answer


@dataclass(frozen=True, slots=True)
class ReceiveBatch:
    """Record that a request of several commands came.

    Attributes:
        mode: atomic or continue. items: how many.
    """

    ANSWER: ClassVar[str] = "batch/1"

    mode: str
    items: int

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record it; never refuses."""
        streams.new_batch().receive(stamp, mode=self.mode, items=self.items)


@answer("batch/1")
def batch_answer(facts: Sequence[Fact]) -> Answer:
    """The request itself; the answers of its items stand under their own keys."""
    received = cast("BatchReceived", facts[0])
    return Answer(200, {"mode": received.mode, "items": received.items})
