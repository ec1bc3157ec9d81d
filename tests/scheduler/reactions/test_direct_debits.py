"""Direct debits over several business days, with the sandbox's bank and its clock (SPEC 10.2, 13, R-111 to R-118)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from hashlib import sha256

import pytest

from aggregates.collecting.debit_batch import batch_id_of
from ledger.commands.collecting.bills import CreateBill, PayBill, SendBillForDebit
from ledger.commands.collecting.debits import CancelDebit, ScheduleDebits, Wanted
from ledger.commands.collecting.mandates import CancelMandate, SuspendMandate
from ledger.commands.collecting.obligations import ConfirmOutside, RefundCollection, StartCollection
from ledger.database import Database
from ledger.ports.direct_debit import BatchFile, DirectDebitPort, FileState, ResultFile
from ledger.ports.errors import PortRefused, PortUnavailable
from ledger.ports.sandbox.state import SandboxState
from ledger.vault import Reading
from projections import debit_queries
from projections.connections import connect_to
from projections.direct_debits import DirectDebits
from projections.journal import Journal
from projections.runner import Runner
from scheduler.reactions import direct_debits
from scheduler.reactions.bench import Bench
from tests.aggregates.scenario import kst
from tests.ledger.desk import SetClock
from tests.scheduler.reactions.conftest import Feed
from tests.scheduler.reactions.debit_town import INSTITUTION, DebitTown

pytestmark = pytest.mark.anyio

GOOD = "110220330440"


@pytest.fixture
def feed(sandbox_database: Database) -> Feed:
    """Bring the views that are looked at here to the head."""
    connecting = connect_to(sandbox_database)

    def feed_some() -> None:
        with connecting() as project:
            made = Runner(connecting, (DirectDebits(), Journal()))
            made.prepare(project)
            while made.feed(project, project):
                pass

    return feed_some


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
    # Account, payer and evidence of the failed one are kept 5 years from its end.
    assert failed["kept_until"] == date(2031, 3, 5)
    row = await town.mandate(good)
    paper, kind = await town.bench.vault.debit_papers.file(row["evidence"], Reading("test", "look"))
    assert (kind, paper[:1], sha256(paper).hexdigest()) == ("der", b"\x30", row["evidence_hash"])


async def test_debits_are_collected_failed_retried_and_taken_back_after_30_days(town: DebitTown) -> None:
    mandates = await town.active(GOOD, "110220330021", "110220330022", "110220330051", "110220330061", partial=True)
    debits = await town.schedule(*mandates)
    good, poor, half, _, late = debits
    town.at("2026-03-09 16:00")
    await town.turn()
    assert [(await town.debit(one))["status"] for one in debits] == ["submitted"] * 5
    assert await town.collections() == 0  # At the bank is not paid.
    refused = await town.do(StartCollection((await town.debit(good))["obligation_id"], 50_000, "card", "api"))
    assert refused["code"] == "payment_in_flight"  # One attempt at a time.

    town.at("2026-03-11 02:59")
    await town.turn()
    assert (await town.debit(good))["status"] == "submitted"
    town.at("2026-03-11 03:00")
    await town.turn()

    rows = [await town.debit(one) for one in debits]
    assert [(row["status"], row["collected_minor"], row["code"]) for row in rows] == [
        ("collected", 50_000, None),
        ("failed", 0, "insufficient_funds"),
        ("partially_collected", 25_000, "partly_insufficient_funds"),
        ("failed", 0, "mandate_cancelled"),
        ("collected", 50_000, None),
    ]
    # 10 March + 3 days; what the payer has cancelled at the bank is never tried again.
    assert [str(row["next_on"]) for row in rows] == ["None", "2026-03-13", "2026-03-13", "None", "None"]
    assert await town.collections() == 125_000
    ended = await town.mandate(mandates[3])
    assert (ended["status"], ended["ended_by"], ended["kept_until"]) == ("cancelled", "bank", date(2031, 3, 11))
    assert (await town.obligation(half)).outstanding_minor == 25_000

    # Three retries on the 13th, 17th and 24th; of what is asked for the account has half each time.
    for sent, answered in (("2026-03-12", "2026-03-14"), ("2026-03-16", "2026-03-18"), ("2026-03-23", "2026-03-25")):
        town.at(f"{sent} 16:00")
        await town.turn()
        town.at(f"{answered} 03:00")
        await town.turn()
    rows = [await town.debit(one) for one in (poor, half)]
    assert [(row["status"], row["tries"], row["collected_minor"], row["next_on"]) for row in rows] == [
        ("failed", 4, 0, None),
        ("partially_collected", 4, 25_000 + 12_500 + 6_250 + 3_125, None),
    ]
    assert await town.collections() == 146_875

    # Taken back 30 days after the results: due again, and the account is told.
    town.at("2026-04-10 02:59")
    await town.turn()
    assert (await town.debit(late))["status"] == "collected"
    town.at("2026-04-10 03:00")
    await town.turn()
    row = await town.debit(late)
    assert (row["status"], row["reversed_minor"], row["code"]) == ("reversed", 50_000, "returned")
    owed = await town.obligation(late)
    assert (owed.outstanding_minor, owed.reversed_minor) == (50_000, 50_000)
    assert await town.collections() == 96_875
    async with town.bench.see() as connection:
        (month,) = await debit_queries.summary(connection, town.account_id, "2026-03", "2026-03")
    assert month == {
        "month": "2026-03",
        "scheduled": {"count": 0, "amount": 0},
        "submitted": {"count": 0, "amount": 0},
        "collected": {"count": 1, "amount": 96_875, "partly": 1},
        "failed": {"count": 2, "amount": 103_125, "retrying": 0},
        "reversed": {"count": 1, "amount": 50_000},
        "cancelled": {"count": 0},
    }
    await town.check_books()


async def test_a_lost_answer_and_results_that_come_twice_collect_once(town: DebitTown) -> None:
    (mandate,) = await town.active(GOOD, fixed_minor=None)
    # 50,002: the sandbox's bank takes the file and does not answer.
    (debit,) = await town.schedule(mandate, amount=50_002)
    town.at("2026-03-09 16:00")
    await town.turn()
    (batch, *_) = await town.batches()
    assert (batch["status"], batch["lines"]) == ("closed", 1)

    # The results are here before it is known that the file is there: that is learned first.
    town.at("2026-03-11 03:00")
    found = await town.bench.ports.debits.fetch_results(0)
    (results,) = [file for file in found if file.key == batch["id"]]
    assert not await direct_debits.take(town.bench, results)
    town.feed()
    assert (await town.batches())[0]["status"] == "sent"
    await town.turn()
    head = await town.head()
    for number in (1_001, 1_002):
        assert await direct_debits.take(town.bench, results._replace(number=number))
        await town.turn()

    assert await town.head() == head
    assert ((await town.debit(debit))["status"], await town.collections()) == ("collected", 50_002)
    await town.check_books()


async def test_a_file_that_misses_its_hour_goes_with_the_next_one_and_nothing_was_tried(town: DebitTown) -> None:
    (mandate,) = await town.active(GOOD)
    (debit,) = await town.schedule(mandate)
    away = Away(town.bench.ports.debits)
    town.bench = replace(town.bench, ports=replace(town.bench.ports, debits=away))
    town.at("2026-03-09 16:00")
    await town.fill()
    assert (await town.debit(debit))["status"] == "submitted"

    town.at("2026-03-09 17:00")
    away.is_away = False
    await town.turn()
    row = await town.debit(debit)
    assert (row["status"], row["tries"], str(row["next_on"])) == ("scheduled", 0, "2026-03-09")
    assert [batch["status"] for batch in await town.batches()] == ["missed", "settled"]
    assert (await town.obligation(debit)).attempt is None

    town.at("2026-03-10 16:00")
    await town.turn()
    town.at("2026-03-12 03:00")
    await town.turn()
    assert ((await town.debit(debit))["status"], await town.collections()) == ("collected", 50_000)


async def test_another_account_takes_the_old_ones_place_only_when_it_is_active_r116(town: DebitTown) -> None:
    (old,) = await town.active("110220330021")
    (debit,) = await town.schedule(old, on="2026-03-12")
    new = await town.request(fixed_minor=50_000, replaces=old)
    second = await town.do(town.asking(replaces=old))
    await town.enter(new, GOOD)
    town.at("2026-03-05 15:00")
    await town.turn()
    town.at("2026-03-05 15:05")
    await town.turn()
    seen = []
    for moment in ("2026-03-06 11:00", "2026-03-09 13:59", "2026-03-09 14:00"):
        town.at(moment)
        await town.turn()
        seen.append(((await town.mandate(old))["status"], (await town.mandate(new))["status"]))

    assert second["code"] == "mandate_not_replaceable"
    assert seen == [("active", "submitted_to_bank"), ("active", "submitted_to_bank"), ("superseded", "active")]
    # What was scheduled by the old one is collected from the new account, and the bank is told of the old one's end.
    town.at("2026-03-10 11:00")
    await town.turn()
    row = await town.mandate(old)
    assert (row["replaced_by"], row["at_bank"], row["kept_until"]) == (new, False, date(2031, 3, 9))
    town.at("2026-03-11 16:00")
    await town.turn()
    town.at("2026-03-13 03:00")
    await town.turn()
    collected = await town.debit(debit)
    assert (collected["status"], collected["mandate_id"]) == ("collected", new)


async def test_payers_say_no_or_nothing_or_write_it_down(town: DebitTown) -> None:
    refusing, silent = await town.request(name="거절"), await town.request(name="무응답", channel="ars")
    stranger, idle = await town.request(name="Haneul"), await town.request(name="Byeol")
    for mandate_id, number in ((refusing, GOOD), (silent, GOOD), (stranger, "110220339998")):
        await town.enter(mandate_id, number)
    paper = await town.request(channel="paper")
    form = await town.file_form(paper)
    await town.enter(paper, GOOD)
    await town.turn()
    asked = await town.mandate(silent)
    assert (asked["status"], asked["step"]) == ("consent_requested", "consent")
    town.clock.advance(minutes=3)
    await town.turn()

    rows = [await town.mandate(one) for one in (refusing, silent, stranger, paper)]
    assert [(row["status"], row["step"], row["code"]) for row in rows] == [
        ("failed", "", "consent_rejected"),
        ("consent_requested", "entry", "consent_expired"),
        ("consent_requested", "entry", "holder_mismatch"),
        ("consented", "", None),
    ]
    assert rows[3]["evidence_hash"] == form
    # A payer may try again; whoever has not answered in 30 days is not waited for any longer.
    await town.enter(stranger, GOOD)
    await town.turn()
    town.clock.advance(minutes=2)
    await town.turn()
    assert (await town.mandate(stranger))["status"] == "consented"
    town.at("2026-04-02 23:59")
    await town.turn()
    assert (await town.mandate(idle))["status"] == "consent_requested"
    town.at("2026-04-03 00:00")
    await town.turn()
    assert [((await town.mandate(one))["status"]) for one in (idle, silent)] == ["failed", "failed"]


async def test_limits_suspension_and_other_ways_of_paying_r114_r116(town: DebitTown) -> None:
    (bounded,) = await town.active(GOOD, fixed_minor=None, max_debit_minor=60_000, max_month_minor=100_000)
    first, second = await town.schedule(bounded, bounded)
    over = await town.do(town.scheduling(bounded, amount=60_001))
    beyond = await town.do(town.scheduling(bounded, amount=1))
    assert [(over["code"], over["limit"]), (beyond["code"], beyond["limit"])] == [
        ("mandate_limit_exceeded", "debit"),
        ("mandate_limit_exceeded", "month"),
    ]
    # Both ways between debit and bill: what a cancelled debit asked for stays due, and can be collected again.
    owed = (await town.debit(first))["obligation_id"]
    assert (await town.do(CancelDebit(first, "switched_to_bill")))["status"] == "cancelled"
    again = await town.do(
        ScheduleDebits(town.account_id, (Wanted(bounded, 50_000, date(2026, 3, 10), obligation_id=owed),))
    )
    (switched,) = [item["id"] for item in again["items"]]
    # What somebody has paid otherwise is not collected.
    await town.do(ConfirmOutside((await town.debit(second))["obligation_id"], 50_000, date(2026, 3, 5)))
    town.feed()
    assert ((await town.debit(second))["status"], (await town.debit(second))["code"]) == ("cancelled", "paid_otherwise")
    # Of two debits of one obligation one goes.
    third = await town.do(
        ScheduleDebits(town.account_id, (Wanted(bounded, 50_000, date(2026, 3, 10), obligation_id=owed),))
    )
    twin = third["items"][0]["id"]
    town.at("2026-03-09 16:00")
    await town.turn()
    assert sorted([(await town.debit(one))["status"] for one in (switched, twin)]) == ["scheduled", "submitted"]
    town.at("2026-03-11 03:00")
    await town.turn()
    town.at("2026-03-11 16:00")
    await town.turn()
    rows = [await town.debit(one) for one in (switched, twin)]
    assert sorted([(row["status"], row["code"]) for row in rows], key=str) == [
        ("cancelled", "already_paid"),
        ("collected", None),
    ]
    assert await town.collections() == 50_000
    # A suspended mandate brings nothing.
    (last,) = await town.schedule(bounded, on="2026-04-07", amount=10_000)
    await town.do(SuspendMandate(bounded, "a dispute"))
    town.at("2026-04-06 16:00")
    await town.turn()
    row = await town.debit(last)
    assert (row["status"], row["code"], row["next_on"]) == ("failed", "mandate_not_active", None)


async def test_plans_make_a_debit_every_month_and_same_day_files_are_answered_that_day_r113(town: DebitTown) -> None:
    (mandate,) = await town.active(GOOD)
    # 25 April 2026 is a Saturday: collected on Monday the 27th, made 5 business days ahead.
    plan = (await town.do(town.planning(mandate, day=25, first_month="2026-04", last_month="2026-05")))["id"]
    made = []
    for moment in ("2026-04-17 23:00", "2026-04-20 00:00", "2026-05-18 00:00"):
        town.at(moment)
        await town.turn()
        async with town.bench.see() as connection:
            made.append((await debit_queries.plan(connection, plan))["debits"])
    async with town.bench.see() as connection:
        rows = (await debit_queries.debits(connection, town.account_id)).items
    assert made == [0, 1, 2]
    assert [row["collect_on"] for row in rows] == ["2026-05-26", "2026-04-27"]

    (debit,) = await town.schedule(mandate, on="2026-05-19", same_day=True)
    town.at("2026-05-19 11:30")
    await town.turn()
    assert (await town.debit(debit))["batch_id"] == batch_id_of(town.account_id, "same_day", date(2026, 5, 19))
    town.at("2026-05-19 23:00")
    await town.turn()
    assert (await town.debit(debit))["status"] == "collected"

    # The payer ends it: nothing more is collected, and the bank is told with the next file.
    await town.do(CancelMandate(mandate, "payer", "moved"))
    town.at("2026-05-20 11:00")
    await town.turn()
    row = await town.mandate(mandate)
    assert (row["ended_by"], row["end_serial"], row["kept_until"]) == ("payer", 1, date(2031, 5, 19))


async def test_the_institution_refuses_what_comes_too_late_or_is_not_in_order(town: DebitTown) -> None:
    port = town.bench.ports.debits
    file = BatchFile("dbb_test_1", "debits", date(2026, 3, 10), INSTITUTION, b"no file\n")
    town.at("2026-03-09 16:59")
    with pytest.raises(PortRefused, match="not in order"):
        await port.submit_debits(file)
    town.at("2026-03-09 17:00")
    with pytest.raises(PortRefused, match="has passed"):
        await port.submit_debits(file)
    assert (await port.status("dbb_test_1")).status == "absent"
    assert kst("2026-03-09 17:00") == town.clock.at


class Away:
    """An institution that does not answer until it is back."""

    def __init__(self, behind: DirectDebitPort) -> None:
        self.behind = behind
        self.is_away = True

    async def submit_mandates(self, batch: BatchFile) -> FileState:
        self.answer()
        return await self.behind.submit_mandates(batch)

    async def submit_debits(self, batch: BatchFile) -> FileState:
        self.answer()
        return await self.behind.submit_debits(batch)

    async def status(self, key: str) -> FileState:
        self.answer()
        return await self.behind.status(key)

    async def fetch_results(self, after: int) -> tuple[ResultFile, ...]:
        self.answer()
        return await self.behind.fetch_results(after)

    def answer(self) -> None:
        """Raise: PortUnavailable, while it is away."""
        if self.is_away:
            raise PortUnavailable("the institution does not answer", 1)


async def test_a_bill_takes_the_place_of_a_debit_and_a_debit_that_of_a_bill_n7(town: DebitTown) -> None:
    (mandate,) = await town.active(GOOD)
    (debit,) = await town.schedule(mandate)
    obligation_id = (await town.debit(debit))["obligation_id"]
    due = date(2026, 3, 31)
    other = (await town.do(CreateBill(town.account_id, "cst_1", "pyr_1", 49_999, due)))["id"]
    bill = (await town.do(CreateBill(town.account_id, "cst_1", "pyr_1", 50_000, due)))["id"]

    refused = await town.do(SendBillForDebit(other, debit))
    sent = await town.do(SendBillForDebit(bill, debit))
    town.feed()

    assert (refused["code"], refused["left"]) == ("bill_for_another_amount", 50_000)
    assert (sent["obligation_id"], sent["status"]) == (obligation_id, "sent")
    assert (await town.debit(debit))["status"] == "cancelled"
    again = await town.do(ScheduleDebits(town.account_id, (Wanted(mandate, 50_000, due, obligation_id),)))
    paid = await town.do(PayBill(bill, "card"))
    assert (len(again["items"]), paid["obligation_id"]) == (1, obligation_id)


async def test_what_a_debit_brought_does_not_go_back_through_the_gateway(town: DebitTown) -> None:
    (mandate,) = await town.active(GOOD)
    (debit,) = await town.schedule(mandate)
    town.at("2026-03-09 16:00")
    await town.turn()
    town.at("2026-03-11 03:00")
    await town.turn()
    assert (await town.debit(debit))["status"] == "collected"

    refused = await town.do(RefundCollection((await town.debit(debit))["obligation_id"], debit, 1_000, "discount"))

    assert refused["code"] == "refund_not_by_gateway"
