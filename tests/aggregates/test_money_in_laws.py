"""Laws of money that comes in and goes back: what holds after any sequence of decisions, accepted or refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from aggregates import ids
from aggregates.account import Account
from aggregates.account.charges import Charged
from aggregates.account.deposits import DepositAwaited, Deposited
from aggregates.account.lots import total
from aggregates.account.parts import OpenRefund
from aggregates.charge import Charge
from aggregates.errors import LedgerError
from aggregates.fact import Fact
from tests.aggregates.scenario import Scenario

AMOUNTS = st.one_of(st.sampled_from([1_000, 1_001, 10_000, 10_001]), st.integers(1_000, 60_000))
PICK = st.integers(0, 1_000)


class MoneyIn(RuleBasedStateMachine):
    """Charges, deposits, cancellations, chargebacks, refunds and spends on one account, in any order, over months."""

    @initialize(overdraft=st.sampled_from([0, 20_000]))
    def open(self, overdraft: int) -> None:
        self.scenario = Scenario(overdraft=overdraft, at="2024-10-01 10:00")
        self.born: list[Charged | DepositAwaited] = []
        self.own: dict[str, Charge] = {}
        self.paid: dict[str, OpenRefund] = {}
        self.received_minor = self.left_minor = 0
        self.shadow = self.scenario.account.copy()

    @property
    def account(self) -> Account:
        return self.scenario.account

    def attempt(self, decide: Any) -> Any:
        """Decide; a refusal must have changed nothing. What was recorded is folded by a second account too."""
        before = self.account.dump() if len(self.account.refunds) < 3 else None
        try:
            made = decide()
        except LedgerError:
            assert not self.account.pending
            assert before is None or before == self.account.dump()
            return None
        for fact in self.scenario.facts():
            assert isinstance(fact, Fact)
            fact.mutate(self.shadow)
        return made

    def pick(self, things: Any, index: int) -> Any:
        listed = list(things)
        return listed[index % len(listed)]

    def awaiting(self) -> list[DepositAwaited]:
        return [born for born in self.born if isinstance(born, DepositAwaited)]

    @rule(days=st.sampled_from([1, 6, 7, 8, 93]))
    def time_passes(self, days: int) -> None:
        self.scenario.now += timedelta(days=days)

    @rule(amount=AMOUNTS, method=st.sampled_from(["card", "transfer"]), age=st.integers(0, 100))
    def charge(self, amount: int, method: str, age: int) -> None:
        stamp = self.scenario.stamp._replace(occurred_at=self.scenario.now - timedelta(days=age))
        made = self.attempt(lambda: self.account.charge(stamp, amount_minor=amount, method=method, reference=None))
        if made:
            self.received_minor += amount
            self.remember(made)

    @rule(amount=AMOUNTS)
    def await_deposit(self, amount: int) -> None:
        made = self.attempt(
            lambda: self.account.await_deposit(self.scenario.stamp, amount_minor=amount, reference=None)
        )
        if made:
            self.remember(made)

    @precondition(lambda self: self.awaiting())
    @rule(index=PICK, difference=st.sampled_from([0, 0, 0, 1]))
    def deposit(self, index: int, difference: int) -> None:
        awaited = self.pick(self.awaiting(), index)
        own, amount = self.own[awaited.charge_id], awaited.amount_minor + difference
        made = self.attempt(
            lambda: self.account.deposit(self.scenario.stamp, awaited=awaited, past=own, amount_minor=amount)
        )
        if isinstance(made, Deposited):
            own.deposited_on = made.charged_on
            self.received_minor += amount

    @precondition(lambda self: self.account.parked)
    @rule(index=PICK)
    def credit(self, index: int) -> None:
        deposit_id = self.pick(self.account.parked, index)
        amount = self.account.parked[deposit_id].amount_minor
        self.attempt(lambda: self.account.credit_parked_deposit(self.scenario.stamp, deposit_id=deposit_id, reason="x"))
        self.received_minor += amount

    @precondition(lambda self: self.born)
    @rule(index=PICK, how=st.sampled_from(["cancel", "start", "finish", "fail"]))
    def cancel(self, index: int, how: str) -> None:
        born = self.pick(self.born, index)
        own, account, stamp = self.own[born.charge_id], self.account, self.scenario.stamp
        decisions = {
            "cancel": lambda: account.cancel_charge(stamp, charge=born, past=own),
            "start": lambda: account.start_charge_cancellation(stamp, charge=born, past=own),
            "finish": lambda: account.finish_charge_cancellation(stamp, charge_id=born.charge_id, past=own),
            "fail": lambda: account.fail_charge_cancellation(
                stamp, charge_id=born.charge_id, past=own, reason_code="x"
            ),
        }
        made = self.attempt(decisions[how])
        if made and how in ("cancel", "finish"):
            assert made.fee_minor + made.payout_minor == made.amount_minor
            own.cancelled = True
            self.left_minor += made.amount_minor

    @precondition(lambda self: self.born)
    @rule(index=PICK, amount=AMOUNTS)
    def charge_back(self, index: int, amount: int) -> None:
        born = self.pick(self.born, index)
        own = self.own[born.charge_id]
        made = self.attempt(
            lambda: self.account.charge_back(self.scenario.stamp, charge=born, past=own, amount_minor=amount)
        )
        if made:
            own.charged_back_minor += amount
            self.left_minor += made.from_lot_minor

    @precondition(lambda self: self.account.member_receivable_minor)
    @rule()
    def settle(self) -> None:
        owing = self.account.member_receivable_minor
        self.attempt(lambda: self.account.settle_receivable(self.scenario.stamp, amount_minor=owing, reference=None))

    @precondition(lambda self: self.born)
    @rule(amount=AMOUNTS, capture=st.booleans())
    def spend(self, amount: int, capture: bool) -> None:
        made = self.attempt(lambda: self.account.spend(self.scenario.stamp, amount_minor=amount, capture=capture))
        if made:
            self.left_minor += made.captured_minor

    @precondition(lambda self: self.account.holds)
    @rule(index=PICK)
    def give_back(self, index: int) -> None:
        spend_id = self.pick(self.account.holds, index)
        hold = self.account.holds[spend_id]
        self.attempt(
            lambda: self.account.return_spend(
                self.scenario.stamp, spend_id=spend_id, spend=hold, amount_minor=hold.held_minor
            )
        )

    @precondition(lambda self: self.account.lots.total_minor > 1_000)
    @rule(amount=AMOUNTS, is_member=st.booleans())
    def request_refund(self, amount: int, is_member: bool) -> None:
        made = self.attempt(
            lambda: self.account.request_refund(
                self.scenario.stamp,
                amount_minor=amount,
                bank="Harbour Bank",
                destination="dst_1",
                holder_is_member=is_member,
                reason="x",
            )
        )
        if made:
            assert total(made.lots) == made.amount_minor == made.fee_minor + made.payout_minor
            assert made.payout_minor >= max(1, made.fee_free_minor)

    @precondition(lambda self: self.account.refunds)
    @rule(
        index=PICK,
        step=st.sampled_from(["review", "complete", "reject", "cancel", "start", "lose", "fail", "change"]),
        person=st.sampled_from(["anna", "boris"]),
    )
    def resolve(self, index: int, step: str, person: str) -> None:
        refund_id = self.pick(self.account.refunds, index)
        account, stamp = self.account, self.scenario.stamp._replace(owner=person)
        request = account.refunds[refund_id]
        decisions = {
            "review": lambda: account.review_refund(stamp, refund_id=refund_id),
            "complete": lambda: account.complete_refund(stamp, refund_id=refund_id),
            "reject": lambda: account.reject_refund(stamp, refund_id=refund_id),
            "cancel": lambda: account.cancel_refund(stamp, refund_id=refund_id, by_customer=False),
            "start": lambda: account.start_payout(stamp, refund_id=refund_id),
            "lose": lambda: account.lose_payout(stamp, refund_id=refund_id),
            "fail": lambda: account.fail_payout(stamp, refund_id=refund_id, reason_code="x"),
            "change": lambda: account.change_refund_destination(
                stamp, refund_id=refund_id, bank="Hill Bank", destination="dst_2", holder_is_member=True
            ),
        }
        made = self.attempt(decisions[step])
        if made and step == "complete":
            self.paid[refund_id] = request
            self.left_minor += made.amount_minor
        if made and step in ("reject", "cancel"):
            assert total(made.returned_lots) + made.overdrawn_repaid_minor == made.amount_minor

    @precondition(lambda self: self.paid)
    @rule(index=PICK)
    def payout_comes_back(self, index: int) -> None:
        refund_id = self.pick(self.paid, index)
        request = self.paid.pop(refund_id)
        self.attempt(
            lambda: self.account.return_payout(self.scenario.stamp, refund_id=refund_id, paid=request, reason_code="x")
        )
        self.left_minor -= request.amount_minor

    def remember(self, born: Charged | DepositAwaited) -> None:
        self.born.append(born)
        self.own[born.charge_id] = Charge.blank(ids.stream_id(born.charge_id))

    @invariant()
    def lots_less_overdrawn_are_the_balance(self) -> None:
        account = self.account
        assert account.lots.total_minor == sum(lot.remaining_minor for lot in account.lots)
        assert account.lots.frozen_minor == sum(lot.remaining_minor for lot in account.lots if lot.frozen)
        assert account.lots.total_minor - account.overdrawn_minor == account.balance_minor
        assert all(lot.remaining_minor > 0 for lot in account.lots)

    @invariant()
    def nothing_falls_below_its_floor(self) -> None:
        account = self.account
        assert account.overdraft_limit_minor is not None
        assert account.balance_minor >= -account.overdraft_limit_minor
        assert 0 <= account.overdrawn_minor <= account.overdraft_limit_minor
        assert min(account.held_minor, account.refund_pending_minor, account.member_receivable_minor) >= 0

    @invariant()
    def what_came_in_is_here_or_has_left(self) -> None:
        account = self.account
        here_minor = account.balance_minor + account.held_minor + account.refund_pending_minor
        assert here_minor == self.received_minor - self.left_minor

    @invariant()
    def pending_refunds_are_their_sum(self) -> None:
        pending = sum(request.amount_minor for request in self.account.refunds.values())
        assert pending == self.account.refund_pending_minor

    @invariant()
    def folding_the_facts_again_gives_the_same_account(self) -> None:
        assert self.shadow.dump() == self.account.dump()


MoneyIn.TestCase.settings = settings(max_examples=80, stateful_step_count=80, deadline=None)
TestMoneyIn = MoneyIn.TestCase
