"""Cancelling a charge: a wholly unspent payment goes back the way it came, free for 7 days, less a fee until day 93.

At once when the caller already has the provider's answer; else in two steps between which the charge's lot is frozen,
because a provider's lost answer may be a yes (SPEC 5.2, R-065..R-068).
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from aggregates.account import fees, funds, standing
from aggregates.account.charges import Charged, lot_made
from aggregates.account.parts import PendingCancel
from aggregates.charge import Charge
from aggregates.dates import is_within, last_day_within
from aggregates.errors import Conflict, Rejected
from aggregates.fact import Fact, Stamp, fact

if TYPE_CHECKING:
    from aggregates.account.account import Account
    from aggregates.account.deposits import DepositAwaited

CANCEL_DAYS = 93
"""A charge can be cancelled until 24:00 KST of its payment date + this (SPEC CC2)."""


@fact("account.charge_cancel_started")
class ChargeCancelStarted(Fact):
    """A cancellation was sent to the payment provider; its lot is frozen until the definite result (SPEC R-068).

    Attributes: as of `ChargeCancelled`; nothing has moved yet, the fee is pinned.
    """

    charge_id: str
    amount_minor: int
    currency: str
    method: str
    charged_on: date
    fee_minor: int
    payout_minor: int
    fee_rule: str

    def apply(self, account: Account) -> None:
        account.own("cancels")[self.charge_id] = PendingCancel(
            amount_minor=self.amount_minor,
            fee_minor=self.fee_minor,
            payout_minor=self.payout_minor,
            method=self.method,
            charged_on=self.charged_on,
            fee_rule=self.fee_rule,
        )
        if lot := account.lots.find(self.charge_id, self.charged_on, self.method):
            account.lots.freeze(lot, frozen=True)


@fact("account.charge_cancel_failed")
class ChargeCancelFailed(Fact):
    """The provider refused the cancellation; the lot is free again and the refund path is open (SPEC R-065, R-068).

    Attributes:
        amount_minor: of the charge; all of it lies in its lot.
        code: why, e.g. partial_cancel_unsupported.
    """

    charge_id: str
    amount_minor: int
    currency: str
    charged_on: date
    method: str
    code: str

    def apply(self, account: Account) -> None:
        del account.cancels[self.charge_id]
        if lot := account.lots.find(self.charge_id, self.charged_on, self.method):
            account.lots.freeze(lot, frozen=False)


@fact("account.charge_cancelled")
class ChargeCancelled(Fact):
    """A wholly unspent charge was cancelled and given back less the fee (SPEC 5.2, R-065, R-066).

    Attributes:
        charge_id, amount_minor, currency, method, charged_on: of the charge.
        fee_minor: 0 within 7 days of the payment date.
        payout_minor: amount - fee: what the payment method gets back.
        fee_rule: id and version of the rule that made the fee, e.g. "charge-cancel/1".
        balance_minor: the balance after it.
    """

    charge_id: str
    amount_minor: int
    currency: str
    method: str
    charged_on: date
    fee_minor: int
    payout_minor: int
    fee_rule: str
    balance_minor: int

    def apply(self, account: Account) -> None:
        account.own("cancels").pop(self.charge_id, None)
        account.lots.take(lot_made(self.charge_id, self.charged_on, self.method, self.amount_minor))
        account.balance_minor = self.balance_minor


class ChargeMethodNotCancellable(Rejected):
    """Only charges by card or real-time transfer are cancelled (SPEC CC1)."""

    code = "charge_method_not_cancellable"


class ChargeAlreadyCancelled(Conflict):
    """A charge is cancelled once."""

    code = "charge_already_cancelled"


class ChargeWasChargedBack(Conflict):
    """A part of the charge was taken back by others, so it cannot be given back as a whole (SPEC R-064, R-066)."""

    code = "charge_charged_back"


class ChargeCancelPending(Conflict):
    """A cancellation is under way; its result is awaited, never posted twice (SPEC R-068)."""

    code = "charge_cancel_pending"


class ChargeCancelNotPending(Conflict):
    """No cancellation of this charge is under way."""

    code = "charge_cancel_not_pending"


class CancelWindowClosed(Rejected):
    """A charge is cancelled within 93 days of its payment date (SPEC CC2)."""

    code = "cancel_window_closed"


class RefundPendingOnCharge(Conflict):
    """A refund request has taken from this charge and is not resolved (SPEC R-067)."""

    code = "refund_pending_on_charge"


class ChargeSpent(Conflict):
    """Only a wholly unspent charge is cancelled (SPEC R-066)."""

    code = "charge_spent"


class ChargeTooSmallToCancel(Conflict):
    """After the fee-free days the fee would eat the whole charge (SPEC R-065)."""

    code = "charge_too_small_to_cancel"


def cancel_charge(account: Account, stamp: Stamp, *, charge: Charged | DepositAwaited, past: Charge) -> ChargeCancelled:
    """Cancel a wholly unspent charge at once: the caller has the provider's definite answer.

    Windows are judged by the KST date of `stamp.occurred_at`.

    Args:
        charge: the fact that gave birth to it.
        past: its own stream.

    Raises:
        AccountIsClosed, AccountIsFrozen, ChargeMethodNotCancellable, ChargeAlreadyCancelled, ChargeWasChargedBack,
        ChargeCancelPending, CancelWindowClosed, MemberReceivableOutstanding, RefundPendingOnCharge, ChargeSpent,
        ChargeTooSmallToCancel: in this order.

    Source: SPEC CC1..CC3, R-065..R-067.
    """
    terms = _cancel_terms(account, stamp, charge, past)
    return _cancelled(account, stamp, charge.charge_id, terms)


def start_charge_cancellation(
    account: Account, stamp: Stamp, *, charge: Charged | DepositAwaited, past: Charge
) -> ChargeCancelStarted:
    """Freeze the charge's lot and pin the fee before the provider is asked to cancel.

    Args and Raises: as of `cancel_charge`.

    Source: SPEC CC1..CC3, R-065..R-068.
    """
    terms = _cancel_terms(account, stamp, charge, past)
    started: ChargeCancelStarted = account.record(
        ChargeCancelStarted,
        stamp,
        charge_id=charge.charge_id,
        amount_minor=terms.amount_minor,
        currency=account.currency,
        method=terms.method,
        charged_on=terms.charged_on,
        fee_minor=terms.fee_minor,
        payout_minor=terms.payout_minor,
        fee_rule=terms.fee_rule,
    )
    return started


def finish_charge_cancellation(account: Account, stamp: Stamp, *, charge_id: str, past: Charge) -> ChargeCancelled:
    """Take the provider's definite yes: the frozen lot leaves the balance, at the fee pinned at the start.

    Raises:
        ChargeAlreadyCancelled, ChargeCancelNotPending: in this order.

    Source: SPEC R-068.
    """
    return _cancelled(account, stamp, charge_id, _pending(account, charge_id, past))


def fail_charge_cancellation(
    account: Account, stamp: Stamp, *, charge_id: str, past: Charge, reason_code: str
) -> ChargeCancelFailed:
    """Take the provider's definite no: the lot is free again.

    Args:
        reason_code: why, e.g. partial_cancel_unsupported.

    Raises:
        ChargeAlreadyCancelled, ChargeCancelNotPending: in this order.

    Source: SPEC R-065, R-068.
    """
    pending = _pending(account, charge_id, past)
    failed: ChargeCancelFailed = account.record(
        ChargeCancelFailed,
        stamp,
        charge_id=charge_id,
        amount_minor=pending.amount_minor,
        currency=account.currency,
        charged_on=pending.charged_on,
        method=pending.method,
        code=reason_code,
    )
    return failed


def refuse_cancelled(past: Charge) -> None:
    """Refuse anything on a cancelled charge. Raises: ChargeAlreadyCancelled."""
    if past.cancelled:
        raise ChargeAlreadyCancelled("the charge is already cancelled")


def refuse_cancel_pending(account: Account, charge_id: str) -> None:
    """Refuse anything on a charge whose cancellation is unresolved. Raises: ChargeCancelPending. Source: SPEC R-068."""
    if charge_id in account.cancels:
        raise ChargeCancelPending("a cancellation of this charge waits for the provider's definite result")


def _cancel_terms(account: Account, stamp: Stamp, charge: Charged | DepositAwaited, past: Charge) -> PendingCancel:
    """Check a cancellation, in the order `cancel_charge` names, and return what it moves."""
    standing.refuse_stopped(account)
    if not isinstance(charge, Charged):
        raise ChargeMethodNotCancellable("only a charge by card or transfer can be cancelled; use a refund request")
    refuse_cancelled(past)
    if past.charged_back_minor:
        raise ChargeWasChargedBack(
            "a part of the charge was already taken back, so it cannot be cancelled; use a refund request",
            charged_back=past.charged_back_minor,
        )
    refuse_cancel_pending(account, charge.charge_id)
    if not is_within(charge.charged_on, CANCEL_DAYS, stamp.occurred_at):
        raise CancelWindowClosed(
            f"a charge can be cancelled within {CANCEL_DAYS} days of its payment date; use a refund request",
            cancellable_until=last_day_within(charge.charged_on, CANCEL_DAYS).isoformat(),
        )
    funds.refuse_owing(account)
    if any(part.charge_id == charge.charge_id for refund in account.refunds.values() for part in refund.lots):
        raise RefundPendingOnCharge("an unresolved refund request has taken from this charge; resolve it first")
    lot = account.lots.find(charge.charge_id, charge.charged_on, charge.method)
    remaining_minor = lot.remaining_minor if lot else 0
    if remaining_minor != charge.amount_minor:
        raise ChargeSpent(
            "only a wholly unspent charge can be cancelled; use a refund request for what is left of it",
            charged=charge.amount_minor,
            remaining=remaining_minor,
        )
    fee_minor = _cancel_fee_minor(account.currency, charge, stamp)
    return PendingCancel(
        amount_minor=charge.amount_minor,
        fee_minor=fee_minor,
        payout_minor=charge.amount_minor - fee_minor,
        method=charge.method,
        charged_on=charge.charged_on,
        fee_rule=fees.tariff(account.currency).cancel_rule,
    )


def _cancel_fee_minor(currency: str, charge: Charged, stamp: Stamp) -> int:
    """Return the fee on the day of the cancellation. Raises: ChargeTooSmallToCancel."""
    if is_within(charge.charged_on, fees.FEE_FREE_DAYS, stamp.occurred_at):
        return 0
    tariff = fees.tariff(currency)
    if charge.amount_minor <= tariff.refund_above_minor:
        raise ChargeTooSmallToCancel(
            f"after {fees.FEE_FREE_DAYS} days only a charge above {tariff.refund_above_minor} can be cancelled",
            above=tariff.refund_above_minor,
        )
    return tariff.cancel_fee_minor(charge.amount_minor)


def _cancelled(account: Account, stamp: Stamp, charge_id: str, terms: PendingCancel) -> ChargeCancelled:
    cancelled: ChargeCancelled = account.record(
        ChargeCancelled,
        stamp,
        charge_id=charge_id,
        amount_minor=terms.amount_minor,
        currency=account.currency,
        method=terms.method,
        charged_on=terms.charged_on,
        fee_minor=terms.fee_minor,
        payout_minor=terms.payout_minor,
        fee_rule=terms.fee_rule,
        balance_minor=account.balance_minor - terms.amount_minor,
    )
    return cancelled


def _pending(account: Account, charge_id: str, past: Charge) -> PendingCancel:
    refuse_cancelled(past)
    try:
        return account.cancels[charge_id]
    except KeyError:
        raise ChargeCancelNotPending("no cancellation of this charge is under way; start one first") from None
