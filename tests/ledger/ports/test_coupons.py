"""The sandbox's coupon issuer: each coupon once, failures that repeat themselves, and its magic values (SPEC 13)."""

from __future__ import annotations

import asyncio
import time
from datetime import date

import pytest

from ledger.ports import PortRefused, Ports, PortUnavailable
from ledger.ports.coupons import Coupon, Failure, IssueResult, VoidResult
from ledger.ports.sandbox.scenarios import change_catalog
from ledger.ports.sandbox.state import SandboxState
from tests.ledger.desk import SetClock
from tests.ledger.ports.counts import asked, with_rates

pytestmark = pytest.mark.anyio


async def test_the_same_key_issues_the_same_coupons_once(ports: Ports, state: SandboxState) -> None:
    first = await ports.coupons.issue("TEA-10", 3, "ord_1:issue:1")
    again = await ports.coupons.issue("TEA-10", 3, "ord_1:issue:1")

    assert first == again == await ports.coupons.status("ord_1:issue:1")
    assert first.status == "done"
    coupons = [coupon for coupon in first.coupons if isinstance(coupon, Coupon)]
    assert len({coupon.number for coupon in coupons}) == len({coupon.ref for coupon in coupons}) == 3
    assert {coupon.expires_on for coupon in coupons} == {date(2026, 4, 1)}
    assert await asked(state, "issue") == {"ord_1:issue:1": 2}


async def test_a_key_that_nobody_has_sent_is_absent(ports: Ports) -> None:
    assert await ports.coupons.status("ord_1:issue:1") == IssueResult("absent")
    assert await ports.coupons.void_status("ord_1:void:1") == VoidResult("absent")


@pytest.mark.parametrize("other", [("TEA-20", 3, 30), ("TEA-10", 4, 30), ("TEA-10", 3, 60)])
async def test_a_key_that_stands_for_another_request_is_refused(ports: Ports, other: tuple[str, int, int]) -> None:
    await ports.coupons.issue("TEA-10", 3, "ord_1:issue:1", 30)

    with pytest.raises(PortRefused):
        await ports.coupons.issue(other[0], other[1], "ord_1:issue:1", other[2])


async def test_two_processes_that_ask_at_once_get_the_same_coupons(ports: Ports, state: SandboxState) -> None:
    both = await asyncio.gather(*(ports.coupons.issue("TEA-10", 500, "ord_1:issue:1") for _ in range(2)))

    assert both[0] == both[1]
    assert await asked(state, "issue") == {"ord_1:issue:1": 2}


async def test_sku_fail_is_never_issued(ports: Ports) -> None:
    assert (await ports.coupons.issue("TEA-FAIL", 2, "k:1")).coupons == (Failure("issue_failed"),) * 2


async def test_sku_disc_is_discontinued(ports: Ports) -> None:
    assert (await ports.coupons.issue("TEA-DISC", 1, "k:1")).coupons == (Failure("discontinued"),)


async def test_sku_slow_is_unknown_for_three_seconds(ports: Ports, clock: SetClock) -> None:
    assert await ports.coupons.issue("TEA-SLOW", 1, "k:1") == IssueResult("unknown")
    clock.advance(seconds=2)
    assert await ports.coupons.status("k:1") == IssueResult("unknown")
    clock.advance(seconds=1)

    assert (await ports.coupons.status("k:1")).status == "done"


async def test_sku_slow_voids_without_an_answer(ports: Ports, clock: SetClock) -> None:
    await ports.coupons.issue("TEA-SLOW", 1, "k:1")
    clock.advance(seconds=3)

    with pytest.raises(PortUnavailable):
        await ports.coupons.void("k:1/0", "v:1")

    assert await ports.coupons.void_status("v:1") == VoidResult("voided")


async def test_sku_used_is_used_at_once_and_cannot_be_voided(ports: Ports) -> None:
    await ports.coupons.issue("TEA-USED", 1, "k:1")

    assert await ports.coupons.states(["k:1/0"]) == {"k:1/0": "used"}
    assert await ports.coupons.void("k:1/0", "v:1") == VoidResult("refused", "coupon_used")


