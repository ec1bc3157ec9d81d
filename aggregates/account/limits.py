"""Limits: postpaid credit by month, sub-members by month, cash-convertible goods by month (SPEC 1.5, 6, R-013..R-020)."""

from __future__ import annotations

from aggregates.account.standing import Figures
from aggregates.fact import Fact, fact


@fact("account.credit_limit_set")
class CreditLimitSet(Fact):
    """An operator set the monthly credit limit of a postpaid account; it holds from now on, this month included."""

    amount_minor: int
    previous_minor: int
    reason: str
    figures: Figures


@fact("account.member_limit_set")
class MemberLimitSet(Fact):
    """A sub-member's monthly limit was granted, changed, lifted or withdrawn; nothing is deducted (SPEC L2).

    Attributes:
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


@fact("account.cash_limit_set")
class CashLimitSet(Fact):
    """An operator granted, changed or withdrew the permission to buy cash-convertible goods (SPEC P10, R-020).

    Attributes:
        limit_minor: amount per calendar month; None = permission withdrawn.
        month, used_minor, remaining_minor: use in the month of this fact; remaining None when withdrawn.
    """

    limit_minor: int | None
    month: str
    used_minor: int
    remaining_minor: int | None
    reason: str


@fact("account.settlement_paid")
class SettlementPaid(Fact):
    """A postpaid customer paid what it owes.

    Attributes:
        amount_minor: what arrived.
        receivable_minor: what is still owed after it.
    """

    settlement_id: str
    amount_minor: int
    currency: str
    reference: str | None
    receivable_minor: int
