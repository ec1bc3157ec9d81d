"""The view `documents`: every document that was issued, with its digests (SPEC 7). What stands in them is not here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from psycopg import AsyncConnection

from aggregates.document import DocumentIssued
from aggregates.errors import NotFound
from ledger.commands.documents import document_json
from projections.paging import Page, fetch, paged, place
from projections.rows import Key, Rows, Table
from projections.view import View


@dataclass(slots=True)
class DocumentRow:
    """One document.

    Attributes:
        account_id: None = it is about all accounts. member_id: None = the master's, or nobody's.
        token: of the vault. document: what is known of it to people.
    """

    document_id: str
    position: int
    number: str
    kind: str
    account_id: str | None
    member_id: str | None
    token: str
    document: dict[str, Any]


DOCUMENTS = Table(
    "view_documents",
    DocumentRow,
    key={"document_id": "text"},
    ddl="""
    CREATE TABLE {table} (
        document_id text NOT NULL,
        position bigint NOT NULL,
        number text NOT NULL UNIQUE,
        kind text NOT NULL,
        account_id text,
        member_id text,
        token text NOT NULL,
        document jsonb NOT NULL,
        CONSTRAINT {table}_pkey PRIMARY KEY (document_id)
    )
    """,
    indexes=(
        "CREATE UNIQUE INDEX IF NOT EXISTS {table}_newest ON {table} (position)",
        "CREATE INDEX IF NOT EXISTS {table}_by_account ON {table} (account_id, position)",
        "CREATE INDEX IF NOT EXISTS {table}_by_token ON {table} (token)",
    ),
    json=frozenset({"document"}),
)


class Documents(View):
    """Every document."""

    NAME = "documents"
    TABLES = (DOCUMENTS,)
    TAKES = frozenset({DocumentIssued})

    def keys(self, fact: Any, position: int) -> Iterable[tuple[Table, Key]]:
        """Name no rows: a document is written once."""
        return ()

    def project(self, fact: Any, position: int, rows: Rows) -> None:
        """Keep what is known of the document."""
        rows.put(
            DOCUMENTS,
            DocumentRow(
                fact.document_id, position, fact.number, fact.kind, fact.account_id, fact.member_id, fact.token,
                {**document_json(fact), "position": position},
            ),
        )  # fmt: skip


class DocumentNotFound(NotFound):
    """No document has this id or number."""

    code = "document_not_found"


async def page(
    conn: AsyncConnection[Any],
    *,
    account_id: str | None = None,
    member_id: str | None = None,
    kind: str | None = None,
    cursor: str | None = None,
    limit: int | None = None,
) -> Page:
    """Return a page of documents, newest first; None leaves a question open.

    Raises:
        Malformed: cursor or limit.
    """
    asked = {"list": "documents", "account_id": account_id, "member_id": member_id, "kind": kind}
    where = place(asked, cursor, limit)
    kept = {name: value for name, value in asked.items() if name != "list" and value is not None}
    conditions = " AND ".join(["position < %s", *(f"{name} = %s" for name in kept)])
    query = f"SELECT position, document FROM view_documents WHERE {conditions} ORDER BY position DESC LIMIT %s"
    found = await fetch(conn, query, [where.after, *kept.values(), where.limit + 1])
    return paged(asked, where, [row["document"] for row in found], [row["position"] for row in found])


async def one(conn: AsyncConnection[Any], name: str) -> dict[str, Any]:
    """Return the row of one document by its id or its number. Raises: DocumentNotFound."""
    found = await fetch(conn, "SELECT * FROM view_documents WHERE document_id = %s OR number = %s", [name, name])
    if not found:
        raise DocumentNotFound("there is no document with this id or number")
    return found[0]


async def issued_tokens(conn: AsyncConnection[Any], tokens: list[str]) -> set[str]:
    """Return those of some vault tokens under which an issued document lies."""
    found = await fetch(conn, "SELECT token FROM view_documents WHERE token = ANY(%s)", [tokens])
    return {row["token"] for row in found}
