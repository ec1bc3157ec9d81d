"""Accounts: open, read, freeze, unfreeze, close."""

from __future__ import annotations

from aggregates.account import limits, standing
from api import shapes
from api.access import filtered, own_account, unbound
from api.ask import Ask, page_reply
from api.bodies import OpenAccountBody, ReasonBody
from api.fields import Instant, Name, PageQuery, Query, QueryNumber
from api.operation import reads, writes
from api.refusals import rules
from api.reply import Reply, of_view
from ledger.commands.standing import CloseAccount, FreezeAccount, OpenAccount, UnfreezeAccount
from ledger.shapes import current_account_json
from projections import accounts, asof


class AccountsQuery(PageQuery):
    """Which accounts."""

    name: Name | None = None


class AsOfQuery(Query):
    """Which state of the account: as of a business time, at a version, or (neither) now."""

    as_of: Instant | None = None
    at_version: QueryNumber | None = None


@writes(
    "/v1/accounts",
    op="open_account",
    scope="accounts:write",
    rule=unbound,
    body=OpenAccountBody,
    answer=shapes.Account,
    status=201,
    raises=rules(standing),
)
def open_account(ask: Ask, body: OpenAccountBody) -> OpenAccount:
    """Open an account. Names need not be unique."""
    overdraft = None if body.overdraft_limit == "unlimited" else body.overdraft_limit
    return OpenAccount(body.name, body.mode, body.currency, body.credit_limit, overdraft)


@reads(
    "/v1/accounts",
    scope="accounts:read",
    rule=filtered,
    query=AccountsQuery,
    answer=shapes.list_of(shapes.ListedAccount),
)
async def list_accounts(ask: Ask, query: AccountsQuery) -> Reply:
    """List accounts, newest first, or those of exactly one name. A master's key sees its own account only."""
    if ask.caller.account_id is not None:
        account, position = await ask.account(ask.caller.account_id)
        own = current_account_json(account.figures(ask.now()), account.books, account.version)
        return page_reply(([own] if query.name in (None, account.name) else [], None), position)
    async with ask.see("accounts") as (conn, position):
        page = await accounts.page(conn, at=ask.now(), name=query.name, cursor=query.cursor, limit=query.limit)
    return page_reply(page, position)


@reads(
    "/v1/accounts/{account_id}", scope="accounts:read", rule=own_account, query=AsOfQuery, answer=shapes.ListedAccount
)
async def get_account(ask: Ask, account_id: str, query: AsOfQuery) -> Reply:
    """Read one account. Without as_of and at_version the answer is always current: a client reads its own writes."""
    if query.as_of is None and query.at_version is None:
        account, position = await ask.account(account_id)
        return of_view(current_account_json(account.figures(ask.now()), account.books, account.version), position)
    async with ask.see("accounts") as (conn, position):
        found = await asof.account(conn, account_id, at=ask.now(), as_of=query.as_of, at_version=query.at_version)
    return of_view(found, position)


@writes(
    "/v1/accounts/{account_id}/freeze",
    op="freeze_account",
    scope="accounts:manage",
    rule=own_account,
    body=ReasonBody,
    answer=shapes.Account,
    raises=rules(standing),
)
def freeze_account(ask: Ask, account_id: str, body: ReasonBody) -> FreezeAccount:
    """Stop all new debits; what is under way may still end."""
    return FreezeAccount(account_id, body.reason)


@writes(
    "/v1/accounts/{account_id}/unfreeze",
    op="unfreeze_account",
    scope="accounts:manage",
    rule=own_account,
    body=ReasonBody,
    answer=shapes.Account,
    raises=rules(standing),
)
def unfreeze_account(ask: Ask, account_id: str, body: ReasonBody) -> UnfreezeAccount:
    """Allow debits again."""
    return UnfreezeAccount(account_id, body.reason)


@writes(
    "/v1/accounts/{account_id}/close",
    op="close_account",
    scope="accounts:manage",
    rule=own_account,
    body=ReasonBody,
    answer=shapes.Account,
    raises=rules(standing, limits),
)
def close_account(ask: Ask, account_id: str, body: ReasonBody) -> CloseAccount:
    """End an account; everything on it must be at zero."""
    return CloseAccount(account_id, body.reason)
