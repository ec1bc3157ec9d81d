"""Kills of the process that issues and sends, at random moments of a choice order: no coupon, message or won twice.

Real processes: `ledger serve` on its embedded PostgreSQL and the sandbox's providers, which count what they were asked.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from aggregates.order import Order
from aggregates.order.parts import LIVE
from bench.crowd import Crowd, LawBroken, open_crowd
from bench.played import check_every_step
from faults.checks import Count, check_seal, check_store, read_store
from faults.service import Service
from faults.views import count_views
from ledger.database import Database, open_database
from ledger.ports.sandbox.scenarios import counted
from ledger.sandbox_clock import SandboxClock
from ledger.settings import Settings
from ledger.vault import Reading

STORE_CHECKS = frozenset({"C4", "C5", "C6", "C9"})
ALIVE_S = (0.8, 5.0)
"""How long after it was seen to run the process is killed; it loads for a second or two of that."""

ALL = 1_000_000


@dataclass(frozen=True, slots=True)
class OrdersPlayed:
    """What was done to orders, and what was counted afterwards."""

    kills: int
    orders: int
    recipients: int
    seconds: float
    coupons: int
    messages: int
    counts: list[Count]

    @property
    def damage(self) -> int:
        """Sum of all damage."""
        return sum(count.damage for count in self.counts)


async def play_orders(folder: Path, kills: int, recipients: int, seed: int, pause_s: float) -> OrdersPlayed:
    """Play orders until the process was killed so often, the last one to its end; then count.

    Args:
        folder: empty, that the server's user can reach.
        recipients: of each order. pause_s: between two choices of one recipient of 64, on average.
    """
    began = time.monotonic()
    chance = random.Random(seed)  # noqa: S311 (faults need not be unguessable)
    settings = Settings(data_dir=folder / "data")
    with (
        Service(settings.data_dir) as service,
        open_database(settings) as database,
        SandboxClock(database.app, database.schema) as clock,
    ):
        async with open_crowd(settings, database, clock) as crowd:
            killer = asyncio.create_task(_kill(service, kills, chance))
            counts: list[Count] = []
            orders = coupons = messages = 0
            while not (killer.done() and orders):
                await crowd.open_account(1_000_000 * recipients)
                order = await crowd.run(recipients, pause_s)
                sent = await counted(crowd.state, "messages", order.order_id, "", ALL)
                counts += [*await _check_order(crowd, order), *check_messages(order, sent)]
                orders, coupons, messages = orders + 1, coupons + _issued(order), messages + len(sent)
            await killer
            await crowd.until_seen()
        counts += await asyncio.to_thread(_check_ledger, settings, database)
    return OrdersPlayed(kills, orders, recipients, time.monotonic() - began, coupons, messages, list(_summed(counts)))


async def _kill(service: Service, kills: int, chance: random.Random) -> None:
    """Kill the process as often as asked, each time a random while after it runs again."""
    for _ in range(kills):
        await asyncio.sleep(chance.uniform(*ALIVE_S))
        await asyncio.to_thread(service.kill_reactions)


async def _check_order(crowd: Crowd, order: Order) -> Iterator[Count]:
    """Compare coupons and money with what issuer, vault and account have."""
    calls = await counted(crowd.state, "coupons", order.order_id, "", ALL)
    found = await crowd.vault.coupons.get(crowd.tokens, Reading("faults", "count coupon numbers"))
    compared = wrong = 0
    try:
        compared = await check_every_step(crowd)
    except LawBroken:
        wrong = 1
    account = (await crowd.engine.account(crowd.account_id)).account
    wrong += account.balance_minor != 1_000_000 * order.recipients - order.issued_minor
    money = Count("O6", "commands after which amount, issued, returned, held and account differ", wrong, compared + 1)
    return iter((*check_coupons(_issued(order), calls, [list(of_one.values()) for of_one in found.values()]), money))


def check_coupons(issued: int, calls: Sequence[dict[str, Any]], numbers: Sequence[Sequence[str]]) -> Iterator[Count]:
    """Compare coupons with what issuer and vault have.

    Args:
        issued: how many the order says there are.
        calls: what the issuer was asked: issued, and asked, how often.
        numbers: of coupons in the vault, those of each recipient of a choice order.
    """
    every = [number for of_one in numbers for number in of_one]
    twice = len(every) - len(set(every)) + sum(len(of_one) > 1 for of_one in numbers)
    at_issuer = sum(call["issued"] for call in calls)
    unequal = abs(at_issuer - issued) + abs(len(every) - issued)
    repeated = sum(call["asked"] > 1 for call in calls)
    yield Count("O1", "coupon numbers issued twice", twice, len(every))
    yield Count("O2", "coupons that issuer, vault and order do not all have", unequal, issued)
    yield Count("O3", "batches that the issuer was asked for more than once", repeated, len(calls))


def check_messages(order: Order, sent: Sequence[dict[str, Any]]) -> Iterator[Count]:
    """Compare messages with what the provider was asked to send."""
    outcome = {row["key"]: row["outcome"] for row in sent}
    needless = sum(
        row["channel"] == "mms" and outcome.get(row["key"].removesuffix("mms") + "alimtalk") != "failed" for row in sent
    )
    first = Counter(row["key"].split(":")[3] for row in sent if row["template"] == "order-gift" and _is_alimtalk(row))
    repeated = sum(times > 1 for times in first.values()) + (order.recipients - len(first))
    yield Count("O4", "messages sent twice for one attempt", sum(row["asked"] > 1 for row in sent), len(sent))
    yield Count("O5", "messages too many or too few", needless + repeated, len(sent))


def _is_alimtalk(row: dict[str, Any]) -> bool:
    return bool(row["channel"] == "alimtalk")


def _check_ledger(settings: Settings, database: Database) -> list[Count]:
    with psycopg.connect(database.app) as connection:
        stored = read_store(connection, database.schema)
    counts = [count for count in check_store(stored) if count.code in STORE_CHECKS]
    with psycopg.connect(database.app) as connection:
        counts.append(check_seal(connection, database.schema))
    return [*counts, count_views(settings)]


def _issued(order: Order) -> int:
    return sum(order.coupons.count(state) for state in LIVE)


def _summed(counts: Sequence[Count]) -> Iterator[Count]:
    """Yield one count for each code: of all orders together."""
    for code in sorted({count.code for count in counts}):
        of_code = [count for count in counts if count.code == code]
        damage, looked_at = (sum(getattr(count, name) for count in of_code) for name in ("damage", "looked_at"))
        yield Count(code, of_code[0].meaning, damage, looked_at)


def section(played: OrdersPlayed) -> str:
    """Return the part of the report about orders, as Markdown."""
    lines = [
        "",
        "## Orders",
        "",
        f"`kill -9` of the process that issues coupons and sends messages at {played.kills} random moments of "
        f"{played.orders} choice order(s) for {played.recipients:,} recipients each, with 3 % issue failures, 5 % "
        f"undelivered, random selections and 7 days of silence: {played.coupons:,} coupons and {played.messages:,} "
        f"messages in {played.seconds:.0f} s.",
        "",
        "| checker | damage |",
        "|---|---:|",
    ]
    lines += [f"| {count.code} {count.meaning} | {count.damage} of {count.looked_at:,} |" for count in played.counts]
    return "\n".join(lines) + "\n"
