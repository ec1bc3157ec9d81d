"""Payments: charges that the ledger itself starts at a gateway, and what has become of them."""

from __future__ import annotations

from typing import Any

from aggregates.account import charges, deposits, standing
from aggregates.account.transfers import CurrencyMismatch
from aggregates.billing_key import BillingKeyNotActive, BillingKeyNotFound
from aggregates.errors import Conflict
from api import shapes
from api.access import filtered, hidden, own_account, own_child
from api.ask import Ask, page_reply
from api.bodies import PaymentBody
from api.fields import PageQuery
from api.operation import reads, writes
from api.refusals import rules
from api.reply import Reply, of_view
from ledger.commands.payments import BillingKeyForCards, PaymentNotFound, StartPayment
from ledger.vault import Reading, SubjectNotFound, mask
from projections import payments as payments_view

SEES_NUMBERS = ("master", "operator", "service")
"""Roles to which the number of a virtual account is shown in full, so that somebody can pay in to it."""


BILLING = (BillingKeyForCards, BillingKeyNotFound, BillingKeyNotActive)
"""Refusals of a billing key."""


class GatewayNotConfigured(Conflict):
    """This ledger knows no payment gateway; money that was received elsewhere is recorded as a charge."""

    code = "gateway_not_configured"


@writes(
    "/v1/payments",
    scope="payments:write",
    rule=filtered,
    body=PaymentBody,
    answer=shapes.Payment,
    status=201,
    raises=(*rules(charges, deposits, standing), GatewayNotConfigured, CurrencyMismatch, *BILLING),
)
async def start_payment(ask: Ask, body: PaymentBody) -> StartPayment:
    """Start a payment at the gateway.

    It is pending until the gateway has answered, usually within a second; then it is a charge on the account, or a
    virtual account that waits for its deposit, or failed. Read it again to know. With a billing key the registered card
    is charged without its holder.
    """
    if ask.caller.account_id not in (None, body.account_id):
        raise hidden()
    if ask.house.ports is None:
        raise GatewayNotConfigured("this ledger has no payment gateway; record received money as a charge")
    methods, maximum = ask.house.charge_methods, ask.house.charge_maximum.get(body.method)
    if body.billing_key_id is not None:
        await ask.house.engine.freshen(body.billing_key_id)
    return StartPayment(
        body.account_id, body.amount, body.method, body.reference, methods, maximum, body.billing_key_id
    )


@reads(
    "/v1/payments/{payment_id}",
    scope="payments:read",
    rule=own_child("payment_id", "pay"),
    answer=shapes.ListedPayment,
    raises=(PaymentNotFound,),
)
async def get_payment(ask: Ask, payment_id: str) -> Reply:
    """Read a payment; while it waits for a deposit, with the account to pay in to.

    Whoever is shown the number in full is on record with it.
    """
    async with ask.see("payments") as (conn, position):
        found, destination = await payments_view.one(conn, payment_id)
    virtual_account: dict[str, Any] | None = None
    if destination is not None:
        virtual_account = await _pay_in_to(ask, destination)
    return of_view({**found, "virtual_account": virtual_account}, position)


@reads(
    "/v1/accounts/{account_id}/payments",
    scope="payments:read",
    rule=own_account,
    query=PageQuery,
    answer=shapes.list_of(shapes.ListedPayment),
)
async def list_payments(ask: Ask, account_id: str, query: PageQuery) -> Reply:
    """List an account's payments, newest first."""
    await ask.house.engine.account(account_id)
    async with ask.see("payments") as (conn, position):
        page = await payments_view.page(conn, account_id, cursor=query.cursor, limit=query.limit)
    return page_reply(page, position)


async def _pay_in_to(ask: Ask, destination: str) -> dict[str, Any]:
    """Return bank and number of a virtual account: in full, and then on record, or masked."""
    sees = ask.caller.role in SEES_NUMBERS
    reading = Reading(ask.caller.principal, "show where to pay in", ask.request_id) if sees else None
    try:
        fields = await ask.house.vault.get(destination, reading)
    except SubjectNotFound:
        fields = {"account_number": "", "bank": ""}
    number = fields["account_number"]
    return {"bank": fields["bank"], "number": number if sees else mask(number)}
