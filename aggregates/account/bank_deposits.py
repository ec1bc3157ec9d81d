"""Money that came in at the bank, that nothing explained, and that an operator puts on an account (SPEC R-062)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from aggregates import ids
from aggregates.account import funds, standing
from aggregates.account.charges import lot_made
from aggregates.account.lots import LotPart
from aggregates.dates import business_date
from aggregates.errors import Rejected
from aggregates.fact import Fact, Stamp, fact

if TYPE_CHECKING:
    from aggregates.account.account import Account

METHOD = "transfer"


@fact("account.bank_deposit_credited")
class BankDepositCredited(Fact):
    """An operator put money that came in at the bank on the account; it becomes a lot, method transfer.

    Attributes:
        deposit_id: public id of the money on this account, named after this fact ("dep_...").
        line_id: the bank's line that it came in with.
        amount_minor: what came in.
        currency: that of the account.
        charged_on: KST date of this decision; the fee-free days count from it.
        overdrawn_paid_minor, remaining_minor, balance_minor: as of `Charged`.
        reason: why, in the operator's words.
    """

    deposit_id: str
    line_id: str
    amount_minor: int
    currency: str
    charged_on: date
    overdrawn_paid_minor: int
    remaining_minor: int
    balance_minor: int
    reason: str

    @property
    def lots(self) -> tuple[LotPart, ...]:
        """The lot it made; none when all of it paid what was overdrawn."""
        return lot_made(self.deposit_id, self.charged_on, METHOD, self.remaining_minor)

    def apply(self, account: Account) -> None:
        account.balance_minor = self.balance_minor
        account.overdrawn_minor -= self.overdrawn_paid_minor
        account.lots.put_back(self.lots)


class DepositNotPrepaid(Rejected):
    """Only a prepaid account has a balance to put money on; a postpaid customer pays invoices with it."""

    code = "deposit_not_prepaid"


class DepositCurrencyMismatch(Rejected):
    """The money is of another currency than the account."""

    code = "deposit_currency_mismatch"


def credit_bank_deposit(
    account: Account, stamp: Stamp, *, line_id: str, amount_minor: int, currency: str, reason: str
) -> BankDepositCredited:
    """Put money from the bank on the account: an operator's decision, so no minimum applies.

    Args:
        line_id: the bank's line. amount_minor, currency: what came in.

    Raises:
        AccountIsClosed, DepositNotPrepaid, DepositCurrencyMismatch, BalanceOutOfRange: in this order.

    Source: SPEC R-062, 14 (overdraft).
    """
    standing.refuse_closed(account)
    if account.mode != "prepaid":
        raise DepositNotPrepaid("money can be put on a prepaid account only; a postpaid one pays invoices with it")
    require_currency(account, currency)
    overdrawn_paid_minor = funds.settle_overdrawn(account, amount_minor)
    credited: BankDepositCredited = account.record(
        BankDepositCredited,
        stamp,
        deposit_id=ids.child_id("dep", account.account_id, account.version + 1),
        line_id=line_id,
        amount_minor=amount_minor,
        currency=currency,
        charged_on=business_date(stamp.occurred_at),
        overdrawn_paid_minor=overdrawn_paid_minor,
        remaining_minor=amount_minor - overdrawn_paid_minor,
        balance_minor=account.balance_minor + amount_minor,
        reason=reason,
    )
    return credited


def require_currency(account: Account, currency: str) -> None:
    """Refuse money of another currency than the account. Raises: DepositCurrencyMismatch."""
    if account.currency != currency:
        raise DepositCurrencyMismatch("the money must be of the account's currency", currency=account.currency)
