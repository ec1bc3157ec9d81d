"""The sandbox's providers on a database of the test's own, and a clock that stands where it is put."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from ledger.database import Database
from ledger.ports import Ports
from ledger.ports.sandbox import sandbox_ports
from ledger.ports.sandbox.state import SandboxState
from tests.ledger.desk import SetClock


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
async def state(sandbox_database: Database, clock: SetClock) -> AsyncIterator[SandboxState]:
    assert sandbox_database.sandbox is not None
    async with SandboxState(sandbox_database.sandbox, sandbox_database.schema, clock) as opened:
        yield opened


@pytest.fixture
def ports(state: SandboxState) -> Ports:
    return sandbox_ports(state)
