"""The sandbox's messages: sent once for each key, with the endings of phone numbers that SPEC 13 names."""

from __future__ import annotations

import asyncio
import time

import pytest

from ledger.ports import Ports, PortUnavailable
from ledger.ports.messages import Channel, Delivery, Message
from ledger.ports.sandbox.state import SandboxState, rows
from tests.aggregates.scenario import kst
from tests.ledger.desk import SetClock
from tests.ledger.ports.counts import asked, with_rates

pytestmark = pytest.mark.anyio


def message(to: str, key: str = "m:1", template: str = "coupon", **variables: str) -> Message:
    return Message(to, template, variables, key)


async def outcome(ports: Ports, clock: SetClock, to: str, channel: Channel = "alimtalk") -> tuple[str, str | None]:
    key = f"{to}:{channel}"
    (accepted,) = await ports.messages.send(channel, [message(to, key)])
    assert accepted == Delivery("accepted", None, clock.now())
    clock.advance(seconds=30)
    delivery = (await ports.messages.status([key]))[key]
    return delivery.status, delivery.code


async def test_a_message_is_delivered_within_thirty_seconds(ports: Ports, clock: SetClock) -> None:
    assert await outcome(ports, clock, "01000005555") == ("delivered", None)


async def test_number_0001_fails_on_alimtalk_and_gets_the_mms(ports: Ports, clock: SetClock) -> None:
    status, code = await outcome(ports, clock, "01000000001")

    assert status == "failed"
    assert code in ("no_kakao_user", "blocked_profile")
    assert await outcome(ports, clock, "01000000001", "mms") == ("delivered", None)


async def test_number_0002_fails_on_both(ports: Ports, clock: SetClock) -> None:
    assert await outcome(ports, clock, "01000000002") == ("failed", "unreachable")
    assert await outcome(ports, clock, "01000000002", "mms") == ("failed", "unreachable")


async def test_number_0003_is_reported_after_ten_minutes(ports: Ports, clock: SetClock) -> None:
    await ports.messages.send("alimtalk", [message("01000000003")])
    clock.advance(seconds=599)
    early = (await ports.messages.status(["m:1"]))["m:1"]
    clock.advance(seconds=1)

    assert early.status == "accepted"
    assert (await ports.messages.status(["m:1"]))["m:1"].status == "delivered"


async def test_number_0004_is_reported_twice_under_one_id(ports: Ports, state: SandboxState) -> None:
    await ports.messages.send("alimtalk", [message("01000000004")])

    async with state.connected() as connection:
        reports = await rows(connection, "SELECT id, key FROM callback WHERE provider = 'messages'")
    assert len(reports) == 2
    assert reports[0] == reports[1]


async def test_a_template_that_does_not_match_fails_on_alimtalk(ports: Ports, clock: SetClock) -> None:
    await ports.messages.send("alimtalk", [message("01000005555", template="coupon-MISMATCH")])
    clock.advance(seconds=30)

    assert (await ports.messages.status(["m:1"]))["m:1"].code == "template_mismatch"


async def test_a_key_is_sent_once(ports: Ports, state: SandboxState) -> None:
    batch = [message("01000005555", f"m:{n}") for n in range(500)]

    await asyncio.gather(*(ports.messages.send("alimtalk", part) for part in (batch, list(reversed(batch)))))

    counts = await asked(state, "message")
    assert len(counts) == 500
    assert set(counts.values()) == {2}


async def test_one_key_twice_in_a_batch_is_one_message(ports: Ports, state: SandboxState) -> None:
    await ports.messages.send("mms", [message("01000005555"), message("01000005555")])

    assert await asked(state, "message") == {"m:1": 1}


async def test_a_key_that_nobody_has_sent_is_absent(ports: Ports) -> None:
    assert await ports.messages.status(["m:1"]) == {"m:1": Delivery("absent")}
    assert await ports.messages.send("mms", []) == ()


