"""Laws that hold after any sequence of commands over two prepaid accounts and a postpaid one.

Money is conserved, the books tie to the state, lots and what is overdrawn add up to the balance, nothing falls below
zero unless an overdraft says so, a refusal changes nothing, and fold, snapshot and copy all give the same state.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aggregates import postings
from aggregates.account import Account
from aggregates.account.lots import total
from aggregates.account.snapshot import AccountSnapshot
from aggregates.errors import LedgerError
from aggregates.fact import Stream
from aggregates.postings import postings_of
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
from ledger.commands.limits import PaySettlement, SetCashLimit, SetCreditLimit, SetMemberLimit
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
from ledger.commands.standing import CloseAccount, FreezeAccount, OpenAccount, UnfreezeAccount
from ledger.commands.transfers import (
    ApproveAdjustment,
    ImportMovement,
    RejectAdjustment,
    RequestAdjustment,
    Transfer,
)
from tests.ledger.commands.book import Book, stored_again


@dataclass(frozen=True)
class Step:
    """One random step: what to do, on which account, with how much, on which of the things that exist."""

    kind: str
    account: int
    amount: int
    pick: int
    flag: bool
    days: int


@dataclass
class World:
    """A book with its accounts and the ids of what was born on them."""

    book: Book
    accounts: list[str]

    def born(self, topic: str, field: str, account_id: str, pick: int) -> str:
        """Return the id of one of the things that `topic` gave birth to on the account; an unknown one if none."""
        stream_id = self.book.account(account_id).id
        found = [
            getattr(fact, field) for fact in self.book.facts if (fact.TOPIC, fact.originator_id) == (topic, stream_id)
        ]
        return found[pick % len(found)] if found else f"{field[:3]}_nothing"


Build = Callable[[World, Step, str], Command]


def _charge_id(world: World, step: Step, account_id: str) -> str:
    topic = "account.deposit_awaited" if step.flag else "account.charged"
    return world.born(topic, "charge_id", account_id, step.pick)


def _spend_id(world: World, step: Step, account_id: str) -> str:
    return world.born("account.spent", "spend_id", account_id, step.pick)


def _refund_id(world: World, step: Step, account_id: str) -> str:
    return world.born("account.refund_requested", "refund_id", account_id, step.pick)


def _adjustment_id(world: World, step: Step, account_id: str) -> str:
    return world.born("account.adjustment_requested", "adjustment_id", account_id, step.pick)


def _deposit_id(world: World, step: Step, account_id: str) -> str:
    return world.born("account.deposit_parked", "deposit_id", account_id, step.pick)


BUILD: dict[str, Build] = {
    "charge": lambda w, s, a: ChargeAccount(a, s.amount, ("card", "transfer")[s.flag], None),
    "await": lambda w, s, a: ChargeAccount(a, s.amount, "virtual_account", None),
    "deposit": lambda w, s, a: DepositCharge(
        a, w.born("account.deposit_awaited", "charge_id", a, s.pick), s.amount if s.flag else 5_000
    ),
    "expire_deposit": lambda w, s, a: ExpireDeposit(a, w.born("account.deposit_awaited", "charge_id", a, s.pick)),
    "credit_parked": lambda w, s, a: CreditParkedDeposit(a, _deposit_id(w, s, a), "checked"),
    "return_parked": lambda w, s, a: ReturnParkedDeposit(a, _deposit_id(w, s, a), "checked"),
    "cancel_charge": lambda w, s, a: CancelCharge(a, _charge_id(w, s, a)),
    "start_cancel": lambda w, s, a: StartChargeCancellation(a, _charge_id(w, s, a)),
    "finish_cancel": lambda w, s, a: FinishChargeCancellation(a, _charge_id(w, s, a)),
    "fail_cancel": lambda w, s, a: FailChargeCancellation(a, _charge_id(w, s, a), "refused"),
    "charge_back": lambda w, s, a: ChargeBack(a, _charge_id(w, s, a), s.amount),
    "settle_receivable": lambda w, s, a: SettleReceivable(a, s.amount, None),
    "spend": lambda w, s, a: Spend(a, s.amount, None, "mem_a" if s.flag else None, True, None, s.pick),
    "hold": lambda w, s, a: Spend(a, s.amount, None, "mem_a" if s.flag else None, False, None, 0),
    "capture": lambda w, s, a: CaptureSpend(a, _spend_id(w, s, a), s.amount, "difference_refund" if s.flag else None),
    "return": lambda w, s, a: ReturnSpend(a, _spend_id(w, s, a), s.amount, None),
    "difference": lambda w, s, a: RefundDifference(a, _spend_id(w, s, a), s.amount, None),
    "expire_hold": lambda w, s, a: ExpireHold(a, _spend_id(w, s, a)),
    "request_refund": lambda w, s, a: RequestRefund(a, s.amount, "088", "dst_1", True, "unused", ("file_1",)),
    "review": lambda w, s, a: ReviewRefund(_refund_id(w, s, a), None),
    "complete": lambda w, s, a: CompleteRefund(_refund_id(w, s, a), None),
    "reject": lambda w, s, a: RejectRefund(_refund_id(w, s, a), "not now"),
    "cancel_refund": lambda w, s, a: CancelRefund(_refund_id(w, s, a), None, s.flag),
    "start_payout": lambda w, s, a: StartPayout(_refund_id(w, s, a)),
    "lose_payout": lambda w, s, a: LosePayout(_refund_id(w, s, a)),
    "fail_payout": lambda w, s, a: FailPayout(_refund_id(w, s, a), "account_closed"),
    "return_payout": lambda w, s, a: ReturnPayout(_refund_id(w, s, a), "account_closed"),
    "destination": lambda w, s, a: ChangeRefundDestination(_refund_id(w, s, a), "004", "dst_2", s.flag),
    "transfer": lambda w, s, a: Transfer(a, w.accounts[s.pick % len(w.accounts)], s.amount, None),
    "adjust": lambda w, s, a: RequestAdjustment(a, s.amount if s.flag else -s.amount, "correction"),
    "approve": lambda w, s, a: ApproveAdjustment(_adjustment_id(w, s, a)),
    "reject_adjustment": lambda w, s, a: RejectAdjustment(_adjustment_id(w, s, a), "mistake"),
    "import": lambda w, s, a: ImportMovement(
        a, s.amount if s.flag else -s.amount, date(1995, 1, 1 + s.pick), "1", None
    ),
    "settlement": lambda w, s, a: PaySettlement(a, s.amount, None),
    "member": lambda w, s, a: SetMemberLimit(a, "mem_a", None if s.flag else s.amount, True, s.flag, True),
    "cash": lambda w, s, a: SetCashLimit(a, s.amount, "contract"),
    "credit": lambda w, s, a: SetCreditLimit(a, s.amount, "contract"),
    "freeze": lambda w, s, a: FreezeAccount(a, "check"),
    "unfreeze": lambda w, s, a: UnfreezeAccount(a, "checked"),
    "close": lambda w, s, a: CloseAccount(a, "done"),
}

WEIGHTS = {
    "charge": 8,
    "await": 4,
    "deposit": 5,
    "spend": 8,
    "hold": 8,
    "capture": 6,
    "return": 8,
    "difference": 3,
    "request_refund": 8,
    "review": 10,
    "complete": 4,
    "start_payout": 4,
    "transfer": 5,
    "import": 4,
    "member": 3,
    "cash": 3,
    "unfreeze": 6,
    "settle_receivable": 6,
}
"""How often a step is tried; 1 when not named."""

steps = st.builds(
    Step,
    kind=st.sampled_from([kind for kind in BUILD for _ in range(WEIGHTS.get(kind, 1))]),
    account=st.integers(0, 2),
    amount=st.sampled_from([1, 300, 1_000, 1_500, 2_500, 5_000, 10_000, 12_345, 40_000]),
    pick=st.integers(0, 7),
    flag=st.booleans(),
    days=st.sampled_from([0, 0, 0, 0, 0, 0, 0, 1, 5, 8, 31]),
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(steps, min_size=100, max_size=120))
def test_money_is_conserved_whatever_is_asked(sequence: Sequence[Step]) -> None:
    book = Book()
    accounts = [
        book.ask(OpenAccount("Pine Street Bakery", "prepaid", "KRW", None, 0))["id"],
        book.ask(OpenAccount("Harbour Books", "prepaid", "KRW", None, 5_000))["id"],
        book.ask(OpenAccount("Quiet Mill", "postpaid", "KRW", 30_000, 0))["id"],
    ]
    for account_id in accounts[:2]:
        book.do(ChargeAccount(account_id, 20_000, "card", None))
        book.do(ChargeAccount(account_id, 10_000, "transfer", None))
    world = World(book, accounts)

    for number, step in enumerate(sequence):
        book.pass_time(days=step.days).by(f"key_{number % 3}")
        before = {stream_id: state_of(stream) for stream_id, stream in book.streams.items()}
        try:
            book.do(BUILD[step.kind](world, step, accounts[step.account]))
        except LedgerError:
            assert {stream_id: state_of(stream) for stream_id, stream in book.streams.items()} == before
        for account_id in accounts:
            check_state(book.account(account_id))

    check_books(book, accounts)
    check_replay(book)


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
    if account.status == "closed":
        assert account.balance_minor == account.held_minor == account.refund_pending_minor == 0


def check_books(book: Book, accounts: Sequence[str]) -> None:
    """The double entry ties to the state of each account and sums to zero over all."""
    for account_id in accounts:
        account = book.account(account_id)
        sums: Counter[str] = Counter()
        for fact in book.facts:
            if fact.originator_id == account.id:
                for posting in postings_of(fact):
                    sums[posting.account] += posting.amount_minor
        prepaid = account.mode == "prepaid"
        assert sums[postings.PREPAID] == -account.balance_minor
        assert sums[postings.PREPAID_HOLD] == (-account.held_minor if prepaid else 0)
        assert sums[postings.REFUND_PAYABLE] == -account.refund_pending_minor
        assert sums[postings.MEMBER_RECEIVABLE] == account.member_receivable_minor
        assert sums[postings.UNBILLED_RECEIVABLE] + sums[postings.TRADE_RECEIVABLE] == account.receivable_minor
        parked = sum(deposit.amount_minor for deposit in account.parked.values())
        assert sums[postings.UNMATCHED_DEPOSIT] == -parked
        assert max(sums[postings.COUPON_PAYABLE], sums[postings.REFUND_FEE]) <= 0
    lines = [posting for fact in book.facts for posting in postings_of(fact)]
    assert sum(posting.amount_minor for posting in lines) == 0
    assert sum(posting.amount_minor for posting in lines if posting.account == postings.TRANSFER) == 0


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
