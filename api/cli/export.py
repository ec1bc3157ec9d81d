"""`ledger export`: the books as a file that other software reads, with a manifest beside it."""

from __future__ import annotations

import asyncio
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, cast

import orjson
import typer
from psycopg import Connection, sql

from aggregates.dates import KST
from aggregates.errors import Malformed
from api.cli.console import AsJson, DataDir, answer, progress
from api.cli.runtime import Opened, opened
from api.cli.writing import views_reach
from ledger.database import connect
from projections.exports.asked import FORMATS, Asked, Encoding, Format
from projections.exports.datasets import DATASETS
from projections.exports.export import run
from projections.exports.sink import FileSink
from projections.exports.source import reached

MANIFEST = "{}.manifest.json"
"""Name of the manifest beside the file {}."""


def export(
    output: Annotated[Path, typer.Option("--output", help="The file to write.", dir_okay=False)],
    form: Annotated[str, typer.Option("--format", help=f"One of {', '.join(FORMATS)}.")] = "csv",
    what: Annotated[str, typer.Option("--what", help=f"One of {', '.join(DATASETS)}.")] = "journal",
    account: Annotated[str | None, typer.Option("--account", help="Of one customer's account alone (acc_...).")] = None,
    from_date: Annotated[str | None, typer.Option("--from", help="First business date.")] = None,
    to_date: Annotated[str | None, typer.Option("--to", help="Last business date.")] = None,
    as_of: Annotated[str | None, typer.Option("--as-of", help="Only what had happened by this time.")] = None,
    position: Annotated[int | None, typer.Option("--position", help="Only what was recorded up to it [all].")] = None,
    encoding: Annotated[str, typer.Option("--encoding", help="Of CSV: utf-8 or cp949.")] = "utf-8",
    bom: Annotated[bool, typer.Option("--bom", help="Lead CSV with a byte order mark, for spreadsheets.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Write the books to a file; the same position and filters give the same bytes. A manifest goes beside it.

    Example: ledger export --what journal --format beancount --output books.beancount
    """
    asked = Asked(
        what=what,
        format=cast("Format", form),
        position=position or 0,
        account_id=account,
        from_date=_day(from_date, "from"),
        to_date=_day(to_date, "to"),
        as_of=_instant(as_of),
        encoding=cast("Encoding", encoding),
        bom=bom,
    )
    if not output.absolute().parent.is_dir():
        raise Malformed("output must name a file in a folder that is there", field="output")
    with opened(data_dir, make=False) as ledger, progress(f"export {what}") as tick, _connection(ledger) as connection:
        head = reached(connection, "facts")
        if position is None:
            asked = asked.at(head)
        asyncio.run(views_reach(ledger, min(asked.position, head)))
        with FileSink(output) as sink:
            manifest = run(connection, asked, sink, tick)
    beside = output.with_name(MANIFEST.format(output.name))
    body: dict[str, Any] = {**manifest.body(), "name": output.name}
    beside.write_bytes(orjson.dumps(body, option=orjson.OPT_INDENT_2) + b"\n")
    answer({"file": str(output), "manifest": str(beside), **body}, as_json)


def _connection(ledger: Opened) -> Connection[Any]:
    connection = connect(ledger.database.app)
    connection.execute(sql.SQL("SET search_path = {}, pg_catalog").format(sql.Identifier(ledger.database.schema)))
    return connection


def _day(text: str | None, name: str) -> date | None:
    """Read a date. Raises: Malformed."""
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise Malformed(f"{name} must be a date, such as 2026-03-01", field=name) from None


def _instant(text: str | None) -> datetime | None:
    """Read a time; one without offset is of Seoul. Raises: Malformed."""
    try:
        at = None if text is None else datetime.fromisoformat(text)
    except ValueError:
        raise Malformed("as_of must be a time, such as 2026-03-01T09:00:00+09:00", field="as_of") from None
    return at if at is None or at.tzinfo else at.replace(tzinfo=KST)
