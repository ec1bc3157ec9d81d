"""Money that is asked for: every magic amount ends in money that moved once, and a journal that balances (SPEC 13)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, ClassVar, cast
from uuid import uuid4

import pytest

from aggregates.collecting.obligation_facts import ObligationOpened
from aggregates.collecting.obligation_parts import Source
from aggregates.fact import Fact, Stamp
from ledger.command import ANSWERS, Answer, Streams, answer
from ledger.commands.collecting.giving_up import CloseCollection, GiveUpCollection
from ledger.commands.collecting.obligations import (
    ConfirmOutside,
    Method,
    RefundCollection,
    StartCollection,
    open_obligation,
)
from ledger.commands.collecting.payment_links import IssuePaymentLink, PayByLink
from ledger.ports.errors import PortUnavailable
from ledger.ports.sandbox.gateway import SandboxGateway
from ledger.ports.sandbox.scenarios import counted, set_rates
from ledger.ports.sandbox.state import SandboxState
from projections import obligations
from scheduler.jobs import EXPIRE_COLLECTIONS, fire
from scheduler.reactions import collections, payments
from scheduler.reactions.bench import Bench
from scheduler.reactions.payments import NET_CANCEL_S
from tests.ledger.desk import SetClock, account_with, do
from tests.scheduler.reactions.conftest import Feed

pytestmark = pytest.mark.anyio


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask for something in the name of a source that has no rules of its own."""

    ANSWER: ClassVar[str] = "test-obligation/1"

    account_id: str
    due_minor: int | None
    parts: bool = False

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Obligation.Opened`."""
        streams.account(self.account_id)
        open_obligation(
            streams, stamp, account_id=self.account_id, source=cast("Source", "test"), source_id="tst_1",
            due_minor=self.due_minor, due_on=date(2026, 3, 31), parts=self.parts, minimum_minor=1_000,
        )  # fmt: skip


if "test-obligation/1" not in ANSWERS:

    @answer("test-obligation/1")
    def asked(facts: Sequence[Fact]) -> Answer:
        """Answer with the obligation's id."""
        (fact,) = facts
        assert isinstance(fact, ObligationOpened)
        return Answer(201, {"id": fact.obligation_id})


class Counter:
    """One payee, one thing that is due, and what the books and the gateway say of it."""

    def __init__(self, bench: Bench, feed: Feed, state: SandboxState, clock: SetClock) -> None:
        self.bench, self.feed, self.state, self.clock = bench, feed, state, clock
        self.gateway = SandboxGateway(state)
        self.account_id = self.obligation_id = ""
        self.number = 0

    async def ask(self, due_minor: int | None, *, parts: bool = False) -> None:
        self.account_id = self.account_id or await account_with(self.bench.engine, 0, f"Blue Kite {uuid4()}")
        self.obligation_id = (await self.do(Ask(self.account_id, due_minor, parts)))["id"]

    async def do(self, command: Any) -> dict[str, Any]:
        self.number += 1
        return await do(self.bench.engine, command, f"{self.account_id}:{self.number}")

    async def start(self, amount_minor: int, method: Method = "card") -> dict[str, Any]:
        return await self.do(StartCollection(self.obligation_id, amount_minor, method, "link"))

    async def pay(self, amount_minor: int, method: Method = "card") -> str:
        started = await self.start(amount_minor, method)
        assert started["status"] == "pending", started
        await self.react()
        payment_id: str = started["id"]
        return payment_id

    async def react(self, rounds: int = 5) -> None:
        for _ in range(rounds):
            self.feed()
            await payments.react(self.bench)
            await collections.react(self.bench)
        self.feed()

    async def shown(self) -> dict[str, Any]:
        async with self.bench.see() as connection:
            return await obligations.one(connection, self.obligation_id)

    async def journal(self) -> dict[str, int]:
        """Return ledger account -> balance; the sum of all is zero."""
        async with self.bench.see() as connection:
            cursor = await connection.execute("SELECT account, sum(amount_minor)::bigint FROM view_journal GROUP BY 1")
            sums = {row[0]: row[1] for row in await cursor.fetchall()}
        assert sum(sums.values()) == 0
        return {name: minor for name, minor in sums.items() if minor}

    async def books(self) -> tuple[int, int]:
        """Return the account's collections and its payers' credit, in minor units."""
        account = (await self.bench.engine.account(self.account_id)).account
        return account.collections_minor, account.payer_credit_minor

    async def asked(self, kind: str) -> list[dict[str, Any]]:
        return await counted(self.state, kind, "", "", 100)


@pytest.fixture
def counter(bench: Bench, feed: Feed, state: SandboxState, clock: SetClock) -> Counter:
    return Counter(bench, feed, state, clock)


@pytest.mark.parametrize("method", ["card", "transfer"])
async def test_collected_50_000_is_owed_to_the_payee_once_it_has_settled(counter: Counter, method: Method) -> None:
    """SPEC 14: collected by link, bill, debit, request or unit 50,000."""
    await counter.ask(50_000)
    await counter.start(50_000, method)
    counter.feed()
    before = await counter.shown()

    await counter.react()

    assert (before["status"], before["pending"], before["paid"]) == ("pending", 50_000, 0)
    shown = await counter.shown()
    assert (shown["status"], shown["outstanding"], shown["pending"]) == ("paid", 0, 0)
    assert await counter.books() == (50_000, 0)
    assert await counter.journal() == {f"asset.gateway_receivable.{method}": 50_000, "liability.collections": -50_000}


async def test_a_request_of_1_000_000_is_paid_in_two_parts(counter: Counter) -> None:
    await counter.ask(1_000_000, parts=True)

    await counter.pay(400_000)
    half = await counter.shown()
    await counter.pay(600_000)

    assert (half["status"], half["outstanding"]) == ("partially_paid", 600_000)
    shown = await counter.shown()
    assert (shown["status"], [payment["counted"] for payment in shown["payments"]]) == ("paid", [400_000, 600_000])


async def test_a_payment_that_another_process_has_started_is_over_when_it_is_declined(
    counter: Counter, other: Bench
) -> None:
    """The obligation in the worker's memory is from before the second payment; what it says of that is not believed."""
    await counter.ask(20_001)
    await counter.pay(20_001)
    start = StartCollection(counter.obligation_id, 20_001, "card", "link")
    again = await do(other.engine, start, f"{counter.account_id}:again")

    await counter.react()

    shown = await counter.shown()
    assert (shown["status"], shown["pending"], shown["outstanding"]) == ("unpaid", 0, 20_001)
    assert [payment["status"] for payment in shown["payments"]] == ["failed", "failed"]
    assert (await counter.start(20_001))["status"] == "pending" == again["status"]


async def test_a_use_of_a_link_that_another_process_has_started_is_free_again_when_it_is_declined(
    counter: Counter, other: Bench
) -> None:
    """So with the uses of a link (SPEC R-130): one that failed is free again, whoever has started it."""
    counter.account_id = await account_with(counter.bench.engine, 0, f"Blue Kite {uuid4()}")
    until = counter.clock.at.date() + timedelta(days=3)
    link_id = (await counter.do(IssuePaymentLink(counter.account_id, 20_001, until, "Asia/Seoul", max_uses=2)))["id"]
    await counter.do(PayByLink(link_id, None, "card"))
    await counter.react()
    await do(other.engine, PayByLink(link_id, None, "card"), f"{counter.account_id}:again")

    await counter.react()

    async with counter.bench.see() as connection:
        closed = [row["closed"] for row in await obligations.of_source(connection, link_id)]
    assert closed == ["unused", "unused"]
    assert [(await counter.do(PayByLink(link_id, None, "card")))["status"] for _ in range(2)] == ["pending"] * 2


async def test_a_declined_payment_leaves_it_due(counter: Counter) -> None:
    await counter.ask(20_001)

    await counter.pay(20_001)

    shown = await counter.shown()
    assert (shown["status"], shown["pending"]) == ("unpaid", 0)
    assert [(payment["status"], payment["code"]) for payment in shown["payments"]] == [("failed", "declined")]
    assert await counter.journal() == {}


async def test_a_timeout_that_really_succeeded_is_collected_once(counter: Counter) -> None:
    await set_rates(counter.state, {"callback_copies": 3, "callbacks_reversed": True})
    await counter.ask(20_002)

    await counter.pay(20_002)
    await counter.react(rounds=3)

    assert await counter.books() == (20_002, 0)
    assert [(row["asked"], row["captured"]) for row in await counter.asked("payments")] == [(1, 1)]


async def test_r_124_a_second_payer_is_refused_while_one_pays_and_after(counter: Counter) -> None:
    await counter.ask(50_000)
    await counter.start(50_000)

    second = await counter.start(50_000)
    await counter.react()
    third = await counter.start(50_000)

    assert (second["code"], third["code"]) == ("payment_in_flight", "already_paid")
    assert await counter.books() == (50_000, 0)


async def test_a_payment_without_a_result_for_an_hour_is_undone_and_it_can_be_paid_again(counter: Counter) -> None:
    await counter.ask(50_000)
    started = await counter.start(50_000)
    await counter.gateway.authorize(started["id"], 50_000, "KRW", "card")
    counter.clock.at += timedelta(seconds=NET_CANCEL_S)

    await counter.react()

    assert (await counter.shown())["status"] == "unpaid"
    await counter.pay(50_000)
    assert (await counter.shown())["status"] == "paid"
    assert await counter.books() == (50_000, 0)


async def test_a_chargeback_after_30_days_makes_it_due_again(counter: Counter) -> None:
    await counter.ask(50_000)
    payment_id = await counter.pay(50_000)
    counter.clock.advance(days=30)
    await counter.gateway.take_back(payment_id, 50_000, "chargeback")

    await counter.react()

    shown = await counter.shown()
    assert (shown["status"], shown["outstanding"], shown["reversed"]) == ("reversed", 50_000, 50_000)
    assert await counter.books() == (0, 0)
    assert await counter.journal() == {}
    await counter.pay(50_000)
    assert (await counter.shown())["status"] == "paid"


async def test_a_virtual_account_that_gets_too_little_is_credit_and_it_stays_due(counter: Counter) -> None:
    await counter.ask(50_004)
    await counter.pay(50_004, "virtual_account")
    counter.clock.advance(minutes=10)

    await counter.react()

    shown = await counter.shown()
    assert (shown["status"], shown["outstanding"], shown["payer_credit"]) == ("unpaid", 50_004, 50_003)
    assert await counter.books() == (0, 50_003)
    assert (await counter.journal())["liability.payer_credit"] == -50_003


async def test_a_virtual_account_is_collected_when_its_money_is_there(counter: Counter) -> None:
    await counter.ask(50_000)
    await counter.pay(50_000, "virtual_account")
    waiting = await counter.shown()
    counter.clock.advance(minutes=10)

    await counter.react()

    assert (waiting["status"], waiting["paid"]) == ("pending", 0)
    assert (await counter.shown())["status"] == "paid"
    assert await counter.journal() == {
        "asset.gateway_receivable.virtual_account": 50_000,
        "liability.collections": -50_000,
    }


async def test_r_131_money_that_comes_after_the_virtual_account_expired_is_credit(counter: Counter) -> None:
    await counter.ask(50_005)
    await counter.pay(50_005, "virtual_account")
    counter.clock.advance(days=8)
    counter.feed()
    fired = await fire(EXPIRE_COLLECTIONS, counter.bench.database, counter.clock)

    await counter.react()

    assert fired.done == 1
    shown = await counter.shown()
    assert (shown["outstanding"], shown["payer_credit"], shown["pending"]) == (50_005, 50_005, 0)
    assert (await fire(EXPIRE_COLLECTIONS, counter.bench.database, counter.clock)).done == 0


async def test_a_deposit_that_was_in_time_counts_though_it_is_told_late(counter: Counter) -> None:
    await counter.ask(50_000)
    await counter.pay(50_000, "virtual_account")
    counter.clock.advance(days=9)
    counter.feed()
    await fire(EXPIRE_COLLECTIONS, counter.bench.database, counter.clock)

    await counter.react()

    shown = await counter.shown()
    assert (shown["status"], shown["paid_on"]) == ("paid", "2026-03-02")


async def test_a_virtual_account_without_money_is_given_up_and_paid_otherwise_r_116(counter: Counter) -> None:
    await counter.ask(50_000)
    payment_id = await counter.pay(50_000, "virtual_account")
    asked = await counter.do(GiveUpCollection(counter.obligation_id, payment_id))
    again = await counter.do(GiveUpCollection(counter.obligation_id, payment_id))
    counter.feed()
    early, pending = await counter.start(50_000), await counter.shown()

    await counter.react()
    given_up = await counter.shown()
    counter.clock.advance(hours=1)
    await counter.pay(50_000)

    assert (asked["status"], again["code"], early["code"]) == ("giving_up", "payment_not_waiting", "payment_in_flight")
    assert (pending["status"], given_up["status"], given_up["payments"][0]["code"]) == ("pending", "unpaid", "given_up")
    assert (await counter.shown())["status"] == "paid"
    assert await counter.books() == (50_000, 0)
    assert await counter.journal() == {"asset.gateway_receivable.card": 50_000, "liability.collections": -50_000}


async def test_money_that_comes_after_it_was_given_up_is_credit_r_131(counter: Counter) -> None:
    await counter.ask(50_000)
    payment_id = await counter.pay(50_000, "virtual_account")
    await counter.do(GiveUpCollection(counter.obligation_id, payment_id))
    await counter.react()
    counter.clock.advance(hours=1)

    await counter.gateway.pay_in(payment_id, 50_000)
    await counter.react()

    shown = await counter.shown()
    assert (shown["paid"], shown["outstanding"], shown["payer_credit"]) == (0, 50_000, 50_000)
    assert await counter.books() == (0, 50_000)


async def test_money_that_was_there_before_it_is_given_up_counts(counter: Counter) -> None:
    await counter.ask(50_000)
    payment_id = await counter.pay(50_000, "virtual_account")
    counter.clock.advance(minutes=10)

    await counter.do(GiveUpCollection(counter.obligation_id, payment_id))
    await counter.react()

    shown = await counter.shown()
    assert (shown["status"], shown["pending"]) == ("paid", 0)
    assert await counter.books() == (50_000, 0)


async def test_a_gateway_that_does_not_answer_is_asked_again_to_close_a_number(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(*_: Any) -> Any:
        raise PortUnavailable("no answer", 1)

    await counter.ask(50_000)
    payment_id = await counter.pay(50_000, "virtual_account")
    await counter.do(GiveUpCollection(counter.obligation_id, payment_id))
    with monkeypatch.context() as away:
        away.setattr(type(counter.bench.ports.gateway), "close_virtual_account", silent)
        await counter.react(2)
        waiting = await counter.shown()

    await counter.react(2)

    assert (waiting["status"], (await counter.shown())["status"]) == ("pending", "unpaid")


async def test_only_a_payment_that_waits_for_its_deposit_is_given_up(counter: Counter) -> None:
    await counter.ask(50_000)
    by_card = (await counter.start(50_000))["id"]

    pending = await counter.do(GiveUpCollection(counter.obligation_id, by_card))
    unknown = await counter.do(GiveUpCollection(counter.obligation_id, "pay_unknown"))
    unasked = await counter.do(CloseCollection(by_card))

    assert [each["code"] for each in (pending, unknown, unasked)] == [
        "payment_not_waiting",
        "attempt_not_pending",
        "payment_not_waiting",
    ]


async def test_over_payment_of_500_is_the_payers_and_goes_back_when_it_is_asked_for(counter: Counter) -> None:
    """SPEC 14, R-102: over-payment 500."""
    await counter.ask(None)
    payment_id = await counter.pay(50_500)
    counter.clock.advance(days=1)

    refund = await counter.do(RefundCollection(counter.obligation_id, payment_id, 500, "overpaid"))
    pending = await counter.shown() if counter.feed() is None else {}
    await counter.react()

    assert (refund["status"], pending["payments"][0]["refund_pending"]) == ("pending", 500)
    shown = await counter.shown()
    assert (shown["status"], shown["refunded"]) == ("part_refunded", 500)
    assert await counter.books() == (50_000, 0)
    assert [(row["amount"], row["asked"]) for row in await counter.asked("cancels")] == [(500, 1)]


async def test_a_refund_that_the_gateway_refuses_leaves_the_money_where_it_is(counter: Counter) -> None:
    await counter.ask(50_003)
    payment_id = await counter.pay(50_003)

    await counter.do(RefundCollection(counter.obligation_id, payment_id, 1_000, "discount"))
    await counter.react()

    shown = await counter.shown()
    assert (shown["status"], shown["refunded"]) == ("paid", 0)
    assert shown["payments"][0]["refund_code"] == "partial_cancel_unsupported"
    assert await counter.books() == (50_003, 0)


async def test_a_refund_whose_answer_is_lost_is_found_and_done_once(counter: Counter) -> None:
    await counter.ask(20_002)
    payment_id = await counter.pay(20_002)
    await counter.react()

    await counter.do(RefundCollection(counter.obligation_id, payment_id, 20_002, "closed"))
    await counter.react()

    assert (await counter.shown())["status"] == "refunded"
    assert [row["amount"] for row in await counter.asked("cancels")] == [20_002]
    assert await counter.journal() == {}


async def test_r_101_what_the_payee_confirms_is_paid_and_moves_no_money(counter: Counter) -> None:
    await counter.ask(50_000, parts=True)
    await counter.pay(20_000)

    confirmed = await counter.do(ConfirmOutside(counter.obligation_id, 30_000, date(2026, 3, 2)))
    counter.feed()

    assert confirmed["outstanding"] == 0
    shown = await counter.shown()
    assert (shown["status"], shown["confirmed"]) == ("paid", 30_000)
    assert await counter.books() == (20_000, 0)


async def test_what_settles_after_the_payee_has_confirmed_goes_back_by_itself(counter: Counter) -> None:
    """SPEC R-124: the second is refused or refunded by itself."""
    await counter.ask(50_000)
    waiting = await counter.start(50_000, "virtual_account")
    await counter.react(rounds=2)
    counter.clock.advance(days=8)
    counter.feed()
    await fire(EXPIRE_COLLECTIONS, counter.bench.database, counter.clock)
    await counter.do(ConfirmOutside(counter.obligation_id, 50_000, date(2026, 3, 9)))
    await counter.react()

    shown = await counter.shown()
    assert (shown["paid"], shown["payer_credit"]) == (50_000, 50_000)
    assert [payment["id"] for payment in shown["payments"]] == [waiting["id"]]
    assert await counter.asked("cancels") == [], "the payee decides what becomes of money without a way back"


async def test_reacting_again_and_again_changes_nothing(counter: Counter) -> None:
    await counter.ask(50_000)
    payment_id = await counter.pay(50_000)
    await counter.do(RefundCollection(counter.obligation_id, payment_id, 10_000, "discount"))
    await counter.react()
    head = (await counter.bench.engine.account(counter.account_id)).position

    await counter.react()

    assert (await counter.bench.engine.account(counter.account_id)).position == head
