"""Charges: money a customer paid in by card or bank transfer, its cancellation and its chargeback (SPEC 5.1, 5.2)."""

from __future__ import annotations

from datetime import date

from aggregates.fact import Fact, fact


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


@fact("account.charge_cancel_started")
class ChargeCancelStarted(Fact):
    """A cancellation was sent to the payment provider; its lot is frozen until the definite result (SPEC R-068).

    Attributes: as of `ChargeCancelled`; nothing has moved yet.
    """

    charge_id: str
    amount_minor: int
    currency: str
    method: str
    charged_on: date
    fee_minor: int
    payout_minor: int


@fact("account.charge_cancel_failed")
class ChargeCancelFailed(Fact):
    """The provider refused the cancellation; the lot is free again (SPEC R-065, R-068).

    Attributes:
        code: why, e.g. partial_cancel_unsupported.
    """

    charge_id: str
    charged_on: date
    method: str
    code: str


@fact("account.charge_cancelled")
class ChargeCancelled(Fact):
    """A wholly unspent charge was cancelled and given back less the fee (SPEC 5.2, R-065, R-066).

    Attributes:
        charge_id, amount_minor, currency, method, charged_on: of the charge.
        fee_minor: 0 within 7 days of the payment date.
        payout_minor: amount - fee: what the payment method gets back.
        fee_rule: id and version of the rule that made the fee, e.g. "charge-cancel/1".
        balance_minor: the balance after it.
    """

    charge_id: str
    amount_minor: int
    currency: str
    method: str
    charged_on: date
    fee_minor: int
    payout_minor: int
    fee_rule: str
    balance_minor: int


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
