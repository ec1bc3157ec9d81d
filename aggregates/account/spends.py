"""Spends: money held or taken for a purchase, captured, and returned (SPEC 2, 3, R-019, R-076, R-084).

A spend lives on the account while something of it is held. Afterwards the account forgets it: what a later return needs
stands on the spend's own stream (`aggregates.spend`), or in its first fact when it was captured at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from aggregates.account import funds, limits, standing
from aggregates.account.billing import months, overdue
from aggregates.account.lots import LotPart, newest_first, oldest_first, total, without
from aggregates.account.parts import MonthPart, SpendState
from aggregates.account.spend_facts import (
    DifferenceRefunded,
    HoldExpired,
    SpendCaptured,
    SpendReturned,
    Spent,
    after_capture,
    after_return,
)
from aggregates.dates import billing_month, business_date
from aggregates.errors import Conflict, Rejected
from aggregates.fact import Stamp
from aggregates.ids import child_id

if TYPE_CHECKING:
    from aggregates.account.account import Account

R = TypeVar("R", bound="SpendReturned")

HOLD_FOR = timedelta(days=30)
"""How long a hold lasts when the caller names no expiry."""

NEVER = datetime(9999, 1, 1, tzinfo=UTC)
"""Expiry of a hold that belongs to an order: no clock ends it, and nobody but the order captures or returns it."""


class HoldExpiryNotInFuture(Rejected):
    """A hold must expire after now."""

    code = "hold_expiry_not_in_future"


class HoldExpiryWithoutHold(Rejected):
    """A spend that is captured at once has no hold that could expire."""

    code = "hold_expiry_without_hold"


class HoldExpiryTooFar(Rejected):
    """A hold that nothing but its order ends is made by placing an order."""

    code = "hold_expiry_too_far"


class SpendOfOrder(Conflict):
    """The spend belongs to an order: only the order takes or returns its money."""

    code = "spend_of_order"


class SpendNotHeld(Conflict):
    """Nothing of the spend is held any more."""

    code = "spend_not_held"


class HoldHasExpired(Conflict):
    """The hold's time is over; it can only be given back."""

    code = "hold_expired"


class HoldNotExpired(Conflict):
    """The hold's time is not over yet."""

    code = "hold_not_expired"


class ExceedsHeld(Rejected):
    """More than what the spend still holds."""

    code = "exceeds_held"


class ReturnExceedsSpend(Rejected):
    """More than what the spend has not given back yet (SPEC R-076)."""

    code = "return_exceeds_spend"


