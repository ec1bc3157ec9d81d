"""What a fact did to an account's balance, as its owner reads it: one signed movement, or none.

The words are those of a customer's list of transactions (SPEC C4): a hold already counts as use, its capture moves
nothing more; a refund leaves the balance when it is requested and comes back when it is rejected or cancelled. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple

from aggregates.account import Account
from aggregates.fact import Fact


class Movement(NamedTuple):
    """One line of an account's transactions.

    Attributes:
        type: charge, charge_cancel, use, use_cancel, difference_refund, refund, refund_return, transfer, imported or
            adjustment.
        amount_minor: signed; > 0 is in the customer's favour. Of a prepaid account just what the balance changed by.
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


class Reading:
    """How facts of one class are read as movements, be they facts or still the stored objects of their fields.

    Attributes:
        type, sign: of the movement, and of its amount.
        names: the fields that are read, in the order in which `movement` takes their values.
    """

    __slots__ = ("_has_reference", "_of_fact", "_public", "names", "sign", "type")

    def __init__(self, kind: type[Fact], type: str, sign: int, amount: str, detail: dict[str, str]) -> None:
        self.type, self.sign = type, sign
        self._has_reference = any(field.name == "reference" for field in fields(kind))
        self._public = tuple(detail)
        reference = ("reference",) if self._has_reference else ()
        self.names = (amount, "balance_minor", "currency", *detail.values(), *reference)
        self._of_fact = attrgetter(*self.names)

    def of_fact(self, fact: Fact) -> Movement:
        """Return what a fact moved."""
        return self.movement(self._of_fact(fact))

    def of_stored(self, *more: str) -> Callable[[dict[str, Any]], tuple[Any, ...]]:
        """Return what takes the values of `names`, and of further fields behind them, from a stored object."""
        return itemgetter(*self.names, *more)

    def detail(self, values: Sequence[Any]) -> dict[str, Any]:
        """Return the detail that these values of `names` make."""
        return {name: value for name, value in zip(self._public, values[3:], strict=False) if value is not None}

    def reference(self, values: Sequence[Any]) -> str | None:
        """Return the caller's reference among these values of `names`."""
        return values[len(self.names) - 1] if self._has_reference else None

    def movement(self, values: Sequence[Any]) -> Movement:
        """Return the movement that these values of `names` make; values behind them are not looked at."""
        amount_minor = self.sign * values[0]
        return Movement(self.type, amount_minor, values[1], values[2], self.reference(values), self.detail(values))


def movement(fact: Any) -> Movement | None:
    """Return what a fact moved; None when it moved nothing."""
    reading = READINGS.get(type(fact))
    return None if reading is None else reading.of_fact(fact)


def balance_change_minor(fact: Fact) -> int:
    """Return what a fact changed the balance by: its movement's amount; 0 where postpaid money only used a limit."""
    moved = movement(fact)
    return 0 if moved is None or getattr(fact, "mode", "prepaid") == "postpaid" else moved.amount_minor


_CHARGE = {"charge_id": "charge_id", "method": "method"}
_SPEND = {"spend_id": "spend_id", "member_id": "member_id"}
_RETURN = {**_SPEND, "reason": "reason"}
_REFUND = {"refund_id": "refund_id", "fee": "fee_minor", "payout": "payout_minor"}
_REFUND_RETURN = {"refund_id": "refund_id", "reason": "reason"}

_MOVEMENTS: dict[type[Fact], tuple[str, int, dict[str, str]]] = {
    Account.Charged: ("charge", 1, _CHARGE),
    Account.Deposited: ("charge", 1, {"charge_id": "charge_id"}),
    Account.ParkedDepositCredited: ("charge", 1, {"deposit_id": "deposit_id", "reason": "reason"}),
    Account.BankDepositCredited: ("charge", 1, {"deposit_id": "deposit_id", "reason": "reason"}),
    Account.ChargeCancelled: ("charge_cancel", -1, {**_CHARGE, "fee": "fee_minor", "payout": "payout_minor"}),
    Account.ChargedBack: (
        "charge_cancel", -1, {**_CHARGE, "charged_back": "amount_minor", "shortfall": "shortfall_minor"},
    ),
    Account.Spent: ("use", -1, _SPEND),
    Account.SpendReturned: ("use_cancel", 1, _RETURN),
    Account.HoldExpired: ("use_cancel", 1, _RETURN),
    Account.DifferenceRefunded: ("difference_refund", 1, _RETURN),
    Account.RefundRequested: ("refund", -1, _REFUND),
    Account.RefundRejected: ("refund_return", 1, _REFUND_RETURN),
    Account.RefundCancelled: ("refund_return", 1, _REFUND_RETURN),
    Account.TransferSent: ("transfer", -1, {"transfer_id": "transfer_id", "to_account_id": "to_account_id"}),
    Account.TransferReceived: ("transfer", 1, {"transfer_id": "transfer_id", "from_account_id": "from_account_id"}),
    Account.Imported: ("imported", 1, {"import_id": "import_id", "text": "text"}),
    Account.AdjustmentApproved: ("adjustment", 1, {"adjustment_id": "adjustment_id", "reason": "reason"}),
}  # fmt: skip
"""Fact -> type of its movement, sign of its amount, and {public name: field} of its detail."""

_AMOUNTS: dict[type[Fact], str] = {Account.ChargedBack: "from_lot_minor"}
"""Fact -> field of the amount, where it is not `amount_minor`: what a chargeback took from the balance."""

READINGS: dict[type[Fact], Reading] = {
    kind: Reading(kind, type, sign, _AMOUNTS.get(kind, "amount_minor"), detail)
    for kind, (type, sign, detail) in _MOVEMENTS.items()
}
"""Fact -> how it is read."""

MOVING: frozenset[type[Fact]] = frozenset(READINGS)
"""The facts that move a balance (of a postpaid account: its use)."""