async def test_a_coupon_is_voided_once(ports: Ports, state: SandboxState) -> None:
    await ports.coupons.issue("TEA-10", 2, "k:1")

    assert await ports.coupons.void("k:1/1", "v:1") == VoidResult("voided")
    assert await ports.coupons.void("k:1/1", "v:1") == VoidResult("voided")

    assert await ports.coupons.states(["k:1/0", "k:1/1"]) == {"k:1/0": "issued", "k:1/1": "voided"}
    assert await asked(state, "void") == {"v:1": 2}


@pytest.mark.parametrize("ref", ["k:1/2", "k:1/x", "k:2/0", "", "k:1/-1"])
async def test_a_coupon_that_was_never_issued_is_unknown(ports: Ports, ref: str) -> None:
    await ports.coupons.issue("TEA-10", 2, "k:1")

    assert await ports.coupons.void(ref, "v:1") == VoidResult("refused", "coupon_unknown")
    assert await ports.coupons.states([ref]) == {}


async def test_a_coupon_expires_after_its_last_day(ports: Ports, clock: SetClock) -> None:
    await ports.coupons.issue("TEA-10", 1, "k:1", validity_days=30)

    clock.advance(days=30)
    assert await ports.coupons.states(["k:1/0"]) == {"k:1/0": "issued"}
    clock.advance(days=1)
    assert await ports.coupons.states(["k:1/0"]) == {"k:1/0": "expired"}
    assert await ports.coupons.void("k:1/0", "v:1") == VoidResult("refused", "coupon_expired")


async def test_failures_follow_from_seed_key_and_index_alone(ports: Ports, state: SandboxState) -> None:
    await with_rates(state, issue_failure_percent=3)
    results = [(await ports.coupons.issue("TEA-10", 500, f"k:{batch}")).coupons for batch in range(20)]
    await with_rates(state, issue_failure_percent=50)

    again = [(await ports.coupons.issue("TEA-10", 500, f"k:{batch}")).coupons for batch in range(20)]

    assert results == again
    failed = sum(isinstance(coupon, Failure) for coupons in results for coupon in coupons)
    assert 220 < failed < 380
    numbers = {coupon.number for coupons in results for coupon in coupons if isinstance(coupon, Coupon)}
    assert len(numbers) == 10_000 - failed


async def test_a_call_that_timed_out_has_really_succeeded(ports: Ports, state: SandboxState) -> None:
    await with_rates(state, issue_timeout_percent=100)

    assert await ports.coupons.issue("TEA-10", 1, "k:1") == IssueResult("unknown")

    assert (await ports.coupons.status("k:1")).status == "done"


async def test_the_catalogue_tells_prices_and_what_is_discontinued(ports: Ports, state: SandboxState) -> None:
    await change_catalog(state, sku="TEA-10", kind="price", list_minor=10_000, sale_minor=9_800)
    await change_catalog(state, sku="TEA-10", kind="discontinued")

    changes = await ports.coupons.catalog_changes(0)

    assert [(change.number, change.kind, change.sale_minor) for change in changes] == [
        (1, "price", 9_800),
        (2, "discontinued", None),
    ]
    assert await ports.coupons.catalog_changes(1) == changes[1:]
    assert (await ports.coupons.issue("TEA-10", 1, "k:1")).coupons == (Failure("discontinued"),)
    await change_catalog(state, sku="TEA-10", kind="relisted")
    assert isinstance((await ports.coupons.issue("TEA-10", 1, "k:2")).coupons[0], Coupon)


async def test_ten_thousand_coupons_cost_little(ports: Ports) -> None:
    before = time.process_time()

    for batch in range(20):
        await ports.coupons.issue("TEA-10", 500, f"k:{batch}")

    assert time.process_time() - before < 2
