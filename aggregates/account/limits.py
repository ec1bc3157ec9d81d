"""Limits: postpaid credit by month, sub-members by month, cash-convertible goods by month (SPEC 1.5, 6, R-013..R-020).

A limit belongs to a KST calendar month and is reset by the clock alone: the use is kept by month, no fact resets it.
Only the current and the previous month can still be spent into or released; older months have left the state.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from aggregates.account import standing
from aggregates.account.parts import MemberLimit
from aggregates.account.standing import Figures
from aggregates.dates import billing_month, business_date, previous_month
from aggregates.errors import Malformed, Rejected
from aggregates.fact import Fact, Stamp, fact

if TYPE_CHECKING:
    from aggregates.account.account import Account


class MonthClosed(Rejected):
    """The month of occurred_at is over for limits: only the current and the previous month are open."""

    code = "month_closed"


class CreditLimitExceeded(Rejected):
    """The amount is more than what the month's postpaid limit leaves (SPEC I1)."""

    code = "limit_exceeded"


class MemberLimitNotGranted(Rejected):
    """The sub-member has no monthly limit, so it cannot spend (SPEC L4, R-018)."""

    code = "member_limit_not_granted"


class MemberLimitExceeded(Rejected):
    """The amount is more than what the sub-member's monthly limit leaves (SPEC L2)."""

    code = "member_limit_exceeded"


class MemberLimitTooHigh(Rejected):
    """A sub-member's limit may not be set above what the master has when it is set (SPEC L1, R-016)."""

    code = "member_limit_too_high"


class CashNotPermitted(Rejected):
    """The account has no permission to buy cash-convertible goods (SPEC P10)."""

    code = "cash_not_permitted"


class CashLimitExceeded(Rejected):
    """The cash-convertible part is more than what its monthly limit leaves (SPEC R-020)."""

    code = "cash_limit_exceeded"


class MemberCashNotPermitted(Rejected):
    """The sub-member has no permission to buy cash-convertible goods (SPEC R-020)."""

    code = "member_cash_not_permitted"


@fact("account.credit_limit_set")
class CreditLimitSet(Fact):
    """An operator set the monthly credit limit of a postpaid account; it holds from now on, this month included.

    Attributes:
        amount_minor: the new limit a month.
        previous_minor: the limit before.
        reason: why, in the operator's words.
        figures: the account after it.
    """

    amount_minor: int
    previous_minor: int
    reason: str
    figures: Figures

    def apply(self, stream: Account) -> None:
        stream.credit_limit_minor = self.amount_minor


@fact("account.member_limit_set")
class MemberLimitSet(Fact):
    """A sub-member's monthly limit was granted, changed, lifted or withdrawn; nothing is deducted (SPEC L2).

    Attributes:
        member_id: the sub-member.
        limit_minor: monthly limit; None when unlimited or not granted.
        granted: False = "-": the member cannot spend at all (SPEC L4, R-018).
        unlimited: True = bounded only by what the master has (SPEC R-017).
        cash_convertible: the member may buy cash-convertible goods (SPEC R-020).
        month: the month of the figures below.
        used_minor: used in `month`.
        remaining_minor: max(0, limit - used); None when unlimited or not granted.
    """

    member_id: str
    limit_minor: int | None
    granted: bool
    unlimited: bool
    cash_convertible: bool
    month: str
    used_minor: int
    remaining_minor: int | None

    def apply(self, stream: Account) -> None:
        stream.own("members")[self.member_id] = MemberLimit(
            limit_minor=self.limit_minor,
            granted=self.granted,
            unlimited=self.unlimited,
            cash_convertible=self.cash_convertible,
        )


@fact("account.cash_limit_set")
class CashLimitSet(Fact):
    """An operator granted, changed or withdrew the permission to buy cash-convertible goods (SPEC P10, R-020).

    Attributes:
        limit_minor: amount per calendar month; None = permission withdrawn.
        month: the month of the figures below.
        used_minor: used in `month`.
        remaining_minor: max(0, limit - used); None when withdrawn.
        reason: why, in the operator's words.
    """

    limit_minor: int | None
    month: str
    used_minor: int
    remaining_minor: int | None
    reason: str

    def apply(self, stream: Account) -> None:
        stream.cash_limit_minor = self.limit_minor


