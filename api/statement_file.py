"""A statement as a file without number: made when it is asked for, and the same bytes for the same version.

Its date is that of the version's last fact, and no position stands on it: both would change with every other account.
(What is to be kept and verified is issued as a document.)
"""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Any

from aggregates import document, ids
from aggregates.dates import rfc3339
from api.ask import Ask
from api.issuing import issuer
from api.reply import Reply, position_header
from ledger.documents.content import content_of
from ledger.documents.render import render
from projections.movements import PREPAID, Book
from projections.papers import account_statement
from projections.papers.stored import Standing, account_at, facts_of, head

MEDIA = {
    "pdf": b"application/pdf",
    "xlsx": b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


async def statement_file(
    ask: Ask,
    account_id: str,
    *,
    first: date,
    last: date,
    version: int | None,
    form: str,
    language: str,
    book: Book = PREPAID,
) -> Reply:
    """Return the statement of an account as pdf or xlsx.

    Raises:
        CompanyUnknown. DocumentTooLong: for a PDF. RenderingFailed. Malformed, NotFound: as of the statement.
    """
    issuer(ask)
    async with ask.see("accounts", "transactions") as (conn, seen):
        # A version that is named was recorded; the newest one is that which the views have seen.
        position = seen if version is None else await head(conn)
        account = await account_at(conn, account_id, position)
    pinned = account.version if version is None else version
    name = (account_id, first, last, pinned, form, language, book)
    file = await ask.house.making.once(name, partial(_made, ask, account, position, *name))
    of_book = "" if book == PREPAID else f"{book}-"
    disposition = f'attachment; filename="statement-{of_book}{account_id}-{first}-{last}.{form}"'
    return Reply(200, file, (position_header(seen), (b"content-disposition", disposition.encode())), MEDIA[form])


async def _made(
    ask: Ask,
    account: Standing,
    position: int,
    account_id: str,
    first: date,
    last: date,
    pinned: int,
    form: str,
    language: str,
    book: Book,
) -> bytes:
    """Return the bytes of a statement; as of `statement_file`."""
    async with ask.see("accounts", "transactions") as (conn, _):
        basis: dict[str, Any] = {"account_id": account_id, "from": str(first), "to": str(last), "version": pinned}
        if book != PREPAID:
            basis["book"] = book
        figures = await account_statement.figures(conn, basis, position)
        async for fact in facts_of(conn, ids.stream_id(account_id), position, after=pinned - 1):
            recorded_at = fact.recorded_at
            break
    content = content_of(
        kind=document.ACCOUNT_STATEMENT,
        language=language,
        number="",
        issued_at=rfc3339(recorded_at),
        position=None,
        account_version=pinned,
        supplier=issuer(ask).block(language),
        recipient={"account_id": account_id, "name": account.name, "member_id": None, "email": None},
        basis=basis,
        figures=figures,
    )
    return (await render(content, [form]))[form]
