"""The write path: the engine beside the plain library and beside PostgreSQL's own floor, in turns.

`hot` is all callers on one account, `spread` on ten thousand; the number is that of the callers, each waiting for its
answer, which comes after the commit.
"""

from __future__ import annotations

import statistics

from bench.desk import Desk, Load
from bench.floor import Floor
from bench.plain import Plain
from bench.trial import Side, Trial, quantiles, say

SPREAD_ACCOUNTS = 10_000
SUBMITTERS = (1, 4, 16, 64, 256, 1024)

THROUGHPUT = "Throughput against submitters"
LATENCY = "Latency of one command"


class Writing:
    """The engine's sides."""

    def __init__(self, trial: Trial, desk: Desk, floor: Floor) -> None:
        self._trial = trial
        self._desk = desk
        self._floor = floor
        self._accounts = desk.open_accounts(SPREAD_ACCOUNTS + 1)
        self._hot, self._spread = self._accounts[:1], self._accounts[1:]
        self._seconds = trial.pick(2.0, 0.4)

    def sides(self) -> list[Side]:
        """Return what is measured."""
        return [
            Side("engine_hot_256", "commands/s", self._hot_256),
            Side("engine_spread_16", "commands/s", lambda: self._load(self._spread, 16, "spread, 16").per_s),
            Side("engine_refused_16", "commands/s", self._refused_16),
            Side("engine_spread_256", "commands/s", lambda: self._load(self._spread, 256, "spread, 256").per_s),
            Side("engine_single_p50_ms", "ms", self._single_p50_ms),
        ]

    def curves(self) -> None:
        """Measure throughput for each number of submitters, hot and spread in turns."""
        points: dict[str, dict[int, list[float]]] = {"hot": {}, "spread": {}}
        for _ in range(3):
            for submitters in SUBMITTERS:
                for name, accounts in (("hot", self._hot), ("spread", self._spread)):
                    load = self._desk.spend(accounts, submitters, 0.7)
                    points[name].setdefault(submitters, []).append(load.per_s)
        for name, found in points.items():
            line = [(submitters * 1.0, statistics.median(values)) for submitters, values in found.items()]
            self._trial.curve(THROUGHPUT, name, line)

    def _hot_256(self) -> float:
        """Also tells the floor which rows to take, and how many facts a second they were."""
        first, batches = self._desk.head(), self._desk.engine.committer.committed_batches
        load = self._load(self._hot, 256, "hot, 256")
        self._floor.last = (first, self._desk.head())
        facts = self._floor.last[1] - first
        batches = self._desk.engine.committer.committed_batches - batches
        self._trial.note("engine_facts_per_s", "facts/s", facts / load.seconds)
        self._trial.sizes["engine, hot, 256 submitters"] = f"{facts / max(1, batches):.0f} facts per commit"
        return load.per_s

    def _refused_16(self) -> float:
        return self._desk.refuse(self._spread, 16, self._seconds).per_s

    def _single_p50_ms(self) -> float:
        load = self._load(self._hot, 1, "alone")
        return statistics.median(load.latencies_ms)

    def _load(self, accounts: list[str], submitters: int, name: str) -> Load:
        load = self._desk.spend(accounts, submitters, self._seconds)
        self._trial.curve(LATENCY, f"engine, {name}", quantiles(load.latencies_ms))
        return load


def run(trial: Trial) -> None:
    """Measure the plain library, the engine and the floor in turns."""
    database = trial.lab.ledger("bench_engine")
    desk = Desk(trial.lab, database)
    floor = Floor(trial, database)
    plain = Plain(trial, database)
    try:
        say(f"  opening {SPREAD_ACCOUNTS:,} accounts")
        writing = Writing(trial, desk, floor)
        trial.lab.settle(database)
        trial.take_turns([*plain.sides(), *writing.sides(), *floor.sides()])
        if not trial.quick:
            writing.curves()
    finally:
        plain.close()
        floor.close()
        desk.close()
        trial.lab.drop("bench_engine")
