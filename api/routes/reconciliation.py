"""Reconciliation: files of providers and banks, what their lines stand for, money that nothing explains, the proof."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import orjson
from pydantic import Field

from aggregates.account import bank_deposits, standing
from aggregates.account.billing import invoices, payments
from aggregates.reconciliation import counterpart, files, remittance, tally
from aggregates.reconciliation.files import FileKnown
from api.access import unbound
from api.ask import Ask, page_reply
from api.bodies import ReasonBody, example
from api.fields import Amount, Body, Day, PageQuery, PublicIdText, Query, Reason
from api.operation import UPLOAD_BYTES_MAX, operation, reads, writes
from api.refusals import rules
from api.reply import Reply, of_outcome, of_view, position_header
from api.shapes import reconciliation as shapes
from api.shapes.base import ACCOUNT_ID, list_of
from ledger.commands import matching
from ledger.commands.matching import MatchLine, UnmatchLine
from ledger.commands.parked_money import CreditParkedMoney, PayWithParkedMoney, ReturnParkedMoney
from ledger.imports.profile import ProfileMalformed
from ledger.reconcile import profile, rows
from ledger.reconcile.taking import take_file
from ledger.vault import Reading
from projections import proof as proofs
from projections import reconciliation_queries as queries

SourceName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
Side = Literal["provider", "bank"]


class FilesQuery(PageQuery):
    """Files of which source; all when not given."""

    source: SourceName | None = None


class LinesQuery(FilesQuery):
    """Which lines; `from` and `to` are days, both included."""

    status: Literal["open", "matched", "parked", "credited", "returned"] | None = None
    side: Side | None = None
    from_date: Annotated[Day | None, Field(alias="from")] = None
    to_date: Annotated[Day | None, Field(alias="to")] = None


class ItemsQuery(PageQuery):
    """Which things of the ledger: of one side, and only those that are matched with nothing."""

    side: Side | None = None
    open: Literal["true", "false"] = "true"


class RemittancesQuery(PageQuery):
    """Which remittances."""

    status: Literal["expected", "received"] | None = None


class ProofQuery(Query):
    """Of which day, and in which form."""

    day: Day
    format: Literal["json", "csv"] = "json"


class MatchBody(Body):
    """What a line stands for: items, or one remittance; and why."""

    model_config = example(items=[shapes.ITEM_ID], reason="The customer told us on the phone")

    items: Annotated[list[PublicIdText], Field(min_length=1, max_length=50)] | None = None
    remittance_id: PublicIdText | None = None
    reason: Reason


class CreditBody(Body):
    """Whose the money is, and why."""

    model_config = example(account_id=ACCOUNT_ID, reason="The depositor's name is the member's")

    account_id: PublicIdText
    reason: Reason


class InvoicePartBody(Body):
    """What one invoice gets."""

    invoice_id: PublicIdText
    amount: Amount


class PayInvoicesBody(CreditBody):
    """Which invoices the money pays; without parts the oldest first, and what is left is an advance."""

    model_config = example(
        account_id=ACCOUNT_ID,
        parts=[{"invoice_id": "inv_01k7q4m2x9w3t8r5z66", "amount": 59100}],
        reason="The customer told us on the phone",
    )

    parts: Annotated[list[InvoicePartBody], Field(min_length=1, max_length=100)] | None = None


LINE = "/v1/reconciliation/lines/{line_id}"
SOURCE = "/v1/reconciliation/sources"


@reads(SOURCE, scope="reconciliation:read", rule=unbound, answer=shapes.Sources)
async def list_sources(ask: Ask) -> Reply:
    """List the sources that files can be sent for: profiles of the data folder, and two examples."""
    return of_view({"sources": list(ask.house.sources.names())}, await ask.position())


@operation(
    "POST",
    SOURCE + "/{source}/files",
    scope="reconciliation:write",
    rule=unbound,
    file=True,
    body_bytes_max=UPLOAD_BYTES_MAX,
    answer=shapes.SourceFile,
    status=201,
    raises=(*rules(files), rows.FileRefused, profile.SourceNotFound, ProfileMalformed),
)
async def send_source_file(ask: Ask, source: str, file: bytes) -> Reply:
    """Send a file of a provider or a bank, read by the profile of its source: UTF-8 or CP949, at most 10 MB.

    A file is taken as a whole or not at all: a refusal names each row and why. Rows that were known bring nothing, and
    the very same file again is answered with 200 and what it was when it was taken. Who paid and what they wrote goes
    to the vault. Matching follows within seconds; money that came in at a bank and that nothing explains is parked.
    """
    house = ask.house
    outcome = await take_file(house.engine, house.vault, house.sources.get(source), file, ask.call())
    if outcome.status == 409:
        told = orjson.loads(outcome.body)
        if told["code"] == FileKnown.code:
            async with house.views.see("reconciliation", at_least=outcome.position) as (conn, position):
                return of_view(await queries.file(conn, told["file_id"]), position)
    return of_outcome(outcome)


@reads(
    "/v1/reconciliation/files",
    scope="reconciliation:read",
    rule=unbound,
    query=FilesQuery,
    answer=list_of(shapes.ListedSourceFile),
)
async def list_source_files(ask: Ask, query: FilesQuery) -> Reply:
    """List the files that were taken, newest first."""
    async with ask.see("reconciliation") as (conn, position):
        page = await queries.files(conn, source=query.source, cursor=query.cursor, limit=query.limit)
    return page_reply(page, position)


@reads(
    "/v1/reconciliation/lines",
    scope="reconciliation:read",
    rule=unbound,
    query=LinesQuery,
    answer=list_of(shapes.Line),
)
async def list_lines(ask: Ask, query: LinesQuery) -> Reply:
    """List lines, the last taken first; `status=parked` is the queue of money that nothing explains (SPEC R-062)."""
    async with ask.see("reconciliation") as (conn, position):
        page = await queries.lines(
            conn,
            status=query.status,
            side=query.side,
            source=query.source,
            from_date=query.from_date,
            to_date=query.to_date,
            cursor=query.cursor,
            limit=query.limit,
        )
    return page_reply(page, position)


@reads(LINE, scope="reconciliation:read", rule=unbound, answer=shapes.Line, raises=(tally.LineNotFound,))
async def get_line(ask: Ask, line_id: str) -> Reply:
    """Read a line, and what it stands for."""
    async with ask.see("reconciliation") as (conn, position):
        row = await queries.line(conn, line_id)
    return of_view(queries.line_json(row), position)


@reads(
    LINE + "/suggestions",
    scope="reconciliation:read",
    rule=unbound,
    answer=shapes.Suggestions,
    raises=(tally.LineNotFound,),
)
async def list_suggestions(ask: Ask, line_id: str) -> Reply:
    """List what a line may stand for, the likeliest first: the same number, the same amount, the nearest day."""
    async with ask.see("reconciliation") as (conn, position):
        found = await queries.suggested(conn, line_id)
    return of_view({"items": found}, position)


@reads(
    LINE + "/notes", scope="reconciliation:read", rule=unbound, answer=shapes.LineNotes, raises=(tally.LineNotFound,)
)
async def get_line_notes(ask: Ask, line_id: str) -> Reply:
    """Read who paid and what they wrote: in clear, and on record, for whoever decides on parked money; else masked."""
    async with ask.see("reconciliation") as (conn, position):
        row = await queries.line(conn, line_id)
    decides = "deposits:manage" in ask.caller.scopes
    reading = Reading(ask.caller.principal, "read a bank's line", ask.request_id) if decides else None
    notes = {} if row["note"] is None else await ask.house.vault.notes.get(row["note"], reading)
    return of_view({"notes": notes}, position)


@writes(
    LINE + "/match",
    scope="reconciliation:write",
    rule=unbound,
    body=MatchBody,
    answer=shapes.MatchedLine,
    raises=(*rules(tally, counterpart, remittance), matching.ItemNotFound),
)
def match_line(ask: Ask, line_id: str, body: MatchBody) -> MatchLine:
    """Say by hand what a line stands for: things of the ledger that make its amount, or a remittance."""
    return MatchLine(line_id, tuple(body.items or ()), body.remittance_id, "manual", body.reason)


@writes(
    LINE + "/unmatch",
    scope="reconciliation:write",
    rule=unbound,
    body=ReasonBody,
    answer=shapes.MatchedLine,
    raises=rules(tally),
)
def unmatch_line(ask: Ask, line_id: str, body: ReasonBody) -> UnmatchLine:
    """Take a match back; no rule matches the line again, and money that came in at a bank is parked."""
    return UnmatchLine(line_id, body.reason)


@writes(
    LINE + "/credit",
    scope="deposits:manage",
    rule=unbound,
    body=CreditBody,
    answer=shapes.ParkedMoney,
    raises=rules(tally, bank_deposits, standing),
)
def credit_parked_money(ask: Ask, line_id: str, body: CreditBody) -> CreditParkedMoney:
    """Put parked money on a prepaid account: it becomes a lot of today (SPEC R-062)."""
    return CreditParkedMoney(line_id, body.account_id, body.reason)


@writes(
    LINE + "/return",
    scope="deposits:manage",
    rule=unbound,
    body=ReasonBody,
    answer=shapes.ParkedMoney,
    raises=rules(tally),
)
def return_parked_money(ask: Ask, line_id: str, body: ReasonBody) -> ReturnParkedMoney:
    """Record that parked money was sent back; the bank's line of that is matched with it (SPEC R-062)."""
    return ReturnParkedMoney(line_id, body.reason)


