"""Kills of the process that takes payments and pays out, at random moments: nothing is collected or paid out twice.

Real processes: `ledger serve` on its embedded PostgreSQL and the sandbox's gateway, institution and bank, which count
what they have taken and paid. Callbacks come late, doubled and in reverse.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from math import ceil
from pathlib import Path

import psycopg

from aggregates.collecting.debit import Debit
from faults.checks import Count, check_seal, check_store, read_store
from faults.collected import Leap, Outside, check_collected, read_outside
from faults.follower import Follower
from faults.orders import STORE_CHECKS
from faults.service import Service
from faults.town import Town
from faults.views import count_views, until_seen
from ledger.database import Database, open_database
from ledger.engine import Engine
from ledger.ports.sandbox import SandboxState, sandbox_state
from ledger.ports.sandbox.scenarios import set_rates
from ledger.sandbox_clock import SandboxClock
from ledger.settings import Settings
from ledger.store import Store
from ledger.vault import open_vault

ALIVE_S = (0.8, 5.0)
"""How long after it was seen to run the process is killed; it loads for a second or two of that."""

KILLS_A_PHASE = 3
"""Most kills while payments are taken, then while money goes back and out, then while debits are collected."""

RATES = {"callback_copies": 2, "callbacks_reversed": True, "callback_delay_s": 2}
ACCOUNTS = 4


@dataclass(frozen=True, slots=True)
class CollectionsPlayed:
    """What was done to collected money, and what was counted afterwards.

    Attributes:
        kills: how often the process was killed. waves: how often so many of each kind were started.
        payments, transfers, debits: which the providers were asked for.
        refused: commands that a rule has refused: somebody else was faster.
    """

    kills: int
    waves: int
    seconds: float
    days: int
    facts: int
    payments: int
    transfers: int
    debits: int
    refused: int
    counts: list[Count]

    @property
    def damage(self) -> int:
        """Sum of all damage."""
        return sum(count.damage for count in self.counts)


async def play_collections(folder: Path, kills: int, size: int, debitors: int, seed: int) -> CollectionsPlayed:
    """Play waves of payments until the process was killed so often, each phase of them to its end; then count.

    Args:
        folder: empty, that the server's user can reach.
        size: links, bills and pay-out links of one wave, each. debitors: whose accounts are debited in each; 0 = none.
    """
    began = time.monotonic()
    chance = random.Random(seed)  # noqa: S311 (faults need not be unguessable)
    settings = Settings(data_dir=folder / "data")
    with (
        Service(settings.data_dir) as service,
        open_database(settings) as database,
        SandboxClock(database.app, database.schema) as clock,
    ):
        begins_at = clock.now()
        async with sandbox_state(settings, database, clock) as state:
            await set_rates(state, RATES)
            async with _open_town(settings, database, clock, state, chance) as town:
                await town.found(ACCOUNTS, debitors)
                killed = waves = 0
                while not town.stuck and (killed < kills or not waves):
                    phases = town.phases(size)
                    for left, phase in zip(range(len(phases), 0, -1), phases, strict=True):
                        quota = min(KILLS_A_PHASE, ceil((kills - killed) / left))
                        async with asyncio.TaskGroup() as both:
                            both.create_task(phase())
                            both.create_task(_kill(service, quota, random.Random(chance.random())))  # noqa: S311
                        killed += quota
                    waves += 1
                await until_seen(database, town.seen.position)
                outside, days = await read_outside(state), (clock.now() - begins_at).days
                debits, refused = len(list(town.seen.every(Debit))), town.refused
        counts, facts = await asyncio.to_thread(_count, settings, database, outside, town.leaps)
    return CollectionsPlayed(
        killed, waves, time.monotonic() - began, days, facts, len(outside.payments), len(outside.transfers), debits,
        refused, counts,
    )  # fmt: skip


@asynccontextmanager
async def _open_town(
    settings: Settings, database: Database, clock: SandboxClock, state: SandboxState, chance: random.Random
) -> AsyncIterator[Town]:
    """Give a town with an engine of its own: one more process that writes."""
    engine = Engine(Store(database.app, database.schema), clock)
    await engine.start()
    try:
        vault = open_vault(settings, database, clock)
        yield Town(engine, vault, clock, state, database, chance, Follower(engine.store))
    finally:
        await engine.stop()


async def _kill(service: Service, kills: int, chance: random.Random) -> None:
    """Kill the process as often as asked, each time a random while after it runs again."""
    for _ in range(kills):
        await asyncio.sleep(chance.uniform(*ALIVE_S))
        await asyncio.to_thread(service.kill_reactions)


def _count(settings: Settings, database: Database, outside: Outside, leaps: Sequence[Leap]) -> tuple[list[Count], int]:
    """Run all checkers; return what they found, and how many facts they read."""
    with psycopg.connect(database.app) as connection:
        stored = read_store(connection, database.schema)
    counts = [count for count in check_store(stored) if count.code in STORE_CHECKS]
    with psycopg.connect(database.app) as connection:
        counts.append(check_seal(connection, database.schema))
    counts.append(count_views(settings))
    counts += check_collected([fact for _, _, fact in stored.facts], outside, leaps)
    return sorted(counts), len(stored.facts)


def section(played: CollectionsPlayed) -> str:
    """Return the part of the report about collected money, as Markdown."""
    lines = [
        "",
        "## Collected and paid-out money",
        "",
        f"`kill -9` of the process that takes payments and pays out at {played.kills} random moments of {played.waves} "
        f"wave(s) of payment links, bills, direct debits, refunds, chargebacks, pay-out links and withdrawals over "
        f"{played.days} days of the ledger's clock: {played.payments:,} payments, {played.debits:,} debits, "
        f"{played.transfers:,} transfers and {played.facts:,} facts in {played.seconds:.0f} s. Some are declined, done "
        "and not answered, too late, too little, sent back or taken back; callbacks come late, doubled and in reverse.",
        "",
        "| checker | damage |",
        "|---|---:|",
    ]
    lines += [f"| {count.code} {count.meaning} | {count.damage} of {count.looked_at:,} |" for count in played.counts]
    return "\n".join(lines) + "\n"
