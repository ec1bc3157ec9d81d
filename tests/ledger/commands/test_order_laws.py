"""Laws of orders under anything that may happen to them: no won is lost or made, and facts tell the whole state.

`Shop` checks after every command that order amount = issued + returned + still held, that recipients add up and that
the account's hold is the order's. Here chance drives: commands in any order, most of them out of turn.
"""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregates.account import Account
from aggregates.errors import LedgerError
from aggregates.fact import Stream
from aggregates.ids import stream_id
from aggregates.order import Order
from aggregates.order.parts import NO_LINE
from aggregates.postings import CHART, postings_of
from ledger.command import Command
from ledger.commands.order_endings import EndCoupons
from ledger.commands.order_voids import ApproveVoid, RecordVoided, RejectVoid, RequestVoid
from ledger.commands.order_work import (
    AutoChoose,
    ChooseItem,
    GiveUpRecipients,
    RecordIssued,
    RecordMessages,
    RequestIssue,
    RequestMessages,
    ResendMessages,
)
from ledger.commands.orders import CancelOrder, StartDispatch
from tests.aggregates.orders import line
from tests.aggregates.scenario import kst
from tests.ledger.commands.shop import Shop

MONEY = 3_000_000

LAST = kst("2024-11-28 00:00")
"""No later, so that the month of the order is open: a closed one only records what comes back (SPEC R-019)."""


class Chance:
    """A company whose order meets whatever chance thinks of."""

    def __init__(self, seed: int, mode: str, kind: str) -> None:
        self.random = random = Random(seed)
        self.shop = Shop(MONEY, mode=mode)
        self.shop.refund_rate = 90
        prices = random.sample((990, 4_950, 9_900, 29_700, 3_913), random.randint(2, 4))
        quantities = [random.randint(1, 2) if kind == "general" else 1 for _ in prices]
        self.recipients = random.randint(1, 12)
        self.order_id = self.shop.place(
            tuple(line(price, quantity=count) for price, count in zip(prices, quantities, strict=True)),
            self.recipients,
            kind=kind,
            scheduled_at=kst("2024-11-01 09:00") if random.random() < 0.3 else None,
        )

    def some(self, numbers: list[int]) -> tuple[int, ...]:
        """Return some of the numbers, in any order."""
        return tuple(self.random.sample(numbers, self.random.randint(0, len(numbers)))) if numbers else ()

    def parts(self, numbers: list[int], count: int) -> list[tuple[int, ...]]:
        """Deal some of the numbers to `count` hands and a discard."""
        dealt: list[list[int]] = [[] for _ in range(count + 1)]
        for number in numbers:
            self.random.choice(dealt).append(number)
        return [tuple(hand) for hand in dealt[:count]]

    def issuable(self, item: int) -> tuple[int, tuple[int, ...]]:
        """Return an item and a recipient who waits for it, if there is one."""
        order = self.shop.order(self.order_id)
        who = self.random.randrange(self.recipients)
        if order.kind == "general" or order.chosen[who] == NO_LINE:
            return item, (who,)
        return order.chosen[who], (who,)

    def command(self) -> Command:
        """Think of a command."""
        random, order_id = self.random, self.order_id
        order = self.shop.order(order_id)
        who = self.some(list(range(self.recipients))) or (0,)
        item = random.randrange(len(order.lines))
        coupons = self.some(list(range(len(order.coupons)))) or (0,)
        batch = random.choice(list(order.open_issues) or [1])
        waiting = order.open_issues.get(batch)
        message_batch = random.choice(list(order.open_messages) or [1])
        sent = order.open_messages.get(message_batch)
        used, expired = self.parts(list(coupons[:2]), 2)
        void = random.choice(list(order.open_voids) or [1])
        in_void = order.open_voids.get(void)
        issued, failed = self.parts(list(waiting.recipients) if waiting else [0], 2)
        issued = issued or failed[:1]
        failed = tuple(recipient for recipient in failed if recipient not in issued)
        alimtalk, mms, missed = self.parts(list(sent.recipients) if sent else [0], 3)
        voided, kept = self.parts(list(in_void.coupons) if in_void else [0], 2)
        off_sale = self.some(list(range(len(order.lines))))
        unit = random.randrange(order.lines[item].quantity)
        commands: list[Command] = [
            RequestIssue(order_id, order.issue_batches + 1, item, who, unit),
            RequestIssue(order_id, order.issue_batches + 1, *self.issuable(item), unit),
            RequestIssue(order_id, order.issue_batches + 1, *self.issuable(item), unit),
            RecordIssued(order_id, batch, issued, failed, "sold_out"),
            RecordIssued(order_id, batch, issued, failed, "sold_out"),
            RequestMessages(order_id, order.message_batches + 1, who),
            RequestMessages(order_id, order.message_batches + 1, who[:1]),
            RequestMessages(order_id, order.message_batches + 1, who[:1], "chosen"),
            RecordMessages(order_id, message_batch, alimtalk, mms, missed),
            ResendMessages(order_id, who),
            ChooseItem(order_id, who[0], item, off_sale[:1]),
            ChooseItem(order_id, who[0], item),
            AutoChoose(order_id, who, off_sale),
            GiveUpRecipients(order_id, who, "not_delivered"),
            GiveUpRecipients(order_id, who, "items_gone", off_sale),
            RequestVoid(order_id, coupons[:2], "mistake"),
            ApproveVoid(order_id, void),
            RejectVoid(order_id, void, "no"),
            RecordVoided(order_id, void, voided, kept, "used"),
            EndCoupons(order_id, used, expired, self.shop.refund_rate),
            StartDispatch(order_id),
            StartDispatch(order_id),
        ]
        if random.random() < 0.005:
            commands = [CancelOrder(order_id)]
        return random.choice(commands)

    def live(self, steps: int) -> int:
        """Let so many things be tried; return how many of them happened."""
        happened = 0
        for _ in range(steps):
            if self.random.random() < 0.1 and self.shop.now < LAST:
                self.shop.pass_time(hours=self.random.randint(1, 36))
            try:
                self.shop.do(self.command())
            except LedgerError:
                self.shop.check(self.shop.order(self.order_id))
            else:
                happened += 1
        return happened


