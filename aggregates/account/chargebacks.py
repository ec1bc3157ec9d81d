"""Chargebacks: a payment that others took back, and what the customer owes because of it (SPEC R-064)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from aggregates.account import standing
from aggregates.account.cancellations import refuse_cancel_pending, refuse_cancelled
from aggregates.account.charges import Charged, lot_made
from aggregates.charge import Charge
from aggregates.errors import Conflict, Rejected
from aggregates.fact import Fact, Stamp, fact

if TYPE_CHECKING:
    from aggregates.account.account import Account
    from aggregates.account.deposits import DepositAwaited


@fact("account.charged_back")
class ChargedBack(Fact):
    """The card company or a gateway took a charge back by itself (SPEC R-064).

    Attributes:
        amount_minor: what was taken back.
        from_lot_minor: part still lying in the charge's lot.
        shortfall_minor: the rest, now owed by the member.
        balance_minor: the balance after it; never below zero because of this.
        member_receivable_minor: all that the member owes after it; blocks spends and refunds while > 0.
    """

    charge_id: str
    amount_minor: int
    currency: str
    method: str
    charged_on: date
    from_lot_minor: int
    shortfall_minor: int
    balance_minor: int
    member_receivable_minor: int

    def apply(self, account: Account) -> None:
        account.lots.take(lot_made(self.charge_id, self.charged_on, self.method, self.from_lot_minor))
        account.balance_minor = self.balance_minor
        account.member_receivable_minor = self.member_receivable_minor


@fact("account.receivable_settled")
class ReceivableSettled(Fact):
    """The member paid what a chargeback had left owing.

    Attributes:
        member_receivable_minor: what is still owed after it.
    """

    amount_minor: int
    currency: str
    reference: str | None
    member_receivable_minor: int

    def apply(self, account: Account) -> None:
        account.member_receivable_minor = self.member_receivable_minor


class ChargeNotPaid(Conflict):
    """The virtual account of this charge has had no deposit."""

    code = "charge_not_paid"


class ChargeBackExceedsCharge(Rejected):
    """No more is taken back than was paid (SPEC R-064)."""

    code = "charge_back_exceeds_charge"


class SettlementExceedsReceivable(Rejected):
    """No more is paid than is owed."""

    code = "settlement_exceeds_receivable"


def charge_back(
    account: Account, stamp: Stamp, *, charge: Charged | DepositAwaited, past: Charge, amount_minor: int
) -> ChargedBack:
    """Record that a charge was taken back by others: from what its lot still holds; the rest is owed by the member.

    It has happened, so it is taken on a frozen and on a closed account too.

    Args:
        charge: the fact that gave birth to it.
        past: its own stream.
        amount_minor: what was taken back, in minor units.

    Raises:
        InvalidAmount, ChargeAlreadyCancelled, ChargeNotPaid, ChargeCancelPending, ChargeBackExceedsCharge: in this
        order.

    Source: SPEC R-064.
    """
    standing.require_amount(amount_minor)
    refuse_cancelled(past)
    charged_on = charge.charged_on if isinstance(charge, Charged) else past.deposited_on
    if charged_on is None:
        raise ChargeNotPaid("the virtual account of this charge has had no deposit, so nothing can be taken back")
    refuse_cancel_pending(account, charge.charge_id)
    left_minor = charge.amount_minor - past.charged_back_minor
    if amount_minor > left_minor:
        raise ChargeBackExceedsCharge(
            f"amount must be at most {left_minor}, what was not taken back of the charge yet", left=left_minor
        )
    method = charge.method if isinstance(charge, Charged) else "virtual_account"
    lot = account.lots.find(charge.charge_id, charged_on, method)
    from_lot_minor = min(amount_minor, lot.remaining_minor if lot else 0)
    shortfall_minor = amount_minor - from_lot_minor
    charged_back: ChargedBack = account.record(
        ChargedBack,
        stamp,
        charge_id=charge.charge_id,
        amount_minor=amount_minor,
        currency=account.currency,
        method=method,
        charged_on=charged_on,
        from_lot_minor=from_lot_minor,
        shortfall_minor=shortfall_minor,
        balance_minor=account.balance_minor - from_lot_minor,
        member_receivable_minor=account.member_receivable_minor + shortfall_minor,
    )
    return charged_back


def settle_receivable(account: Account, stamp: Stamp, *, amount_minor: int, reference: str | None) -> ReceivableSettled:
    """Take the member's payment of what chargebacks left owing, in part or in full; on a closed account too.

    Raises:
        InvalidAmount, SettlementExceedsReceivable: in this order.

    Source: SPEC R-064.
    """
    standing.require_amount(amount_minor)
    owed_minor = account.member_receivable_minor
    if amount_minor > owed_minor:
        raise SettlementExceedsReceivable(
            f"amount must be at most {owed_minor}, what chargebacks have left owing", owing=owed_minor
        )
    settled: ReceivableSettled = account.record(
        ReceivableSettled,
        stamp,
        amount_minor=amount_minor,
        currency=account.currency,
        reference=reference,
        member_receivable_minor=owed_minor - amount_minor,
    )
    return settled
