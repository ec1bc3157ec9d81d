"""The account: the state that its decisions read, and nothing else; the nouns beside it hold facts and decisions.

Closed lots, captured spends, settled refunds and months before the last one leave the state, so that an account stays
small at any age; what a later decision needs of them is found by id (a fact by its version, or the thing's own stream).
"""

from __future__ import annotations

from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Self, cast
from uuid import UUID

from aggregates.account import (
    bank_deposits,
    cancellations,
    chargebacks,
    charges,
    collections,
    deposits,
    limits,
    modes,
    payout_funds,
    payouts,
    refund_facts,
    refunds,
    spend_facts,
    spends,
    standing,
    transfers,
    voids,
    withdrawals,
)
from aggregates.account.billing import invoices, overdue, payments
from aggregates.account.billing.state import NOTHING_BILLED, Billing
from aggregates.account.lots import Lots
from aggregates.account.parts import (
    AwaitedDeposit,
    MemberLimit,
    OpenRefund,
    ParkedDeposit,
    PendingAdjustment,
    PendingCancel,
    SpendState,
)
from aggregates.account.standing import Figures
from aggregates.dates import billing_month, business_date
from aggregates.fact import Stamp, Stream, stream_class
from aggregates.plain import plain, revive

_MAPPINGS: dict[str, Any] = {
    "adjustments": dict[str, PendingAdjustment],
    "awaited": dict[str, AwaitedDeposit],
    "cancels": dict[str, PendingCancel],
    "cash_used": dict[str, int],
    "holds": dict[str, SpendState],
    "member_used": dict[str, dict[str, int]],
    "members": dict[str, MemberLimit],
    "parked": dict[str, ParkedDeposit],
    "refile": dict[str, tuple[date, date]],
    "refunds": dict[str, OpenRefund],
    "used": dict[str, int],
    "voids": dict[str, int],
}
"""Attributes of the state that are mappings, and what they map."""

_WHOLES = frozenset({"billing", "lots"})
"""Attributes that write themselves down."""

SHAPE = 4
"""Of what `dump` writes; raised whenever it changes, also inside a part, so that no older snapshot is restored."""

_NOTHING = cast("dict[str, Any]", MappingProxyType({}))
"""Shared by all mappings in which nothing is: twelve empty ones each would be half of what a plain account weighs."""


