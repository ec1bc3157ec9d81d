"""The sandbox's bank, one-time codes, registry of businesses and Kakao channels (SPEC 13)."""

from __future__ import annotations

import asyncio

import pytest

from ledger.ports import PortRefused, Ports, PortUnavailable
from ledger.ports.payouts import BankAccount
from ledger.ports.sandbox.state import SandboxState
from tests.ledger.desk import SetClock
from tests.ledger.ports.counts import asked

pytestmark = pytest.mark.anyio


def account(last: str) -> BankAccount:
    return BankAccount("Harbour Bank", f"11022033{last}", "Blue Kite")


@pytest.mark.parametrize(("last", "match"), [("0440", "full"), ("9996", "partial"), ("9998", "none"), ("9999", "none")])
async def test_the_bank_says_how_well_a_holder_fits(ports: Ports, last: str, match: str) -> None:
    assert await ports.payouts.verify_holder(account(last)) == match


async def test_a_transfer_is_done_once_for_each_key(ports: Ports, state: SandboxState) -> None:
    both = await asyncio.gather(*(ports.payouts.transfer(account("0440"), 5_000, "KRW", "t:1") for _ in range(2)))

    assert both[0] == both[1] == await ports.payouts.status("t:1")
    assert both[0].status == "done"
    assert await asked(state, "transfer") == {"t:1": 2}
    with pytest.raises(PortRefused):
        await ports.payouts.transfer(account("0440"), 5_001, "KRW", "t:1")


async def test_account_9997_comes_back_after_a_day(ports: Ports, clock: SetClock) -> None:
    await ports.payouts.transfer(account("9997"), 5_000, "KRW", "t:1")
    clock.advance(days=1, seconds=-1)
    early = await ports.payouts.status("t:1"), await ports.payouts.changes(0)
    clock.advance(seconds=1)

    assert (early[0].status, early[1]) == ("done", ())
    assert (await ports.payouts.status("t:1")).status == "returned"
    assert [change.key for change in await ports.payouts.changes(0)] == ["t:1"]


async def test_amount_002_is_sent_without_an_answer(ports: Ports) -> None:
    with pytest.raises(PortUnavailable):
        await ports.payouts.transfer(account("0440"), 5_002, "KRW", "t:1")

    assert (await ports.payouts.status("t:1")).status == "done"
    assert (await ports.payouts.status("t:2")).status == "absent"


async def test_a_code_is_right_once_within_three_minutes(ports: Ports, clock: SetClock) -> None:
    await ports.otp.send("01000005555", "o:1")
    await ports.otp.send("01000005555", "o:2")
    clock.advance(seconds=179)
    right = [await ports.otp.verify("o:1", "000000") for _ in range(2)]
    clock.advance(seconds=1)

    assert right == ["right", "expired"]
    assert await ports.otp.verify("o:2", "000000") == "expired"
    assert await ports.otp.verify("o:3", "000000") == "absent"


async def test_a_code_dies_with_the_fifth_wrong_try(ports: Ports) -> None:
    await ports.otp.send("01000005555", "o:1")

    tries = [await ports.otp.verify("o:1", "123456") for _ in range(5)]

    assert tries == ["wrong"] * 4 + ["locked"]
    assert await ports.otp.verify("o:1", "000000") == "locked"


async def test_tries_at_once_are_all_counted(ports: Ports) -> None:
    await ports.otp.send("01000005555", "o:1")

    tries = await asyncio.gather(*(ports.otp.verify("o:1", "123456") for _ in range(8)))

    assert sorted(tries) == ["locked"] * 4 + ["wrong"] * 4


@pytest.mark.parametrize(
    ("number", "state"),
    [
        ("123-45-67891", "active"),
        ("1234567891", "active"),
        ("123-45-67890", "not_found"),
        ("123-45-60000", "closed"),
        ("123-45-60011", "suspended"),
        ("123-45-60022", "not_found"),
        ("12345", "not_found"),
        ("１２３4567891", "not_found"),
    ],
)
async def test_the_registry_knows_a_business_by_its_number(ports: Ports, number: str, state: str) -> None:
    assert await ports.registry.lookup(number) == state


async def test_a_channel_is_registered_with_the_token_of_its_manager(ports: Ports, clock: SetClock) -> None:
    developer = await ports.channels.request_token("@dev-kite", "01000005555", "c:1")
    await ports.channels.request_token("@kite", "01000005555", "c:2")

    wrong = await ports.channels.register("@kite", "123456", "c:3")
    clock.advance(seconds=299)
    done = await ports.channels.register("@kite", "000000", "c:4")

    assert (developer.status, developer.code) == ("refused", "developer_channel")
    assert (wrong.status, wrong.code) == ("refused", "token_wrong")
    assert done.channel_key is not None
    assert await ports.channels.state(done.channel_key) == "normal"
    assert await ports.channels.state("chn_other") is None


async def test_a_channels_token_lives_five_minutes(ports: Ports, clock: SetClock) -> None:
    await ports.channels.request_token("@kite", "01000005555", "c:1")
    clock.advance(seconds=300)

    assert (await ports.channels.register("@kite", "000000", "c:2")).code == "token_expired"
