"""`ledger reconcile`: a file of a provider or a bank, taken, matched as far as the rules go, and what is left."""

from __future__ import annotations

import asyncio
import threading
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from aggregates.reconciliation.files import FileKnown
from api.cli.console import FAILED, AsJson, DataDir, answer, remark, table
from api.cli.runtime import Opened, opened, use_schema
from api.cli.writing import views_reach, writing
from ledger.command import Outcome
from ledger.database import connect_async
from ledger.reconcile.profile import FOLDER, Source, Sources, load_source
from ledger.reconcile.taking import take_file
from projections import reconciliation_queries as queries
from projections import runner
from projections.matching import Worked, work_off

PRINCIPAL = "cli:reconcile"


def reconcile(
    file: Annotated[Path, typer.Argument(help="CSV of a provider or a bank.", exists=True, dir_okay=False)],
    profile: Annotated[str, typer.Option(help="What its columns mean: a TOML file, or the name of a profile.")],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Take a file of a provider or a bank, match its lines, park money that nothing explains.

    A file is taken as a whole or not at all (then the exit status is 1); the same file twice adds nothing.

    Example: ledger reconcile october.csv --profile example-bank
    """
    with opened(data_dir) as ledger:
        source = _source(ledger, profile)
        outcome, worked, known = asyncio.run(_reconcile(ledger, file.read_bytes(), source))
    told: dict[str, Any] = orjson.loads(outcome.body)
    if known is None and outcome.status >= 400:
        rows = told.get("rows", [])
        answer(told, as_json, table("rows that were refused", ("row and why",), [[row] for row in rows]))
        remark(f"nothing of the file was taken: {told['detail']}")
        raise typer.Exit(FAILED)
    body = {
        **(known or told),
        "known_file": known is not None or outcome.replayed,
        "lines_matched": worked.matched,
        "lines_parked": worked.parked,
        "position": max(outcome.position, worked.position),
    }
    answer(body, as_json)


def _source(ledger: Opened, profile: str) -> Source:
    """Return the source of a file's path, or of a name. Raises: SourceNotFound. ProfileMalformed."""
    path = Path(profile)
    if path.suffix == ".toml" and path.is_file():
        return load_source(path)
    return Sources(ledger.settings.data_folder / FOLDER).get(profile)


async def _reconcile(ledger: Opened, content: bytes, source: Source) -> tuple[Outcome, Worked, dict[str, Any] | None]:
    """Take the file and match; return the outcome, what was matched, and the file as it was when it is known."""
    digest = sha256(content).hexdigest()
    async with writing(ledger) as writer:
        call = writer.call(PRINCIPAL, f"file:{source.name}:{digest}", digest.encode())
        outcome = await take_file(writer.engine, writer.vault, source, content, call)
        position = outcome.position
        await views_reach(ledger, position)
        async with await connect_async(ledger.database.app) as connection:
            await use_schema(connection, ledger.database)
            known = None
            told = orjson.loads(outcome.body)
            if told.get("code") == FileKnown.code:
                known = await queries.file(connection, told["file_id"])
            elif outcome.status >= 400:
                return outcome, Worked(0, 0, 0, position), None
            stop = threading.Event()
            # A worker that runs keeps the views to itself; this one then only stands by.
            feeder = threading.Thread(target=runner.run, args=(ledger.settings, stop), daemon=True)
            feeder.start()
            try:
                worked = await work_off(writer.engine, connection)
            finally:
                stop.set()
                await asyncio.to_thread(feeder.join, 10)
    return outcome, worked, known
