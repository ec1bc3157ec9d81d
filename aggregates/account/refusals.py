"""Refusals that several nouns share: the account's standing, its mode, and money that a chargeback left owing.

Each `require_*` raises its one refusal or does nothing; a decision calls them in its own order of checks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aggregates.errors import Conflict, Rejected

if TYPE_CHECKING:
    from aggregates.account.account import Account


class AccountIsClosed(Conflict):
    """Nothing more may happen on a closed account."""

    code = "account_closed"


class AccountIsFrozen(Conflict):
    """A frozen account takes money in but lets none out."""

    code = "account_frozen"


class PrepaidOnly(Rejected):
    """Only a prepaid account has a balance to do this with (SPEC C1)."""

    code = "prepaid_only"


class ReceivableOpen(Conflict):
    """A chargeback left money owing; until it is settled nothing is spent or refunded (SPEC R-064)."""

    code = "receivable_open"


def require_not_closed(account: Account) -> None:
    """Raises: AccountIsClosed."""
    if account.status == "closed":
        raise AccountIsClosed("the account is closed; nothing more can be done on it")


def require_open(account: Account) -> None:
    """Raises: AccountIsClosed; AccountIsFrozen."""
    require_not_closed(account)
    if account.status == "frozen":
        raise AccountIsFrozen("the account is frozen; it takes money in, but nothing leaves it until it is unfrozen")


def require_prepaid(account: Account) -> None:
    """Raises: PrepaidOnly."""
    if account.mode != "prepaid":
        raise PrepaidOnly("this needs a prepaid account; a postpaid one has a monthly limit instead of a balance")


def require_no_receivable(account: Account) -> None:
    """Raises: ReceivableOpen."""
    if account.member_receivable_minor:
        raise ReceivableOpen(
            "a chargeback left money owing; it must be settled before anything is spent or refunded",
            member_receivable_minor=account.member_receivable_minor,
        )
