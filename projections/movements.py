"""What a fact did to an account's balance, as its owner reads it: one signed movement, or none.

The words are those of a customer's list of transactions (SPEC C4): a hold already counts as use, its capture moves
nothing more; a refund leaves the balance when it is requested and comes back when it is rejected or cancelled. Pure.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from aggregates.account import Account
from aggregates.fact import Fact

MOVING: frozenset[type[Fact]] = frozenset(
    {
        Account.AdjustmentApproved, Account.ChargeCancelled, Account.Charged, Account.ChargedBack, Account.Deposited, Account.DifferenceRefunded, Account.HoldExpired, Account.Imported,
        Account.ParkedDepositCredited, Account.RefundCancelled, Account.RefundRejected, Account.RefundRequested, Account.SpendReturned, Account.Spent, Account.TransferReceived,
        Account.TransferSent,
    }
)  # fmt: skip
"""The facts that move a balance (of a postpaid account: its use)."""


class Movement(NamedTuple):
    """One line of an account's transactions.

    Attributes:
        type: charge, charge_cancel, use, use_cancel, difference_refund, refund, refund_return, transfer, imported or
            adjustment.
        amount_minor: signed; > 0 is in the customer's favour. For a prepaid account exactly what the balance changed by.
        balance_minor: the account's balance after it; 0 for a postpaid account, which has none.
        currency: ISO 4217.
        reference: the caller's own; None when not given.
        detail: ids and figures of the thing behind it; what is None is left out.
    """

    type: str
    amount_minor: int
    balance_minor: int
    currency: str
    reference: str | None
    detail: dict[str, Any]


def movement(fact: Fact) -> Movement | None:
    """Return what a fact moved; None when it moved nothing."""
    detail: dict[str, Any]
    match fact:
        case Account.Spent():
            detail = {"spend_id": fact.spend_id, "member_id": fact.member_id}
            return _moved("use", -fact.amount_minor, fact, fact.reference, detail)
        case Account.Charged():
            detail = {"charge_id": fact.charge_id, "method": fact.method}
            return _moved("charge", fact.amount_minor, fact, fact.reference, detail)
        case Account.Imported():
            return _moved(
                "imported", fact.amount_minor, fact, fact.reference, {"import_id": fact.import_id, "text": fact.text}
            )
        case Account.SpendReturned():
            kind = "difference_refund" if isinstance(fact, Account.DifferenceRefunded) else "use_cancel"
            detail = {"spend_id": fact.spend_id, "member_id": fact.member_id, "reason": fact.reason}
            return _moved(kind, fact.amount_minor, fact, fact.reference, detail)
        case Account.TransferSent():
            detail = {"transfer_id": fact.transfer_id, "to_account_id": fact.to_account_id}
            return _moved("transfer", -fact.amount_minor, fact, fact.reference, detail)
        case Account.TransferReceived():
            detail = {"transfer_id": fact.transfer_id, "from_account_id": fact.from_account_id}
            return _moved("transfer", fact.amount_minor, fact, fact.reference, detail)
        case Account.Deposited():
            detail = {"charge_id": fact.charge_id, "method": "virtual_account"}
            return _moved("charge", fact.amount_minor, fact, fact.reference, detail)
        case Account.ParkedDepositCredited():
            detail = {"deposit_id": fact.deposit_id, "method": "virtual_account", "reason": fact.reason}
            return _moved("charge", fact.amount_minor, fact, None, detail)
        case Account.ChargeCancelled():
            detail = {
                "charge_id": fact.charge_id, "method": fact.method, "fee": fact.fee_minor, "payout": fact.payout_minor,
            }  # fmt: skip
            return _moved("charge_cancel", -fact.amount_minor, fact, None, detail)
        case Account.ChargedBack():
            detail = {
                "charge_id": fact.charge_id, "method": fact.method, "charged_back": fact.amount_minor,
                "shortfall": fact.shortfall_minor,
            }  # fmt: skip
            return _moved("charge_cancel", -fact.from_lot_minor, fact, None, detail)
        case Account.RefundRequested():
            detail = {"refund_id": fact.refund_id, "fee": fact.fee_minor, "payout": fact.payout_minor}
            return _moved("refund", -fact.amount_minor, fact, None, detail)
        case Account.RefundRejected() | Account.RefundCancelled():
            outcome = "rejected" if isinstance(fact, Account.RefundRejected) else "cancelled"
            detail = {"refund_id": fact.refund_id, "outcome": outcome, "reason": fact.reason}
            return _moved("refund_return", fact.amount_minor, fact, None, detail)
        case Account.AdjustmentApproved():
            detail = {"adjustment_id": fact.adjustment_id, "reason": fact.reason}
            return _moved("adjustment", fact.amount_minor, fact, None, detail)
    return None


def _moved(kind: str, amount_minor: int, fact: Any, reference: str | None, detail: dict[str, Any]) -> Movement:
    given = {name: value for name, value in detail.items() if value is not None}
    return Movement(kind, amount_minor, fact.balance_minor, fact.currency, reference, given)


def balance_change_minor(fact: Fact) -> int:
    """Return what a fact changed the balance by: its movement's amount, but 0 where a postpaid account only used its limit."""
    moved = movement(fact)
    return 0 if moved is None or getattr(fact, "mode", "prepaid") == "postpaid" else moved.amount_minor
