"""A short round of kills while money is collected and paid out, and plants that each of its checkers must find."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from aggregates.fact import Fact
from faults.__main__ import own_folder
from faults.collected import Outside, check_collected
from faults.collections import play_collections, section
from ledger.commands.collecting.obligations import FinishCollectionRefund, RefundCollection
from ledger.commands.collecting.payment_links import IssuePaymentLink, PayByLink
from ledger.commands.collecting.payout_links import (
    IssuePayoutLink,
    PayPayoutLink,
    RecordHolderCheck,
    SubmitPayoutDetails,
)
from ledger.commands.collecting.payout_money import FinishPayout, StartPayout
from ledger.commands.collecting.withdrawals import ApproveWithdrawal, PayWithdrawal, RequestWithdrawal
from ledger.commands.payments import SettlePayment
from ledger.commands.standing import OpenAccount
from tests.ledger.commands.book import Book


def test_a_killed_worker_collects_and_pays_out_nothing_twice() -> None:
    with own_folder() as folder:
        played = asyncio.run(play_collections(Path(folder), kills=2, size=3, debitors=0, seed=5))

    assert {count.code: count.damage for count in played.counts} == {count.code: 0 for count in played.counts}
    assert (played.kills, played.waves >= 1) == (2, True)
    assert played.payments > 8
    assert played.transfers > 0
    assert "| K5 pay-out links and withdrawals that were paid twice | 0 of " in section(played)


class Played:
    """A ledger on which 50,000 were collected and 20,000 given back, 10,000 withdrawn and 30,000 paid out by a link.

    Attributes:
        facts: of that. outside: what gateway and bank have of it.
    """

    def __init__(self) -> None:
        self.book = book = Book()
        account_id = book.ask(OpenAccount("Blue Kite", "prepaid", "KRW", None, 0))["id"]
        until = book.now.date() + timedelta(days=3)
        link = book.ask(IssuePaymentLink(account_id, 50_000, until, "Asia/Seoul"))
        self.payment = self._paid(PayByLink(link["id"], None, "card"))
        back = book.ask(RefundCollection(link["obligation_id"], self.payment, 20_000, "discount"))["id"]
        book.do(FinishCollectionRefund(link["obligation_id"], self.payment, back))
        self.withdrawal = book.ask(RequestWithdrawal(account_id, 10_000, "Harbour Bank", "dst_1"))["id"]
        book.by("second").do(ApproveWithdrawal(self.withdrawal))
        book.do(PayWithdrawal(self.withdrawal, self.withdrawal))
        self.link = book.ask(IssuePayoutLink(account_id, 30_000, "pye_1"))["id"]
        book.do(SubmitPayoutDetails(self.link, "account", "pyd_1"))
        book.do(RecordHolderCheck(self.link, 1, "full"))
        funding = self._paid(PayPayoutLink(self.link, 1, "transfer"))
        for step in (StartPayout(self.link), FinishPayout(self.link, 1)):
            book.do(step)
        self.outside = Outside(
            payments=[_payment(self.payment, "card", 50_000), _payment(funding, "transfer", 30_000)],
            cancels=[{"key": back, "payment_key": self.payment, "amount": 20_000, "status": "done", "asked": 1}],
            transfers=[_transfer(self.withdrawal, 10_000), _transfer(f"{self.link}:payout:1", 30_000)],
            deposits=[],
            taken_back=[],
            files=[],
        )

    def _paid(self, command: Any) -> str:
        answered = self.book.ask(command)
        payment_id: str = answered.get("payment_id") or answered["id"]
        self.book.do(SettlePayment(payment_id))
        return payment_id

    def damage(self) -> dict[str, int]:
        """Return code -> damage, of those that have found any."""
        return {count.code: count.damage for count in check_collected(self.book.facts, self.outside) if count.damage}

    def again(self, topic: str) -> None:
        """Plant a second fact like the one of a topic."""
        self.book.facts.append(self.fact(topic))

    def without(self, topic: str) -> None:
        """Leave a fact out."""
        self.book.facts.remove(self.fact(topic))

    def fact(self, topic: str) -> Fact:
        """Return the first fact of a topic."""
        return next(fact for fact in self.book.facts if topic == fact.TOPIC)


def _payment(key: str, method: str, amount: int) -> dict[str, Any]:
    return {"key": key, "method": method, "amount": amount, "status": "done", "asked": 1, "captured": 1}


def _transfer(key: str, amount: int) -> dict[str, Any]:
    return {"key": key, "amount": amount, "asked": 1, "paid": True, "returned": False}


def _file(whole: int, parts: int) -> dict[str, Any]:
    return {"key": "dbb_1", "whole": whole, "parts": parts, "returns": 0, "asked": 1}


def _change(name: str, index: int, **values: Any) -> Callable[[Played], None]:
    return lambda played: getattr(played.outside, name)[index].update(values)


def _add(name: str, row: Callable[[Played], dict[str, Any]]) -> Callable[[Played], None]:
    return lambda played: getattr(played.outside, name).append(row(played))


def test_money_that_moved_once_has_no_damage_and_everything_was_looked_at() -> None:
    played = Played()

    found = [
        (count.code, count.damage, count.looked_at) for count in check_collected(played.book.facts, played.outside)
    ]

    assert found == [
        ("K1", 0, 2),
        ("K2", 0, 2),
        ("K3", 0, 5),
        ("K4", 0, 2),
        ("K5", 0, 2),
        ("K6", 0, 7),
        ("K7", 0, 1),
        ("K8", 0, 3),
    ]


@pytest.mark.parametrize(
    ("plant", "found"),
    [
        (_add("payments", lambda _: _payment("pay_unknown", "card", 700)), {"K1": 1, "K8": 1}),
        (_change("payments", 0, status="canceled"), {"K1": 1, "K2": 1, "K8": 1}),
        (_change("cancels", 0, status="refused"), {"K1": 1, "K8": 1}),
        (_add("cancels", lambda p: p.outside.cancels[0] | {"key": "rfc_again"}), {"K1": 1, "K8": 1}),
        (_add("taken_back", lambda p: {"key": p.payment, "amount": 500}), {"K1": 1, "K8": 1}),
        (_add("deposits", lambda p: {"key": p.payment, "amount": 500}), {"K1": 1, "K8": 1}),
        (_add("files", lambda _: _file(30_000, 5_000)), {"K1": 1, "K8": 1}),
        (_add("files", lambda _: _file(30_000, 5_000) | {"returns": 35_000, "asked": 2}), {"K3": 1}),
        (_change("payments", 0, captured=2), {"K3": 1}),
        (_change("transfers", 0, asked=2), {"K3": 1}),
        (_change("transfers", 0, paid=False), {"K4": 1, "K8": 1}),
        (_change("transfers", 1, returned=True), {"K4": 1, "K8": 1}),
        (_add("transfers", lambda p: _transfer(f"{p.link}:payout:2", 30_000)), {"K4": 1, "K5": 1, "K8": 1}),
        (lambda p: p.again("account.withdrawal_paid"), {"K4": 1, "K8": 1}),
        (lambda p: p.again("withdrawal.approved"), {"K6": 1, "K7": 1}),
        (lambda p: p.without("obligation.refunded"), {"K1": 1, "K6": 1, "K7": 1}),
        (lambda p: p.without("account.collected"), {"K8": 1}),
    ],
    ids=[
        "a payment that nobody knows",
        "collected and not taken",
        "refunded and not given back",
        "given back twice",
        "taken back and not recorded",
        "paid in and not recorded",
        "debited and not recorded",
        "a file that was sent twice",
        "taken twice",
        "told twice",
        "withdrawn and not paid",
        "sent back and not recorded",
        "paid to other details as well",
        "withdrawn twice",
        "never paid",
        "never refunded",
        "not in the books",
    ],
)
def test_a_planted_won_is_found_by_its_checker(plant: Callable[[Played], None], found: dict[str, int]) -> None:
    played = Played()

    plant(played)

    assert played.damage() == found


def test_a_payment_without_a_result_for_more_than_a_day_is_found() -> None:
    played = Played()
    account_id = played.book.ask(OpenAccount("Red Kite", "prepaid", "KRW", None, 0))["id"]
    until = played.book.now.date() + timedelta(days=9)
    links = [played.book.ask(IssuePaymentLink(account_id, 9_000, until, "Asia/Seoul"))["id"] for _ in range(2)]
    late, in_time = (played.book.ask(PayByLink(link_id, None, "card"))["id"] for link_id in links)
    played.book.pass_time(days=1).do(SettlePayment(in_time))
    played.book.pass_time(seconds=1).do(SettlePayment(late))
    paid = [*played.outside.payments, _payment(late, "card", 9_000), _payment(in_time, "card", 9_000)]
    played.outside = played.outside._replace(payments=paid)

    assert played.damage() == {"K6": 1}


def test_days_that_were_leapt_over_while_nothing_was_seen_to_be_under_way_are_no_delay() -> None:
    played = Played()
    account_id = played.book.ask(OpenAccount("Red Kite", "prepaid", "KRW", None, 0))["id"]
    begun = played.book.now
    link = played.book.ask(IssuePaymentLink(account_id, 9_000, begun.date() + timedelta(days=9), "Asia/Seoul"))
    late = played.book.ask(PayByLink(link["id"], None, "card"))["id"]
    played.book.pass_time(days=3).do(SettlePayment(late))
    paid = [*played.outside.payments, _payment(late, "card", 9_000)]
    outside = played.outside._replace(payments=paid)

    damage = [
        sum(count.damage for count in check_collected(played.book.facts, outside, [(begun, begun + timedelta(days))]))
        for days in (0, 1, 2)
    ]

    assert damage == [1, 1, 0]
