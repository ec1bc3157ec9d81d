"""Quotes: what a cart would cost, numbered and kept."""

from __future__ import annotations

from aggregates import product as product_rules
from aggregates import quote as quote_rules
from aggregates.errors import NotFound
from aggregates.order import form
from api import shapes
from api.access import filtered, own_child
from api.ask import Ask, page_reply
from api.catalogue_bodies import QuoteBody, wishes
from api.fields import MemberId, PageQuery, PublicIdText
from api.operation import reads, writes
from api.owners import OwnerQuery, account_of
from api.refusals import rules
from api.reply import Reply, of_view
from api.routes.spends import spending_member
from ledger.commands.quotes import IssueQuote
from projections import quotes as quotes_view


class QuotesQuery(PageQuery):
    """Whose quotes; a key that is bound to an account need not say."""

    account_id: PublicIdText | None = None
    member_id: MemberId | None = None


@writes(
    "/v1/quotes",
    scope="quotes:write",
    rule=filtered,
    body=QuoteBody,
    answer=shapes.Quote,
    status=201,
    raises=(
        *rules(quote_rules),
        product_rules.ProductNotFound,
        product_rules.ProductDiscontinued,
        product_rules.ValidityNotOffered,
        form.LinesOutOfRange,
        form.QuantityOutOfRange,
        form.RecipientsOutOfRange,
    ),
)
async def issue_quote(ask: Ask, body: QuoteBody) -> IssueQuote:
    """Price a cart at the prices of now, number the quote and keep it; it moves no money."""
    account_id = await account_of(ask, OwnerQuery(account_id=body.account_id))
    member_id = spending_member(ask.caller, body.member_id)
    await ask.house.engine.freshen(*(line.product_id for line in body.lines))
    return IssueQuote(account_id, member_id, body.kind, wishes(body.lines), body.recipients)


@reads("/v1/quotes", scope="quotes:read", rule=filtered, query=QuotesQuery, answer=shapes.list_of(shapes.Quote))
async def list_quotes(ask: Ask, query: QuotesQuery) -> Reply:
    """List an account's quotes, newest first. A sub's key sees its own."""
    account_id = await account_of(ask, OwnerQuery(account_id=query.account_id))
    member_id = spending_member(ask.caller, query.member_id)
    async with ask.see("quotes") as (conn, position):
        page = await quotes_view.page(conn, account_id, member_id=member_id, cursor=query.cursor, limit=query.limit)
    return page_reply(page, position)


@reads("/v1/quotes/{quote_id}", scope="quotes:read", rule=own_child("quote_id", "qte"), answer=shapes.Quote)
async def get_quote(ask: Ask, quote_id: str) -> Reply:
    """Read one quote as it was issued. A sub's key sees its own."""
    async with ask.see("quotes") as (conn, position):
        found = await quotes_view.one(conn, quote_id)
    if ask.caller.member_id not in (None, found["member_id"]):
        raise NotFound("there is no such quote")
    return of_view(found, position)
