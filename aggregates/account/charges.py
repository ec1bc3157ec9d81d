"""Charges: money a customer paid in by card or bank transfer (SPEC 5.1).

The fact, its fold, the refusals and the decision. Virtual accounts: `deposits`; giving a charge back: `cancellations`,
`chargebacks`. A charge whose lot is empty is forgotten here; what must be known of it later stands on its own stream.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from aggregates import ids
from aggregates.account import fees, funds, standing
from aggregates.account.lots import LotPart
from aggregates.dates import business_date
from aggregates.errors import Rejected
from aggregates.fact import Fact, Stamp, fact

if TYPE_CHECKING:
    from aggregates.account.account import Account

METHODS = ("card", "transfer", "virtual_account")
"""How money may be paid in (SPEC C1)."""

RECEIVED_METHODS = ("card", "transfer")
"""Methods whose money the caller has already received; only these can be given back the same way (SPEC CC1)."""


@fact("account.charged")
class Charged(Fact):
    """A payment that the caller has already received was put on the account.

    Attributes:
        charge_id: public id, named after this fact.
        amount_minor: > 0.
        currency: that of the account.
        method: card or transfer.
        reference: the caller's payment number; None when not given.
        charged_on: KST date of the payment.
        overdrawn_paid_minor: part that paid what was overdrawn; only the rest became a lot.
        remaining_minor: what the new lot holds.
        balance_minor: the balance after it.
    """

    charge_id: str
    amount_minor: int
    currency: str
    method: str
    reference: str | None
    charged_on: date
    overdrawn_paid_minor: int
    remaining_minor: int
    balance_minor: int

    @property
    def lots(self) -> tuple[LotPart, ...]:
        """The lot it made; none when all of it paid what was overdrawn."""
        return lot_made(self.charge_id, self.charged_on, self.method, self.remaining_minor)

    def apply(self, account: Account) -> None:
        account.balance_minor = self.balance_minor
        account.overdrawn_minor -= self.overdrawn_paid_minor
        account.lots.put_back(self.lots)


class MethodNotEnabled(Rejected):
    """Money cannot be paid in this way here (SPEC C1, R-061)."""

    code = "method_not_enabled"


class ChargeBelowMinimum(Rejected):
    """A charge is at least the currency's minimum, inclusive (SPEC C2)."""

    code = "charge_below_minimum"


class ChargeAboveMaximum(Rejected):
    """The operator has set a maximum for this method (SPEC R-060)."""

    code = "charge_above_maximum"


def charge(
    account: Account,
    stamp: Stamp,
    *,
    amount_minor: int,
    method: str,
    reference: str | None,
    enabled_methods: tuple[str, ...] = METHODS,
    maximum_minor: int | None = None,
) -> Charged:
    """Put a payment that was already received on the account; what is overdrawn is paid first, the rest becomes a lot.

    A frozen account takes money in. The payment date is the KST date of `stamp.occurred_at`.

    Args:
        amount_minor: what was paid, in minor units.
        method: card or transfer.
        reference: the caller's own payment number; None when it has none.
        enabled_methods: those of `METHODS` that the operator allows (SPEC R-061).
        maximum_minor: the operator's maximum for this method; None = none (SPEC R-060).

    Raises:
        InvalidAmount, AccountIsClosed, PrepaidOnly, MethodNotEnabled, ChargeBelowMinimum, ChargeAboveMaximum,
        BalanceOutOfRange: in this order.

    Source: SPEC C1, C2, R-060, R-061, 14 (overdraft).
    """
    received = tuple(name for name in enabled_methods if name in RECEIVED_METHODS)
    check_charge(
        account, amount_minor=amount_minor, method=method, enabled_methods=received, maximum_minor=maximum_minor
    )
    overdrawn_paid_minor = funds.settle_overdrawn(account, amount_minor)
    charged: Charged = account.record(
        Charged,
        stamp,
        charge_id=ids.child_id("chg", account.account_id, account.version + 1),
        amount_minor=amount_minor,
        currency=account.currency,
        method=method,
        reference=reference,
        charged_on=business_date(stamp.occurred_at),
        overdrawn_paid_minor=overdrawn_paid_minor,
        remaining_minor=amount_minor - overdrawn_paid_minor,
        balance_minor=account.balance_minor + amount_minor,
    )
    return charged


def check_charge(
    account: Account, *, amount_minor: int, method: str, enabled_methods: tuple[str, ...], maximum_minor: int | None
) -> None:
    """Check what every charge must keep, whatever its method.

    Args and Raises: as of `charge`.

    Source: SPEC C1, C2, R-060, R-061.
    """
    standing.require_amount(amount_minor)
    standing.refuse_closed(account)
    standing.refuse_postpaid(account)
    if method not in enabled_methods:
        enabled = [name for name in METHODS if name in enabled_methods]
        raise MethodNotEnabled("method must be one by which this ledger takes money", enabled=enabled)
    minimum_minor = fees.tariff(account.currency).charge_minimum_minor
    if amount_minor < minimum_minor:
        raise ChargeBelowMinimum(f"amount must be at least {minimum_minor}", minimum=minimum_minor)
    if maximum_minor is not None and amount_minor > maximum_minor:
        raise ChargeAboveMaximum(f"amount must be at most {maximum_minor} by this method", maximum=maximum_minor)
    funds.settle_overdrawn(account, amount_minor)


def lot_made(charge_id: str, charged_on: date, method: str, amount_minor: int) -> tuple[LotPart, ...]:
    """Return an amount of a charge's lot as parts: one, or none for 0."""
    return (LotPart(charge_id, charged_on, method, amount_minor),) if amount_minor else ()