async def test_a_send_that_timed_out_has_really_sent(ports: Ports, state: SandboxState) -> None:
    await with_rates(state, message_timeout_percent=100)

    with pytest.raises(PortUnavailable):
        await ports.messages.send("mms", [message("01000005555")])

    assert (await ports.messages.status(["m:1"]))["m:1"].status == "accepted"
    await ports.messages.send("mms", [message("01000005555")])
    assert await asked(state, "message") == {"m:1": 2}


async def test_undelivered_numbers_fail_on_every_channel(ports: Ports, state: SandboxState, clock: SetClock) -> None:
    await with_rates(state, undelivered_percent=5, message_delay_s=0)
    phones = [f"0100000{n:04d}" for n in range(1000, 2000)]

    failed = {}
    for channel in ("alimtalk", "mms"):
        sent = await ports.messages.send(channel, [message(to, f"{to}:{channel}") for to in phones])
        failed[channel] = [to for to, delivery in zip(phones, sent, strict=True) if delivery.status == "failed"]

    assert failed["alimtalk"] == failed["mms"]
    assert 25 < len(failed["mms"]) < 80


async def test_phones_and_names_are_not_kept(ports: Ports, state: SandboxState) -> None:
    await ports.messages.send("mms", [message("01099998888", name="Nari Moon", link="https://pay.example/c/abc")])

    async with state.connected() as connection:
        kept = str(await rows(connection, "SELECT * FROM message")) + str(
            await rows(connection, "SELECT * FROM callback")
        )
    assert "99998888" not in kept
    assert "Nari" not in kept
    assert "https://pay.example/c/abc" in kept


async def test_ten_thousand_messages_cost_little(ports: Ports) -> None:
    before = time.process_time()

    for batch in range(20):
        await ports.messages.send("alimtalk", [message(f"010{n:08d}", f"{batch}:{n}") for n in range(500)])

    assert time.process_time() - before < 3


async def test_a_cap_lets_out_so_many_messages_a_second_and_the_others_wait(
    ports: Ports, state: SandboxState, clock: SetClock
) -> None:
    await with_rates(state, messages_per_s=2, message_delay_s=0)
    sent = [message("01000005555", f"m:{n}") for n in range(5)]

    async def delivered() -> int:
        stand = await ports.messages.status([each.key for each in sent])
        return sum(delivery.status == "delivered" for delivery in stand.values())

    await ports.messages.send("alimtalk", sent)
    first = await delivered()
    await ports.messages.send("alimtalk", sent[:3])
    clock.advance(seconds=1)
    second = await delivered()
    clock.advance(seconds=1)

    assert (first, second, await delivered()) == (1, 3, 5)
    assert (await ports.messages.send("mms", [message("01000005555", "m:mms")]))[0].status == "delivered"


@pytest.mark.parametrize(
    ("sent_at", "delivered_at"),
    [
        ("2026-03-15 01:59", "2026-03-15 01:59"),
        ("2026-03-15 02:00", "2026-03-15 06:00"),
        ("2026-03-15 05:59", "2026-03-15 06:00"),
        ("2026-03-15 06:00", "2026-03-15 06:00"),
        ("2026-03-16 02:00", "2026-03-16 02:00"),
    ],
)
async def test_nothing_is_let_out_in_the_quiet_hours_of_the_month(
    ports: Ports, state: SandboxState, clock: SetClock, sent_at: str, delivered_at: str
) -> None:
    await with_rates(state, quiet_day=15, quiet_from_hour=2, quiet_hours=4, message_delay_s=0)
    clock.at = kst(sent_at)

    await ports.messages.send("alimtalk", [message("01000005555")])
    clock.at = kst(delivered_at)

    assert (await ports.messages.status(["m:1"]))["m:1"] == Delivery("delivered", None, kst(delivered_at))


async def test_a_provider_that_never_reports_says_accepted_for_ever(
    ports: Ports, state: SandboxState, clock: SetClock
) -> None:
    await with_rates(state, unreported_percent=100)
    await ports.messages.send("alimtalk", [message("01000005555")])

    clock.advance(days=365)

    assert (await ports.messages.status(["m:1"]))["m:1"].status == "accepted"
    async with state.connected() as connection:
        assert await rows(connection, "SELECT * FROM callback") == []
