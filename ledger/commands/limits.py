"""Commands about limits: credit, sub-members, cash-convertible goods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from aggregates.account import Account
from aggregates.fact import Fact, Stamp
from ledger.command import Answer, Streams, answer
from ledger.shapes import member_limit_json


@dataclass(frozen=True, slots=True)
class SetCreditLimit:
    """Set the monthly credit limit of a postpaid account; answers with the account."""

    ANSWER: ClassVar[str] = "account/1"

    account_id: str
    amount_minor: int
    reason: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Account.CreditLimitSet`. Raises: as of `Account.set_credit_limit`."""
        streams.account(self.account_id).set_credit_limit(stamp, amount_minor=self.amount_minor, reason=self.reason)


@dataclass(frozen=True, slots=True)
class SetMemberLimit:
    """Grant, change, lift or withdraw a sub-member's monthly limit.

    Attributes:
        limit_minor: an amount when granted and not unlimited, else None.
    """

    ANSWER: ClassVar[str] = "member-limit/1"

    account_id: str
    member_id: str
    limit_minor: int | None
    granted: bool
    unlimited: bool
    cash_convertible: bool

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Account.MemberLimitSet`. Raises: as of `Account.set_member_limit`."""
        streams.account(self.account_id).set_member_limit(
            stamp,
            member_id=self.member_id,
            limit_minor=self.limit_minor,
            granted=self.granted,
            unlimited=self.unlimited,
            cash_convertible=self.cash_convertible,
        )


@dataclass(frozen=True, slots=True)
class SetCashLimit:
    """Permit cash-convertible goods up to an amount a month; None withdraws the permission."""

    ANSWER: ClassVar[str] = "cash-limit/1"

    account_id: str
    limit_minor: int | None
    reason: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Account.CashLimitSet`. Raises: as of `Account.set_cash_limit`."""
        streams.account(self.account_id).set_cash_limit(stamp, limit_minor=self.limit_minor, reason=self.reason)


@answer("member-limit/1")
def member_limit(facts: Sequence[Fact]) -> Answer:
    """Answer with a sub-member's limit, its use and what remains."""
    fact = next(fact for fact in facts if isinstance(fact, Account.MemberLimitSet))
    return Answer(
        200,
        member_limit_json(
            fact.member_id,
            granted=fact.granted,
            unlimited=fact.unlimited,
            limit_minor=fact.limit_minor,
            used_minor=fact.used_minor,
            cash_convertible=fact.cash_convertible,
            month=fact.month,
        ),
    )


@answer("cash-limit/1")
def cash_limit(facts: Sequence[Fact]) -> Answer:
    """Answer with the limit of cash-convertible goods, its use and what remains."""
    fact = next(fact for fact in facts if isinstance(fact, Account.CashLimitSet))
    return Answer(
        200,
        {
            "month": fact.month,
            "limit": fact.limit_minor,
            "used": fact.used_minor,
            "remaining": fact.remaining_minor,
        },
    )
