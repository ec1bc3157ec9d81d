"""What is due, whoever asks for it: read it, pay it, confirm that it was paid elsewhere, give money back."""

from __future__ import annotations

from aggregates.account.collections import RefundNotCovered
from aggregates.account.transfers import CurrencyMismatch
from aggregates.billing_key import BillingKeyNotActive, BillingKeyNotFound
from aggregates.collecting import obligation_parts as due
from aggregates.dates import business_date
from aggregates.errors import Malformed
from aggregates.payment import PaymentNotWaiting
from api import shapes
from api.access import own_child
from api.ask import Ask
from api.collecting_bodies import CollectionPaymentBody, CollectionRefundBody, ConfirmationBody
from api.operation import reads, writes
from api.refusals import rules
from api.reply import Reply, of_view
from api.routes.payments import GatewayNotConfigured
from ledger.commands.collecting.giving_up import GiveUpCollection
from ledger.commands.collecting.obligations import (
    ConfirmOutside,
    RefundCollection,
    RefundNotByGateway,
    StartCollection,
)
from ledger.commands.collecting.payout_money import PayoutFundedByItsLink
from ledger.commands.payments import BillingKeyForCards
from projections import obligations as obligations_view

OWN = own_child("obligation_id", "obl")


@reads(
    "/v1/obligations/{obligation_id}",
    scope="collections:read",
    rule=OWN,
    answer=shapes.Obligation,
    raises=(due.ObligationNotFound,),
)
async def get_obligation(ask: Ask, obligation_id: str) -> Reply:
    """Read a due item with its payments: what was started, what has settled, what was taken back or given back."""
    async with ask.see("obligations") as (conn, position):
        return of_view(await obligations_view.one(conn, obligation_id), position)


@writes(
    "/v1/obligations/{obligation_id}/payments",
    scope="collections:write",
    rule=OWN,
    body=CollectionPaymentBody,
    answer=shapes.CollectionPayment,
    status=201,
    raises=(
        *rules(due),
        PayoutFundedByItsLink,
        GatewayNotConfigured,
        CurrencyMismatch,
        BillingKeyForCards,
        BillingKeyNotFound,
        BillingKeyNotActive,
    ),
)
async def pay_obligation(ask: Ask, obligation_id: str, body: CollectionPaymentBody) -> StartCollection:
    """Start a payment of a due item at the gateway, for its payer.

    It is pending until the gateway has answered: then it has settled, or failed, or a virtual account waits for the
    money. While one payment is under way, no other can be started.
    """
    if ask.house.ports is None:
        raise GatewayNotConfigured("this ledger has no payment gateway; confirm what was paid elsewhere")
    if body.billing_key_id is not None:
        if body.method != "card":
            raise BillingKeyForCards("billing_key_id is for payments by card")
        await ask.house.engine.freshen(body.billing_key_id)
    return StartCollection(obligation_id, body.amount, body.method, "api", body.billing_key_id, body.reference)


@writes(
    "/v1/obligations/{obligation_id}/payments/{payment_id}/give-up",
    scope="collections:write",
    rule=OWN,
    answer=shapes.CollectionGivenUp,
    raises=(due.ObligationNotFound, due.AttemptUnknown, PaymentNotWaiting),
)
async def give_up_payment(ask: Ask, obligation_id: str, payment_id: str) -> GiveUpCollection:
    """Give up a payment by virtual account that has no money yet, for its payer, so that it can be paid otherwise.

    The gateway closes the number first: until then the payment is pending. Money that comes in later nevertheless is
    the payer's, and goes back.
    """
    await ask.house.engine.freshen(obligation_id, payment_id)
    return GiveUpCollection(obligation_id, payment_id)


@writes(
    "/v1/obligations/{obligation_id}/confirmations",
    scope="collections:write",
    rule=OWN,
    body=ConfirmationBody,
    answer=shapes.Confirmation,
    status=201,
    raises=(*rules(due), CurrencyMismatch, PayoutFundedByItsLink),
)
async def confirm_obligation(ask: Ask, obligation_id: str, body: ConfirmationBody) -> ConfirmOutside:
    """Confirm as the payee that a due item was paid outside of this ledger; no money moves here (SPEC R-101)."""
    if body.paid_on > business_date(ask.now()):
        raise Malformed("paid_on must not be in the future", field="paid_on")
    return ConfirmOutside(obligation_id, body.amount, body.paid_on)


@writes(
    "/v1/obligations/{obligation_id}/refunds",
    scope="collections:write",
    rule=OWN,
    body=CollectionRefundBody,
    answer=shapes.CollectionRefund,
    status=201,
    raises=(*rules(due), CurrencyMismatch, RefundNotByGateway, RefundNotCovered, PayoutFundedByItsLink),
)
async def refund_obligation(ask: Ask, obligation_id: str, body: CollectionRefundBody) -> RefundCollection:
    """Give money of a settled payment back to its payer: first what was paid beyond what was due.

    It is on its way until the provider has answered; read the due item to know.
    """
    return RefundCollection(obligation_id, body.payment_id, body.amount, body.reason)
