"""Sender profiles at the sandbox's Kakao: registered, refused, blocked, and managers forgotten (SPEC B3)."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.commands.sender_profiles import (
    GiveSenderToken,
    RemoveSenderProfile,
    RequestSenderProfile,
    RequestSenderToken,
)
from ledger.ports.sandbox.state import SandboxState
from ledger.vault import SubjectNotFound
from projections import sender_profiles
from scheduler.reactions.bench import Bench
from scheduler.reactions.senders import look, react
from tests.ledger.desk import SetClock, account_with, do
from tests.scheduler.reactions.conftest import Feed

pytestmark = pytest.mark.anyio


class Desk:
    """One account and its profiles."""

    def __init__(self, bench: Bench, feed: Feed) -> None:
        self.bench, self.feed = bench, feed
        self.managers: dict[str, str] = {}
        self.keys = 0

    async def do(self, command: Any) -> dict[str, Any]:
        self.keys += 1
        return await do(self.bench.engine, command, f"sender-{self.keys:04d}")

    async def request(self, search_id: str) -> str:
        account_id = await account_with(self.bench.engine, 1_000, "Blue Kite")
        manager, _ = await self.bench.vault.put_manager("key_test", f"{search_id} {account_id}", phone="01000000001")
        wanted = RequestSenderProfile(account_id, search_id, ("Food", "Cafe", "Coffee"), manager)
        profile_id = str((await self.do(wanted))["id"])
        self.managers[profile_id] = manager
        await self.react()
        return profile_id

    async def give(self, profile_id: str, token: str) -> None:
        name = await self.bench.vault.put_one_time("key_test", f"{profile_id} {self.keys}", token=token)
        await self.do(GiveSenderToken(profile_id, name))
        await self.react()

    async def react(self) -> None:
        self.feed()
        while await react(self.bench):
            self.feed()
        self.feed()

    async def seen(self, profile_id: str) -> dict[str, Any]:
        async with self.bench.see() as connection:
            return await sender_profiles.one(connection, profile_id)


@pytest.fixture
def desk(bench: Bench, feed: Feed) -> Desk:
    return Desk(bench, feed)


async def test_a_channel_is_registered_with_the_token_that_its_manager_was_sent(desk: Desk) -> None:
    profile_id = await desk.request("@bluekite1")
    assert (await desk.seen(profile_id))["status"] == "awaiting_token"

    await desk.give(profile_id, "000000")

    seen = await desk.seen(profile_id)
    assert seen["status"] == "normal"
    assert seen["channel_key"].startswith("chn_")
    assert seen["registered_at"] is not None
    await desk.react()
    assert await desk.seen(profile_id) == seen


async def test_a_developers_channel_is_refused_and_its_manager_forgotten(desk: Desk) -> None:
    profile_id = await desk.request("@devkite")

    seen = await desk.seen(profile_id)
    assert (seen["status"], seen["code"]) == ("refused", "developer_channel")
    with pytest.raises(SubjectNotFound):
        await desk.bench.vault.get(desk.managers[profile_id])


async def test_a_wrong_and_a_late_token_are_refused_and_a_new_one_may_be_asked_for(desk: Desk, clock: SetClock) -> None:
    profile_id = await desk.request("@bluekite2")

    await desk.give(profile_id, "111111")
    wrong = await desk.seen(profile_id)
    clock.advance(seconds=300)
    await desk.give(profile_id, "000000")
    late = await desk.seen(profile_id)
    await desk.do(RequestSenderToken(profile_id))
    await desk.react()
    await desk.give(profile_id, "000000")

    assert (wrong["status"], wrong["code"]) == ("awaiting_token", "token_wrong")
    assert (late["status"], late["code"]) == ("awaiting_token", "token_expired")
    assert (await desk.seen(profile_id))["status"] == "normal"


async def test_what_kakao_says_of_a_channel_later_is_recorded(desk: Desk, state: SandboxState) -> None:
    profile_id = await desk.request("@bluekite3")
    await desk.give(profile_id, "000000")
    async with state.connected() as connection:
        await connection.execute("UPDATE channel SET state = 'blocked' WHERE search_id = '@bluekite3'")

    for _ in range(2):
        await look(desk.bench)
        desk.feed()

    assert (await desk.seen(profile_id))["status"] == "blocked"


async def test_a_removed_profiles_manager_is_forgotten(desk: Desk) -> None:
    profile_id = await desk.request("@bluekite4")
    assert await desk.bench.vault.get(desk.managers[profile_id]) == {"phone": "01000000001"}

    await desk.do(RemoveSenderProfile(profile_id))
    await desk.react()

    with pytest.raises(SubjectNotFound):
        await desk.bench.vault.get(desk.managers[profile_id])