@stream_class("account")
class Account(Stream):
    """One customer company's money.

    Attributes:
        account_id, name, mode ("prepaid" | "postpaid"), currency, status ("open" | "frozen" | "closed").
        balance_minor: liability.prepaid: what is neither held nor under refund; 0 for postpaid.
        overdrawn_minor: what the lots do not cover; sum of lots - overdrawn = balance.
        overdraft_limit_minor: None = unlimited.
        lots: open lots, oldest first.
        holds: spend id -> spend of which something is held; held_minor: their sum.
        refunds: refund id -> unresolved request; refund_pending_minor: their sum.
        awaited, parked, cancels, adjustments: what waits, by id.
        refile: charge id -> (first request date, last date on which a new request keeps it) (SPEC R-075).
        credit_limit_minor: None for prepaid. used: month -> use of it, last two months only.
        cash_limit_minor: None = no permission. cash_used: month -> use.
        members: member id -> limit. member_used: member id -> month -> use.
        receivable_minor: postpaid: captured, not returned and not settled, with what operators changed on invoices.
        billing: postpaid: what is unbilled, carried over, and on open invoices.
        collections_minor: liability.collections: what was collected for it; negative = more was taken back.
        refunding_minor: what of it is on its way back to payers.
        payer_credit_minor: liability.payer_credit: what its payers have as credit, all together.
        payout_hold_minor: liability.payout_hold: what was paid in for pay-out links and is not paid out.
        withdrawing_minor: liability.withdrawal_payable: collected money on its way to the payee's bank account.
        member_receivable_minor: left owing by chargebacks; blocks spends and refunds while > 0.
    """

    __slots__ = (
        "account_id",
        "adjustments",
        "awaited",
        "balance_minor",
        "billing",
        "cancels",
        "cash_limit_minor",
        "cash_used",
        "collections_minor",
        "credit_limit_minor",
        "currency",
        "held_minor",
        "holds",
        "lots",
        "member_receivable_minor",
        "member_used",
        "members",
        "mode",
        "name",
        "overdraft_limit_minor",
        "overdrawn_minor",
        "parked",
        "payer_credit_minor",
        "payout_hold_minor",
        "receivable_minor",
        "refile",
        "refund_pending_minor",
        "refunding_minor",
        "refunds",
        "status",
        "used",
        "voids",
        "withdrawing_minor",
    )

    Opened = standing.AccountOpened
    Frozen = standing.AccountFrozen
    Unfrozen = standing.AccountUnfrozen
    Closed = standing.AccountClosed
    open = standing.open_account
    freeze = standing.freeze
    unfreeze = standing.unfreeze
    close = standing.close

    Charged = charges.Charged
    charge = charges.charge

    ChargeCancelStarted = cancellations.ChargeCancelStarted
    ChargeCancelFailed = cancellations.ChargeCancelFailed
    ChargeCancelled = cancellations.ChargeCancelled
    cancel_charge = cancellations.cancel_charge
    start_charge_cancellation = cancellations.start_charge_cancellation
    finish_charge_cancellation = cancellations.finish_charge_cancellation
    fail_charge_cancellation = cancellations.fail_charge_cancellation

    ChargedBack = chargebacks.ChargedBack
    ReceivableSettled = chargebacks.ReceivableSettled
    charge_back = chargebacks.charge_back
    settle_receivable = chargebacks.settle_receivable

    DepositAwaited = deposits.DepositAwaited
    Deposited = deposits.Deposited
    DepositExpired = deposits.DepositExpired
    DepositParked = deposits.DepositParked
    ParkedDepositCredited = deposits.ParkedDepositCredited
    ParkedDepositReturned = deposits.ParkedDepositReturned
    await_deposit = deposits.await_deposit
    deposit = deposits.deposit
    expire_deposit = deposits.expire_deposit
    credit_parked_deposit = deposits.credit_parked_deposit
    return_parked_deposit = deposits.return_parked_deposit
    BankDepositCredited = bank_deposits.BankDepositCredited
    credit_bank_deposit = bank_deposits.credit_bank_deposit

    RefundRequested = refund_facts.RefundRequested
    RefundReviewed = refund_facts.RefundReviewed
    RefundCompleted = refund_facts.RefundCompleted
    RefundRejected = refund_facts.RefundRejected
    RefundCancelled = refund_facts.RefundCancelled
    request_refund = refunds.request_refund
    review_refund = refunds.review_refund
    complete_refund = refunds.complete_refund
    reject_refund = refunds.reject_refund
    cancel_refund = refunds.cancel_refund

    RefundPayoutStarted = payouts.RefundPayoutStarted
    RefundPayoutUnknown = payouts.RefundPayoutUnknown
    RefundPayoutFailed = payouts.RefundPayoutFailed
    RefundDestinationChanged = payouts.RefundDestinationChanged
    RefundPayoutReturned = payouts.RefundPayoutReturned
    start_payout = payouts.start_payout
    lose_payout = payouts.lose_payout
    fail_payout = payouts.fail_payout
    change_refund_destination = payouts.change_refund_destination
    return_payout = payouts.return_payout

    Spent = spend_facts.Spent
    SpendCaptured = spend_facts.SpendCaptured
    SpendReturned = spend_facts.SpendReturned
    DifferenceRefunded = spend_facts.DifferenceRefunded
    HoldExpired = spend_facts.HoldExpired
    spend = spends.spend
    capture_spend = spends.capture_spend
    return_spend = spends.return_spend
    return_captured = spends.return_captured
    refund_difference = spends.refund_difference
    expire_hold = spends.expire_hold

    CreditLimitSet = limits.CreditLimitSet
    MemberLimitSet = limits.MemberLimitSet
    CashLimitSet = limits.CashLimitSet
    set_credit_limit = limits.set_credit_limit
    set_member_limit = limits.set_member_limit
    set_cash_limit = limits.set_cash_limit

    InvoiceIssued = invoices.InvoiceIssued
    InvoiceAdjusted = invoices.InvoiceAdjusted
    SettlementPaid = payments.SettlementPaid
    CreditPaidOut = payments.CreditPaidOut
    OverdueBlockLifted = overdue.OverdueBlockLifted
    issue_invoice = invoices.issue_invoice
    adjust_invoice = invoices.adjust_invoice
    pay_invoices = payments.pay_invoices
    pay_settlement = payments.pay_settlement
    pay_out_credit = payments.pay_out_credit
    lift_overdue_block = overdue.lift_overdue_block

    ModeSwitched = modes.ModeSwitched
    switch_mode = modes.switch_mode

    Collected = collections.Collected
    CollectionReversed = collections.CollectionReversed
    CollectionRefunded = collections.CollectionRefunded
    PayerCredited = collections.PayerCredited
    PayerCreditApplied = collections.PayerCreditApplied
    PayerCreditRefunded = collections.PayerCreditRefunded
    PayerCreditReversed = collections.PayerCreditReversed
    DebitsCollected = collections.DebitsCollected
    CollectionRefundStarted = collections.CollectionRefundStarted
    CollectionRefundEnded = collections.CollectionRefundEnded
    move_collected = collections.move_collected
    apply_payer_credit = collections.apply_payer_credit
    collect_debits = collections.collect_debits
    start_collection_refund = collections.start_collection_refund
    end_collection_refund = collections.end_collection_refund

    PayoutFunded = payout_funds.PayoutFunded
    PayoutPaid = payout_funds.PayoutPaid
    PayoutReturned = payout_funds.PayoutReturned
    PayoutRefunded = payout_funds.PayoutRefunded
    PayoutFundingReversed = payout_funds.PayoutFundingReversed
    PayoutHoldApplied = payout_funds.PayoutHoldApplied
    fund_payout = payout_funds.fund_payout
    pay_payout = payout_funds.pay_payout
    return_paid_payout = payout_funds.return_paid_payout
    refund_payout = payout_funds.refund_payout
    reverse_payout_funding = payout_funds.reverse_payout_funding
    apply_payout_hold = payout_funds.apply_payout_hold

    WithdrawalRequested = withdrawals.WithdrawalRequested
    WithdrawalEnded = withdrawals.WithdrawalEnded
    WithdrawalPaid = withdrawals.WithdrawalPaid
    WithdrawalReturned = withdrawals.WithdrawalReturned
    request_withdrawal = withdrawals.request_withdrawal
    end_withdrawal = withdrawals.end_withdrawal
    pay_withdrawal = withdrawals.pay_withdrawal
    return_withdrawal = withdrawals.return_withdrawal

    VoidAwaited = voids.VoidAwaited
    VoidConcluded = voids.VoidConcluded
    await_void = voids.await_void
    conclude_void = voids.conclude_void

    TransferSent = transfers.TransferSent
    TransferReceived = transfers.TransferReceived
    AdjustmentRequested = transfers.AdjustmentRequested
    AdjustmentApproved = transfers.AdjustmentApproved
    AdjustmentRejected = transfers.AdjustmentRejected
    Imported = transfers.Imported
    transfer = transfers.transfer
    request_adjustment = transfers.request_adjustment
    approve_adjustment = transfers.approve_adjustment
    reject_adjustment = transfers.reject_adjustment
    import_movement = transfers.import_movement

    def __init__(self, id: UUID) -> None:
        super().__init__(id)
        self.account_id = ""
        self.name = ""
        self.mode = "prepaid"
        self.currency = "KRW"
        self.status = "open"
        self.balance_minor = 0
        self.overdrawn_minor = 0
        self.overdraft_limit_minor: int | None = 0
        self.held_minor = 0
        self.refund_pending_minor = 0
        self.lots = Lots()
        self.holds: dict[str, SpendState] = _NOTHING
        self.refunds: dict[str, OpenRefund] = _NOTHING
        self.awaited: dict[str, AwaitedDeposit] = _NOTHING
        self.parked: dict[str, ParkedDeposit] = _NOTHING
        self.cancels: dict[str, PendingCancel] = _NOTHING
        self.adjustments: dict[str, PendingAdjustment] = _NOTHING
        self.refile: dict[str, tuple[date, date]] = _NOTHING
        self.credit_limit_minor: int | None = None
        self.used: dict[str, int] = _NOTHING
        self.voids: dict[str, int] = _NOTHING
        self.cash_limit_minor: int | None = None
        self.cash_used: dict[str, int] = _NOTHING
        self.members: dict[str, MemberLimit] = _NOTHING
        self.member_used: dict[str, dict[str, int]] = _NOTHING
        self.receivable_minor = 0
        self.member_receivable_minor = 0
        self.billing = NOTHING_BILLED
        self.collections_minor = 0
        self.payer_credit_minor = 0
        self.payout_hold_minor = 0
        self.withdrawing_minor = 0
        self.refunding_minor = 0

    def own_billing(self) -> Billing:
        """Return the postpaid part to write to; an account has none of its own until something is in it."""
        if self.billing is NOTHING_BILLED:
            self.billing = Billing()
        return self.billing

    def own(self, name: str) -> dict[str, Any]:
        """Return one of the mappings to write to; an account has none of its own until something is in it."""
        mapping: dict[str, Any] = getattr(self, name)
        if mapping is _NOTHING:
            mapping = {}
            setattr(self, name, mapping)
        return mapping

    def available_minor(self, month: str) -> int | None:
        """Return what may be spent in `month`; None when an overdraft without limit allows anything."""
        if self.credit_limit_minor is not None:
            return max(0, self.credit_limit_minor - self.used.get(month, 0))
        if self.overdraft_limit_minor is None:
            return None
        return self.balance_minor + self.overdraft_limit_minor - self.lots.frozen_minor

    def figures(self, at: datetime) -> Figures:
        """Return the account as people see it at instant `at` (limits are those of its KST month)."""
        month = billing_month(business_date(at))
        used = None if self.credit_limit_minor is None else self.used.get(month, 0)
        return Figures(
            account_id=self.account_id,
            name=self.name,
            mode=self.mode,
            currency=self.currency,
            status=self.status,
            balance_minor=self.balance_minor,
            held_minor=self.held_minor,
            refund_pending_minor=self.refund_pending_minor,
            available_minor=self.available_minor(month),
            overdraft_limit_minor=self.overdraft_limit_minor,
            credit_limit_minor=self.credit_limit_minor,
            used_this_month_minor=used,
            remaining_limit_minor=None if used is None else self.available_minor(month),
        )

    @property
    def books(self) -> dict[str, int]:
        """What is in the books beside the prepaid one, by their names, in minor units."""
        return {
            "collections": self.collections_minor,
            "payer_credit": self.payer_credit_minor,
            "payout_hold": self.payout_hold_minor,
        }

    def now(self, stamp: Stamp) -> datetime:
        """Return the instant at which the next fact will be recorded: never before the last one's."""
        return max(stamp.recorded_at, self.recorded_at)

    def copy(self) -> Self:
        """Return an independent copy; immutable value parts are shared."""
        twin = type(self).__new__(type(self))
        for name in _PLAIN_SLOTS:
            setattr(twin, name, getattr(self, name))
        for name in _MAPPINGS:
            setattr(twin, name, dict(getattr(self, name)) or _NOTHING)
        if self.member_used:
            twin.member_used = {member_id: dict(months) for member_id, months in self.member_used.items()}
        twin.lots = self.lots.copy()
        if twin.billing is not NOTHING_BILLED:
            twin.billing = twin.billing.copy()
        twin.pending = list(self.pending)
        return twin

    def dump(self) -> dict[str, Any]:
        """Return the whole state in JSON's own types; accounts in the same state give equal values in equal order."""
        state = {name: plain(getattr(self, name)) for name in Account.__slots__ if name not in _WHOLES}
        state["lots"] = self.lots.dump()
        state["billing"] = self.billing.dump()
        state["recorded_at"] = self.recorded_at.isoformat()
        state["shape"] = SHAPE
        return state

    @classmethod
    def restore(cls, id: UUID, version: int, state: dict[str, Any]) -> Self:
        """Return the account that `dump` described, at `version`, with nothing pending.

        (Only what is of the present `SHAPE` can be restored; facts tell everything else.)
        """
        account = cls(id)
        account.version = version
        account.recorded_at = datetime.fromisoformat(state["recorded_at"])
        account.lots = Lots.restore(state["lots"])
        account.billing = Billing.restore(state["billing"])
        for name in Account.__slots__:
            if name not in _WHOLES:
                kind = _MAPPINGS.get(name)
                setattr(account, name, (revive(kind, state[name]) or _NOTHING) if kind else state[name])
        return account


_PLAIN_SLOTS = tuple(
    name for name in (*Stream.__slots__, *Account.__slots__) if name not in {*_MAPPINGS, "lots", "pending"}
)
