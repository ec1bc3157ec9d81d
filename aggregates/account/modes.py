"""The switch between prepaid and postpaid: an operator's, and only on an account with clean books (SPEC R-098).

What is returned after a switch of a purchase made before it follows the new mode: prepaid money is then carry-over on
the next invoice, postpaid money a new lot of the balance.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from aggregates.account import standing
from aggregates.account.billing.months import month_of
from aggregates.account.standing import Figures
from aggregates.errors import Conflict
from aggregates.fact import Fact, Stamp, fact

if TYPE_CHECKING:
    from aggregates.account.account import Account


class ModeIsSet(Conflict):
    """The account has that mode already."""

    code = "mode_is_set"


class ModeSwitchBlocked(Conflict):
    """Something is under way on the account, so its mode cannot change; figures name everything that is."""

    code = "mode_switch_blocked"


@fact("account.mode_switched")
class ModeSwitched(Fact):
    """An operator made a prepaid account postpaid, or a postpaid one prepaid.

    Attributes:
        mode: prepaid or postpaid, from now on.
        previous: the mode before.
        credit_limit_minor: monthly limit of a postpaid account; None for prepaid.
        overdraft_limit_minor: how far below zero a prepaid balance may go; None = unlimited; 0 for postpaid.
        reason: why, in the operator's words.
        figures: the account after it.
    """

    mode: str
    previous: str
    credit_limit_minor: int | None
    overdraft_limit_minor: int | None
    reason: str
    figures: Figures

    def apply(self, stream: Account) -> None:
        stream.mode = self.mode
        stream.credit_limit_minor = self.credit_limit_minor
        stream.overdraft_limit_minor = self.overdraft_limit_minor


def switch_mode(
    account: Account,
    stamp: Stamp,
    *,
    mode: str,
    credit_limit_minor: int | None,
    overdraft_limit_minor: int | None,
    orders_under_way: int,
    reason: str,
) -> ModeSwitched:
    """Make a prepaid account postpaid, or a postpaid one prepaid.

    Args:
        credit_limit_minor, overdraft_limit_minor: as of `Account.open`.
        orders_under_way: scheduled or sending orders, also those of which nothing is held any more.
        reason: why, in the operator's words.

    Raises:
        Malformed: unknown mode, or a limit out of bounds.
        CreditLimitNotAllowed, CreditLimitRequired, OverdraftNotAllowed: limits that do not fit the mode.
        AccountIsClosed: the account is closed.
        ModeIsSet: it has that mode.
        ModeSwitchBlocked: figures name everything that is not clean.

    Source: SPEC R-098.
    """
    standing.check_terms(mode, credit_limit_minor, overdraft_limit_minor)
    standing.refuse_closed(account)
    if account.mode == mode:
        raise ModeIsSet(f"the account is {mode} already")
    billing = account.billing
    left: dict[str, int] = {
        "balance": account.balance_minor,
        "overdrawn": account.overdrawn_minor,
        "held": account.held_minor,
        "orders": orders_under_way,
        "refund_requests": len(account.refunds),
        "awaited_deposits": len(account.awaited),
        "parked_deposits": len(account.parked),
        "pending_cancellations": len(account.cancels),
        "pending_adjustments": len(account.adjustments),
        "member_receivable": account.member_receivable_minor,
        "unbilled": billing.unbilled_minor,
        "open_invoices": len(billing.invoices),
        "carry_over": billing.carry_over_minor,
        "advance": billing.advance_minor,
    }
    left = {name: figure for name, figure in left.items() if figure}
    if left:
        names = ", ".join(left)
        raise ModeSwitchBlocked(f"the mode can change only when nothing is under way; not at zero: {names}", **left)
    available_minor = overdraft_limit_minor if credit_limit_minor is None else credit_limit_minor
    figures = replace(
        account.figures(account.now(stamp)),
        mode=mode,
        available_minor=available_minor,
        overdraft_limit_minor=overdraft_limit_minor,
        credit_limit_minor=credit_limit_minor,
        used_this_month_minor=None,
        remaining_limit_minor=None,
    )
    if credit_limit_minor is not None:
        used_minor = account.used.get(month_of(account.now(stamp)), 0)
        left_minor = max(0, credit_limit_minor - used_minor)
        figures = replace(
            figures, available_minor=left_minor, used_this_month_minor=used_minor, remaining_limit_minor=left_minor
        )
    switched: ModeSwitched = account.record(
        ModeSwitched,
        stamp,
        mode=mode,
        previous=account.mode,
        credit_limit_minor=credit_limit_minor,
        overdraft_limit_minor=overdraft_limit_minor,
        reason=reason,
        figures=figures,
    )
    return switched