def spend(
    account: Account,
    stamp: Stamp,
    *,
    amount_minor: int,
    reference: str | None = None,
    member_id: str | None = None,
    capture: bool = True,
    expires_at: datetime | None = None,
    cash_minor: int = 0,
) -> Spent:
    """Take money for a purchase: for good (`capture`), or held until it is captured or given back.

    Args:
        amount_minor: > 0.
        member_id: the sub-member who spends; None = the master.
        expires_at: of the hold, aware, after now; None = `HOLD_FOR` from now.
        cash_minor: part of the amount that buys cash-convertible goods, 0..amount.

    Raises:
        InvalidAmount: amount or cash part out of bounds.
        HoldExpiryWithoutHold: `expires_at` with `capture`.
        AccountIsClosed, AccountIsFrozen: the account takes no debit.
        HoldExpiryNotInFuture: `expires_at` is not after now.
        MonthClosed: a monthly limit applies and occurred_at lies before the previous month.
        MemberReceivableOutstanding: a chargeback is unsettled (SPEC R-064).
        InvoiceOverdue: a postpaid invoice is overdue and nobody has lifted the block (SPEC R-085).
        MemberLimitNotGranted, MemberLimitExceeded: the member's monthly limit (SPEC L2, L4).
        CashNotPermitted, CashLimitExceeded, MemberCashNotPermitted: cash-convertible goods (SPEC R-020).
        TooManyLots, InsufficientFunds, BalanceOutOfRange: prepaid money (SPEC R-070).
        CreditLimitExceeded: postpaid limit of the month of occurred_at (SPEC I1).

    Source: SPEC R-016, R-019, R-021, R-070, R-084.
    """
    standing.require_amount(amount_minor)
    if not 0 <= cash_minor <= amount_minor:
        raise standing.InvalidAmount("cash_amount must be an integer of 0 up to the amount", field="cash_amount")
    if capture and expires_at is not None:
        raise HoldExpiryWithoutHold("expires_at is for a hold; leave it out when the spend is captured at once")
    standing.refuse_stopped(account)
    if expires_at is not None and expires_at <= account.now(stamp):
        raise HoldExpiryNotInFuture("expires_at must lie in the future")
    spent_on = business_date(stamp.occurred_at)
    month = billing_month(spent_on)
    postpaid = account.mode == "postpaid"
    if postpaid or member_id is not None or cash_minor:
        limits.refuse_closed_month(month, account.now(stamp))
    funds.refuse_owing(account)
    if postpaid and account.billing.invoices:
        overdue.refuse_overdue(account, business_date(account.now(stamp)))
    member_used_minor = None if member_id is None else limits.member_use(account, member_id, month, amount_minor)
    if cash_minor:
        limits.refuse_cash(account, member_id, month, cash_minor)
    parts: tuple[LotPart, ...] = ()
    overdrawn_minor = balance_minor = 0
    if postpaid:
        month_used_minor: int | None = limits.credit_use(account, month, amount_minor)
    else:
        parts, overdrawn_minor = funds.cover(account, amount_minor)
        balance_minor = account.balance_minor - amount_minor
        month_used_minor = None
    spent: Spent = account.record(
        Spent,
        stamp,
        spend_id=child_id("spd", account.account_id, account.version + 1),
        amount_minor=amount_minor,
        currency=account.currency,
        mode=account.mode,
        held_minor=0 if capture else amount_minor,
        captured_minor=amount_minor if capture else 0,
        lots=parts,
        overdrawn_minor=overdrawn_minor,
        member_id=member_id,
        cash_minor=cash_minor,
        spent_on=spent_on,
        month=month,
        expires_at=None if capture else expires_at or account.now(stamp) + HOLD_FOR,
        reference=reference,
        balance_minor=balance_minor,
        month_used_minor=month_used_minor,
        member_used_minor=member_used_minor,
    )
    return spent


def capture_spend(
    account: Account,
    stamp: Stamp,
    *,
    spend_id: str,
    amount_minor: int,
    release_difference: bool = False,
    reason: str | None = None,
    coupons: int = 1,
) -> SpendState:
    """Take held money for good; with `release_difference`, give all the rest of the hold back in the same commit.

    Returns the spend after it.

    Args:
        amount_minor: > 0, at most what is held.
        reason: why, in both facts; None when not given.
        coupons: how many issued coupons it pays for.

    Raises:
        InvalidAmount: amount out of bounds.
        AccountIsClosed: the account is closed.
        SpendNotHeld: nothing of the spend is held.
        HoldHasExpired: now is at or after its expiry; only a return is possible.
        ExceedsHeld: figures say what is held.

    Source: SPEC P7, R-045.
    """
    standing.require_amount(amount_minor)
    spend = _held(account, spend_id)
    if spend.expires_at is not None and account.now(stamp) >= spend.expires_at:
        raise HoldHasExpired("the hold has expired; it can no longer be captured")
    _refuse_more_than_held(spend, amount_minor)
    made: SpendCaptured = account.record(
        SpendCaptured,
        stamp,
        spend_id=spend_id,
        amount_minor=amount_minor,
        currency=account.currency,
        mode=account.mode,
        spend_amount_minor=spend.amount_minor,
        held_minor=spend.held_minor - amount_minor,
        captured_minor=spend.captured_minor + amount_minor,
        returned_minor=spend.returned_minor,
        lots=spend.lots,
        overdrawn_minor=spend.overdrawn_minor,
        member_id=spend.member_id,
        spent_on=spend.spent_on,
        expires_at=spend.expires_at,
        reference=spend.reference,
        balance_minor=account.balance_minor,
        reason=reason,
        coupons=coupons,
    )
    captured = account.holds.get(spend_id) or after_capture(spend, made)
    if release_difference and captured.held_minor:
        return _give_back(account, stamp, DifferenceRefunded, spend_id, captured, captured.held_minor, reason)
    return captured


