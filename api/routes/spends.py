"""Spends: take or hold money, capture it, give it back."""

from __future__ import annotations

from aggregates.account import funds, limits, spends, standing
from aggregates.account.billing import overdue
from aggregates.errors import NotFound
from api import shapes
from api.access import Caller, own_account
from api.ask import Ask, page_reply
from api.bodies import CaptureBody, ReturnBody, SpendBody
from api.fields import PageQuery
from api.operation import reads, writes
from api.refusals import rules
from api.reply import Reply, of_view
from ledger.commands.spends import CaptureSpend, RefundDifference, ReturnSpend, Spend
from projections import spends as spends_view


def spending_member(caller: Caller, member_id: str | None) -> str | None:
    """Return the member who spends: a sub's key spends as itself only. Raises: NotFound."""
    if caller.member_id is None:
        return member_id
    if member_id not in (None, caller.member_id):
        raise NotFound("there is no such member")
    return caller.member_id


@writes(
    "/v1/accounts/{account_id}/spends",
    op="spend",
    hot=True,
    scope="spends:write",
    rule=own_account,
    body=SpendBody,
    answer=shapes.Spend,
    status=201,
    raises=rules(spends, funds, limits, overdue, standing),
)
def spend(ask: Ask, account_id: str, body: SpendBody) -> Spend:
    """Spend: capture at once, or hold until capture, return or expiry."""
    member_id = spending_member(ask.caller, body.member_id)
    return Spend(account_id, body.amount, body.reference, member_id, body.capture, body.expires_at, body.cash_amount)


@writes(
    "/v1/accounts/{account_id}/spends/{spend_id}/capture",
    op="capture",
    hot=True,
    scope="spends:settle",
    rule=own_account,
    body=CaptureBody,
    answer=shapes.Spend,
    raises=rules(spends, standing),
)
def capture_spend(ask: Ask, account_id: str, spend_id: str, body: CaptureBody) -> CaptureSpend:
    """Take held money for good; with release, give the rest back at once."""
    return CaptureSpend(account_id, spend_id, body.amount, body.release, body.reason)


@writes(
    "/v1/accounts/{account_id}/spends/{spend_id}/return",
    op="return",
    hot=True,
    scope="spends:settle",
    rule=own_account,
    body=ReturnBody,
    answer=shapes.Spend,
    raises=rules(spends, standing),
)
def return_spend(ask: Ask, account_id: str, spend_id: str, body: ReturnBody) -> ReturnSpend:
    """Give money of a spend back: what is held first, then what was captured."""
    return ReturnSpend(account_id, spend_id, body.amount, body.reason)


@writes(
    "/v1/accounts/{account_id}/spends/{spend_id}/difference-refund",
    op="difference_refund",
    hot=True,
    scope="spends:settle",
    rule=own_account,
    body=ReturnBody,
    answer=shapes.Spend,
    raises=rules(spends, standing),
)
def refund_difference(ask: Ask, account_id: str, spend_id: str, body: ReturnBody) -> RefundDifference:
    """Give back the difference when a cheaper choice was made; from what is held."""
    return RefundDifference(account_id, spend_id, body.amount, body.reason)


@reads(
    "/v1/accounts/{account_id}/spends",
    scope="spends:read",
    rule=own_account,
    query=PageQuery,
    answer=shapes.list_of(shapes.ListedSpend),
)
async def list_spends(ask: Ask, account_id: str, query: PageQuery) -> Reply:
    """List an account's spends, newest first. A sub's key sees its own."""
    await ask.house.engine.account(account_id)
    async with ask.see("spends") as (conn, position):
        page = await spends_view.page(
            conn, account_id, member_id=ask.caller.member_id, cursor=query.cursor, limit=query.limit
        )
    return page_reply(page, position)


@reads("/v1/accounts/{account_id}/spends/{spend_id}", scope="spends:read", rule=own_account, answer=shapes.ListedSpend)
async def get_spend(ask: Ask, account_id: str, spend_id: str) -> Reply:
    """Read one spend. A sub's key sees its own."""
    async with ask.see("spends") as (conn, position):
        found = await spends_view.one(conn, spend_id)
    if found["account_id"] != account_id or ask.caller.member_id not in (None, found["member_id"]):
        raise NotFound("there is no such spend")
    return of_view(found, position)