def is_closed(month: str, now: datetime) -> bool:
    """Say whether limits of "YYYY-MM" are neither used nor released any more: it is before the previous month."""
    return month < previous_month(billing_month(business_date(now)))


def refuse_closed_month(month: str, now: datetime) -> None:
    """Refuse a spend dated into a month that is over for limits. Raises: MonthClosed. Source: SPEC R-004, R-084."""
    if is_closed(month, now):
        earliest = previous_month(billing_month(business_date(now)))
        raise MonthClosed(
            f"occurred_at lies in a month whose limits are closed; the earliest open month is {earliest}",
            earliest_month=earliest,
        )


def note_use(used: dict[str, int], month: str, used_minor: int, recorded_at: datetime) -> None:
    """Fold: set the use of a month and let go of months that are closed."""
    used[month] = used_minor
    if len(used) > 2:
        for past in [past for past in used if is_closed(past, recorded_at)]:
            del used[past]


def remaining(limit_minor: int, used_minor: int) -> int:
    """Return what a monthly limit leaves: never below 0, also when it was lowered below its use (SPEC R-015)."""
    return max(0, limit_minor - used_minor)


def credit_use(account: Account, month: str, amount_minor: int) -> int:
    """Return the use of the postpaid limit in `month` after a spend. Raises: CreditLimitExceeded. Source: SPEC I1."""
    limit_minor = account.credit_limit_minor or 0
    used_minor = account.used.get(month, 0)
    left_minor = remaining(limit_minor, used_minor)
    if amount_minor > left_minor:
        raise CreditLimitExceeded(
            "the amount is more than what the credit limit leaves for the month",
            limit=limit_minor,
            used=used_minor,
            remaining=left_minor,
            requested=amount_minor,
        )
    return used_minor + amount_minor


def member_use(account: Account, member_id: str, month: str, amount_minor: int) -> int:
    """Return the member's use in `month` after a spend.

    Raises:
        MemberLimitNotGranted: no limit, so no spending (SPEC L4, R-018).
        MemberLimitExceeded: more than the limit leaves (SPEC L2, R-016).

    Source: SPEC R-013..R-018.
    """
    limit = account.members.get(member_id)
    if limit is None or not limit.granted:
        raise MemberLimitNotGranted("the member has no monthly limit, so it cannot spend until one is granted")
    used_minor = account.member_used.get(member_id, {}).get(month, 0)
    if limit.limit_minor is not None:
        left_minor = remaining(limit.limit_minor, used_minor)
        if amount_minor > left_minor:
            raise MemberLimitExceeded(
                "the amount is more than what the member's limit leaves for the month",
                limit=limit.limit_minor,
                used=used_minor,
                remaining=left_minor,
                requested=amount_minor,
            )
    return used_minor + amount_minor


def refuse_cash(account: Account, member_id: str | None, month: str, cash_minor: int) -> None:
    """Refuse cash-convertible goods without permission or beyond its monthly limit.

    Raises:
        CashNotPermitted: the account has no permission.
        CashLimitExceeded: more than the limit leaves.
        MemberCashNotPermitted: the account may, this member may not.

    Source: SPEC P10, R-020.
    """
    limit_minor = account.cash_limit_minor
    if limit_minor is None:
        raise CashNotPermitted("the account may not buy cash-convertible goods until an operator permits it")
    used_minor = account.cash_used.get(month, 0)
    left_minor = remaining(limit_minor, used_minor)
    if cash_minor > left_minor:
        raise CashLimitExceeded(
            "the cash-convertible part is more than what its limit leaves for the month",
            limit=limit_minor,
            used=used_minor,
            remaining=left_minor,
            requested=cash_minor,
        )
    if member_id is not None and not account.members[member_id].cash_convertible:
        raise MemberCashNotPermitted("the member may not buy cash-convertible goods until the master permits it")


