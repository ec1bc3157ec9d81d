"""What a prepaid balance can cover, and what becomes of money that comes in: shared by every noun that moves it.

Lots cover a debit oldest first; what they cannot cover is overdrawn, as far as the account's allowance goes. Money that
comes in pays what is overdrawn before it becomes, or returns to, a lot. Nothing here records or changes anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aggregates.account.lots import PARTS_MAX, LotPart, total
from aggregates.account.standing import BALANCE_MINOR_MAX, BalanceOutOfRange
from aggregates.errors import Conflict, Rejected

if TYPE_CHECKING:
    from aggregates.account.account import Account


class InsufficientFunds(Rejected):
    """The balance and the overdraft allowance together do not cover the amount."""

    code = "insufficient_funds"


class TooManyLots(Rejected):
    """The amount would be taken from more lots than one fact may name."""

    code = "too_many_lots"


class MemberReceivableOutstanding(Conflict):
    """A chargeback has left something owing; no money may leave until it is settled (SPEC R-064)."""

    code = "member_receivable_outstanding"


def refuse_owing(account: Account) -> None:
    """Refuse a debit while a chargeback is unsettled. Raises: MemberReceivableOutstanding. Source: SPEC R-064."""
    if account.member_receivable_minor > 0:
        raise MemberReceivableOutstanding(
            "a chargeback has left an amount owing; it must be settled before money may leave the account",
            owing=account.member_receivable_minor,
        )


def cover(account: Account, amount_minor: int) -> tuple[tuple[LotPart, ...], int]:
    """Return the lot parts that a debit takes, oldest first, and the part that is overdrawn.

    Args:
        amount_minor: > 0.

    Raises:
        TooManyLots: figures say the largest amount that the oldest lots allow.
        InsufficientFunds: more than balance + overdraft allowance - what is frozen.
        BalanceOutOfRange: an unlimited overdraft has an end after all.

    Source: SPEC R-070, R-068, 14 (overdraft).
    """
    lots = account.lots
    allowed = account.overdraft_limit_minor
    if lots.total_minor - lots.frozen_minor <= 0:
        parts: tuple[LotPart, ...] = ()
    else:
        parts = lots.oldest_first(amount_minor)
        if len(parts) > PARTS_MAX:
            raise TooManyLots(
                f"one movement may take from at most {PARTS_MAX} charges; a smaller amount is possible",
                maximum=total(parts[:PARTS_MAX]),
            )
    if allowed is not None:
        available = account.balance_minor + allowed - lots.frozen_minor
        if amount_minor > available:
            raise InsufficientFunds(
                "the amount is more than what is available on the account", available=available, requested=amount_minor
            )
    elif account.balance_minor - amount_minor < -BALANCE_MINOR_MAX:
        raise BalanceOutOfRange("the balance would fall below what this ledger can count", minimum=-BALANCE_MINOR_MAX)
    return parts, amount_minor - (parts[0].amount_minor if len(parts) == 1 else total(parts))


def settle_overdrawn(account: Account, amount_minor: int) -> int:
    """Return the part of incoming money that pays what is overdrawn; the rest belongs in a lot.

    Raises:
        BalanceOutOfRange: the balance would be more than the ledger can count.

    Source: SPEC 14 (overdraft).
    """
    if account.balance_minor + amount_minor > BALANCE_MINOR_MAX:
        raise BalanceOutOfRange("the balance would rise above what this ledger can count", maximum=BALANCE_MINOR_MAX)
    return min(amount_minor, account.overdrawn_minor)
