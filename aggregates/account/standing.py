"""Standing of an account: opening, freezing, closing; and the refusals that every other noun shares.

A frozen account takes no new debit and no transfer; what is under way may still end, and money may still come back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from aggregates.errors import Conflict, Malformed, Rejected
from aggregates.fact import Fact, Stamp, fact
from aggregates.money import AMOUNT_MINOR_MAX, exponent

if TYPE_CHECKING:
    from aggregates.account.account import Account

BALANCE_MINOR_MAX = 1_000_000_000_000_000_000
"""How far a balance may be from zero, in minor units: keeps every running figure inside a signed 64-bit column."""


class InvalidAmount(Malformed):
    """An amount is not a whole number of minor units inside the bounds of the ledger."""

    code = "invalid_amount"


class AccountIsClosed(Conflict):
    """The account is closed: nothing can be recorded on it any more."""

    code = "account_closed"


class AccountIsFrozen(Conflict):
    """An operator has frozen the account: no new debit until it is unfrozen."""

    code = "account_frozen"


class AccountIsNotFrozen(Conflict):
    """There is nothing to unfreeze."""

    code = "account_not_frozen"


class AccountIsOpened(Conflict):
    """The account has been opened before."""

    code = "account_exists"


class AccountNotEmpty(Conflict):
    """Something on the account is not at zero, so it cannot be closed."""

    code = "account_not_empty"


class PrepaidOnly(Rejected):
    """The account is postpaid; this is for prepaid accounts (SPEC 1.4)."""

    code = "prepaid_only"


class PostpaidOnly(Rejected):
    """The account is prepaid; this is for postpaid accounts (SPEC 1.4)."""

    code = "postpaid_only"


class CreditLimitRequired(Rejected):
    """A postpaid account cannot be opened without a monthly credit limit (SPEC I1)."""

    code = "credit_limit_required"


class CreditLimitNotAllowed(Rejected):
    """A prepaid account has no credit limit."""

    code = "credit_limit_not_allowed"


class OverdraftNotAllowed(Rejected):
    """A postpaid account has a credit limit and no overdraft."""

    code = "overdraft_not_allowed"


class BalanceOutOfRange(Rejected):
    """The balance would leave the range that this ledger can count."""

    code = "balance_out_of_range"


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
    """An operator stopped all new debits; what is under way may still end.

    Attributes:
        reason: why, in the operator's words.
        figures: the account after it.
    """

    reason: str
    figures: Figures

    def apply(self, stream: Account) -> None:
        stream.status = "frozen"


@fact("account.unfrozen")
class AccountUnfrozen(Fact):
    """An operator allowed debits again.

    Attributes:
        reason: why, in the operator's words.
        figures: the account after it.
    """

    reason: str
    figures: Figures

    def apply(self, stream: Account) -> None:
        stream.status = "open"


@fact("account.closed")
class AccountClosed(Fact):
    """An operator ended the account; everything on it was at zero.

    Attributes:
        reason: why, in the operator's words.
        figures: the account after it.
    """

    reason: str
    figures: Figures

    def apply(self, stream: Account) -> None:
        stream.status = "closed"


def open_account(
    account: Account,
    stamp: Stamp,
    *,
    account_id: str,
    name: str,
    mode: str,
    currency: str,
    credit_limit_minor: int | None,
    overdraft_limit_minor: int | None,
) -> AccountOpened:
    """Open a blank account.

    Args:
        mode: prepaid or postpaid.
        currency: ISO 4217 code, for good.
        credit_limit_minor: monthly limit, >= 0, for postpaid; None for prepaid.
        overdraft_limit_minor: how far below zero a prepaid balance may go, >= 0; None = unlimited; 0 for postpaid.

    Raises:
        Malformed: unknown mode or currency, or a limit out of bounds.
        CreditLimitNotAllowed, CreditLimitRequired, OverdraftNotAllowed: limits that do not fit the mode.
        AccountIsOpened: the account has facts already.

    Source: SPEC 1.1, I1.
    """
    exponent(currency)
    check_terms(mode, credit_limit_minor, overdraft_limit_minor)
    if account.version:
        raise AccountIsOpened("this account has been opened before")
    figures = Figures(
        account_id=account_id,
        name=name,
        mode=mode,
        currency=currency,
        status="open",
        balance_minor=0,
        held_minor=0,
        refund_pending_minor=0,
        available_minor=overdraft_limit_minor if credit_limit_minor is None else credit_limit_minor,
        overdraft_limit_minor=overdraft_limit_minor,
        credit_limit_minor=credit_limit_minor,
        used_this_month_minor=None if credit_limit_minor is None else 0,
        remaining_limit_minor=credit_limit_minor,
    )
    opened: AccountOpened = account.record(
        AccountOpened,
        stamp,
        account_id=account_id,
        name=name,
        mode=mode,
        currency=currency,
        overdraft_limit_minor=overdraft_limit_minor,
        credit_limit_minor=credit_limit_minor,
        figures=figures,
    )
    return opened


def freeze(account: Account, stamp: Stamp, *, reason: str) -> AccountFrozen:
    """Stop all new debits.

    Raises:
        AccountIsClosed: the account is closed.
        AccountIsFrozen: it is frozen already.
    """
    refuse_stopped(account)
    figures = replace(account.figures(account.now(stamp)), status="frozen")
    frozen: AccountFrozen = account.record(AccountFrozen, stamp, reason=reason, figures=figures)
    return frozen


def unfreeze(account: Account, stamp: Stamp, *, reason: str) -> AccountUnfrozen:
    """Allow debits again.

    Raises:
        AccountIsClosed: the account is closed.
        AccountIsNotFrozen: it is not frozen.
    """
    refuse_closed(account)
    if account.status != "frozen":
        raise AccountIsNotFrozen("the account is not frozen, so it cannot be unfrozen")
    figures = replace(account.figures(account.now(stamp)), status="open")
    unfrozen: AccountUnfrozen = account.record(AccountUnfrozen, stamp, reason=reason, figures=figures)
    return unfrozen


def close(account: Account, stamp: Stamp, *, reason: str) -> AccountClosed:
    """End the account.

    Raises:
        AccountIsClosed: it is closed already.
        AccountNotEmpty: figures name everything that is not at zero.
    """
    refuse_closed(account)
    left = {
        "balance": account.balance_minor,
        "overdrawn": account.overdrawn_minor,
        "held": account.held_minor,
        "refund_pending": account.refund_pending_minor,
        "refund_requests": len(account.refunds),
        "awaited_deposits": len(account.awaited),
        "parked_deposits": len(account.parked),
        "pending_cancellations": len(account.cancels),
        "pending_adjustments": len(account.adjustments),
        "open_voids": len(account.voids),
        "receivable": account.receivable_minor,
        "member_receivable": account.member_receivable_minor,
        "unbilled": account.billing.unbilled_minor,
        "open_invoices": len(account.billing.invoices),
        "carry_over": account.billing.carry_over_minor,
        "advance": account.billing.advance_minor,
        "collections": account.collections_minor,
        "payer_credit": account.payer_credit_minor,
        "payout_hold": account.payout_hold_minor,
        "withdrawing": account.withdrawing_minor,
        "refunding": account.refunding_minor,
    }
    left = {name: figure for name, figure in left.items() if figure}
    if left:
        names = ", ".join(left)
        raise AccountNotEmpty(
            f"everything on an account must be at zero before it is closed; not at zero: {names}", **left
        )
    figures = replace(account.figures(account.now(stamp)), status="closed")
    closed: AccountClosed = account.record(AccountClosed, stamp, reason=reason, figures=figures)
    return closed


def check_terms(mode: str, credit_limit_minor: int | None, overdraft_limit_minor: int | None) -> None:
    """Refuse a mode and limits that do not fit together; arguments as of `open_account`.

    Raises:
        Malformed: unknown mode, or a limit out of bounds.
        CreditLimitNotAllowed, CreditLimitRequired, OverdraftNotAllowed: limits that do not fit the mode.
    """
    if mode not in ("prepaid", "postpaid"):
        raise Malformed("mode must be prepaid or postpaid", field="mode")
    for field, limit_minor in (("credit_limit", credit_limit_minor), ("overdraft_limit", overdraft_limit_minor)):
        if limit_minor is not None:
            require_amount(limit_minor, field, lowest_minor=0)
    if mode == "prepaid" and credit_limit_minor is not None:
        raise CreditLimitNotAllowed("credit_limit is for postpaid accounts; leave it out for a prepaid one")
    if mode == "postpaid" and credit_limit_minor is None:
        raise CreditLimitRequired("a postpaid account needs a credit_limit of 0 or more a month")
    if mode == "postpaid" and overdraft_limit_minor != 0:
        raise OverdraftNotAllowed("overdraft_limit is for prepaid accounts; a postpaid one must have 0")


def require_amount(amount_minor: int, field: str = "amount", lowest_minor: int = 1) -> None:
    """Refuse an amount outside `lowest_minor` .. `AMOUNT_MINOR_MAX`. Raises: InvalidAmount."""
    if not lowest_minor <= amount_minor <= AMOUNT_MINOR_MAX:
        raise InvalidAmount(
            f"{field} must be an integer of {lowest_minor} to {AMOUNT_MINOR_MAX} minor units",
            field=field,
            minimum=lowest_minor,
            maximum=AMOUNT_MINOR_MAX,
        )


def refuse_closed(account: Account) -> None:
    """Refuse anything on a closed account. Raises: AccountIsClosed."""
    if account.status == "closed":
        raise AccountIsClosed("the account is closed; nothing can be recorded on it any more")


def refuse_stopped(account: Account) -> None:
    """Refuse a new debit on a closed or frozen account. Raises: AccountIsClosed, AccountIsFrozen."""
    if account.status != "open":
        refuse_closed(account)
        raise AccountIsFrozen("the account is frozen; an operator must unfreeze it first")


def refuse_postpaid(account: Account) -> None:
    """Refuse what only prepaid accounts have. Raises: PrepaidOnly."""
    if account.mode != "prepaid":
        raise PrepaidOnly("the account is postpaid; this is for prepaid accounts")


def refuse_prepaid(account: Account) -> None:
    """Refuse what only postpaid accounts have. Raises: PostpaidOnly."""
    if account.mode != "postpaid":
        raise PostpaidOnly("the account is prepaid; this is for postpaid accounts")
