"""`ledger restore`: a backup becomes a data folder, checked before anybody can open it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.console import FAILED, USAGE, AsJson, DataDir, answer, progress, remark, table
from api.cli.runtime import read_settings
from ledger.backup.manifest import Progress
from ledger.backup.restore import Wanted
from ledger.backup.restore import restore as restore_backup


def restore(
    backup: Annotated[Path, typer.Argument(help="Folder that `ledger backup` has made.", exists=True, file_okay=False)],
    kek_file: Annotated[
        Path | None,
        typer.Option(help="Key file of the vault [LEDGER_KEK_FILE, secrets/kek].", exists=True, dir_okay=False),
    ] = None,
    erased: Annotated[
        list[Path] | None,
        typer.Option(help="Newer erased.ndjson: who is on it is erased again.", exists=True, dir_okay=False),
    ] = None,
    anchors: Annotated[
        list[Path] | None,
        typer.Option(help="Newer anchors.ndjson, to be found in the ledger again.", exists=True, dir_okay=False),
    ] = None,
    wal: Annotated[
        Path | None,
        typer.Option(help="Folder of `ledger archive`: go on from the backup.", exists=True, file_okay=False),
    ] = None,
    to: Annotated[
        str | None, typer.Option(help="Last moment whose commits count, as 2026-03-02T09:00:00+09:00; needs --wal.")
    ] = None,
    verify: Annotated[bool, typer.Option(help="Check seal and replay before the ledger may be opened.")] = True,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Make a new data folder of a backup: every byte, the seal and a replay are checked before anybody can open it.

    Exit 1 when anything differs; the folder then stays closed to every other command.

    Example: ledger restore backups/2026-03-02 --kek-file kek.copy --data-dir ./.ledger-restored --verify
    """
    moment = _moment(to, wal)
    settings = read_settings(data_dir)
    wanted = Wanted(backup.absolute(), kek_file, tuple(anchors or ()), tuple(erased or ()), wal, moment, verify)
    with progress("restore") as bar:

        def tick(title: str) -> Progress:
            return bar

        done = restore_backup(settings, wanted, tick, remark)
    sealed, folded = done.sealed, done.folded
    findings = [*(sealed.findings if sealed else ()), *(folded.findings if folded else ())]
    body: dict[str, Any] = {
        "ok": done.ok,
        "data_dir": str(settings.data_folder),
        "digest": done.digest,
        "ledger_id": done.manifest.ledger_id,
        "backup_position": done.manifest.begun.position,
        "position": sealed.position if sealed else None,
        "head": sealed.head if sealed else None,
        "anchors": sealed.anchors if sealed else None,
        "accounts": folded.accounts if folded else None,
        "replay_digest": folded.digest if folded else None,
        "verified": verify,
        "erased_again": done.erasures.erased,
        "shelves_kept": done.erasures.kept,
        "seconds": round(done.seconds, 3),
        "findings": [finding._asdict() for finding in findings],
    }
    answer(body, as_json, table("Findings", ["code", "position", "what"], findings))
    if done.erasures.kept:
        remark(f"{done.erasures.kept} folders or groups that were erased hold something again; delete them by hand")
    if not done.ok:
        remark(f"ledger: {settings.data_folder} did not pass its checks and stays closed")
        raise typer.Exit(FAILED)


def _moment(to: str | None, wal: Path | None) -> datetime | None:
    if to is None:
        return None
    try:
        moment = datetime.fromisoformat(to)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or wal is None:
        remark("ledger: --to must be a time with its offset, such as 2026-03-02T09:00:00+09:00, beside --wal")
        raise typer.Exit(USAGE)
    return moment.astimezone(UTC)
