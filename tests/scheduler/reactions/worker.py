"""The process of reactions, to be killed: `python -m tests.scheduler.reactions.worker`, addresses on standard input."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from pathlib import Path

from ledger.clock import SystemClock
from ledger.database import Database
from ledger.ports.sandbox import sandbox_ports
from ledger.ports.sandbox.state import SandboxState
from ledger.settings import Settings
from ledger.vault import open_vault
from scheduler.reactions import payments
from scheduler.reactions.process import react


async def work(given: dict[str, str]) -> None:
    """React to payments until killed."""
    database = Database(
        schema=given["schema"],
        app=given["app"],
        project=given["project"],
        migrate=given["migrate"],
        vault=given["vault"],
        vault_migrate=given["vault_migrate"],
        passwords={},
    )
    clock = SystemClock()
    vault = open_vault(Settings(data_dir=Path(given["data_dir"])), database, clock)
    async with SandboxState(given["sandbox"], database.schema, clock) as state:
        await react(database, clock, sandbox_ports(state), vault, threading.Event(), [payments.REACTION])


if __name__ == "__main__":
    asyncio.run(work(json.loads(sys.stdin.readline())))
