"""Documents: issued once, kept as they are, downloaded as often as wanted, and checked by whoever holds one."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

from aggregates.document import DocumentNumberTaken
from aggregates.errors import Conflict, Malformed, NotFound, Rejected
from api import shapes
from api.access import filtered, shared
from api.ask import Ask, page_reply
from api.document_bodies import DocumentBody, DocumentsQuery, VerifyQuery
from api.issuing import DocumentNotForSubs, Wish, issue, make
from api.operation import UPLOAD_BYTES_MAX, operation, reads
from api.owners import OwnerQuery, account_of
from api.refusals import rules
from api.reply import Reply, of_view, position_header
from ledger.commands.orders import OrderNotFound
from ledger.documents.company import CompanyUnknown
from ledger.documents.render import DocumentTooLong, RenderingFailed
from ledger.vault import Reading
from ledger.vault.documents import CONTENT, FILE, DocumentDestroyed, NumbersTaken
from projections import documents
from projections.documents import DocumentNotFound
from projections.papers import PAPERS, receipts, refund_report, transaction_statement
from projections.quotes import QuoteNotFound

MEDIA = {
    "json": "application/json",
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}


class FileNotKept(NotFound):
    """The document is not kept in this format."""

    code = "file_not_kept"


@operation(
    "POST",
    "/v1/documents",
    scope="documents:write",
    rule=filtered,
    body=DocumentBody,
    answer=shapes.Document,
    status=201,
    raises=(
        CompanyUnknown,
        DocumentNotForSubs,
        DocumentNumberTaken,
        DocumentTooLong,
        NumbersTaken,
        OrderNotFound,
        QuoteNotFound,
        RenderingFailed,
        *rules(receipts, refund_report, transaction_statement),
    ),
)
async def issue_document(ask: Ask, body: DocumentBody) -> Reply:
    """Issue a document: statement, receipt, quote, transaction statement, invoice or refund report.

    Its content and files are made at once and kept for five years; they are the same bytes whenever they are asked for.
    """
    return await issue(ask, body)


@reads(
    "/v1/documents",
    scope="documents:read",
    rule=filtered,
    query=DocumentsQuery,
    answer=shapes.list_of(shapes.ListedDocument),
)
async def list_documents(ask: Ask, query: DocumentsQuery) -> Reply:
    """List documents, newest first. A master's key sees those of its account, a sub's key its own."""
    account_id = query.account_id
    if ask.caller.account_id is not None or account_id is not None:
        account_id = await account_of(ask, OwnerQuery(account_id=account_id))
    async with ask.see("documents") as (conn, position):
        page = await documents.page(
            conn,
            account_id=account_id,
            member_id=ask.caller.member_id,
            kind=query.kind,
            cursor=query.cursor,
            limit=query.limit,
        )
    return page_reply(page, position)


@reads(
    "/v1/documents/{document_id}",
    scope="documents:read",
    rule=shared("document_id", "doc"),
    answer=shapes.ListedDocument,
    raises=(DocumentNotFound,),
)
async def get_document(ask: Ask, document_id: str) -> Reply:
    """Read what is known of a document: number, position, digests; not what stands in it."""
    row, position = await _found(ask, document_id)
    return of_view(row["document"], position)


@reads(
    "/v1/documents/{document_id}/files/{format}",
    scope="documents:files",
    rule=shared("document_id", "doc"),
    media_type="application/pdf",
    raises=(DocumentNotFound, DocumentDestroyed, FileNotKept),
)
async def download_document(ask: Ask, document_id: str, format: str) -> Reply:
    """Download a file of a document, as it was made: pdf, xlsx, csv, or json, which is its content."""
    row, position = await _found(ask, document_id)
    kept = {file["format"] for file in row["document"]["files"]}
    if format not in kept:
        raise FileNotKept("the document is not kept in this format", formats=sorted(kept))
    file = await _read(ask, row, CONTENT if format == "json" else FILE + format, "download a document")
    disposition = f'attachment; filename="{row["number"]}.{format}"'.encode()
    headers = (position_header(position), (b"content-disposition", disposition))
    return Reply(200, file, headers, MEDIA[format].encode())


@reads(
    "/v1/documents/{document_id}/verify",
    scope="documents:read",
    rule=filtered,
    query=VerifyQuery,
    answer=shapes.Verification,
    raises=(DocumentNotFound,),
)
async def verify_document(ask: Ask, document_id: str, query: VerifyQuery) -> Reply:
    """Say whether a digest is that of a document of ours, and whether the document still tells the truth.

    The document is named by its number or its id; the digest is the one printed on it, or the SHA-256 of a file.
    """
    return await _verified(ask, document_id, query.sha256)


@operation(
    "POST",
    "/v1/documents/{document_id}/verify",
    scope="documents:read",
    rule=filtered,
    file=True,
    body_bytes_max=UPLOAD_BYTES_MAX,
    answer=shapes.Verification,
    raises=(DocumentNotFound,),
    keyed=None,
)
async def verify_document_file(ask: Ask, document_id: str, file: bytes) -> Reply:
    """Say the same of a file that is sent along: whether it is ours to the last byte, and still true."""
    return await _verified(ask, document_id, hashlib.sha256(file).hexdigest())


async def _verified(ask: Ask, name: str, sha256: str | None) -> Reply:
    row, position = await _found(ask, name)
    told = row["document"]
    matched = [file["format"] for file in told["files"] if file["sha256"] == sha256]
    try:
        content: dict[str, Any] | None = orjson.loads(await _read(ask, row, CONTENT, "verify a document"))
    except DocumentDestroyed:
        content = None
    now = None if content is None else await _made_again(ask, row, content, None)
    verification = {
        "id": row["document_id"],
        "number": row["number"],
        "kind": row["kind"],
        "issued_at": told["issued_at"],
        "digest": told["digest"],
        "authentic": None if sha256 is None else bool(matched),
        "format": matched[0] if matched else None,
        "destroyed": content is None,
        "reproduced": None if content is None else await _made_again(ask, row, content, content["position"]),
        "current": now,
        "as_of_position": told["as_of_position"],
    }
    return of_view(verification, position)


async def _made_again(ask: Ask, row: dict[str, Any], content: dict[str, Any], position: int | None) -> bool:
    """Say whether the facts up to a position (None = all there are) still give the figures that were printed."""
    wish = Wish(row["account_id"], row["member_id"], "", content["basis"])
    try:
        made = await make(ask, row["kind"], wish, position)
    except (Conflict, NotFound, Rejected, Malformed):
        return False
    return orjson.dumps(made.figures, option=orjson.OPT_SORT_KEYS) == orjson.dumps(
        content["figures"], option=orjson.OPT_SORT_KEYS
    )


async def _found(ask: Ask, name: str) -> tuple[dict[str, Any], int]:
    """Return the row of a document that the caller may know of, and the position it was seen at.

    Raises:
        DocumentNotFound: there is none, or it is another's.
    """
    async with ask.see("documents") as (conn, position):
        row = await documents.one(conn, name)
    caller = ask.caller
    if caller.account_id not in (None, row["account_id"]) or caller.member_id not in (None, row["member_id"]):
        raise DocumentNotFound("there is no document with this id or number")
    return row, position


async def _read(ask: Ask, row: dict[str, Any], field: str, purpose: str) -> bytes:
    reading = Reading(ask.caller.principal, purpose, ask.request_id)
    return await ask.house.vault.documents.read(row["token"], field, reading)


assert set(MEDIA) >= {form for paper in PAPERS.values() for form in paper.formats}, "each format has its media type"
