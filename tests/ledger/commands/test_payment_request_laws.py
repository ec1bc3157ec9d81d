"""Laws of payment requests under anything that may happen to them: paid is what is paid, and no won is lost or made.

`Book` checks with every command that a refusal has recorded nothing and that every entry balances. Here chance drives:
both sides, the gateway and the clock do what they like, most of it out of turn.
"""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from aggregates.collecting.obligation import Obligation
from aggregates.collecting.payment_request import PaymentRequest
from aggregates.collecting.payment_request_parts import Terms
from aggregates.dates import business_date
from aggregates.errors import LedgerError
from aggregates.fact import Fact, Stream
from ledger.command import Command
from ledger.commands.collecting.obligations import ConfirmOutside, FinishCollectionRefund, RefundCollection
from ledger.commands.collecting.payment_requests import (
    AcceptPaymentRequest,
    ExpirePaymentRequest,
    RejectPaymentRequest,
    RevisePaymentRequest,
    SendPaymentRequest,
    WithdrawPaymentRequest,
)
from ledger.commands.collecting.request_amendments import (
    AcceptAmendment,
    ProposeAmendment,
    RejectAmendment,
    WithdrawAmendment,
)
from ledger.commands.collecting.request_money import MarkRequestOverdue, PayPaymentRequest
from ledger.commands.payments import FailPayment, SettlePayment, TakePaymentBack
from ledger.commands.standing import OpenAccount
from tests.ledger.commands.book import Book

AMOUNTS = (100, 250, 400, 600, 1_000)


class Chance:
    """Two sides of one request, and what chance does to it."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.book = Book("2024-11-01 12:00")
        self.payee = self.book.ask(OpenAccount("Harbour Tea House", "prepaid", "KRW", None, 0))["id"]
        self.payer = self.book.ask(OpenAccount("Blue Kite Trading", "prepaid", "KRW", None, 0))["id"]
        command = SendPaymentRequest(self.payee, self.payer, None, self.terms(30), None, 30)
        self.request_id = self.book.ask(command)["id"]
        self.payments: list[str] = []
        if self.random.random() < 0.8:
            self.book.do(AcceptPaymentRequest(self.request_id, self.payer, 1, "account"))

    def terms(self, days: int | None = None) -> Terms:
        days = self.random.randint(0, 40) if days is None else days
        due_on = business_date(self.book.now) + timedelta(days=days)
        return Terms(self.random.choice(AMOUNTS), due_on, None, ())

    @property
    def request(self) -> PaymentRequest:
        return self.book.stream(PaymentRequest, self.request_id)

    @property
    def obligation(self) -> Obligation | None:
        name = self.request.obligation_id
        return self.book.stream(Obligation, name) if name else None

    def command(self) -> Command:
        random, request_id = self.random, self.request_id
        by = random.choice((self.payee, self.payer, self.payer))
        side: Any = "payee" if by == self.payee else "payer"
        number, amount = self.request.amendments, random.choice(AMOUNTS)
        payment = random.choice(self.payments) if self.payments else "pay_0000000000000000000"
        owed = self.request.obligation_id or "obl_0000000000000000000"
        paid = self.obligation.payments.values() if self.obligation else ()
        refund = next((each.refund_id for each in paid if each.refund_id), "")
        commands: tuple[Command, ...] = (
            AcceptPaymentRequest(request_id, by, self.request.version_number, "account"),
            RejectPaymentRequest(request_id, by, self.request.version_number, "other", "wrd_1", "account"),
            RevisePaymentRequest(request_id, by, self.terms()),
            WithdrawPaymentRequest(request_id, by),
            ExpirePaymentRequest(request_id),
            MarkRequestOverdue(request_id),
            ProposeAmendment(request_id, by, side, self.terms(), "account"),
            ProposeAmendment(request_id, by, side, self.terms(), "account"),
            AcceptAmendment(request_id, by, side, number, "account"),
            AcceptAmendment(request_id, by, side, number, "account"),
            RejectAmendment(request_id, by, side, number, "other", "wrd_1", "account"),
            WithdrawAmendment(request_id, by, side, number, "account"),
            *[PayPaymentRequest(request_id, by, amount, "card") for _ in range(4)],
            *[SettlePayment(payment) for _ in range(3)],
            FailPayment(payment, "declined"),
            TakePaymentBack(payment, amount),
            ConfirmOutside(owed, amount, business_date(self.book.now)),
            RefundCollection(owed, payment, amount, "agreed"),
            FinishCollectionRefund(owed, payment, refund),
        )
        return random.choice(commands)

    def step(self) -> None:
        if self.random.random() < 0.1:
            self.book.pass_time(days=self.random.randint(1, 20))
        command = self.command()
        try:
            answer = self.book.ask(command)
        except LedgerError:
            return
        if isinstance(command, PayPaymentRequest):
            self.payments.append(answer["id"])

    def check(self) -> None:
        request, due = self.request, self.obligation
        account = self.book.account(self.payee)
        if due is None:
            assert (request.paid_on, account.collections_minor, account.payer_credit_minor) == (None, 0, 0)
            return
        assert (request.paid_on is not None) == due.is_paid, "it is paid when all that is owed is, and only then"
        assert due.due_minor == request.terms.amount_minor
        assert account.payer_credit_minor == due.credit_minor >= 0
        moved = due.paid_minor - due.confirmed_minor - due.refunded_minor
        assert account.collections_minor == moved, "what was collected is what counts and has not gone back"

    def replayed(self, stream: Stream) -> Any:
        made: Any = None
        for fact in self.book.facts:
            if fact.originator_id == stream.id:
                made = fact.mutate(made)
        return made


def state(stream: Stream) -> dict[str, Any]:
    slots = [name for kind in type(stream).__mro__ for name in getattr(kind, "__slots__", ())]
    return {name: getattr(stream, name) for name in slots if name != "pending"}


@settings(max_examples=300, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_whatever_both_sides_and_the_gateway_do_paid_is_what_is_paid_r101_r102(seed: int) -> None:
    chance = Chance(seed)

    for _ in range(60):
        chance.step()
        chance.check()

    for stream in (chance.request, chance.obligation):
        if stream is not None:
            assert state(chance.replayed(stream)) == state(stream)


def test_chance_gets_everywhere() -> None:
    topics: set[str] = set()
    for seed in range(150):
        chance = Chance(seed)
        for _ in range(80):
            chance.step()
        topics |= {fact.TOPIC for fact in chance.book.facts}

    mine = {kind.TOPIC for kind in vars(PaymentRequest).values() if isinstance(kind, type) and issubclass(kind, Fact)}
    assert mine - topics == {"payment_request.bound"}, "the payer here is an account, and needs no link"
    assert {"account.payer_credited", "account.payer_credit_refunded", "obligation.reversed"} <= topics
