"""Laws of money that is collected, withdrawn and paid out, after any sequence of commands in any order.

Each book of an account is what its postings say; payers' credit and what is held for pay-outs never fall below zero,
what is collected only after something was taken back or what was due was lowered; a pay-out is never both made and
given back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from aggregates.account import Account
from aggregates.collecting.obligation import Obligation
from aggregates.collecting.payout_link import PayoutLink
from aggregates.collecting.withdrawal import Withdrawal
from aggregates.errors import LedgerError
from aggregates.fact import FACTS, Fact
from aggregates.payment import Payment
from aggregates.postings import chart, postings_of
from ledger.command import Command
from ledger.commands.charges import SettleReceivable
from ledger.commands.collecting.obligations import (
    ConfirmOutside,
    FailCollectionRefund,
    FinishCollectionRefund,
    RefundCollection,
    StartCollection,
)
from ledger.commands.collecting.payout_links import (
    ApprovePayout,
    CancelPayoutLink,
    ExpirePayoutLink,
    IssuePayoutLink,
    PayPayoutLink,
    RecordHolderCheck,
    RefundPayoutLink,
    RejectPayout,
    SubmitPayoutDetails,
)
from ledger.commands.collecting.payout_money import FailPayoutAttempt, FinishPayout, ReturnPaidPayout, StartPayout
from ledger.commands.collecting.withdrawals import (
    ApproveWithdrawal,
    FailWithdrawal,
    PayWithdrawal,
    RejectWithdrawal,
    RequestWithdrawal,
    ReturnWithdrawal,
)
from ledger.commands.payments import FailPayment, SettlePayment, TakePaymentBack
from ledger.commands.standing import CloseAccount, OpenAccount
from tests.ledger.commands.book import Book
from tests.ledger.test_laws import check_replay
from tests.projections.town_collections import Ask, ChangeDue, CollectDebits

STEPS = 160
AMOUNTS = (1_000, 12_345, 30_000, 50_000)


class Walk:
    """A random walk: a book with one account, and what the next step may name."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)
        self.book = Book()
        self.account_id: str = self.book.ask(OpenAccount("Blue Kite", "prepaid", "KRW", None, 0))["id"]

    @property
    def account(self) -> Account:
        return self.book.account(self.account_id)

    @property
    def amount(self) -> int:
        return self.chance.choice(AMOUNTS)

    def one(self, kind: type[Any]) -> Any:
        """Return one of the things of a kind; a blank one where there are none."""
        found = [stream for stream in self.book.streams.values() if isinstance(stream, kind) and stream.version]
        return self.chance.choice(found[-self.chance.choice((1, 1, 4, len(found))) :]) if found else None

    def step(self) -> None:
        """Try one thing; what a rule refuses has changed nothing."""
        if self.chance.random() < 0.05:
            self.book.pass_time(days=self.chance.choice((1, 8)))
        self.book.by("key_tester", self.chance.choice(("mina", "joon")))
        name = self.chance.choices(list(BUILD), [WEIGHTS.get(name, 2) for name in BUILD])[0]
        kinds, build = BUILD[name]
        things = [self.one(kind) for kind in kinds]
        if any(thing is None for thing in things):
            return
        try:
            self.book.do(build(self, *things))
        except LedgerError:
            return


def _refund(walk: Walk, due: Obligation, kind: type[Any], *more: Any) -> Command:
    going = [
        (each.obligation_id, payment_id, paid.refund_id)
        for each in walk.book.streams.values()
        if isinstance(each, Obligation)
        for payment_id, paid in each.payments.items()
        if paid.refund_id
    ]
    named = walk.chance.choice(going) if going else (due.obligation_id, "pay_none", "rfc_none")
    command: Command = kind(*named, *more)
    return command


def _paid_of(walk: Walk, due: Obligation) -> str:
    return walk.chance.choice([*due.payments, "pay_none"])


