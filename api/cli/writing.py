"""What commands need that write themselves: a started engine, and views that have seen what it wrote.

Apart from `runtime`, so that commands that only read or watch start without the engine, the vault and the views.
"""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from api.cli.console import remark
from api.cli.runtime import Opened, check_writable, use_schema, write_anchor
from ledger.command import Call, Command, Outcome
from ledger.database import connect_async
from ledger.engine import Engine
from ledger.sandbox_clock import open_clock
from ledger.store import Store
from ledger.vault import Vault, open_vault
from projections import runner
from projections.tracking import VIEWS, position

VIEWS_LIMIT_S = 30.0
"""How long a command that wrote waits for the views."""


class Writer(NamedTuple):
    """A started engine, and what calls to it need."""

    engine: Engine
    vault: Vault
    request_id: str

    def call(self, principal: str, key: str, request: bytes, **more: Any) -> Call:
        """Return the call of a command under a key of its own."""
        request_hash = self.vault.request_hash("CLI", principal, request)
        return Call(principal, more.pop("owner", ""), key, request_hash, self.request_id, **more)

    async def do(self, command: Command, call: Call) -> Outcome:
        """Do one command."""
        return await self.engine.submit(command, call)


@asynccontextmanager
async def writing(ledger: Opened) -> AsyncIterator[Writer]:
    """Start an engine for as long as the `async with` lasts; at its end all is committed and the head written down.

    Raises:
        UnsafeDatabase: writing would not be safe.
    """
    check_writable(ledger.database)
    with open_clock(ledger.settings, ledger.database) as clock:
        engine = Engine(Store(ledger.database.app, ledger.database.schema), clock)
        await engine.start()
        try:
            yield Writer(engine, open_vault(ledger.settings, ledger.database, clock), f"req_{secrets.token_hex(10)}")
        finally:
            await engine.stop()
            write_anchor(ledger)


async def views_reach(ledger: Opened, wanted: int) -> bool:
    """Wait until all views have reached a position; feed them here if no worker does.

    Returns:
        Whether they have, in `VIEWS_LIMIT_S`.
    """
    stop = threading.Event()
    # A worker that runs keeps the views to itself; this one then only stands by.
    feeder = threading.Thread(target=runner.run, args=(ledger.settings, stop), daemon=True)
    async with await connect_async(ledger.database.app) as connection:
        await use_schema(connection, ledger.database)
        until = asyncio.get_running_loop().time() + VIEWS_LIMIT_S
        try:
            while (reached := await position(connection, *VIEWS)) < wanted:
                if asyncio.get_running_loop().time() > until:
                    remark(f"the views are at position {reached} of {wanted}; they go on while `ledger work` runs")
                    return False
                if not feeder.ident:
                    feeder.start()
                await asyncio.sleep(0.05)
        finally:
            stop.set()
            if feeder.ident:
                await asyncio.to_thread(feeder.join, 10)
    return True
