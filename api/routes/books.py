"""The books: transactions and statements of one account; journal and trial balance of all."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from api import shapes
from api.access import own_account, unbound
from api.ask import Ask, page_reply
from api.fields import Day, PageQuery, PublicIdText, Query, QueryNumber
from api.operation import reads
from api.reply import Reply, of_view, position_header
from api.statement_file import statement_file
from ledger.documents.company import CompanyUnknown
from ledger.documents.render import DocumentTooLong, RenderingFailed
from projections import journal, transactions, trial_balance
from projections import statement as statements
from projections.movements import PREPAID, Book


class StatementQuery(Query):
    """Which days, both included; which version; which form."""

    from_date: Annotated[Day, Field(alias="from")]
    to_date: Annotated[Day, Field(alias="to")]
    version: QueryNumber | None = None
    format: Literal["json", "csv", "xlsx", "pdf"] = "json"
    language: Annotated[Literal["ko", "en"], Field(description="Of xlsx and pdf.")] = "ko"
    book: Annotated[Book, Field(description="Which of the account's balances.")] = PREPAID


class TransactionsQuery(PageQuery):
    """Which movements."""

    book: Annotated[Book | None, Field(description="Of this balance alone.")] = None


class JournalQuery(PageQuery):
    """Which days, both included; which account of the books."""

    from_date: Annotated[Day | None, Field(alias="from")] = None
    to_date: Annotated[Day | None, Field(alias="to")] = None
    account: Annotated[str | None, Field(pattern=r"^[a-z_.A-Z0-9]{1,120}$")] = None
    account_id: PublicIdText | None = None


class TrialBalanceQuery(Query):
    """After which position; the newest when not given."""

    position: QueryNumber | None = None


class PeriodsQuery(Query):
    """Days or months; from when to when, both included; whose; after which position."""

    by: Literal["day", "month"] = "month"
    from_date: Annotated[Day, Field(alias="from")]
    to_date: Annotated[Day, Field(alias="to")]
    account_id: PublicIdText | None = None
    position: QueryNumber | None = None


@reads(
    "/v1/accounts/{account_id}/transactions",
    scope="transactions:read",
    rule=own_account,
    query=TransactionsQuery,
    answer=shapes.list_of(shapes.Transaction),
)
async def list_transactions(ask: Ask, account_id: str, query: TransactionsQuery) -> Reply:
    """List every movement of an account's balances, newest first: of all four, or of one book."""
    await ask.house.engine.account(account_id)
    async with ask.see("transactions") as (conn, position):
        page = await transactions.page(conn, account_id, book=query.book, cursor=query.cursor, limit=query.limit)
    return page_reply(page, position)


@reads(
    "/v1/accounts/{account_id}/statement",
    scope="statements:read",
    rule=own_account,
    query=StatementQuery,
    answer=shapes.Statement,
    raises=(CompanyUnknown, DocumentTooLong, RenderingFailed),
)
async def get_statement(ask: Ask, account_id: str, query: StatementQuery) -> Reply:
    """Read a statement of one of an account's balances. Pinned to a version, it has the same bytes each time.

    As xlsx and pdf it also says what is left of each charge, and its age, on the last day.
    """
    if query.format in ("xlsx", "pdf"):
        return await statement_file(
            ask,
            account_id,
            first=query.from_date,
            last=query.to_date,
            version=query.version,
            book=query.book,
            form=query.format,
            language=query.language,
        )
    async with ask.see("accounts", "transactions") as (conn, position):
        made = await statements.statement(
            conn,
            account_id,
            from_date=query.from_date,
            to_date=query.to_date,
            version=query.version,
            book=query.book,
        )
    if query.format == "json":
        return of_view(made, position)
    of_book = "" if query.book == PREPAID else f"{query.book}-"
    name = f"statement-{of_book}{account_id}-{query.from_date}-{query.to_date}.csv"
    disposition = (b"content-disposition", f'attachment; filename="{name}"'.encode())
    headers = (position_header(position), disposition)
    return Reply(200, statements.to_csv(made), headers, b"text/csv; charset=utf-8")


@reads(
    "/v1/journal", scope="journal:read", rule=unbound, query=JournalQuery, answer=shapes.list_of(shapes.JournalEntry)
)
async def list_journal(ask: Ask, query: JournalQuery) -> Reply:
    """List the balanced postings of every money fact, newest first."""
    if query.account_id is not None:
        await ask.house.engine.account(query.account_id)
    async with ask.see("journal") as (conn, position):
        page = await journal.page(
            conn,
            from_date=query.from_date,
            to_date=query.to_date,
            account=query.account,
            account_id=query.account_id,
            cursor=query.cursor,
            limit=query.limit,
        )
    return page_reply(page, position)


@reads("/v1/trial-balance", scope="journal:read", rule=unbound, query=TrialBalanceQuery, answer=shapes.TrialBalance)
async def get_trial_balance(ask: Ask, query: TrialBalanceQuery) -> Reply:
    """Read debits and credits of every account of the books after a position; they are equal in each currency."""
    async with ask.see("journal") as (conn, position):
        made = await journal.trial_balance(conn, position=query.position)
    return of_view(made, position)


@reads(
    "/v1/trial-balance/periods",
    scope="journal:read",
    rule=unbound,
    query=PeriodsQuery,
    answer=shapes.TrialBalancePeriods,
)
async def list_trial_balances(ask: Ask, query: PeriodsQuery) -> Reply:
    """Read the trial balance of each day or month of business dates, of all or of one customer's account.

    Each account of the books with what it had before, its debits and credits, and what it has after; up to 92 days or
    60 months.
    """
    if query.account_id is not None:
        await ask.house.engine.account(query.account_id)
    async with ask.see("journal") as (conn, position):
        made = await trial_balance.by_period(
            conn,
            by=query.by,
            from_date=query.from_date,
            to_date=query.to_date,
            account_id=query.account_id,
            position=query.position,
        )
    return of_view(made, position)
