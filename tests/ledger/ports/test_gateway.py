"""The sandbox's payment gateway: the amounts that SPEC 13 names, and what it answers to the same key again."""

from __future__ import annotations

from datetime import date

import pytest

from ledger.ports import PortRefused, Ports, PortUnavailable
from ledger.ports.gateway import GatewayCancel
from ledger.ports.sandbox.gateway import SandboxGateway
from ledger.ports.sandbox.state import SandboxState
from tests.ledger.desk import SetClock
from tests.ledger.ports.counts import asked

pytestmark = pytest.mark.anyio

LAST_DAY = date(2026, 3, 9)


async def test_a_card_is_authorized_and_captured_once(ports: Ports, state: SandboxState) -> None:
    for _ in range(2):
        authorized = await ports.gateway.authorize("pay_1", 12_222, "KRW", "card")
    captured = await ports.gateway.capture("pay_1")
    again = await ports.gateway.capture("pay_1")

    assert (authorized.status, captured.status) == ("in_progress", "done")
    assert captured == again
    assert await asked(state, "payment") == {"pay_1": 2}


async def test_a_key_that_stands_for_another_payment_is_refused(ports: Ports) -> None:
    await ports.gateway.authorize("pay_1", 12_222, "KRW", "card")

    with pytest.raises(PortRefused):
        await ports.gateway.authorize("pay_1", 12_223, "KRW", "card")
    with pytest.raises(PortRefused):
        await ports.gateway.capture("pay_2")


async def test_amount_001_is_declined(ports: Ports) -> None:
    declined = await ports.gateway.authorize("pay_1", 20_001, "KRW", "card")

    assert (declined.status, declined.code) == ("aborted", "declined")


async def test_amount_002_is_done_without_an_answer(ports: Ports) -> None:
    with pytest.raises(PortUnavailable):
        await ports.gateway.authorize("pay_1", 20_002, "KRW", "card")
    assert (await ports.gateway.status("pay_1")).status == "in_progress"
    with pytest.raises(PortUnavailable):
        await ports.gateway.capture("pay_1")
    assert (await ports.gateway.status("pay_1")).status == "done"


async def test_amount_003_is_given_back_whole_or_not_at_all(ports: Ports) -> None:
    await ports.gateway.authorize("pay_1", 20_003, "KRW", "card")
    await ports.gateway.capture("pay_1")

    part = await ports.gateway.cancel("pay_1", 18_003, "c:1")
    whole = await ports.gateway.cancel("pay_1", 20_003, "c:2")

    assert part == GatewayCancel("refused", "partial_cancel_unsupported")
    assert whole == GatewayCancel("done")
    assert (await ports.gateway.status("pay_1")).status == "canceled"


async def test_amount_004_gets_one_won_too_little(ports: Ports, clock: SetClock) -> None:
    await ports.gateway.issue_virtual_account("pay_1", 20_004, "KRW", LAST_DAY)
    clock.advance(minutes=10)

    payment = await ports.gateway.status("pay_1")

    assert [deposit.amount_minor for deposit in payment.deposits] == [20_003]
    assert payment.status == "waiting_for_deposit"


async def test_amount_005_gets_its_money_an_hour_after_the_last_day(ports: Ports, clock: SetClock) -> None:
    await ports.gateway.issue_virtual_account("pay_1", 20_005, "KRW", LAST_DAY)
    clock.at = clock.at.replace(day=9, hour=15, minute=59)
    before = await ports.gateway.status("pay_1")
    clock.advance(minutes=1)

    after = await ports.gateway.status("pay_1")

    assert (before.status, before.deposits) == ("expired", ())
    assert (after.status, [deposit.amount_minor for deposit in after.deposits]) == ("expired", [20_005])


async def test_a_virtual_account_gets_its_money_after_ten_minutes(ports: Ports, clock: SetClock) -> None:
    issued = await ports.gateway.issue_virtual_account("pay_1", 50_000, "KRW", LAST_DAY)
    clock.advance(minutes=10)

    assert issued.virtual_account is not None
    assert (await ports.gateway.status("pay_1")).status == "done"
    assert [change.key for change in await ports.gateway.changes(0)] == ["pay_1"]
    assert await ports.gateway.changes(1) == ()


async def test_a_payment_is_given_back_in_parts_and_no_further(ports: Ports) -> None:
    await ports.gateway.authorize("pay_1", 10_000, "KRW", "card")
    await ports.gateway.capture("pay_1")

    for _ in range(2):
        assert await ports.gateway.cancel("pay_1", 6_000, "c:1") == GatewayCancel("done")
    too_much = await ports.gateway.cancel("pay_1", 4_001, "c:2")

    assert too_much == GatewayCancel("refused", "exceeds_payment")
    assert (await ports.gateway.status("pay_1")).cancelled_minor == 6_000
    assert await ports.gateway.cancel_status("c:3") == GatewayCancel("absent")
    with pytest.raises(PortRefused):
        await ports.gateway.cancel("pay_1", 1, "c:1")


async def test_a_virtual_account_that_is_closed_takes_no_more_money(ports: Ports, clock: SetClock) -> None:
    await ports.gateway.issue_virtual_account("pay_1", 20_000, "KRW", LAST_DAY)
    await ports.gateway.issue_virtual_account("pay_2", 20_000, "KRW", LAST_DAY)

    closed = [await ports.gateway.close_virtual_account("pay_1") for _ in range(2)]
    clock.advance(hours=1)
    paid = await ports.gateway.close_virtual_account("pay_2")
    late = await ports.gateway.status("pay_1")

    assert [each.status for each in (*closed, late)] == ["expired"] * 3
    assert (late.deposits, paid.status, len(paid.deposits)) == ((), "done", 1)
    with pytest.raises(PortRefused):
        await ports.gateway.close_virtual_account("pay_3")


@pytest.mark.parametrize("heard_of", [True, False])
async def test_a_payment_that_is_undone_is_never_taken(ports: Ports, heard_of: bool) -> None:
    if heard_of:
        await ports.gateway.authorize("pay_1", 10_000, "KRW", "card")

    undone = await ports.gateway.net_cancel("pay_1")
    late = await ports.gateway.authorize("pay_1", 10_000, "KRW", "card")
    captured = await ports.gateway.capture("pay_1")

    assert [payment.status for payment in (undone, late, captured)] == ["canceled"] * 3


async def test_no_more_is_taken_back_than_is_left(ports: Ports, state: SandboxState) -> None:
    gateway = SandboxGateway(state)
    await ports.gateway.authorize("pay_1", 10_000, "KRW", "card")
    with pytest.raises(PortRefused):
        await gateway.take_back("pay_1", 1_000, "chargeback")
    await ports.gateway.capture("pay_1")

    await gateway.take_back("pay_1", 7_000, "chargeback")
    with pytest.raises(PortRefused):
        await gateway.take_back("pay_1", 3_001, "chargeback")

    assert [taken.amount_minor for taken in (await ports.gateway.status("pay_1")).taken_back] == [7_000]
