"""`ledger backup`: the whole ledger as files, while writes go on; `ledger archive`: its log, as it grows."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from api.cli.console import FAILED, AsJson, DataDir, answer, progress, remark
from api.cli.runtime import opened, versions
from ledger.backup.archive import drop_archive, run_archive
from ledger.backup.make import make_backup
from ledger.clock import SystemClock

Output = Annotated[Path, typer.Option("--output", help="Folder to write to.", file_okay=False)]


def backup(output: Output, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Back up ledger, vault and sandbox into a new folder, with a manifest of digests; nobody has to stop.

    The key file is not in it: keep a copy of that apart. The digest printed seals the manifest.

    Example: ledger backup --output backups/2026-03-02
    """
    began = time.monotonic()
    with opened(data_dir, make=False) as ledger, progress("read back") as tick:
        made = make_backup(
            ledger.settings, ledger.database, output.absolute(), SystemClock(), lambda: versions(ledger.database), tick
        )
    manifest = made.manifest
    body = {
        "folder": str(made.folder),
        "digest": made.digest,
        "ledger_id": manifest.ledger_id,
        "position": manifest.begun.position,
        "blocks": manifest.begun.block,
        "head": manifest.begun.hash,
        "files": len(manifest.files),
        "bytes": manifest.size,
        "vault": manifest.vault,
        "erasures": manifest.erasures,
        "kek_id": manifest.kek_id,
        "server_version": manifest.server_version,
        "seconds": round(time.monotonic() - began, 3),
    }
    answer(body, as_json)
    if manifest.vault is None:
        remark("the vault lies on a server of its own and is not in this backup")


def archive(
    output: Output,
    drop: Annotated[bool, typer.Option("--drop", help="End the archive: the server keeps no log for it.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Write the server's log to a folder as it grows, until told to stop; with it a backup is brought to any moment.

    The server keeps log (4 GB at most) while this does not run. A restored ledger needs a new folder.

    Example: ledger archive --output backups/log
    """
    with opened(data_dir, make=False) as ledger:
        if drop:
            drop_archive(ledger.database.migrate)
            remark("the archive has ended; its folder is left as it is")
        elif status := run_archive(ledger.database.migrate, output.absolute()):
            remark(f"ledger: the archive has stopped with status {status}")
            raise typer.Exit(FAILED)
