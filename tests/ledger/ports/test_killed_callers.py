"""A caller that is killed again and again, and two at once: the providers' own count shows nothing twice."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys

import pytest

from ledger.database import Database
from ledger.ports.sandbox.scenarios import counted, totals
from ledger.ports.sandbox.state import SandboxState
from tests.ledger.ports.worker import BATCHES, SIZE

pytestmark = pytest.mark.anyio

KILLS = 6


def begin(address: str) -> subprocess.Popen[str]:
    """Start a caller; return it once it is about to call."""
    caller = subprocess.Popen(
        [sys.executable, "-m", "tests.ledger.ports.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert caller.stdin is not None
    assert caller.stdout is not None
    caller.stdin.write(f"{address}\n")
    caller.stdin.flush()
    assert caller.stdout.readline() == "ready\n"
    return caller


async def test_a_caller_killed_in_the_middle_of_its_batches_has_nothing_done_twice(
    sandbox_database: Database, state: SandboxState
) -> None:
    assert sandbox_database.sandbox is not None
    moments = random.Random(7)
    for _ in range(KILLS):
        caller = begin(sandbox_database.sandbox)
        await asyncio.sleep(moments.uniform(0, 0.4))
        caller.kill()
        caller.communicate()

    for caller in [begin(sandbox_database.sandbox) for _ in range(2)]:
        caller.communicate()
        assert caller.returncode == 0

    done = await totals(state)
    assert (done["coupon_calls"], done["coupons_issued"]) == (BATCHES, BATCHES * SIZE)
    assert done["messages_sent"] == BATCHES * SIZE
    calls = await counted(state, "coupons", "ord_1:", "", 100)
    assert all(2 <= call["asked"] <= KILLS + 2 for call in calls)
    assert {call["issued"] for call in calls} == {SIZE}
