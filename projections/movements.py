"""What a fact did to one of an account's balances, as its owner reads it: one signed movement, or none.

An account has four balances, its books: the prepaid one, what was collected for it, its payers' credit, and what is
held for pay-out links. The words are those of a customer's list of transactions (SPEC C4): a hold already counts as
use, its capture moves nothing more; a refund leaves the balance when it is requested and comes back when it is rejected
or cancelled. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from operator import attrgetter, itemgetter
from typing import Any, Literal, NamedTuple, get_args

from aggregates.account import Account
from aggregates.fact import Fact

Book = Literal["prepaid", "collections", "payer_credit", "payout_hold"]
"""A balance of an account's."""

PREPAID: Book = "prepaid"
BOOKS: tuple[Book, ...] = get_args(Book)


class Movement(NamedTuple):
    """One line of an account's transactions.

    Attributes:
        type: charge, charge_cancel, use, use_cancel, difference_refund, refund, refund_return, transfer, imported or
            adjustment; of the other books as of `MOVEMENTS`.
        amount_minor: signed; > 0 is in the customer's favour. Of a prepaid account just what the balance changed by.
        balance_minor: that book's balance after it; the prepaid one is 0 for a postpaid account, which has none.
        currency: ISO 4217.
        reference: the caller's own; None when not given.
        detail: ids and figures of the thing behind it; what is None is left out.
        book: whose balance it is.
    """

    type: str
    amount_minor: int
    balance_minor: int
    currency: str
    reference: str | None
    detail: dict[str, Any]
    book: Book


class Reading:
    """How facts of one class are read as movements, be they facts or still the stored objects of their fields.

    Attributes:
        type, sign, book: of the movement, and of its amount.
        names: the fields that are read, in the order in which `movement` takes their values.
    """

    __slots__ = ("_has_reference", "_of_fact", "_public", "book", "names", "sign", "type")

    def __init__(self, kind: type[Fact], book: Book, type: str, sign: int, amount: str, detail: dict[str, str]) -> None:
        self.book, self.type, self.sign = book, type, sign
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
        reference, detail = self.reference(values), self.detail(values)
        return Movement(self.type, amount_minor, values[1], values[2], reference, detail, self.book)


def movement(fact: Any) -> Movement | None:
    """Return what a fact moved; None when it moved nothing."""
    reading = READINGS.get(type(fact))
    return None if reading is None else reading.of_fact(fact)


def balance_change(fact: Fact) -> tuple[Book, int]:
    """Return the book that a fact changed, and by how much: 0 where it moved nothing or only used a limit."""
    moved = movement(fact)
    if moved is None or (moved.book == PREPAID and getattr(fact, "mode", PREPAID) == "postpaid"):
        return PREPAID, 0
    return moved.book, moved.amount_minor


def book_of(kind: type[Fact]) -> Book:
    """Return the book whose balance facts of a class carry; the prepaid one where they move none."""
    reading = READINGS.get(kind)
    return PREPAID if reading is None else reading.book


_CHARGE = {"charge_id": "charge_id", "method": "method"}
_SPEND = {"spend_id": "spend_id", "member_id": "member_id"}
_RETURN = {**_SPEND, "reason": "reason"}
_REFUND = {"refund_id": "refund_id", "fee": "fee_minor", "payout": "payout_minor"}
_REFUND_RETURN = {"refund_id": "refund_id", "reason": "reason"}

_PAID_BY = {"payment_id": "payment_id", "method": "method"}
_SOURCE = {"obligation_id": "obligation_id", "source": "source", "source_id": "source_id"}
_COLLECTED = {**_SOURCE, **_PAID_BY}
_PAYOUT = {"payout_link_id": "payout_link_id"}
_WITHDRAWAL = {"withdrawal_id": "withdrawal_id"}
_FUNDED = {**_PAYOUT, "obligation_id": "obligation_id", **_PAID_BY}

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

_BESIDE: dict[type[Fact], tuple[Book, str, int, dict[str, str]]] = {
    Account.Collected: ("collections", "collection", 1, _COLLECTED),
    Account.DebitsCollected: (
        "collections", "collection", 1, {"batch_id": "batch_id", "part": "part", "count": "count"},
    ),
    Account.CollectionReversed: ("collections", "collection_reversal", -1, _COLLECTED),
    Account.CollectionRefunded: ("collections", "collection_refund", -1, _COLLECTED),
    Account.PayerCredited: ("payer_credit", "payer_credit", 1, _COLLECTED),
    Account.PayerCreditApplied: ("payer_credit", "payer_credit_use", -1, _SOURCE),
    Account.PayerCreditReversed: ("payer_credit", "payer_credit_reversal", -1, _COLLECTED),
    Account.PayerCreditRefunded: ("payer_credit", "payer_credit_refund", -1, _COLLECTED),
    Account.WithdrawalRequested: ("collections", "withdrawal", -1, _WITHDRAWAL),
    Account.WithdrawalEnded: ("collections", "withdrawal_return", 1, {**_WITHDRAWAL, "code": "code"}),
    Account.WithdrawalReturned: ("collections", "withdrawal_return", 1, {**_WITHDRAWAL, "code": "code"}),
    Account.PayoutFunded: ("payout_hold", "payout_funding", 1, _FUNDED),
    Account.PayoutPaid: ("payout_hold", "payout", -1, _PAYOUT),
    Account.PayoutReturned: ("payout_hold", "payout_return", 1, {**_PAYOUT, "code": "code"}),
    Account.PayoutRefunded: ("payout_hold", "payout_refund", -1, {**_FUNDED, "refund_id": "refund"}),
    Account.PayoutFundingReversed: (
        "payout_hold", "payout_reversal", -1,
        {**_FUNDED, "reversed": "amount_minor", "shortfall": "shortfall_minor", "code": "code"},
    ),
    Account.PayoutHoldApplied: ("payout_hold", "payout_offset", -1, _PAYOUT),
}  # fmt: skip
"""As `_MOVEMENTS`, of the books beside the prepaid one, each with its book."""

MOVEMENTS: dict[type[Fact], tuple[Book, str, int, dict[str, str]]] = {
    **{kind: (PREPAID, *moved) for kind, moved in _MOVEMENTS.items()},
    **_BESIDE,
}
"""Fact -> book, type of its movement, sign of its amount, and {public name: field} of its detail."""

_AMOUNTS: dict[type[Fact], str] = {
    Account.ChargedBack: "from_lot_minor",
    Account.PayoutFundingReversed: "from_hold_minor",
}
"""Fact -> field of the amount, where it is not `amount_minor`: what was taken back came from that balance."""

READINGS: dict[type[Fact], Reading] = {
    kind: Reading(kind, book, type, sign, _AMOUNTS.get(kind, "amount_minor"), detail)
    for kind, (book, type, sign, detail) in MOVEMENTS.items()
}
"""Fact -> how it is read."""

MOVING: frozenset[type[Fact]] = frozenset(READINGS)
"""The facts that move a balance (of a postpaid account: its use)."""

TYPES: dict[Book, tuple[str, ...]] = {
    each: tuple(dict.fromkeys(type for book, type, _, _ in MOVEMENTS.values() if book == each)) for each in BOOKS
}
"""Book -> types of its movements."""
