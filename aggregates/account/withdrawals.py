"""Collected money on its way to the payee's own bank account (SPEC 9 to 11, 14).

It leaves what is collected when it is asked for, so that it cannot be asked for twice, and comes back when it is
refused or the bank does not take it. What the bank has done has happened: it is taken on a closed account, too.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from aggregates.account import standing
from aggregates.dates import business_date
from aggregates.errors import Rejected
from aggregates.fact import Fact, Stamp, fact

if TYPE_CHECKING:
    from aggregates.account.account import Account


class NotCollected(Rejected):
    """More than what was collected and has not left."""

    code = "withdrawal_exceeds_collections"


@fact("account.withdrawal_requested")
class WithdrawalRequested(Fact):
    """Collected money shall go to the payee's bank account: it has left what is collected.

    Attributes:
        withdrawal_id: public id.
        amount_minor: what shall go.
        currency: that of the account.
        balance_minor: what is owed to the account as collected after it.
        withdrawing_minor: all that is on its way after it.
    """

    withdrawal_id: str
    amount_minor: int
    currency: str
    balance_minor: int
    withdrawing_minor: int

    def apply(self, account: Account) -> None:
        account.collections_minor = self.balance_minor
        account.withdrawing_minor = self.withdrawing_minor


@fact("account.withdrawal_ended")
class WithdrawalEnded(Fact):
    """Collected money did not go: it was refused, or the bank definitely has not paid it.

    Attributes:
        withdrawal_id: public id.
        amount_minor: what is collected money again.
        currency: that of the account.
        code: why, a stable word.
        balance_minor: what is owed to the account as collected after it.
        withdrawing_minor: all that is on its way after it.
    """

    withdrawal_id: str
    amount_minor: int
    currency: str
    code: str
    balance_minor: int
    withdrawing_minor: int

    def apply(self, account: Account) -> None:
        account.collections_minor = self.balance_minor
        account.withdrawing_minor = self.withdrawing_minor


@fact("account.withdrawal_paid")
class WithdrawalPaid(Fact):
    """The bank has paid collected money to the payee.

    Attributes:
        withdrawal_id: public id.
        transfer: the bank's key for it.
        amount_minor: what was paid.
        currency: that of the account.
        paid_on: KST date.
        withdrawing_minor: all that is on its way after it.
    """

    withdrawal_id: str
    transfer: str
    amount_minor: int
    currency: str
    paid_on: date
    withdrawing_minor: int

    def apply(self, account: Account) -> None:
        account.withdrawing_minor = self.withdrawing_minor


@fact("account.withdrawal_returned")
class WithdrawalReturned(Fact):
    """The bank sent it back days later: it is collected money again.

    Attributes:
        withdrawal_id: public id.
        transfer: as of `WithdrawalPaid`.
        amount_minor: what came back.
        currency: that of the account.
        code: the bank's reason.
        balance_minor: what is owed to the account as collected after it.
    """

    withdrawal_id: str
    transfer: str
    amount_minor: int
    currency: str
    code: str
    balance_minor: int

    def apply(self, account: Account) -> None:
        account.collections_minor = self.balance_minor


def request_withdrawal(account: Account, stamp: Stamp, *, withdrawal_id: str, amount_minor: int) -> WithdrawalRequested:
    """Take collected money out of what is collected.

    Raises:
        AccountIsClosed, AccountIsFrozen, InvalidAmount.
        NotCollected: there is less.
    """
    standing.refuse_stopped(account)
    standing.require_amount(amount_minor)
    left = max(0, account.collections_minor - account.refunding_minor)
    if amount_minor > left:
        raise NotCollected(f"amount must be at most {left}, what was collected and has not left", maximum=left)
    requested: WithdrawalRequested = account.record(
        WithdrawalRequested,
        stamp,
        withdrawal_id=withdrawal_id,
        amount_minor=amount_minor,
        currency=account.currency,
        balance_minor=account.collections_minor - amount_minor,
        withdrawing_minor=account.withdrawing_minor + amount_minor,
    )
    return requested


def end_withdrawal(account: Account, stamp: Stamp, *, withdrawal_id: str, amount_minor: int, code: str) -> None:
    """Put back what did not go."""
    account.record(
        WithdrawalEnded,
        stamp,
        withdrawal_id=withdrawal_id,
        amount_minor=amount_minor,
        currency=account.currency,
        code=code,
        balance_minor=account.collections_minor + amount_minor,
        withdrawing_minor=account.withdrawing_minor - amount_minor,
    )


def pay_withdrawal(account: Account, stamp: Stamp, *, withdrawal_id: str, transfer: str, amount_minor: int) -> None:
    """Record that the bank has paid it."""
    account.record(
        WithdrawalPaid,
        stamp,
        withdrawal_id=withdrawal_id,
        transfer=transfer,
        amount_minor=amount_minor,
        currency=account.currency,
        paid_on=business_date(stamp.occurred_at),
        withdrawing_minor=account.withdrawing_minor - amount_minor,
    )


def return_withdrawal(
    account: Account, stamp: Stamp, *, withdrawal_id: str, transfer: str, amount_minor: int, code: str
) -> None:
    """Record that the bank has sent it back."""
    account.record(
        WithdrawalReturned,
        stamp,
        withdrawal_id=withdrawal_id,
        transfer=transfer,
        amount_minor=amount_minor,
        currency=account.currency,
        code=code,
        balance_minor=account.collections_minor + amount_minor,
    )