def return_spend(
    account: Account, stamp: Stamp, *, spend_id: str, spend: SpendState, amount_minor: int, reason: str | None = None
) -> SpendState:
    """Give money of a spend back: from what is held first, then from what was captured.

    The money pays what the account has overdrawn, then returns to its lots in reverse order of taking. Returns the
    spend after it.

    Args:
        spend: the spend as it stands: from `account.holds`, its own stream or its first fact.

    Raises:
        InvalidAmount: amount out of bounds.
        AccountIsClosed: the account is closed.
        ReturnExceedsSpend: figures say what is left to return.

    Source: SPEC R-019, R-030, R-031, R-076, R-084.
    """
    standing.require_amount(amount_minor)
    standing.refuse_closed(account)
    left_minor = spend.held_minor + spend.captured_minor
    if amount_minor > left_minor:
        raise ReturnExceedsSpend(
            "the amount is more than what the spend has left to return", left=left_minor, requested=amount_minor
        )
    return _give_back(account, stamp, SpendReturned, spend_id, spend, amount_minor, reason)


def return_captured(
    account: Account,
    stamp: Stamp,
    *,
    spend_id: str,
    spend: SpendState,
    amount_minor: int,
    reason: str | None = None,
    issued_in: Sequence[MonthPart] = (),
) -> SpendState:
    """Give captured money of a spend back and leave alone what is still held. Returns the spend after it.

    Args:
        spend: the spend as it stands: from `account.holds` or its own stream.
        issued_in: the money by the month in which its coupons were issued, where the caller knows.

    Raises:
        InvalidAmount: amount out of bounds.
        AccountIsClosed: the account is closed.
        ReturnExceedsSpend: figures say what is captured.

    Source: SPEC R-034, R-076.
    """
    standing.require_amount(amount_minor)
    standing.refuse_closed(account)
    if amount_minor > spend.captured_minor:
        raise ReturnExceedsSpend(
            "the amount is more than what the spend has captured", left=spend.captured_minor, requested=amount_minor
        )
    return _give_back(
        account, stamp, SpendReturned, spend_id, spend, amount_minor, reason, from_held_minor=0, issued_in=issued_in
    )


def refund_difference(
    account: Account, stamp: Stamp, *, spend_id: str, amount_minor: int, reason: str | None = None
) -> SpendState:
    """Give back a part of what is held, because the choice was cheaper. Returns the spend after it.

    Raises:
        InvalidAmount: amount out of bounds.
        AccountIsClosed: the account is closed.
        SpendNotHeld: nothing of the spend is held.
        ExceedsHeld: figures say what is held.

    Source: SPEC P7, R-042, R-043, R-076.
    """
    standing.require_amount(amount_minor)
    spend = _held(account, spend_id)
    _refuse_more_than_held(spend, amount_minor)
    return _give_back(account, stamp, DifferenceRefunded, spend_id, spend, amount_minor, reason)


def expire_hold(account: Account, stamp: Stamp, *, spend_id: str) -> SpendState:
    """Give back a hold that nobody captured in time. Returns the spend after it.

    Raises:
        AccountIsClosed: the account is closed.
        SpendNotHeld: nothing of the spend is held.
        HoldNotExpired: its time is not over at the ledger's clock.
    """
    spend = _held(account, spend_id)
    if spend.expires_at is None or spend.expires_at > account.now(stamp):
        raise HoldNotExpired("the hold has not expired yet")
    return _give_back(account, stamp, HoldExpired, spend_id, spend, spend.held_minor, "hold_expired")


