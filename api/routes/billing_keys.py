"""Billing keys: cards that the gateway keeps, so that payments can charge them without their holder."""

from __future__ import annotations

from aggregates.account import standing
from aggregates.billing_key import BillingKeyNotActive, BillingKeyNotFound
from api import shapes
from api.access import own_account, own_child
from api.ask import Ask, page_reply
from api.bodies import BillingKeyBody
from api.fields import PageQuery
from api.operation import operation, reads, writes
from api.reply import Reply, of_outcome, of_view
from api.routes.payments import GatewayNotConfigured
from ledger.commands.billing_keys import RemoveBillingKey, RequestBillingKey
from projections import payments as payments_view

OWN_KEY = own_child("billing_key_id", "bky")


@writes(
    "/v1/accounts/{account_id}/billing-keys",
    scope="payments:write",
    rule=own_account,
    body=BillingKeyBody,
    answer=shapes.BillingKey,
    status=201,
    raises=(GatewayNotConfigured, standing.AccountIsClosed),
)
async def register_billing_key(ask: Ask, account_id: str, body: BillingKeyBody) -> RequestBillingKey:
    """Register a card at the gateway: it is active once the gateway has answered, usually within a second."""
    await ask.house.engine.account(account_id)
    if ask.house.ports is None:
        raise GatewayNotConfigured("this ledger has no payment gateway that could keep a card")
    assert ask.key is not None, "a POST has a key"
    one_time = await ask.house.vault.put_one_time(ask.caller.principal, ask.key, token=body.token)
    return RequestBillingKey(account_id, one_time, body.label)


@reads(
    "/v1/accounts/{account_id}/billing-keys",
    scope="payments:read",
    rule=own_account,
    query=PageQuery,
    answer=shapes.list_of(shapes.ListedBillingKey),
)
async def list_billing_keys(ask: Ask, account_id: str, query: PageQuery) -> Reply:
    """List an account's registered cards, newest first."""
    await ask.house.engine.account(account_id)
    async with ask.see("payments") as (conn, position):
        page = await payments_view.billing_keys(conn, account_id, cursor=query.cursor, limit=query.limit)
    return page_reply(page, position)


@reads(
    "/v1/billing-keys/{billing_key_id}",
    scope="payments:read",
    rule=OWN_KEY,
    answer=shapes.ListedBillingKey,
    raises=(BillingKeyNotFound,),
)
async def get_billing_key(ask: Ask, billing_key_id: str) -> Reply:
    """Read one registered card."""
    async with ask.see("payments") as (conn, position):
        found = await payments_view.billing_key(conn, billing_key_id)
    return of_view(payments_view.billing_key_body(found), position)


@operation(
    "DELETE",
    "/v1/billing-keys/{billing_key_id}",
    scope="payments:write",
    rule=OWN_KEY,
    answer=shapes.BillingKeyStatus,
    raises=(BillingKeyNotFound, BillingKeyNotActive),
)
async def remove_billing_key(ask: Ask, billing_key_id: str) -> Reply:
    """Take a card away: nothing more is charged, and the gateway is told to forget it."""
    await ask.house.engine.freshen(billing_key_id)
    return of_outcome(await ask.house.engine.submit(RemoveBillingKey(billing_key_id), ask.call()))
