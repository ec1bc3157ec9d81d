"""The sandbox's clock: one offset for all processes, forward only, also for who writes past the door."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from ledger.clock import SystemClock
from ledger.database import Database, connect
from ledger.ports.sandbox import SandboxOff, sandbox_state
from ledger.sandbox_clock import SEEN_AFTER_S, ClockMovesForwardOnly, ClockTooFarAhead, SandboxClock, open_clock
from ledger.settings import Settings

pytestmark = pytest.mark.anyio

ANOTHER_PROCESS = """
import sys
from ledger.sandbox_clock import SandboxClock
with SandboxClock(sys.stdin.readline().strip(), "ledger") as clock:
    print("ready", flush=True)
    for _ in sys.stdin:
        print(clock.now().isoformat(), flush=True)
"""


def test_two_processes_read_one_clock(ledger_database: Database) -> None:
    other = subprocess.Popen(
        [sys.executable, "-c", ANOTHER_PROCESS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdin is not None
    assert other.stdout is not None
    with SandboxClock(ledger_database.app, ledger_database.schema) as clock:
        other.stdin.write(f"{ledger_database.app}\n")
        other.stdin.flush()
        assert other.stdout.readline() == "ready\n"

        moved = asyncio.run(clock.advance(timedelta(days=40)))
        other.stdin.write("?\n")
        other.stdin.flush()
        read = datetime.fromisoformat(other.stdout.readline().strip())

    other.communicate()
    assert abs(moved - datetime.now(UTC) - timedelta(days=40)) < timedelta(minutes=1)
    assert moved - timedelta(seconds=1) < read


async def test_the_clock_never_goes_back(ledger_database: Database) -> None:
    with SandboxClock(ledger_database.app, ledger_database.schema) as clock:
        await clock.set(datetime.now(UTC) + timedelta(days=2))

        with pytest.raises(ClockMovesForwardOnly) as refused:
            await clock.set(datetime.now(UTC) + timedelta(days=1))
        with pytest.raises(ClockMovesForwardOnly):
            await clock.advance(timedelta(seconds=-1))
        with pytest.raises(ClockTooFarAhead):
            await clock.advance(timedelta(days=365 * 50))

        assert "earliest" in refused.value.figures
        assert clock.ahead > timedelta(days=1, hours=23)


def test_the_offset_cannot_be_lowered_past_the_door(ledger_database: Database) -> None:
    with connect(ledger_database.app) as connection:
        connection.execute("UPDATE ledger.ledger_clock SET ahead_us = 1000000")

        with pytest.raises(psycopg.errors.CheckViolation):
            connection.execute("UPDATE ledger.ledger_clock SET ahead_us = 999999")


async def test_a_new_process_begins_where_the_clock_stands(ledger_database: Database) -> None:
    with SandboxClock(ledger_database.app, ledger_database.schema) as clock:
        await clock.advance(timedelta(days=1))
    with SandboxClock(ledger_database.app, ledger_database.schema) as later:
        assert later.ahead == timedelta(days=1)


async def test_two_that_move_it_at_once_move_it_twice(ledger_database: Database) -> None:
    with SandboxClock(ledger_database.app, ledger_database.schema) as clock:
        await asyncio.gather(*(clock.advance(timedelta(hours=1)) for _ in range(2)))

        assert clock.ahead == timedelta(hours=2)


def test_a_process_goes_on_reading_the_clock(ledger_database: Database) -> None:
    with SandboxClock(ledger_database.app, ledger_database.schema) as clock, connect(ledger_database.app) as other:
        other.execute("UPDATE ledger.ledger_clock SET ahead_us = 5000000")
        until = time.monotonic() + 10 * SEEN_AFTER_S
        while clock.ahead < timedelta(seconds=5) and time.monotonic() < until:
            time.sleep(0.01)

        assert clock.ahead == timedelta(seconds=5)


def test_with_the_sandbox_off_the_clock_is_the_machines_and_there_are_no_providers(
    ledger_database: Database, tmp_path: Path
) -> None:
    settings = Settings(data_dir=tmp_path, sandbox=False)

    with open_clock(settings, ledger_database) as clock:
        assert isinstance(clock, SystemClock)
        with pytest.raises(SandboxOff):
            sandbox_state(settings, ledger_database, clock)
