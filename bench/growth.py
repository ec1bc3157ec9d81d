"""Growth: whether the millionth fact costs what the ten-thousandth did, as a duel of a full store with a small one.

Early against late in one run would also show the machine handing out fresh memory; two stores in turns do not. The
small store is a fresh copy in each round, because a round would otherwise double it. Cold loads are of accounts with
short and long histories in one and the same store.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from aggregates.account import Account
from bench.desk import Desk
from bench.fill import Filled, fill
from bench.trial import Side, Trial, say
from ledger.database import Database, connect
from ledger.loading import load_stream
from ledger.verify import verify

SMALL, MIDDLE, BIG = 10_000, 100_000, 1_000_000
SPREAD_ACCOUNTS = 10_000
SUBMITTERS = 256
WARM_UP = 1_000
WARM_UP_BIG = 20_000
"""Enough to touch most pages of the index of keys once: the first touch after a checkpoint costs more, at any size."""

LOADS = 20
COST = "Cost of one command against history length"
COLD = "Cold load against history length"


class Store:
    """A ledger that is filled before anything is measured.

    Args:
        kind: "hot": one long account, and shorter ones for cold loads; "spread": many accounts of the same length.
        plan: facts per account, most first.
    """

    def __init__(self, trial: Trial, kind: str, size: int, plan: Sequence[int]) -> None:
        self.kind, self.size = kind, size
        self.name = f"bench_{kind}_{size}"
        self.figure = f"{kind}_throughput_on_{_short(size)}_store"
        self.database = trial.lab.ledger(self.name)
        self.filled = Filled(0, [])
        self._lab = trial.lab
        self._plan = plan

    def fill(self) -> None:
        """Fill it; two stores may be filled at a time."""
        started = time.perf_counter()
        with self._lab.owner(self.database) as connection:
            self.filled = fill(connection, self._plan, overdrawn=self.kind == "spread")
            connection.execute("VACUUM (FREEZE, ANALYZE)")
        say(f"  {self.kind} store of {self.filled.facts:,} facts filled in {time.perf_counter() - started:.1f} s")


class Duel:
    """Throughput on stores of one kind and several sizes.

    Args:
        accounts: which of a store's accounts are spent on.
    """

    def __init__(self, trial: Trial, stores: Sequence[Store], accounts: int) -> None:
        self._trial = trial
        self._accounts = accounts
        self._commands = trial.count(15_000, 5_000)
        self._stores = stores
        self._open: dict[int, Desk] = {}
        self._copies: list[Database] = []
        for store in stores:
            if store.size == SMALL:
                names = [f"{store.name}_{number}" for number in range(trial.rounds)]
                self._copies = [trial.lab.ledger(name, store.name) for name in names]
            else:
                self._open[store.size] = self._desk(store, store.database)
                self._run(self._open[store.size], store, WARM_UP_BIG)

    def sides(self) -> list[Side]:
        """Return what is measured, small first."""
        return [Side(store.figure, "commands/s", partial(self._per_s, store)) for store in self._stores]

    def close(self) -> None:
        """Let go of the engines."""
        for desk in self._open.values():
            desk.close()

    def _per_s(self, store: Store) -> float:
        desk = self._open.get(store.size) or self._desk(store, self._copies.pop())
        self._run(desk, store, WARM_UP)
        per_s = self._run(desk, store, self._commands)
        if store.size not in self._open:
            desk.close()
        return per_s

    def _run(self, desk: Desk, store: Store, commands: int) -> float:
        return desk.spend_count(store.filled.account_ids[: self._accounts], SUBMITTERS, commands).per_s

    def _desk(self, store: Store, database: Database) -> Desk:
        desk = Desk(self._trial.lab, database)
        desk.warm_up(store.filled.accounts[: self._accounts])
        return desk


def run(trial: Trial) -> None:
    """Fill the stores and hold them against each other."""
    sizes = [SMALL, BIG] if trial.quick else [SMALL, MIDDLE, BIG]
    histories = [1_000] if trial.quick else [MIDDLE, SMALL, 1_000]
    hot = [Store(trial, "hot", size, [size, *(histories if size == BIG else [])]) for size in sizes]
    spread = [Store(trial, "spread", size, [size // SPREAD_ACCOUNTS] * SPREAD_ACCOUNTS) for size in sizes]
    with ThreadPoolExecutor(2) as pool:
        for filling in [pool.submit(store.fill) for store in (*hot, *spread)]:
            filling.result()
    trial.lab.checkpoint()
    _check(hot[0])
    _check(spread[0])
    _cold_loads(trial, hot[-1])
    for stores, accounts in ((hot, 1), (spread, SPREAD_ACCOUNTS)):
        duel = Duel(trial, stores, accounts)
        try:
            trial.take_turns(duel.sides())
        finally:
            duel.close()
        points = [(store.size * 1.0, 1e6 / trial.figures[store.figure].median) for store in stores]
        trial.curve(COST, stores[0].kind, points)
        trial.only_plot(f"{stores[0].kind}_throughput_on_{_short(MIDDLE)}_store")
    trial.sizes["growth"] = f"{SUBMITTERS} submitters, {trial.count(15_000, 5_000):,} commands a turn"


def _cold_loads(trial: Trial, store: Store) -> None:
    """Measure loading accounts of one store, short and long histories in turns, each at a snapshot and at none."""
    desk = Desk(trial.lab, store.database)
    try:
        sides = []
        for account in reversed(store.filled.accounts):
            name = f"cold_load_ms_{_short(account.version)}_facts"
            sides.append(Side(name, "ms", partial(_load_ms, desk, account)))
            _load_ms(desk, account)
        trial.take_turns(sides, 5)
        points = [
            (account.version * 1.0, trial.figures[f"cold_load_ms_{_short(account.version)}_facts"].median)
            for account in reversed(store.filled.accounts)
        ]
        trial.curve(COLD, "cold load", points)
        for length in (SMALL, MIDDLE):
            trial.only_plot(f"cold_load_ms_{_short(length)}_facts")
    finally:
        desk.close()


def _load_ms(desk: Desk, account: Account) -> float:
    """Return the median of some cold loads, once the result was seen to be right."""

    async def load() -> list[float]:
        taken_ms = []
        for _ in range(LOADS):
            started = time.perf_counter()
            loaded = await load_stream(desk.engine.store, Account, account.id)
            taken_ms.append((time.perf_counter() - started) * 1000)
        assert isinstance(loaded, Account), "an account's stream is an account"
        assert loaded.dump() == account.dump(), "a filled account loads as it was filled"
        return taken_ms

    return statistics.median(desk.lab.run(load()))


def _check(store: Store) -> None:
    """Hold a filled store against the product's own verification."""
    with connect(store.database.app) as connection:
        findings = verify(connection, store.database.schema).findings
    if findings:
        raise RuntimeError(f"the {store.kind} store is not valid: {findings[0]}")


def _short(number: int) -> str:
    """Write 1000000 as 1e6."""
    text = str(number)
    zeros = len(text) - len(text.rstrip("0"))
    return f"{text[:-zeros]}e{zeros}" if zeros else text
