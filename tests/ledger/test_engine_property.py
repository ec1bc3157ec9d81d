"""Commands, a second writer, cut connections, restarts, mixed at random: nothing lost, twice, or answered early."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aggregates.errors import Unavailable
from ledger.command import Outcome
from ledger.database import Database
from ledger.engine import Engine
from ledger.store import Store
from ledger.verify import verify
from tests.ledger.desk import SetClock, account_with, call, spend
from tests.ledger.proxy import Proxy

CHARGED = 10_000

Step = tuple[Any, ...]
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("spend"), st.integers(0, 1), st.integers(1, 80), st.integers(1, 300)),
        st.tuples(st.just("retry"), st.integers(0, 1), st.integers(0, 400)),
        st.tuples(st.sampled_from(["cut reply", "cut request", "cut commit"])),
        st.tuples(st.just("spend into a cut"), st.booleans(), st.integers(12, 80), st.integers(1, 300)),
        st.tuples(st.just("restart"), st.integers(0, 1)),
        st.tuples(st.just("settle")),
    ),
    min_size=4,
    max_size=14,
)
CUTS = {"cut reply": b"ledger_append", "cut request": b"ledger_append", "cut commit": b"COMMIT"}


class Bout:
    """One example: two engines on one account, the first behind a proxy that loses things."""

    def __init__(self, database: Database, proxy: Proxy) -> None:
        self.database = database
        self.proxy = proxy
        self.engines: list[Engine] = []
        self.amounts: dict[str, int] = {}
        self.answers: dict[str, Outcome] = {}
        self.running: set[asyncio.Task[None]] = set()

    async def engine(self, index: int) -> Engine:
        conninfo = self.proxy.conninfo if index == 0 else self.database.app
        engine = Engine(Store(conninfo, self.database.schema), SetClock())
        await engine.start()
        return engine

    async def submit(self, index: int, key: str) -> None:
        """Ask once for a key; an answer must be the one that was given before and must be stored already."""
        try:
            outcome = await self.engines[index].submit(spend(self.account_id, self.amounts[key]), call(key))
        except Unavailable:
            return
        first = self.answers.setdefault(key, outcome)
        assert outcome[:3] == first[:3]
        assert await self._last_position() >= outcome.position

    async def run(self, steps: list[Step], name: str) -> None:
        self.engines = [await self.engine(0), await self.engine(1)]
        self.account_id = await account_with(self.engines[1], CHARGED, name)
        for number, (kind, *parameters) in enumerate(steps):
            if kind == "spend":
                await self._spend(f"{name}-{number}", *parameters)
            elif kind == "spend into a cut":
                reply, *rest = parameters
                await self._settle()
                if reply:
                    self.proxy.cut_reply_to = CUTS["cut reply"]
                else:
                    self.proxy.cut_request = CUTS["cut request"]
                await self._spend(f"{name}-{number}", 0, *rest)
            elif kind == "retry" and self.amounts:
                index, which = parameters
                self._start(self.submit(index, sorted(self.amounts)[which % len(self.amounts)]))
            elif kind == "restart":
                await self._settle()
                await self.engines[parameters[0]].stop()
                self.engines[parameters[0]] = await self.engine(parameters[0])
            elif kind == "settle":
                await self._settle()
            elif kind == "cut request":
                self.proxy.cut_request = CUTS[kind]
            elif kind in CUTS:
                self.proxy.cut_reply_to = CUTS[kind]
            await asyncio.sleep(0)
        await self._settle()
        self.proxy.cut_reply_to = self.proxy.cut_request = None
        for key in self.amounts:
            while key not in self.answers:
                await self.submit(1, key)
        current = [(await engine.account(self.account_id)).account for engine in self.engines]
        for engine in self.engines:
            await engine.stop()
        self._check(name, current[0].dump(), current[1].dump())

    def _check(self, name: str, one: dict[str, Any], other: dict[str, Any]) -> None:
        done = {key for key, outcome in self.answers.items() if outcome.status == 201}
        spent = sum(self.amounts[key] for key in done)
        schema = self.database.schema
        with psycopg.connect(self.database.app) as connection:
            query = f"""SELECT count(*), count(DISTINCT command_key) FROM {schema}.ledger_events
                WHERE topic = 'account.spent' AND position(%s IN convert_from(state, 'UTF8')) > 0"""
            effects = connection.execute(query.encode(), (self.account_id[4:],)).fetchone()
        assert effects == (len(done), len(done)), name
        assert one == other
        assert one["balance_minor"] == CHARGED - spent
        with psycopg.connect(self.database.app) as connection:
            assert verify(connection, schema).findings == []

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        self.running.add(asyncio.ensure_future(work))

    async def _spend(self, name: str, index: int, times: int, amount: int) -> None:
        """Have callers spend in two halves: with more than a few, the second one is sent behind the first."""
        for n in range(times):
            if n == times // 2:
                for _ in range(4):
                    await asyncio.sleep(0)
            self.amounts[f"{name}-{n}"] = amount
            self._start(self.submit(index, f"{name}-{n}"))

    async def _settle(self) -> None:
        running, self.running = self.running, set()
        await asyncio.gather(*running)

    async def _last_position(self) -> int:
        rows = await self.engines[1].store.read("SELECT coalesce(max(notification_id), 0) FROM ledger_events")
        last: int = rows[0][0]
        return last


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_whatever_is_cut_restarted_or_raced_each_key_has_one_effect_and_one_answer(
    steps: list[Step], ledger_database: Database, tmp_path_factory: Any
) -> None:
    async def bout() -> None:
        proxy = Proxy(Path(tmp_path_factory.mktemp("px")), ledger_database.app)
        await proxy.start()
        try:
            await Bout(ledger_database, proxy).run(steps, f"bout {proxy.conninfo[-24:]}")
        finally:
            await proxy.stop()

    asyncio.run(bout())
