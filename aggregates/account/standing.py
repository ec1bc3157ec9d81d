"""Standing of an account: opening, freezing, closing, overdraft allowance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aggregates.fact import Fact, fact

if TYPE_CHECKING:
    from aggregates.account.account import Account


@dataclass(frozen=True, slots=True)
class Figures:
    """The account as people see it, at the version of the fact that carries it (all amounts in minor units).

    Attributes:
        status: open, frozen or closed.
        balance_minor: liability.prepaid; 0 for a postpaid account.
        held_minor: held by spends that are not captured.
        refund_pending_minor: taken by refund requests that are not resolved.
        available_minor: what may be spent now; None when the overdraft is unlimited.
        overdraft_limit_minor: None = unlimited.
        credit_limit_minor, used_this_month_minor, remaining_limit_minor: None for a prepaid account.
    """

    account_id: str
    name: str
    mode: str
    currency: str
    status: str
    balance_minor: int
    held_minor: int
    refund_pending_minor: int
    available_minor: int | None
    overdraft_limit_minor: int | None
    credit_limit_minor: int | None
    used_this_month_minor: int | None
    remaining_limit_minor: int | None


@fact("account.opened")
class AccountOpened(Fact):
    """A customer company got an account.

    Attributes:
        account_id: its public id.
        name: what its owner calls it; need not be unique.
        mode: prepaid or postpaid.
        currency: ISO 4217; never changes.
        overdraft_limit_minor: how far below zero a prepaid balance may go; None = unlimited.
        credit_limit_minor: monthly limit of a postpaid account; None for prepaid.
        figures: the account as opened.
    """

    account_id: str
    name: str
    mode: str
    currency: str
    overdraft_limit_minor: int | None
    credit_limit_minor: int | None
    figures: Figures

    def apply(self, stream: Account) -> None:
        stream.account_id = self.account_id
        stream.name = self.name
        stream.mode = self.mode
        stream.currency = self.currency
        stream.overdraft_limit_minor = self.overdraft_limit_minor
        stream.credit_limit_minor = self.credit_limit_minor


@fact("account.frozen")
class AccountFrozen(Fact):
    """An operator stopped all new debits; what is under way may still end."""

    reason: str
    figures: Figures

    def apply(self, stream: Account) -> None:
        stream.status = "frozen"


@fact("account.unfrozen")
class AccountUnfrozen(Fact):
    """An operator allowed debits again."""

    reason: str
    figures: Figures

    def apply(self, stream: Account) -> None:
        stream.status = "open"


@fact("account.closed")
class AccountClosed(Fact):
    """An operator ended the account; everything on it was at zero."""

    reason: str
    figures: Figures

    def apply(self, stream: Account) -> None:
        stream.status = "closed"
