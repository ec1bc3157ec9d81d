"""`ledger import`: movements of an older system, from a file."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import orjson
import typer

from api.cli.console import FAILED, AsJson, DataDir, Tick, answer, progress, remark
from api.cli.runtime import Opened, opened
from api.cli.writing import views_reach, writing
from ledger.imports.importer import Importer, Progress, Rejection
from ledger.imports.profile import Profile, load_profile


def import_file(
    file: Annotated[Path, typer.Argument(help="CSV or NDJSON, as its profile says.", exists=True, dir_okay=False)],
    profile: Annotated[Path, typer.Option(help="What the file's columns mean (TOML).", exists=True, dir_okay=False)],
    rejected: Annotated[
        Path | None, typer.Option(help="Where rejected rows go [FILE.rejected.ndjson].", dir_okay=False)
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Take over the movements of a file; the same file twice adds nothing, and a killed import goes on.

    Missing accounts are opened. Rows that cannot be taken go to a file with the reason; then the exit status is 1.

    Example: ledger import trans.asc --profile docs/examples/pkdd99.toml
    """
    read_profile = load_profile(profile)
    sink = RejectedRows(rejected or file.with_name(f"{file.name}.rejected.ndjson"))
    with opened(data_dir) as ledger, progress(f"import {file.name}") as tick, sink:
        done, seen = asyncio.run(_import(ledger, file, read_profile, sink, tick))
    body: dict[str, Any] = {
        "file": str(file),
        "profile": read_profile.name,
        "rows": done.rows,
        "imported": done.imported,
        "known": done.known,
        "skipped": done.skipped,
        "rejected": done.rejected,
        "rejected_file": str(sink.path) if done.rejected else None,
        "accounts_opened": done.accounts_opened,
        "facts_added": done.facts_added,
        "position": done.position,
        "views_reached": seen,
        "seconds": round(done.seconds, 3),
        "rows_per_second": round(done.rows / done.seconds) if done.seconds else 0,
    }
    answer(body, as_json)
    if done.rejected:
        remark(f"{done.rejected} rows were not taken; {sink.path} says why")
        raise typer.Exit(FAILED)


async def _import(
    ledger: Opened, file: Path, profile: Profile, sink: RejectedRows, tick: Tick
) -> tuple[Progress, bool]:
    async with writing(ledger) as writer:
        importer = Importer(
            engine=writer.engine,
            profile=profile,
            request_hash=writer.vault.request_hash,
            request_id=writer.request_id,
            on_reject=sink.write,
            on_progress=lambda so_far: tick(so_far.bytes_read, so_far.bytes_total),
        )
        done = await importer.run(file)
    return done, await views_reach(ledger, done.position)


class RejectedRows:
    """The file of rejected rows, one JSON object a line; made by the first of them, and gone when there is none."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: BinaryIO | None = None

    def __enter__(self) -> RejectedRows:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._file is not None:
            self._file.close()
        elif kind is None:
            self.path.unlink(missing_ok=True)

    def write(self, rejection: Rejection) -> None:
        """Add a row."""
        if self._file is None:
            self._file = self.path.open("wb")
        text = rejection.text.encode("utf-8", "backslashreplace").decode()
        line = {"line": rejection.line, "code": rejection.code, "reason": rejection.reason, "text": text}
        self._file.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
