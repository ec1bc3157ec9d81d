"""The process that runs the reactions: each in a loop of its own, over one engine and one set of ports.

What fails is logged and tried again after a pause; what is in doubt was asked with a key and is asked again. A process
without providers (the sandbox is off and no others are known) stands by and does nothing.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from typing import Any

import psycopg
import structlog
from psycopg import sql

from aggregates.errors import Unavailable
from ledger.clock import Clock
from ledger.database import Database, check_safety, connect, connect_async, open_database
from ledger.engine import Engine
from ledger.ports import Ports
from ledger.ports.sandbox import SandboxState, sandbox_ports, sandbox_state
from ledger.ports.sandbox.postman import deliver
from ledger.sandbox_clock import open_clock
from ledger.settings import Settings
from ledger.store import Store
from ledger.vault import Vault, open_vault
from scheduler.reactions.bench import Bench, Reaction
from scheduler.reactions.registry import REACTIONS

log = structlog.get_logger("reactions")

STOP_POLL_S = 0.1

PAUSES_S = (0.25, 1.0, 5.0)
"""Pauses after the first, second, ... failure in a row; the last one for all further ones."""

HINTS = "ledger_callbacks"
"""Channel on which the receiver of callbacks names the provider that sent one."""


def run(settings: Settings, stop: threading.Event, reactions: Sequence[Reaction] = REACTIONS) -> None:
    """Run the reactions until `stop` is set: the whole of a process."""
    with open_database(settings) as database, open_clock(settings, database) as clock:
        with connect(database.app) as connection:
            check_safety(connection, database.schema)
        asyncio.run(_run(settings, database, clock, stop, reactions))


async def _run(
    settings: Settings, database: Database, clock: Clock, stop: threading.Event, reactions: Sequence[Reaction]
) -> None:
    if not settings.sandbox_on:
        log.info("there are no providers; reactions stand by")
        await _until(stop)
        return
    vault = open_vault(settings, database, clock)
    async with sandbox_state(settings, database, clock) as state:
        if settings.sandbox_callback_url is not None:
            reactions = (*reactions, _postman(state, settings.sandbox_callback_url, vault))
        terms = {name: getattr(settings, name) for name in ("expired_refund_rate", "public_url", "fallback_number")}
        await react(database, clock, sandbox_ports(state), vault, stop, reactions, **terms)


def _postman(state: SandboxState, url: str, vault: Vault) -> Reaction:
    """Return what delivers the callbacks of the sandbox's providers."""
    return Reaction("sandbox-postman", every_s=0.5, step=lambda _: deliver(state, url, vault.callback_secret))


async def react(
    database: Database,
    clock: Clock,
    ports: Ports,
    vault: Vault,
    stop: threading.Event,
    reactions: Sequence[Reaction] = REACTIONS,
    **terms: Any,
) -> None:
    """Run reactions over an engine of their own until `stop` is set; terms are those of `Bench`."""
    engine = Engine(Store(database.app, database.schema), clock)
    await engine.start()
    bench = Bench(engine, ports, vault, database, clock, **terms)
    hints = {reaction.name: asyncio.Event() for reaction in reactions}
    loops = [asyncio.create_task(_loop(bench, reaction, hints[reaction.name])) for reaction in reactions]
    loops.append(asyncio.create_task(_listen(database, reactions, hints)))
    try:
        await _until(stop)
    finally:
        for task in loops:
            task.cancel()
        await asyncio.gather(*loops, return_exceptions=True)
        await bench.close()
        await engine.stop()


async def _loop(bench: Bench, reaction: Reaction, hint: asyncio.Event) -> None:
    failures = 0
    while True:
        hint.clear()
        try:
            done = await reaction.step(bench)
            failures = 0
            pause_s = 0.0 if done else reaction.every_s
        except (Unavailable, psycopg.Error, OSError) as error:
            pause_s, failures = PAUSES_S[min(failures, len(PAUSES_S) - 1)], failures + 1
            log.warning(
                "reaction could not run", reaction=reaction.name, error=type(error).__name__, again_in_s=pause_s
            )
        except Exception:
            pause_s, failures = PAUSES_S[min(failures, len(PAUSES_S) - 1)], failures + 1
            log.exception("reaction failed", reaction=reaction.name, again_in_s=pause_s)
        if pause_s:
            try:
                async with asyncio.timeout(pause_s):
                    await hint.wait()
            except TimeoutError:
                pass


async def _listen(database: Database, reactions: Sequence[Reaction], hints: dict[str, asyncio.Event]) -> None:
    """End the pauses of those reactions whose provider has sent a callback."""
    while True:
        try:
            async with await connect_async(database.app) as connection:
                channel = sql.Identifier(f"{database.schema}_{HINTS}")
                await connection.execute(sql.SQL("LISTEN {}").format(channel))
                async for notice in connection.notifies():
                    for reaction in reactions:
                        if reaction.hinted_by and reaction.hinted_by == notice.payload:
                            hints[reaction.name].set()
        except psycopg.Error:
            await asyncio.sleep(PAUSES_S[1])


async def _until(stop: threading.Event) -> None:
    while not stop.is_set():  # noqa: ASYNC110 (a signal sets it, in another thread's world)
        await asyncio.sleep(STOP_POLL_S)
