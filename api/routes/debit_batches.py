"""Batches of direct debits: the files that go to the bank, and those that come back (SPEC 10.2, 13)."""

from __future__ import annotations

from aggregates.collecting import debit_batch
from aggregates.errors import Conflict
from api.access import filtered, own_child
from api.ask import Ask, page_reply
from api.debit_bodies import DebitsOwnerQuery
from api.operation import UPLOAD_BYTES_MAX, operation, reads
from api.owners import OwnerQuery, account_of
from api.refusals import rules
from api.reply import Reply, of_outcome, of_view, position_header
from api.shapes import direct_debits as shapes
from api.shapes.base import list_of
from ledger.commands.collecting import debit_batches as commands
from ledger.debits.compose import answer_of, read_answer, write_batch
from ledger.debits.layout import FileRefused
from ledger.vault import Reading
from ledger.vault.door import aside
from projections import debit_queries

OWN = own_child("batch_id", debit_batch.PREFIX)
RULES = (*rules(debit_batch), *rules(commands), FileRefused)
FILE_LINES_MAX = 20_000
RESULTS_BYTES_MAX = UPLOAD_BYTES_MAX


class FileNotThere(Conflict):
    """The file is not closed yet, is over, or too long to be downloaded: then it goes through the port alone."""

    code = "debit_file_not_there"


@reads(
    "/v1/debit-batches",
    scope="collections:read",
    rule=filtered,
    query=DebitsOwnerQuery,
    answer=list_of(shapes.DebitBatch),
)
async def list_debit_batches(ask: Ask, query: DebitsOwnerQuery) -> Reply:
    """List an account's batches, newest first."""
    account_id = await account_of(ask, OwnerQuery(account_id=query.account_id))
    async with ask.see("direct_debits") as (conn, position):
        page = await debit_queries.batches(conn, account_id, cursor=query.cursor, limit=query.limit)
    return page_reply(page, position)


@reads(
    "/v1/debit-batches/{batch_id}",
    scope="collections:read",
    rule=OWN,
    answer=shapes.DebitBatch,
    raises=(debit_batch.BatchNotFound,),
)
async def get_debit_batch(ask: Ask, batch_id: str) -> Reply:
    """Read a batch: what was asked for, and what came of it."""
    async with ask.see("direct_debits") as (conn, position):
        return of_view(debit_queries.batch_body(await debit_queries.batch(conn, batch_id)), position)


@reads(
    "/v1/debit-batches/{batch_id}/file",
    scope="accounts:manage",
    rule=OWN,
    media_type="text/plain",
    raises=(debit_batch.BatchNotFound, FileNotThere),
)
async def get_debit_file(ask: Ask, batch_id: str) -> Reply:
    """Download the file of a closed or sent batch: account numbers in clear, each read on record.

    Fixed width (EB13 for mandates, EB21 for debits); the layout is reconstructed and stands in `ledger.debits`.
    """
    async with ask.see("direct_debits") as (conn, position):
        row = await debit_queries.batch(conn, batch_id)
        if row["status"] not in ("closed", "sent") or row["lines"] > FILE_LINES_MAX:
            raise FileNotThere(
                "the file can be downloaded from when it is closed until it is answered", status=row["status"]
            )
        onboarding = await debit_queries.onboarding(conn, row["account_id"])
        ask_lines = debit_queries.mandate_lines if row["kind"] == "mandates" else debit_queries.debit_lines
        lines = await ask_lines(conn, batch_id, after=0, limit=FILE_LINES_MAX)
    papers = ask.house.vault.debit_papers
    reading = Reading(ask.caller.principal, "download a file for the bank", ask.request_id)
    accounts = await papers.accounts([line["bank_account"] for line in lines], reading)
    settlement = await ask.house.vault.get(onboarding["settlement"], reading)
    content = await aside(len(lines), lambda: write_batch(row, onboarding, settlement, lines, accounts))
    name = f"{batch_id}.txt"
    headers = (position_header(position), (b"content-disposition", f'attachment; filename="{name}"'.encode()))
    return Reply(200, content, headers, b"text/plain; charset=euc-kr")


@operation(
    "POST",
    "/v1/debit-batches/{batch_id}/results",
    scope="accounts:manage",
    rule=OWN,
    file=True,
    body_bytes_max=RESULTS_BYTES_MAX,
    answer=shapes.DebitBatchStep,
    raises=RULES,
)
async def take_debit_results(ask: Ask, batch_id: str, file: bytes) -> Reply:
    """Hand in a file of results (EB14, EB22) that came by hand; it is recorded line by line from then on.

    A line that is not in order refuses the whole file, by its number. The same file again changes nothing, and is
    refused as known; another one for the same batch is refused.
    """
    _, kind, _ = debit_batch.batch_key(batch_id)
    results = await aside(len(file), lambda: read_answer(kind, file))
    await ask.house.engine.freshen(batch_id)
    command = answer_of(batch_id, results, file)
    return of_outcome(await ask.house.engine.submit(command, ask.call()))
