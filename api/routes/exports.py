"""Exports: asked for here, made in the process of the jobs, downloaded here until they expire."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Annotated, Any, Literal

import psycopg
from pydantic import Field

from aggregates.errors import Malformed
from api import shapes
from api.access import unbound
from api.ask import Ask, page_reply
from api.bodies import example
from api.fields import Body, Day, Instant, PageQuery, PublicIdText
from api.operation import operation, reads
from api.reply import Parts, Reply, of_outcome, of_view, position_header
from projections.exports import desk
from projections.exports.asked import Asked, Format
from projections.exports.datasets import DATASETS

What = Literal["transactions", "journal", "trial_balance", "invoices", "facts"]

READS: dict[str, str] = {
    "transactions": "transactions:read",
    "journal": "journal:read",
    "trial_balance": "journal:read",
    "invoices": "invoices:read",
    "facts": "events:read",
}
"""Dataset -> the scope that reading its rows needs, whether as a list or as an export."""


class ExportBody(Body):
    """Which rows, in which form."""

    model_config = example(what="journal", format="csv", **{"from": "2026-03-01", "to": "2026-03-31"}, bom=True)

    what: What
    format: Format
    account_id: PublicIdText | None = None
    from_date: Annotated[Day | None, Field(alias="from")] = None
    to_date: Annotated[Day | None, Field(alias="to")] = None
    as_of: Instant | None = None
    position: Annotated[int | None, Field(ge=0, le=10**18 - 1, description="The newest one when not given.")] = None
    encoding: Literal["utf-8", "cp949"] = "utf-8"
    bom: bool = False


@operation(
    "POST",
    "/v1/exports",
    scope="exports:write",
    rule=unbound,
    body=ExportBody,
    answer=shapes.Export,
    status=202,
    raises=(desk.TooManyExports,),
)
async def ask_for_export(ask: Ask, body: ExportBody) -> Reply:
    """Ask for an export: it is made in the background, and its file can be downloaded for 7 days.

    It is pinned to a position, the newest one unless another is given: the same request at the same position gives the
    same bytes. Beancount and hledger are made of the journal; facts are too long for the cells of xlsx.
    """
    ask.caller.must(READS[body.what])
    if body.account_id is not None:
        await ask.house.engine.account(body.account_id)
    head = await ask.position()
    if body.position is not None and body.position > head:
        raise Malformed("position must be one that the ledger has", field="position")
    asked = Asked(
        what=body.what,
        format=body.format,
        position=head if body.position is None else body.position,
        account_id=body.account_id,
        from_date=body.from_date,
        to_date=body.to_date,
        as_of=body.as_of,
        encoding=body.encoding,
        bom=body.bom,
    )
    call = ask.call()
    export_id = f"exp_{sha256(f'{call.principal} {call.key}'.encode()).hexdigest()[:32]}"

    async def take(_: psycopg.AsyncConnection) -> tuple[int, dict[str, Any]]:
        async with ask.house.views.connect() as conn:
            return 202, await desk.put(conn, export_id, asked, ask.caller.principal)

    return of_outcome(await ask.house.vault.answered.once(call, head, take))


@reads("/v1/exports", scope="exports:read", rule=unbound, query=PageQuery, answer=shapes.list_of(shapes.Export))
async def list_exports(ask: Ask, query: PageQuery) -> Reply:
    """List the exports of the last 7 days, newest first."""
    async with ask.house.views.connect() as conn:
        page = await desk.page(conn, cursor=query.cursor, limit=query.limit)
    return page_reply(page, await ask.position())


@reads(
    "/v1/exports/{export_id}",
    scope="exports:read",
    rule=unbound,
    answer=shapes.Export,
    raises=(desk.ExportNotFound,),
)
async def get_export(ask: Ask, export_id: str) -> Reply:
    """Read how far an export is, and when it is done its manifest: position, rows, length and digest of the file."""
    async with ask.house.views.connect() as conn:
        found = await desk.one(conn, export_id)
    return of_view(found, await ask.position())


@reads(
    "/v1/exports/{export_id}/file",
    scope="exports:read",
    rule=unbound,
    media_type="application/octet-stream",
    raises=(desk.ExportNotFound, desk.ExportNotReady),
)
async def download_export(ask: Ask, export_id: str) -> Reply:
    """Download the file of an export that is done."""
    async with ask.house.views.connect() as conn:
        found = await desk.one(conn, export_id)
        ask.caller.must(READS[found["what"]])
        file = await desk.file(conn, export_id)

    async def parts() -> AsyncIterator[bytes]:
        for number in range(file.chunks):
            # Between two parts no connection is held: a slow client costs none.
            async with ask.house.views.connect() as conn:
                part = await desk.chunk(conn, export_id, file.attempt, number)
            yield part

    disposition = (b"content-disposition", f'attachment; filename="{file.name}"'.encode())
    digest = (b"repr-digest", b"sha-256=:%b:" % b64encode(bytes.fromhex(found["manifest"]["sha256"])))
    headers = (position_header(found["position"]), disposition, digest)
    return Reply(200, b"", headers, file.media_type.encode(), parts=Parts(file.bytes, parts))


@operation(
    "DELETE",
    "/v1/exports/{export_id}",
    scope="exports:write",
    rule=unbound,
    answer=shapes.Export,
    raises=(desk.ExportNotFound,),
)
async def delete_export(ask: Ask, export_id: str) -> Reply:
    """Take an export and its file away, also while it is being made; the ledger is not touched by it."""
    async with ask.house.views.connect() as conn:
        found = await desk.remove(conn, export_id)
    return of_view(found, await ask.position())


assert READS.keys() == DATASETS.keys(), "every dataset says who may read it"
