"""Charges: record, await and book deposits, cancel; lists of charges and of what is left of them."""

from __future__ import annotations

from typing import Literal

from aggregates.account import cancellations, charges, deposits, funds, standing
from api import shapes
from api.access import own_account
from api.ask import Ask, page_reply
from api.bodies import ChargeBody, DepositBody, EmptyBody
from api.fields import PageQuery
from api.operation import reads, writes
from api.refusals import rules
from api.reply import Reply
from ledger.commands.charges import CancelCharge, ChargeAccount
from ledger.commands.deposits import DepositCharge
from projections import charges as charges_view

Status = Literal["awaiting_deposit", "paid", "cancel_pending", "cancelled", "expired"]


class ChargesQuery(PageQuery):
    """Which charges."""

    status: Status | None = None


@writes(
    "/v1/accounts/{account_id}/charges",
    op="charge",
    hot=True,
    scope="charges:write",
    rule=own_account,
    body=ChargeBody,
    answer=shapes.Charge,
    status=201,
    raises=rules(charges, deposits, standing),
)
def charge_account(ask: Ask, account_id: str, body: ChargeBody) -> ChargeAccount:
    """Charge an account.

    Card and transfer record money that the caller has already received; a virtual account waits for its deposit.
    """
    methods, maximum = ask.house.charge_methods, ask.house.charge_maximum.get(body.method)
    return ChargeAccount(account_id, body.amount, body.method, body.reference, methods, maximum)


@writes(
    "/v1/accounts/{account_id}/charges/{charge_id}/deposit",
    op="deposit",
    scope="charges:write",
    rule=own_account,
    body=DepositBody,
    answer=shapes.Charge,
    raises=rules(deposits, standing),
)
def deposit_charge(ask: Ask, account_id: str, charge_id: str, body: DepositBody) -> DepositCharge:
    """Record what arrived on a virtual account; what does not fit is parked for an operator."""
    return DepositCharge(account_id, charge_id, body.amount)


@writes(
    "/v1/accounts/{account_id}/charges/{charge_id}/cancel",
    op="cancel_charge",
    scope="charges:cancel",
    rule=own_account,
    body=EmptyBody,
    answer=shapes.ChargeCancelled,
    raises=rules(cancellations, funds, standing),
)
def cancel_charge(ask: Ask, account_id: str, charge_id: str, body: EmptyBody) -> CancelCharge:
    """Cancel a wholly unspent charge of a card or transfer, less the fee."""
    return CancelCharge(account_id, charge_id)


@reads(
    "/v1/accounts/{account_id}/charges",
    scope="charges:read",
    rule=own_account,
    query=ChargesQuery,
    answer=shapes.list_of(shapes.ListedCharge),
)
async def list_charges(ask: Ask, account_id: str, query: ChargesQuery) -> Reply:
    """List an account's charges, newest first."""
    await ask.house.engine.account(account_id)
    async with ask.see("charges") as (conn, position):
        page = await charges_view.page(conn, account_id, status=query.status, cursor=query.cursor, limit=query.limit)
    return page_reply(page, position)


@reads(
    "/v1/accounts/{account_id}/lots",
    scope="charges:read",
    rule=own_account,
    query=PageQuery,
    answer=shapes.list_of(shapes.Lot),
)
async def list_lots(ask: Ask, account_id: str, query: PageQuery) -> Reply:
    """List what is left of an account's charges, in the order spending takes it."""
    await ask.house.engine.account(account_id)
    async with ask.see("charges") as (conn, position):
        page = await charges_view.lots(conn, account_id, cursor=query.cursor, limit=query.limit)
    return page_reply(page, position)
