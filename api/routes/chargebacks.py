"""Chargebacks: what others took back of a charge, and the payment of what that left owing (SPEC R-064)."""

from __future__ import annotations

from aggregates.account import chargebacks
from aggregates.account.cancellations import ChargeAlreadyCancelled, ChargeCancelPending
from api import shapes
from api.access import own_account
from api.ask import Ask
from api.bodies import ChargeBackBody, ReceivablePaymentBody
from api.operation import writes
from ledger.commands.charges import ChargeBack, SettleReceivable


@writes(
    "/v1/accounts/{account_id}/charges/{charge_id}/chargeback",
    op="charge_back",
    scope="charges:charge_back",
    rule=own_account,
    body=ChargeBackBody,
    answer=shapes.ChargedBack,
    raises=(
        ChargeAlreadyCancelled,
        chargebacks.ChargeNotPaid,
        ChargeCancelPending,
        chargebacks.ChargeBackExceedsCharge,
    ),
)
def charge_back(ask: Ask, account_id: str, charge_id: str, body: ChargeBackBody) -> ChargeBack:
    """Record that the card company or a gateway took money of a charge back.

    It has happened, so it is taken on a frozen and on a closed account too. What the charge's lot does not hold any
    more is owed by the customer; while anything is owed, the account cannot spend, transfer or ask for refunds.
    """
    return ChargeBack(account_id, charge_id, body.amount)


@writes(
    "/v1/accounts/{account_id}/receivable-payments",
    op="receivable_payment",
    scope="charges:charge_back",
    rule=own_account,
    body=ReceivablePaymentBody,
    answer=shapes.ReceivablePayment,
    raises=(chargebacks.SettlementExceedsReceivable,),
)
def settle_receivable(ask: Ask, account_id: str, body: ReceivablePaymentBody) -> SettleReceivable:
    """Record a customer's payment, in part or in full, of what chargebacks left owing."""
    return SettleReceivable(account_id, body.amount, body.reference)
