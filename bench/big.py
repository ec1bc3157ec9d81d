"""One large command: ten thousand facts decided, committed and answered as one, beside a COPY of the very rows.

The command exists here alone; the product's largest one is smaller.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from aggregates.fact import Fact, Stamp
from bench.desk import AMOUNT_MINOR, Desk, call
from bench.floor import Floor, binary_rows, copy_seconds
from bench.trial import Side, Trial
from ledger.command import Answer, Streams, answer

FACTS = 10_000


@dataclass(frozen=True, slots=True)
class SpendMany:
    """Spend `count` times on one account, all or nothing."""

    ANSWER: ClassVar[str] = "bench-many/1"

    account_id: str
    count: int

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Account.Spent` so many times."""
        account = streams.account(self.account_id)
        for _ in range(self.count):
            account.spend(stamp, amount_minor=AMOUNT_MINOR)


@answer("bench-many/1")
def many(facts: Sequence[Fact]) -> Answer:
    """Answer with how many facts there are."""
    return Answer(201, {"facts": len(facts)})


def run(trial: Trial) -> None:
    """Measure the command and the copying of its rows in turns."""
    database = trial.lab.ledger("bench_big")
    desk = Desk(trial.lab, database)
    floor = Floor(trial, database)
    try:
        (account_id,) = desk.open_accounts(1)

        def command_ms() -> float:
            first = desk.head()
            started = time.perf_counter()
            outcome = desk.lab.run(desk.engine.submit(SpendMany(account_id, FACTS), call()))
            taken_ms = (time.perf_counter() - started) * 1000
            floor.last = (first, desk.head())
            assert outcome.status == 201, outcome.body
            assert floor.last[1] - first == FACTS, "every fact is stored"
            return taken_ms

        def floor_ms() -> float:
            with trial.lab.owner(database) as connection:
                rows = binary_rows(connection, *floor.last)
                return 1000 * copy_seconds(connection, "copied", rows, atomic=True)

        command_ms()
        trial.take_turns([Side("command_10000_facts_ms", "ms", command_ms), Side("copy_floor_ms", "ms", floor_ms)])
    finally:
        floor.close()
        desk.close()
        trial.lab.drop("bench_big")
