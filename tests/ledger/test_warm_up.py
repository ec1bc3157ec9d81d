"""Streams that are loaded together are those that would be loaded one by one."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from aggregates.billing_key import BillingKey
from aggregates.ids import stream_id
from aggregates.sender_profile import SenderProfiles, senders_id
from ledger.commands.billing_keys import RegisterBillingKey, RemoveBillingKey, RequestBillingKey
from ledger.commands.sender_profiles import RemoveSenderProfile, RequestSenderProfile
from ledger.database import Database
from ledger.engine import Engine
from ledger.loading import SHORT_FACTS
from ledger.store import Store
from tests.ledger.desk import SetClock, account_with, call, do

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def two(ledger_database: Database) -> AsyncIterator[tuple[Engine, Engine]]:
    """Two processes' engines on one ledger."""
    engines = tuple(Engine(Store(ledger_database.app, ledger_database.schema), SetClock()) for _ in range(2))
    for engine in engines:
        await engine.start()
    yield engines[0], engines[1]
    for engine in engines:
        await engine.stop()


async def test_streams_loaded_together_stand_where_they_were_left(two: tuple[Engine, Engine]) -> None:
    here, there = two
    account_id = await account_with(here, 0)
    keys = [(await do(here, RequestBillingKey(account_id, f"otk_{n}"), f"key-{n}"))["id"] for n in range(3)]
    await do(here, RegisterBillingKey(keys[1], "bks_1", "Sandbox Card *0001"), "registered-1")
    for number in range(SHORT_FACTS):
        made = await do(
            here, RequestSenderProfile(account_id, f"@shop{number}", ("Food", "Cafe", "Tea"), "mgr_1"), f"p{number}"
        )
        last = made["id"]
    await do(here, RemoveSenderProfile(last), "removed-last")
    long, nobody = senders_id(account_id), f"bky_{account_id[4:]}0123456789ab"

    wanted = [*((BillingKey, key) for key in keys), (SenderProfiles, long), (BillingKey, nobody)]
    await there.warm_up(wanted)

    loaded = [there.warm.get(stream_id(key)) for key in (*keys, long, nobody)]
    assert [stream.version if stream else None for stream in loaded] == [1, 2, 1, SHORT_FACTS + 1, 0]
    assert [getattr(stream, "status", None) for stream in loaded[:3]] == ["requested", "active", "requested"]


async def test_a_stream_that_was_loaded_together_is_fenced_like_any_other(two: tuple[Engine, Engine]) -> None:
    here, there = two
    account_id = await account_with(here, 0)
    key = (await do(here, RequestBillingKey(account_id, "otk_1"), "key-1"))["id"]
    await there.warm_up([(BillingKey, key)])
    await do(here, RegisterBillingKey(key, "bks_1", "Sandbox Card *0001"), "registered-1")

    removed = await there.submit(RemoveBillingKey(key), call("removed-1"))

    assert removed.status == 200
    await there.warm_up([(BillingKey, key)])
    assert there.warm.get(stream_id(key)).version == 3  # type: ignore[union-attr]