def _held(account: Account, spend_id: str) -> SpendState:
    standing.refuse_closed(account)
    spend = account.holds.get(spend_id)
    if spend is None:
        raise SpendNotHeld("nothing of this spend is held any more")
    return spend


def _refuse_more_than_held(spend: SpendState, amount_minor: int) -> None:
    if amount_minor > spend.held_minor:
        raise ExceedsHeld(
            "the amount is more than what the spend still holds", held=spend.held_minor, requested=amount_minor
        )


def _give_back(
    account: Account,
    stamp: Stamp,
    kind: type[R],
    spend_id: str,
    spend: SpendState,
    amount_minor: int,
    reason: str | None,
    from_held_minor: int | None = None,
    issued_in: Sequence[MonthPart] = (),
) -> SpendState:
    """Record a return that the caller has checked; from what is held first, unless the caller says how much of it."""
    if from_held_minor is None:
        from_held_minor = min(amount_minor, spend.held_minor)
    from_captured_minor = amount_minor - from_held_minor
    left_minor = spend.held_minor + spend.captured_minor - amount_minor
    # What was overdrawn was taken last, so it unwinds first; then the lots, last taken first.
    unwound_overdrawn_minor = min(amount_minor, spend.overdrawn_minor)
    unwound: tuple[LotPart, ...] = ()
    overdrawn_repaid_minor = 0
    returned_lots: tuple[LotPart, ...] = ()
    balance_minor = account.balance_minor
    from_months: tuple[MonthPart, ...] = ()
    if account.mode == "prepaid":
        unwound = newest_first(spend.lots, amount_minor - unwound_overdrawn_minor)
        overdrawn_repaid_minor = funds.settle_overdrawn(account, amount_minor)
        returned_lots = oldest_first(unwound, amount_minor - overdrawn_repaid_minor)
        unplaced_minor = amount_minor - overdrawn_repaid_minor - total(returned_lots)
        if unplaced_minor:
            # A charge has paid this spend's overdraft meanwhile: the money has no lot to return to, so it becomes one.
            lot_id = child_id("lot", account.account_id, account.version + 1)
            returned_lots += (LotPart(lot_id, spend.spent_on, "returned", unplaced_minor),)
        balance_minor += amount_minor
    elif from_captured_minor:
        from_months = months.taken(spend.captured_in, from_captured_minor, issued_in)
    # The part for cash-convertible goods comes back last: the stricter reading of its limit (SPEC R-020).
    cash_minor = max(0, spend.cash_minor - left_minor)
    month_open = not limits.is_closed(spend.month, account.now(stamp))
    month_used_minor = member_used_minor = None
    if month_open and account.mode == "postpaid":
        month_used_minor = max(0, account.used.get(spend.month, 0) - amount_minor)
    if month_open and spend.member_id is not None:
        used_minor = account.member_used.get(spend.member_id, {}).get(spend.month, 0)
        member_used_minor = max(0, used_minor - amount_minor)
    returned: SpendReturned = account.record(
        kind,
        stamp,
        spend_id=spend_id,
        amount_minor=amount_minor,
        currency=account.currency,
        mode=account.mode,
        from_held_minor=from_held_minor,
        from_captured_minor=from_captured_minor,
        spend_amount_minor=spend.amount_minor,
        held_minor=spend.held_minor - from_held_minor,
        captured_minor=spend.captured_minor - from_captured_minor,
        returned_minor=spend.returned_minor + amount_minor,
        overdrawn_repaid_minor=overdrawn_repaid_minor,
        returned_lots=returned_lots,
        lots=without(spend.lots, unwound),
        overdrawn_minor=spend.overdrawn_minor - unwound_overdrawn_minor,
        member_id=spend.member_id,
        cash_minor=cash_minor,
        month=spend.month,
        spent_on=spend.spent_on,
        expires_at=spend.expires_at,
        reference=spend.reference,
        balance_minor=balance_minor,
        month_used_minor=month_used_minor,
        member_used_minor=member_used_minor,
        reason=reason,
        from_months=from_months,
    )
    return after_return(spend, returned)