@pytest.mark.parametrize("mode", ["prepaid", "postpaid"])
@pytest.mark.parametrize("kind", ["general", "choice"])
@settings(max_examples=80, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_order_amount_is_issued_and_returned_and_held_whatever_happens(mode: str, kind: str, seed: int) -> None:
    chance = Chance(seed, mode, kind)

    chance.live(250)

    shop = chance.shop
    account, order = shop.account(shop.account_id), shop.order(chance.order_id)
    if mode == "prepaid":
        assert account.balance_minor + order.held_minor + order.issued_minor == MONEY
        assert sum(lot.remaining_minor for lot in account.lots) == account.balance_minor
    else:
        assert account.used["2024-10"] == order.held_minor + order.issued_minor
        assert account.receivable_minor == order.issued_minor
    sums = dict.fromkeys(CHART, 0)
    for fact in shop.facts:
        for posting in postings_of(fact):
            sums[posting.account] += posting.amount_minor
    assert sums["liability.coupon_payable"] == -order.issued_minor
    assert sums["liability.prepaid_hold"] == (-order.held_minor if mode == "prepaid" else 0)
    assert_replays(shop)


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_a_copy_of_an_order_lives_on_its_own(seed: int) -> None:
    chance = Chance(seed, "prepaid", "choice")
    chance.live(40)
    order = chance.shop.order(chance.order_id)
    before = state_of(order)

    twin = order.copy()
    chance.shop.streams[order.id] = twin
    chance.live(60)

    assert state_of(order) == before


def test_chance_reaches_the_far_ends() -> None:
    """The random lives above are about something: among a hundred of them every kind of fact occurs."""
    topics: set[str] = set()
    for seed in range(100):
        chance = Chance(seed, "prepaid", "choice" if seed % 2 else "general")
        chance.live(250)
        topics |= {fact.TOPIC for fact in chance.shop.facts}

    assert {topic for topic in topics if topic.startswith("order.")} == {
        kind.TOPIC for kind in vars(Order).values() if isinstance(kind, type) and hasattr(kind, "TOPIC")
    }


def assert_replays(shop: Shop) -> None:
    """Fold all facts from nothing and compare every stream with the one that decided."""
    folded: dict[Any, Stream | None] = {}
    for fact in shop.facts:
        folded[fact.originator_id] = fact.mutate(folded.get(fact.originator_id))
    order = folded[stream_id(shop.orders[0])]
    assert isinstance(order, Order)
    assert state_of(order) == state_of(shop.order(shop.orders[0]))
    account = folded[stream_id(shop.account_id)]
    assert isinstance(account, Account)
    assert account.dump() == shop.account(shop.account_id).dump()


def state_of(order: Order) -> dict[str, Any]:
    """Return all that an order is, by name."""
    values = {name: getattr(order, name) for name in (*Stream.__slots__, *Order.__slots__) if name != "pending"}
    return {
        name: bytes(value) if isinstance(value, bytearray) else dict(value) if isinstance(value, dict) else value
        for name, value in values.items()
    } | {"excluded": order._excluded.tolist(), "reached": order._reached.tolist(), "tried": order._attempted.tolist()}