BUILD: dict[str, tuple[tuple[type[Any], ...], Callable[..., Command]]] = {
    "ask": ((), lambda w: Ask(w.account_id, w.amount)),
    "change": ((Obligation,), lambda w, due: ChangeDue(due.obligation_id, w.amount)),
    "start": ((Obligation,), lambda w, due: StartCollection(due.obligation_id, w.amount, "card", "walk")),
    "pay all": (
        (Obligation,),
        lambda w, due: StartCollection(due.obligation_id, due.outstanding_minor or 1, "transfer", "walk"),
    ),
    "settle": ((Payment,), lambda w, payment: SettlePayment(payment.payment_id)),
    "decline": ((Payment,), lambda w, payment: FailPayment(payment.payment_id, "declined")),
    "take back": (
        (Payment,),
        lambda w, payment: TakePaymentBack(payment.payment_id, w.chance.choice((payment.amount_minor, 500))),
    ),
    "confirm": ((Obligation,), lambda w, due: ConfirmOutside(due.obligation_id, w.amount, w.book.now.date())),
    "give back": (
        (Obligation,),
        lambda w, due: RefundCollection(due.obligation_id, _paid_of(w, due), 1_000, "discount"),
    ),
    "given back": ((Obligation,), lambda w, due: _refund(w, due, FinishCollectionRefund)),
    "not given back": ((Obligation,), lambda w, due: _refund(w, due, FailCollectionRefund, "refused")),
    "debits": ((), lambda w: CollectDebits(w.account_id, w.amount)),
    "withdraw": ((), lambda w: RequestWithdrawal(w.account_id, w.amount, "Harbour Bank", "dst_1")),
    "approve withdrawal": ((Withdrawal,), lambda w, out: ApproveWithdrawal(out.withdrawal_id)),
    "reject withdrawal": ((Withdrawal,), lambda w, out: RejectWithdrawal(out.withdrawal_id, "not now")),
    "withdrawn": ((Withdrawal,), lambda w, out: PayWithdrawal(out.withdrawal_id, "key")),
    "not withdrawn": ((Withdrawal,), lambda w, out: FailWithdrawal(out.withdrawal_id, "account_closed")),
    "withdrawal returned": ((Withdrawal,), lambda w, out: ReturnWithdrawal(out.withdrawal_id, "key", "unreachable")),
    "issue": (
        (),
        lambda w: IssuePayoutLink(w.account_id, w.amount, "pye_1", approval=w.chance.random() < 0.2),
    ),
    "details": ((PayoutLink,), lambda w, link: SubmitPayoutDetails(link.payout_link_id, "account", "pyd_1")),
    "holder": ((PayoutLink,), lambda w, link: RecordHolderCheck(link.payout_link_id, link.version_submitted, "full")),
    "approve": ((PayoutLink,), lambda w, link: ApprovePayout(link.payout_link_id, link.version_submitted)),
    "reject": ((PayoutLink,), lambda w, link: RejectPayout(link.payout_link_id, link.version_submitted, "unknown")),
    "fund": (
        (PayoutLink,),
        lambda w, link: PayPayoutLink(
            link.payout_link_id, max(1, link.version_submitted - (w.chance.random() < 0.1)), "card"
        ),
    ),
    "pay out": ((PayoutLink,), lambda w, link: StartPayout(link.payout_link_id)),
    "paid out": ((PayoutLink,), lambda w, link: FinishPayout(link.payout_link_id, link.attempt)),
    "not paid out": ((PayoutLink,), lambda w, link: FailPayoutAttempt(link.payout_link_id, link.attempt, "closed")),
    "returned": ((PayoutLink,), lambda w, link: ReturnPaidPayout(link.payout_link_id, link.attempt, "unreachable")),
    "refund": ((PayoutLink,), lambda w, link: RefundPayoutLink(link.payout_link_id, "not wanted")),
    "cancel": ((PayoutLink,), lambda w, link: CancelPayoutLink(link.payout_link_id, "not wanted")),
    "expire": ((PayoutLink,), lambda w, link: ExpirePayoutLink(link.payout_link_id)),
    "owing": ((), lambda w: SettleReceivable(w.account_id, max(1, w.account.member_receivable_minor // 2), None)),
    "close": ((), lambda w: CloseAccount(w.account_id, "done")),
}
"""Step -> the kinds of things that it names, and its command; most come at a time when a rule refuses them."""

WEIGHTS = {
    "settle": 16, "fund": 20, "holder": 14, "details": 12, "pay out": 14, "paid out": 10, "not paid out": 8,
    "pay all": 6, "given back": 8, "not given back": 5, "refund": 12, "take back": 4, "reject": 2, "approve": 4,
    "issue": 3, "cancel": 1, "expire": 1, "close": 1, "decline": 1, "confirm": 1, "withdraw": 3,
}  # fmt: skip


def check_state(walk: Walk) -> None:
    """What must hold of the account at every version."""
    account = walk.account
    links = [stream for stream in walk.book.streams.values() if isinstance(stream, PayoutLink)]
    assert min(account.payer_credit_minor, account.payout_hold_minor, account.member_receivable_minor) >= 0
    assert min(account.withdrawing_minor, account.refunding_minor) >= 0
    assert account.payout_hold_minor == sum(link.held_minor for link in links)
    assert all(0 <= link.held_minor <= link.amount_minor and link.owing_minor >= 0 for link in links)
    if account.collections_minor < 0:
        # It had been withdrawn when it was taken back, or when the payee lowered what was due: the account owes it.
        assert any(
            isinstance(fact, Account.CollectionReversed)
            or (isinstance(fact, Account.CollectionRefunded) and fact.method == "payer_credit")
            for fact in walk.book.facts
        )
    if account.status == "closed":
        assert account.withdrawing_minor == 0


def check_books(walk: Walk) -> None:
    """The double entry ties to the account's state and sums to zero; each link's money went one way."""
    account, sums = walk.account, Counter[str]()
    for fact in walk.book.facts:
        for posting in postings_of(fact):
            sums[posting.account] += posting.amount_minor
    assert sum(sums.values()) == sums[chart.TRANSFER] == 0
    assert sums[chart.COLLECTIONS] == -account.collections_minor
    assert sums[chart.PAYERS_CREDIT] == -account.payer_credit_minor
    assert sums[chart.PAYOUT_HOLD] == -account.payout_hold_minor
    assert sums[chart.WITHDRAWAL_PAYABLE] == -account.withdrawing_minor
    assert sums[chart.MEMBER_RECEIVABLE] == account.member_receivable_minor
    for link in (stream for stream in walk.book.streams.values() if isinstance(stream, PayoutLink)):
        check_link(link, walk.book.facts)


def check_link(link: PayoutLink, facts: Iterable[Fact]) -> None:
    """What was funded of a link is held, paid out, given back, or was taken back: never twice, never lost."""
    of_link = [fact for fact in facts if getattr(fact, "payout_link_id", None) == link.payout_link_id]

    def total(*kinds: type[Fact]) -> int:
        return sum(getattr(fact, "amount_minor", 0) for fact in of_link if isinstance(fact, kinds))

    funded, paid = total(Account.PayoutFunded), total(Account.PayoutPaid) - total(Account.PayoutReturned)
    refunded, offset = total(Account.PayoutRefunded), total(Account.PayoutHoldApplied)
    reversed_ = sum(fact.from_hold_minor for fact in of_link if isinstance(fact, Account.PayoutFundingReversed))
    assert funded in (0, link.amount_minor)
    assert paid in (0, link.amount_minor)
    assert link.held_minor == funded - paid - refunded - reversed_ - offset >= 0
    assert not (paid and refunded), "paid to the payee or given back to the creator, never both"


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_collected_and_held_money_is_conserved_whatever_is_asked(seed: int) -> None:
    walk = Walk(seed)

    for _ in range(STEPS):
        walk.step()
        check_state(walk)

    check_books(walk)
    check_replay(walk.book)


def test_the_walk_reaches_every_fact_of_these_books() -> None:
    reached: Counter[str] = Counter()
    for seed in range(200):
        walk = Walk(seed)
        for _ in range(STEPS):
            walk.step()
        reached.update(fact.TOPIC for fact in walk.book.facts)

    own = {topic for topic, kind in FACTS.items() if topic.startswith("account.") and kind.__module__ in MODULES}
    assert len(own) > 15
    assert own - set(reached) == set()
    assert {topic for topic in FACTS if topic.startswith("payout_link.")} - set(reached) == set()


MODULES = {f"aggregates.account.{name}" for name in ("collections", "payout_funds", "withdrawals")}
