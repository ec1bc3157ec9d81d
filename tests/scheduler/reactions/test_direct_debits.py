"""Direct debits over several business days, with the sandbox's bank and its clock (SPEC 10.2, 13, R-111 to R-118)."""

from __future__ import annotations

import pytest

from ledger.ports.sandbox.state import SandboxState
from scheduler.reactions.bench import Bench
from tests.ledger.desk import SetClock
from tests.scheduler.reactions.conftest import Feed
from tests.scheduler.reactions.debit_town import DebitTown

pytestmark = pytest.mark.anyio

GOOD = "110220330440"


@pytest.fixture
async def town(bench: Bench, feed: Feed, state: SandboxState, clock: SetClock) -> DebitTown:
    made = DebitTown(bench, feed, clock)
    made.at("2026-03-03 10:00")
    await made.found()
    return made


async def test_a_mandate_becomes_active_only_with_the_banks_result_r111(town: DebitTown) -> None:
    good, stranger = await town.consented(GOOD, "110220330013", fixed_minor=50_000)
    seen = [(await town.mandate(good))["status"]]
    for moment in ("2026-03-03 23:59", "2026-03-04 08:59", "2026-03-04 11:00", "2026-03-05 13:59", "2026-03-05 14:00"):
        town.at(moment)
        await town.turn()
        seen.append((await town.mandate(good))["status"])

    assert seen == ["consented"] * 3 + ["submitted_to_bank"] * 2 + ["active"]
    failed = await town.mandate(stranger)
    assert (failed["status"], failed["code"]) == ("failed", "holder_mismatch")


async def test_debits_of_one_day_are_collected_failed_in_part_and_taken_back_after_30_days(town: DebitTown) -> None:
    mandates = await town.active(GOOD, "110220330021", "110220330022", "110220330051", "110220330061", partial=True)
    good, poor, half, cancelled, late = await town.schedule(*mandates)
    town.at("2026-03-09 16:00")
    await town.turn()
    submitted = [(await town.debit(one))["status"] for one in (good, poor, half, cancelled, late)]
    assert submitted == ["submitted"] * 5
    assert await town.collections() == 0

    town.at("2026-03-11 02:59")
    await town.turn()
    assert (await town.debit(good))["status"] == "submitted"
    town.at("2026-03-11 03:00")
    await town.turn()

    rows = [await town.debit(one) for one in (good, poor, half, cancelled, late)]
    assert [(row["status"], row["collected_minor"]) for row in rows] == [
        ("collected", 50_000),
        ("failed", 0),
        ("partially_collected", 25_000),
        ("failed", 0),
        ("collected", 50_000),
    ]
    assert [str(row["next_on"]) for row in rows] == ["None", "2026-03-13", "2026-03-13", "None", "None"]
    assert await town.collections() == 125_000
    assert (await town.mandate(mandates[3]))["status"] == "cancelled"
    assert (await town.obligation(half)).outstanding_minor == 25_000
