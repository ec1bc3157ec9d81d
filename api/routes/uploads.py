"""Uploads: files of recipients or contacts. Good rows are kept for a week, bad ones come back with their reasons."""

from __future__ import annotations

from typing import Any, Literal

import psycopg

from aggregates.dates import business_date, last_day_within
from aggregates.errors import NotFound, Rejected
from api import shapes
from api.access import filtered
from api.ask import Ask
from api.fields import Query
from api.operation import UPLOAD_BYTES_MAX, operation, reads
from api.owners import OwnerQuery, owner_of
from api.reply import Reply, of_outcome, position_header
from ledger import recipients
from ledger.recipients import CONTACTS, KINDS, RECIPIENTS, Kind, Taken, take_sheet
from ledger.sheets import reader
from ledger.sheets.reader import read_sheet
from ledger.sheets.writer import to_csv, to_xlsx
from ledger.vault import BadRow, Reading, UploadNotFound
from ledger.vault.door import aside
from ledger.vault.uploads import LIFE_DAYS

FAILURES_SHOWN = 100
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
RULES = (
    reader.FileTypeNotTaken,
    reader.FileUnreadable,
    reader.FileTooLarge,
    recipients.ColumnsMissing,
    recipients.NoRows,
)
SAMPLES = {
    "recipients": ("01000000001", "Haneul", "Blue Kite Trading", "Clerk", "1990/08/15", "solar"),
    "contacts": ("Haneul", "01000000001", "1990/08/15", "solar", "Blue Kite Trading", "Sales", "Clerk"),
}


class FormatQuery(OwnerQuery):
    """In which form the file shall come."""

    format: Literal["xlsx", "csv"] = "xlsx"


class SampleQuery(Query):
    """In which form the file shall come."""

    format: Literal["xlsx", "csv"] = "xlsx"


@operation(
    "POST",
    "/v1/uploads/recipients",
    scope="uploads:write",
    rule=filtered,
    query=OwnerQuery,
    file=True,
    body_bytes_max=UPLOAD_BYTES_MAX,
    answer=shapes.Upload,
    status=201,
    raises=RULES,
)
async def upload_recipients(ask: Ask, query: OwnerQuery, file: bytes) -> Reply:
    """Upload a file of recipients: xls, xlsx or csv (UTF-8 or CP949), at most 10 MB and 10,000 rows.

    Its first row names the columns: phone, and where there are any name, company, title, anniversary, calendar. An
    order names the upload by its id and uses it up.
    """
    return await _upload(ask, query, file, RECIPIENTS)


@operation(
    "POST",
    "/v1/uploads/contacts",
    scope="uploads:write",
    rule=filtered,
    query=OwnerQuery,
    file=True,
    body_bytes_max=UPLOAD_BYTES_MAX,
    answer=shapes.Upload,
    status=201,
    raises=RULES,
)
async def upload_contacts(ask: Ask, query: OwnerQuery, file: bytes) -> Reply:
    """Upload a file of contacts: xls, xlsx or csv (UTF-8 or CP949), at most 10 MB and 10,000 rows.

    Its first row names the columns: name and phone, and where there are any anniversary, calendar, company, department,
    title. Adding contacts in bulk names the upload by its id and uses it up.
    """
    return await _upload(ask, query, file, CONTACTS)


@reads(
    "/v1/uploads/{upload_id}/failures",
    scope="uploads:write",
    rule=filtered,
    query=FormatQuery,
    media_type=XLSX,
    raises=(UploadNotFound,),
)
async def get_upload_failures(ask: Ask, upload_id: str, query: FormatQuery) -> Reply:
    """Download the bad rows of an upload with the reasons; as xlsx or csv, free of formulas."""
    owner = await owner_of(ask, query)
    reading = Reading(ask.caller.principal, "download failed rows", ask.request_id)
    kind, rows = await ask.house.vault.uploads.failures(owner, upload_id, reading)
    header = ("row", *KINDS[kind].order, "reasons")
    cells = [(str(each.row), *each.values, "; ".join(each.reasons)) for each in rows]
    return await _file(ask, f"{upload_id}-failures", header, cells, query.format)


@reads(
    "/v1/upload-samples/{kind}",
    scope="uploads:write",
    rule=filtered,
    query=SampleQuery,
    media_type=XLSX,
)
async def get_upload_sample(ask: Ask, kind: str, query: SampleQuery) -> Reply:
    """Download a file to fill in: for recipients or contacts, as xlsx or csv."""
    if kind not in KINDS:
        raise NotFound("there are samples for recipients and contacts")
    return await _file(ask, f"{kind}-sample", KINDS[kind].order, [SAMPLES[kind]], query.format)


async def _upload(ask: Ask, query: OwnerQuery, file: bytes, kind: Kind) -> Reply:
    owner = await owner_of(ask, query)
    vault, key = ask.house.vault, ask.key
    assert key is not None, "a POST has a key"
    upload_id = vault.uploads.id_of(ask.caller.principal, key)
    taken: Taken | Rejected
    try:
        rows = await read_sheet(file)
        taken = await aside(len(rows), lambda: take_sheet(rows, kind))
    except Rejected as refusal:
        taken = refusal

    async def keep(connection: psycopg.AsyncConnection) -> tuple[int, dict[str, Any]]:
        if isinstance(taken, Rejected):
            raise taken
        await vault.uploads.put(connection, upload_id, owner, kind.name, taken.good, taken.bad)
        kept_until = last_day_within(business_date(ask.now()), LIFE_DAYS)
        return 201, {
            "upload_id": upload_id,
            "kind": kind.name,
            **counts(taken, upload_id),
            "kept_until": kept_until.isoformat(),
        }

    return of_outcome(await vault.answered.once(ask.call(), await ask.position(), keep))


def counts(taken: Taken, upload_id: str) -> dict[str, Any]:
    """Return what is said of the rows that were taken in, without a word of what stands in them."""
    return {
        "good": len(taken.good),
        "bad": len(taken.bad),
        "duplicates": taken.duplicates,
        "failures": [_failure(each) for each in taken.bad[:FAILURES_SHOWN]],
        "failure_file": f"/v1/uploads/{upload_id}/failures" if taken.bad else None,
    }


def _failure(bad: BadRow) -> dict[str, Any]:
    return {"row": bad.row, "reasons": list(bad.reasons)}


async def _file(
    ask: Ask, name: str, header: tuple[str, ...], rows: list[tuple[str, ...]], form: Literal["xlsx", "csv"]
) -> Reply:
    made, kind = (to_xlsx(header, rows), XLSX) if form == "xlsx" else (to_csv(header, rows), "text/csv; charset=utf-8")
    disposition = f'attachment; filename="{name}.{form}"'.encode()
    headers = (position_header(await ask.position()), (b"content-disposition", disposition))
    return Reply(200, made, headers, kind.encode())