@writes(
    LINE + "/pay-invoices",
    scope="deposits:manage",
    rule=unbound,
    body=PayInvoicesBody,
    answer=shapes.ParkedMoneyPaid,
    raises=rules(tally, bank_deposits, standing, payments, invoices),
)
def pay_with_parked_money(ask: Ask, line_id: str, body: PayInvoicesBody) -> PayWithParkedMoney:
    """Pay a postpaid customer's invoices with parked money, all of it (SPEC R-062, R-088)."""
    parts = tuple((part.invoice_id, part.amount) for part in body.parts or ())
    return PayWithParkedMoney(line_id, body.account_id, parts, body.reason)


@reads(
    "/v1/reconciliation/items",
    scope="reconciliation:read",
    rule=unbound,
    query=ItemsQuery,
    answer=list_of(shapes.Item),
)
async def list_items(ask: Ask, query: ItemsQuery) -> Reply:
    """List what the ledger itself says of money at providers and banks, newest first; only what nothing matches."""
    async with ask.see("reconciliation") as (conn, position):
        page = await queries.items(
            conn, side=query.side, only_open=query.open == "true", cursor=query.cursor, limit=query.limit
        )
    return page_reply(page, position)


@reads(
    "/v1/reconciliation/remittances",
    scope="reconciliation:read",
    rule=unbound,
    query=RemittancesQuery,
    answer=list_of(shapes.Remittance),
)
async def list_remittances(ask: Ask, query: RemittancesQuery) -> Reply:
    """List what providers send to the bank in one sum, newest first."""
    async with ask.see("reconciliation") as (conn, position):
        page = await queries.remittances(conn, status=query.status, cursor=query.cursor, limit=query.limit)
    return page_reply(page, position)


@reads(
    "/v1/reconciliation/proof",
    scope="reconciliation:read",
    rule=unbound,
    query=ProofQuery,
    answer=shapes.Proof,
)
async def get_proof(ask: Ask, query: ProofQuery) -> Reply:
    """Read the proof of a day: ledger = provider = bank, by method, with every difference; as JSON or CSV."""
    async with ask.see("reconciliation", "journal") as (conn, position):
        made: dict[str, Any] = await proofs.proof(conn, query.day)
    if query.format == "json":
        return of_view(made, position)
    disposition = (b"content-disposition", f'attachment; filename="proof-{query.day}.csv"'.encode())
    return Reply(200, proofs.to_csv(made), (position_header(position), disposition), b"text/csv; charset=utf-8")
