"""Laws that hold after any sequence of commands over two prepaid accounts and a postpaid one.

Money is conserved, the books tie to the state, lots and what is overdrawn add up to the balance, nothing falls below
zero unless an overdraft says so, a refusal changes nothing, and fold, snapshot and copy all give the same state.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from operator import attrgetter
from random import Random

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregates import ids
from aggregates.account import Account
from aggregates.account.billing.months import month_of
from aggregates.account.lots import total
from aggregates.account.snapshot import AccountSnapshot
from aggregates.errors import LedgerError
from aggregates.fact import FACTS, Stream
from aggregates.postings import chart, postings_of
from ledger.command import Command
from ledger.commands.charges import (
    CancelCharge,
    ChargeAccount,
    ChargeBack,
    FailChargeCancellation,
    FinishChargeCancellation,
    SettleReceivable,
    StartChargeCancellation,
)
from ledger.commands.deposits import CreditParkedDeposit, DepositCharge, ExpireDeposit, ReturnParkedDeposit
from ledger.commands.invoices import (
    AdjustInvoice,
    IssueInvoice,
    LiftOverdueBlock,
    PayInvoices,
    PayOutCredit,
    PaySettlement,
)
from ledger.commands.limits import SetCashLimit, SetCreditLimit, SetMemberLimit
from ledger.commands.refunds import (
    CancelRefund,
    ChangeRefundDestination,
    CompleteRefund,
    FailPayout,
    LosePayout,
    RejectRefund,
    RequestRefund,
    ReturnPayout,
    ReviewRefund,
    StartPayout,
)
from ledger.commands.spends import CaptureSpend, ExpireHold, RefundDifference, ReturnSpend, Spend
from ledger.commands.standing import CloseAccount, FreezeAccount, OpenAccount, SwitchMode, UnfreezeAccount
from ledger.commands.transfers import (
    ApproveAdjustment,
    ImportMovement,
    RejectAdjustment,
    RequestAdjustment,
    Transfer,
)
from tests.ledger.commands.book import Book, stored_again


class Walk:
    """A random walk: a book, its accounts, and what the next step may name.

    Attributes:
        book: where it happens. accounts: ids of two prepaid accounts and a postpaid one.
        chance: the walk's own dice; the same seed walks the same way.
    """

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)
        self.book = Book()
        self.accounts = [
            self.book.ask(OpenAccount("Pine Street Bakery", "prepaid", "KRW", None, 0))["id"],
            self.book.ask(OpenAccount("Harbour Books", "prepaid", "KRW", None, 60_000))["id"],
            self.book.ask(OpenAccount("Quiet Mill", "postpaid", "KRW", 30_000, 0))["id"],
        ]
        for account_id in self.accounts[:2]:
            self.book.do(ChargeAccount(account_id, 20_000, "card", None))
            self.book.do(ChargeAccount(account_id, 10_000, "transfer", None))

    def step(self) -> None:
        """Ask for one thing, as another principal each time; it may be refused, then nothing may have changed."""
        book, chance = self.book, self.chance
        book.pass_time(days=chance.choice(DAYS)).by(f"key_{chance.randrange(3)}")
        kind = chance.choices(list(BUILD), list(WEIGHTS.values()))[0]
        account_id = chance.choice(
            [account_id for account_id in self.accounts if self.fits(kind, account_id)] or self.accounts
        )
        before = {stream_id: state_of(stream) for stream_id, stream in book.streams.items()}
        try:
            book.do(BUILD[kind](self, account_id))
        except LedgerError:
            assert {stream_id: state_of(stream) for stream_id, stream in book.streams.items()} == before

    def fits(self, kind: str, account_id: str) -> bool:
        """Say whether the account has what a step of this kind needs to get anywhere."""
        needs = NEEDS.get(kind)
        return needs is None or bool(attrgetter(needs)(self.book.account(account_id)))

    @property
    def amount(self) -> int:
        """One of a few amounts around the boundaries of the rules."""
        return self.chance.choice([1, 300, 1_000, 1_500, 2_500, 5_000, 5_000, 10_000, 12_345, 40_000])

    @property
    def flag(self) -> bool:
        """Heads or tails."""
        return self.chance.random() < 0.5

    def one_of(self, prefix: str, account_id: str, waiting: Iterable[str]) -> str:
        """Return the id of something that waits on the account, or sometimes of any that was ever born there."""
        found = sorted(waiting)
        if not found or self.chance.random() < 0.2:
            stream_id, topics = self.book.account(account_id).id, BORN[prefix]
            found = [
                ids.child_id(prefix, account_id, fact.originator_version)
                for fact in self.book.facts
                if fact.originator_id == stream_id and fact.TOPIC in topics
            ]
        return self.chance.choice(found) if found else ids.child_id(prefix, account_id, 1)

    def charge(self, account_id: str) -> str:
        """Return a charge of the account."""
        account = self.book.account(account_id)
        return self.one_of("chg", account_id, account.cancels or [lot.charge_id for lot in account.lots])

    def awaited(self, account_id: str) -> str:
        """Return a charge that waits for its deposit."""
        return self.one_of("chg", account_id, self.book.account(account_id).awaited)

    def parked(self, account_id: str) -> str:
        """Return a parked deposit."""
        return self.one_of("dep", account_id, self.book.account(account_id).parked)

    def spend(self, account_id: str) -> str:
        """Return a spend of which something is held."""
        return self.one_of("spd", account_id, self.book.account(account_id).holds)

    def refund(self, account_id: str) -> str:
        """Return an unresolved refund request."""
        return self.one_of("rfd", account_id, self.book.account(account_id).refunds)

    def adjustment(self, account_id: str) -> str:
        """Return a correction that waits."""
        return self.one_of("adj", account_id, self.book.account(account_id).adjustments)

    def invoice(self, account_id: str) -> str:
        """Return an open invoice."""
        return self.one_of("inv", account_id, self.book.account(account_id).billing.invoices)

    def switch(self, account_id: str) -> SwitchMode:
        """Return the switch of an account to its other mode."""
        postpaid = self.book.account(account_id).mode == "prepaid"
        return SwitchMode(
            account_id, "postpaid" if postpaid else "prepaid", 30_000 if postpaid else None, 0, 0, "asked"
        )

    def payment(self, account_id: str) -> PayInvoices:
        """Return a payment over one open invoice, or over all of them."""
        billing = self.book.account(account_id).billing
        if self.flag or not billing.invoices:
            return PayInvoices(account_id, self.amount, ((self.invoice(account_id), self.amount),))
        parts = tuple((invoice_id, invoice.outstanding_minor) for invoice_id, invoice in billing.invoices.items())
        return PayInvoices(account_id, billing.outstanding_minor, parts, None, "virtual_account")


DAYS = [0] * 12 + [1, 5, 8, 31]

NEEDS = {
    **dict.fromkeys(("deposit", "expire_deposit"), "awaited"),
    **dict.fromkeys(("credit_parked", "return_parked"), "parked"),
    **dict.fromkeys(("finish_cancel", "fail_cancel"), "cancels"),
    **dict.fromkeys(("capture", "difference", "expire_hold"), "holds"),
    **dict.fromkeys(("review", "complete", "reject", "cancel_refund"), "refunds"),
    **dict.fromkeys(("start_payout", "lose_payout", "fail_payout", "destination"), "refunds"),
    **dict.fromkeys(("approve", "reject_adjustment"), "adjustments"),
    **dict.fromkeys(("settlement", "credit"), "credit_limit_minor"),
    **dict.fromkeys(("adjust_invoice", "pay_invoices", "lift_overdue"), "billing.invoices"),
    "settle_receivable": "member_receivable_minor",
    "invoice": "billing.unbilled",
    "credit_payout": "billing.carry_over_minor",
}
"""Kind of step -> attribute of the account that must not be empty for it to get anywhere."""

BORN = {
    "chg": {"account.charged", "account.deposit_awaited"},
    "dep": {"account.deposit_parked"},
    "spd": {"account.spent"},
    "rfd": {"account.refund_requested"},
    "adj": {"account.adjustment_requested"},
    "inv": {"account.invoice_issued"},
}
"""Prefix of an id -> the facts that give birth to it."""

BUILD: dict[str, Callable[[Walk, str], Command]] = {
    "charge": lambda w, a: ChargeAccount(a, w.amount, "card" if w.flag else "transfer", None),
    "await": lambda w, a: ChargeAccount(a, 5_000, "virtual_account", None),
    "deposit": lambda w, a: DepositCharge(a, w.awaited(a), w.amount if w.flag else 5_000),
    "expire_deposit": lambda w, a: ExpireDeposit(a, w.awaited(a)),
    "credit_parked": lambda w, a: CreditParkedDeposit(a, w.parked(a), "checked"),
    "return_parked": lambda w, a: ReturnParkedDeposit(a, w.parked(a), "checked"),
    "cancel_charge": lambda w, a: CancelCharge(a, w.charge(a)),
    "start_cancel": lambda w, a: StartChargeCancellation(a, w.charge(a)),
    "finish_cancel": lambda w, a: FinishChargeCancellation(a, w.charge(a)),
    "fail_cancel": lambda w, a: FailChargeCancellation(a, w.charge(a), "refused"),
    "charge_back": lambda w, a: ChargeBack(a, w.charge(a), w.amount),
    "settle_receivable": lambda w, a: SettleReceivable(a, w.book.account(a).member_receivable_minor or 1, None),
    "spend": lambda w, a: Spend(a, w.amount, None, "mem_a" if w.flag else None, True, None, int(w.flag)),
    "hold": lambda w, a: Spend(a, w.amount, None, "mem_a" if w.flag else None, False, None, 0),
    "capture": lambda w, a: CaptureSpend(a, w.spend(a), w.amount, "difference_refund" if w.flag else None),
    "return": lambda w, a: ReturnSpend(a, w.one_of("spd", a, ()) if w.flag else w.spend(a), w.amount, None),
    "difference": lambda w, a: RefundDifference(a, w.spend(a), w.amount, None),
    "expire_hold": lambda w, a: ExpireHold(a, w.spend(a)),
    "request_refund": lambda w, a: RequestRefund(a, w.amount, "088", "dst_1", True, "unused", ("file_1",)),
    "review": lambda w, a: ReviewRefund(w.refund(a), None),
    "complete": lambda w, a: CompleteRefund(w.refund(a), None),
    "reject": lambda w, a: RejectRefund(w.refund(a), "not now"),
    "cancel_refund": lambda w, a: CancelRefund(w.refund(a), None, w.flag),
    "start_payout": lambda w, a: StartPayout(w.refund(a)),
    "lose_payout": lambda w, a: LosePayout(w.refund(a)),
    "fail_payout": lambda w, a: FailPayout(w.refund(a), "account_closed"),
    "return_payout": lambda w, a: ReturnPayout(w.one_of("rfd", a, ()), "account_closed"),
    "destination": lambda w, a: ChangeRefundDestination(w.refund(a), "004", "dst_2", w.flag),
    "transfer": lambda w, a: Transfer(a, w.chance.choice(w.accounts), w.amount, None),
    "adjust": lambda w, a: RequestAdjustment(a, w.amount if w.flag else -w.amount, "correction"),
    "approve": lambda w, a: ApproveAdjustment(w.adjustment(a)),
    "reject_adjustment": lambda w, a: RejectAdjustment(w.adjustment(a), "mistake"),
    "import": lambda w, a: ImportMovement(a, w.amount if w.flag else -w.amount, date(1995, 1, 2), "1", None),
    "settlement": lambda w, a: PaySettlement(a, w.amount, None),
    "invoice": lambda w, a: IssueInvoice(a, month_of(w.book.now)),
    "adjust_invoice": lambda w, a: AdjustInvoice(a, w.invoice(a), w.amount, "agreed"),
    "pay_invoices": lambda w, a: w.payment(a),
    "credit_payout": lambda w, a: PayOutCredit(a, "left over"),
    "lift_overdue": lambda w, a: LiftOverdueBlock(a, "promised"),
    "switch": lambda w, a: w.switch(a),
    "member": lambda w, a: SetMemberLimit(a, "mem_a", w.amount, granted=True, unlimited=False, cash_convertible=True),
    "unlimited": lambda w, a: SetMemberLimit(a, "mem_a", None, granted=True, unlimited=True, cash_convertible=w.flag),
    "cash": lambda w, a: SetCashLimit(a, w.amount, "contract"),
    "credit": lambda w, a: SetCreditLimit(a, w.amount + 10_000, "contract"),
    "freeze": lambda w, a: FreezeAccount(a, "check"),
    "unfreeze": lambda w, a: UnfreezeAccount(a, "checked"),
    "close": lambda w, a: CloseAccount(a, "done"),
}

WEIGHTS = {
    **dict.fromkeys(BUILD, 2),
    **dict.fromkeys(("charge", "spend", "hold", "return", "request_refund", "review", "unfreeze", "invoice"), 6),
    **dict.fromkeys(("await", "deposit", "capture", "start_payout", "fail_payout", "transfer", "import"), 4),
    **dict.fromkeys(("freeze", "close", "charge_back", "cash", "credit"), 1),
}
"""How often a step is tried."""


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_money_is_conserved_whatever_is_asked(seed: int) -> None:
    walk = Walk(seed)

    for _ in range(180):
        walk.step()
        for account_id in walk.accounts:
            check_state(walk.book.account(account_id))

    check_books(walk.book, walk.accounts)
    check_replay(walk.book)


def test_the_walk_reaches_every_kind_of_fact_of_an_account_and_what_is_born_on_it() -> None:
    reached: Counter[str] = Counter()
    for seed in range(60):
        walk = Walk(seed)
        for _ in range(180):
            walk.step()
        reached.update(fact.TOPIC for fact in walk.book.facts)

    # Orders, payments, lines of banks and collected money have walks of their own: what is asked of an account alone is
    # asked here.
    moving = {topic for topic in FACTS if topic.startswith(("account.", "charge.", "refund.", "spend."))}
    moving -= {"account.void_awaited", "account.void_concluded", "account.bank_deposit_credited"}
    moving -= {topic for topic in moving if FACTS[topic].__module__ in COLLECTED}
    assert len(moving) > 40
    assert moving - set(reached) == set()


COLLECTED = {f"aggregates.account.{name}" for name in ("collections", "payout_funds", "withdrawals")}
"""Modules of facts that `tests.ledger.commands.test_collected_money_laws` reaches."""


def state_of(stream: Stream) -> object:
    return stream.dump() if isinstance(stream, Account) else (type(stream).__name__, stream.version)


def check_state(account: Account) -> None:
    """What must hold of an account at every version."""
    parts = [lot.remaining_minor for lot in account.lots]
    assert all(amount > 0 for amount in parts)
    assert sum(parts) == account.lots.total_minor
    assert sum(parts) - account.overdrawn_minor == account.balance_minor
    assert [lot.key for lot in account.lots] == sorted(lot.key for lot in account.lots)
    assert account.lots.frozen_minor == sum(lot.remaining_minor for lot in account.lots if lot.frozen)
    assert min(account.overdrawn_minor, account.held_minor, account.refund_pending_minor) >= 0
    assert account.balance_minor >= -(account.overdraft_limit_minor or 0)
    assert account.held_minor == sum(spend.held_minor for spend in account.holds.values())
    assert account.refund_pending_minor == sum(refund.amount_minor for refund in account.refunds.values())
    for spend in account.holds.values():
        assert spend.held_minor > 0
        assert spend.amount_minor == spend.held_minor + spend.captured_minor + spend.returned_minor
        if account.mode == "prepaid":
            assert total(spend.lots) + spend.overdrawn_minor == spend.held_minor + spend.captured_minor
    assert all(used >= 0 for used in account.used.values())
    assert all(used >= 0 for months in account.member_used.values() for used in months.values())
    assert all(used >= 0 for used in account.cash_used.values())
    billing = account.billing
    assert account.receivable_minor == billing.unbilled_minor + billing.trade_receivable_minor
    assert all(part.amount_minor >= 0 <= part.coupons for part in billing.unbilled.values())
    assert min([billing.carried_minor, billing.advance_minor, *billing.carry_over.values()]) >= 0
    assert all(0 < open_.outstanding_minor <= open_.billed_minor for open_ in billing.invoices.values())
    if account.status == "closed":
        # (The bank may send a pay-out back after it: that money is under refund again.)
        assert account.balance_minor == account.held_minor == 0


def check_books(book: Book, accounts: Sequence[str]) -> None:
    """The double entry ties to the state of each account and sums to zero over all."""
    for account_id in accounts:
        account = book.account(account_id)
        sums: Counter[str] = Counter()
        for fact in book.facts:
            if fact.originator_id == account.id:
                for posting in postings_of(fact):
                    sums[posting.account] += posting.amount_minor
        held_minor = sum(spend.held_minor for spend in account.holds.values() if account.mode == "prepaid")
        assert sums[chart.PREPAID] == -account.balance_minor
        assert sums[chart.PREPAID_HOLD] == -held_minor
        assert sums[chart.REFUND_PAYABLE] == -account.refund_pending_minor
        assert sums[chart.MEMBER_RECEIVABLE] == account.member_receivable_minor
        assert sums[chart.UNBILLED_RECEIVABLE] == account.billing.unbilled_minor
        assert sums[chart.TRADE_RECEIVABLE] == account.billing.trade_receivable_minor
        parked = sum(deposit.amount_minor for deposit in account.parked.values())
        assert sums[chart.UNMATCHED_DEPOSIT] == -parked
        assert max(sums[chart.COUPON_PAYABLE], sums[chart.REFUND_FEE]) <= 0
    lines = [posting for fact in book.facts for posting in postings_of(fact)]
    assert sum(posting.amount_minor for posting in lines) == 0
    assert sum(posting.amount_minor for posting in lines if posting.account == chart.TRANSFER) == 0


def check_replay(book: Book) -> None:
    """Folding stored facts from nothing, a snapshot and a copy all give the live state."""
    folded: dict[object, Stream] = {}
    for fact in book.facts:
        folded[fact.originator_id] = stored_again(fact).mutate(folded.get(fact.originator_id))
    for stream in book.streams.values():
        if not isinstance(stream, Account) or not stream.version:
            continue
        live = stream.dump()
        replay = folded[stream.id]
        assert isinstance(replay, Account)
        snapshot = orjson.loads(orjson.dumps(AccountSnapshot.take(stream).state))
        restored = AccountSnapshot(originator_id=stream.id, originator_version=stream.version, state=snapshot).mutate(
            None
        )
        assert replay.dump() == restored.dump() == stream.copy().dump() == live
        assert (replay.version, restored.version) == (stream.version, stream.version)
