"""A second writing process beside the service: its own engine on the same accounts, fenced by the primary key."""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from multiprocessing.connection import Connection as Pipe
from multiprocessing.synchronize import Event

from aggregates.errors import Unavailable
from faults.history import History
from ledger.clock import SystemClock
from ledger.command import Call
from ledger.commands.spends import Spend
from ledger.database import Database
from ledger.engine import Engine
from ledger.store import Store

PRINCIPAL = "faults:second"
PAUSE_S = 0.02
UNANSWERED_LIMIT_S = 120.0


class SecondWriter:
    """Spends on the same accounts from another process until told to stop.

    Attributes:
        histories: what it saw, once it has ended.
    """

    def __init__(self, database: Database, accounts: list[str]) -> None:
        self._context = multiprocessing.get_context("spawn")
        self._stop = self._context.Event()
        self._arguments = (database.app, database.schema, accounts, self._stop)
        self.histories: list[History] = []

    @property
    def acknowledged(self) -> int:
        """How many of its spends were acknowledged."""
        return sum(len(history.acknowledged) for history in self.histories)

    def stop(self) -> None:
        """Let it finish what it has begun."""
        self._stop.set()

    async def run(self) -> None:
        """Run the process until `stop`; a caller that gives up ends it.

        Raises:
            ChildProcessError: it ended without its history.
        """
        receiving, sending = self._context.Pipe(duplex=False)
        process = self._context.Process(target=work, args=(*self._arguments, sending))
        process.start()
        sending.close()
        try:
            self.histories.append(await asyncio.to_thread(receiving.recv))
        except EOFError:
            raise ChildProcessError("the second writing process ended without its history") from None
        finally:
            process.kill()
            process.join()


def work(conninfo: str, schema: str, accounts: list[str], stop: Event, sending: Pipe) -> None:
    """Run as the second process."""
    sending.send(asyncio.run(_spend(conninfo, schema, accounts, stop)))


async def _spend(conninfo: str, schema: str, accounts: list[str], stop: Event) -> History:
    history = History(PRINCIPAL)
    engine = Engine(Store(conninfo, schema), SystemClock())
    await _started(engine)
    count = 0
    while not stop.is_set():
        key = f"second-{count:07}"
        command = Spend(accounts[count % len(accounts)], 7, None, None, True, None, 0)
        give_up_at = time.monotonic() + UNANSWERED_LIMIT_S
        while True:
            history.sending(key)
            try:
                outcome = await engine.submit(command, Call(PRINCIPAL, "", key, "second", f"req_second{count}"))
            except Unavailable:
                if time.monotonic() > give_up_at:
                    raise
                history.unanswered()
                await asyncio.sleep(PAUSE_S)
            else:
                history.answered(key, outcome.status, outcome.body, outcome.position)
                break
        count += 1
        await asyncio.sleep(PAUSE_S)
    await engine.stop()
    return history


async def _started(engine: Engine) -> None:
    give_up_at = time.monotonic() + UNANSWERED_LIMIT_S
    while True:
        try:
            await engine.start()
        except Unavailable:
            if time.monotonic() > give_up_at:
                raise
            await asyncio.sleep(PAUSE_S)
        else:
            return