def set_credit_limit(account: Account, stamp: Stamp, *, amount_minor: int, reason: str) -> CreditLimitSet:
    """Set the monthly credit limit of a postpaid account, from now on and this month included.

    Args:
        amount_minor: >= 0; may lie below what is used, then nothing remains.

    Raises:
        InvalidAmount: amount out of bounds.
        AccountIsClosed: the account is closed.
        PostpaidOnly: the account is prepaid.

    Source: SPEC I1, R-015.
    """
    standing.require_amount(amount_minor, lowest_minor=0)
    standing.refuse_closed(account)
    standing.refuse_prepaid(account)
    figures = account.figures(account.now(stamp))
    left_minor = remaining(amount_minor, figures.used_this_month_minor or 0)
    made: CreditLimitSet = account.record(
        CreditLimitSet,
        stamp,
        amount_minor=amount_minor,
        previous_minor=account.credit_limit_minor or 0,
        reason=reason,
        figures=replace(
            figures, credit_limit_minor=amount_minor, available_minor=left_minor, remaining_limit_minor=left_minor
        ),
    )
    return made


def set_member_limit(
    account: Account,
    stamp: Stamp,
    *,
    member_id: str,
    limit_minor: int | None,
    granted: bool,
    unlimited: bool,
    cash_convertible: bool,
) -> MemberLimitSet:
    """Grant, change, lift or withdraw a sub-member's monthly limit; nothing is deducted from the master.

    Args:
        limit_minor: >= 0 when granted and not unlimited, else None.

    Raises:
        Malformed: the three words of the limit do not fit together.
        InvalidAmount: limit out of bounds.
        AccountIsClosed: the account is closed.
        MemberLimitTooHigh: above the balance (prepaid) or credit limit (postpaid) of this moment; figures say the
            highest. An account with an unlimited overdraft has no bound.

    Source: SPEC L1, L2, L4, R-013..R-018.
    """
    if (limit_minor is not None) != (granted and not unlimited) or (unlimited and not granted):
        raise Malformed("monthly_limit must be an integer, unlimited, or null for not granted", field="monthly_limit")
    if limit_minor is not None:
        standing.require_amount(limit_minor, "monthly_limit", lowest_minor=0)
    standing.refuse_closed(account)
    if limit_minor is not None:
        _refuse_above_master(account, limit_minor)
    month = billing_month(business_date(account.now(stamp)))
    used_minor = account.member_used.get(member_id, {}).get(month, 0)
    made: MemberLimitSet = account.record(
        MemberLimitSet,
        stamp,
        member_id=member_id,
        limit_minor=limit_minor,
        granted=granted,
        unlimited=unlimited,
        cash_convertible=cash_convertible,
        month=month,
        used_minor=used_minor,
        remaining_minor=None if limit_minor is None else remaining(limit_minor, used_minor),
    )
    return made


def set_cash_limit(account: Account, stamp: Stamp, *, limit_minor: int | None, reason: str) -> CashLimitSet:
    """Permit cash-convertible goods up to an amount a month, or withdraw the permission (None).

    Raises:
        InvalidAmount: limit out of bounds.
        AccountIsClosed: the account is closed.

    Source: SPEC P10, R-020.
    """
    if limit_minor is not None:
        standing.require_amount(limit_minor, "monthly_limit", lowest_minor=0)
    standing.refuse_closed(account)
    month = billing_month(business_date(account.now(stamp)))
    used_minor = account.cash_used.get(month, 0)
    made: CashLimitSet = account.record(
        CashLimitSet,
        stamp,
        limit_minor=limit_minor,
        month=month,
        used_minor=used_minor,
        remaining_minor=None if limit_minor is None else remaining(limit_minor, used_minor),
        reason=reason,
    )
    return made


def _refuse_above_master(account: Account, limit_minor: int) -> None:
    """Refuse a limit above what the master has when it is set. Raises: MemberLimitTooHigh. Source: SPEC L1, R-016."""
    if account.mode == "prepaid" and account.overdraft_limit_minor is None:
        return
    highest_minor = max(0, account.balance_minor) if account.mode == "prepaid" else account.credit_limit_minor or 0
    if limit_minor > highest_minor:
        raise MemberLimitTooHigh(
            "monthly_limit may not be set above the master's balance or credit limit of this moment",
            maximum=highest_minor,
            requested=limit_minor,
        )
