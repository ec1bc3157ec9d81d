"""The way back: a backup becomes a data folder, and nobody opens that before seal and replay have passed.

A file in the folder keeps every other command out until then. On the way the tables are brought up to date, and who was
erased after the backup was made is erased again.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import orjson

from ledger import anchor, erasures, verify
from ledger.backup import manifest as manifests
from ledger.backup.manifest import BackupUnusable, Manifest, Progress
from ledger.backup.recover import check_version, put_in_place, recover, take_away
from ledger.database import (
    LEDGER_DATABASE,
    RESTORING,
    VAULT_DATABASE,
    Database,
    connect,
    connect_async,
    embedded_database,
    migrate,
)
from ledger.embedded import EmbeddedServer
from ledger.kek import read_kek
from ledger.replay import Replay, frozen
from ledger.replay import Report as Folded
from ledger.settings import Settings

MARK = (
    "A restore has begun here and has not passed its checks. Restore again into another folder, and remove this one.\n"
)


class Wanted(NamedTuple):
    """What shall be restored, and how.

    Attributes:
        backup: its folder. kek_file: of the key that the vault was sealed under; None = as the settings say, or where
            it lies already.
        anchors, erased: further files, newer than the backup.
        wal: folder of an archive of the log; None = to the moment of the backup.
        to: the last moment whose commits count; None = all.
        verify: whether seal and replay are checked.
    """

    backup: Path
    kek_file: Path | None = None
    anchors: Sequence[Path] = ()
    erased: Sequence[Path] = ()
    wal: Path | None = None
    to: datetime | None = None
    verify: bool = True


class Restored(NamedTuple):
    """What was restored.

    Attributes:
        manifest: of the backup. digest: of that, hex.
        sealed, folded: what the two checks have found; None = they were not asked for.
        erasures: what was erased again.
        seconds: how long it took, from the first file to the last check.
    """

    manifest: Manifest
    digest: str
    sealed: verify.Report | None
    folded: Folded | None
    erasures: erasures.Reapplied
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether everything is as it was sealed, and adds up."""
        return (self.sealed is None or self.sealed.ok) and (self.folded is None or self.folded.ok)


def restore(
    settings: Settings,
    wanted: Wanted,
    tick: Callable[[str], Progress] = lambda title: lambda done, total: None,
    say: Callable[[str], None] = lambda sentence: None,
) -> Restored:
    """Make a data folder of a backup. Where the checks find something, the folder stays closed, for whoever looks.

    Args:
        settings: with the new data folder.
        tick: given the name of a stage, returns what is told its progress.
        say: is told when files go anywhere but into the data folder.

    Raises:
        BackupUnusable: the folder is in use, the backup was damaged, the key is another one, or PostgreSQL could not
            recover it. Nothing is left behind.
        EmbeddedServerError: the server does not start.
    """
    began = time.monotonic()
    manifest, digest = manifests.read(wanted.backup)
    folder = settings.data_folder
    _check_fit(settings, manifest)
    key = _find_key(settings, manifest, wanted.kek_file)
    made = not folder.exists()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / RESTORING).write_text(MARK)
    server = EmbeddedServer(folder, say=say)
    try:
        place = put_in_place(wanted.backup, manifest, folder, tick("copy and check files"))
        recover(place, server, wanted.wal, wanted.to)
    except BaseException:
        take_away(folder)
        (folder / RESTORING).unlink()
        if made:
            manifests.discard(folder)
        raise
    _keep_key(settings, key)
    with server:
        database = embedded_database(server, settings.schema_name, settings)
        migrate(database)
        again = _erase_again(database, folder, [wanted.backup / erasures.FILE_NAME, *wanted.erased])
        anchors = _bring_anchors(folder, [wanted.backup / anchor.FILE_NAME, *wanted.anchors], manifest)
        sealed = folded = None
        if wanted.verify:
            sealed = _check_seal(database, anchors, tick("verify"))
            folded = asyncio.run(_fold(database, tick("replay")))
    restored = Restored(manifest, digest, sealed, folded, again, time.monotonic() - began)
    if restored.ok:
        (folder / RESTORING).unlink()
    return restored


def _check_fit(settings: Settings, manifest: Manifest) -> None:
    folder = settings.data_folder
    if not settings.embedded:
        raise BackupUnusable("a backup is restored to an embedded server; unset LEDGER_DATABASE_URL")
    if (folder / "postgres").exists() or (folder / RESTORING).exists():
        raise BackupUnusable(f"{folder} holds a ledger already; name a new folder by --data-dir")
    if manifest.schema != settings.schema_name:
        raise BackupUnusable(f"the backup is of schema {manifest.schema}; set LEDGER_SCHEMA to that")
    if manifest.vault is None and settings.vault_database_url is None:
        raise BackupUnusable("the vault of this ledger lay on a server of its own; set LEDGER_VAULT_DATABASE_URL")
    if (manifest.database, manifest.vault or VAULT_DATABASE) != (LEDGER_DATABASE, VAULT_DATABASE):
        text = f"the embedded server has its databases under the names {LEDGER_DATABASE} and {VAULT_DATABASE}"
        raise BackupUnusable(f"{text}; bring this backup up with a PostgreSQL of your own")
    check_version(manifest)


def _find_key(settings: Settings, manifest: Manifest, file: Path | None) -> Path:
    """Return the file of the key that the backup's vault was sealed under. Raises: BackupUnusable, KekUnusable."""
    found = file or settings.kek_file or settings.data_folder / "secrets" / "kek"
    if not found.exists():
        text = f"the backup's vault was sealed under key {manifest.kek_id}, and no key file is here"
        raise BackupUnusable(f"{text}; name a copy of secrets/kek by --kek-file")
    kek = read_kek(found, "the key file")
    if kek.id != manifest.kek_id:
        raise BackupUnusable(f"the backup's vault was sealed under key {manifest.kek_id}; {found} holds key {kek.id}")
    return found


def _keep_key(settings: Settings, file: Path) -> None:
    """Copy the key file to where it is looked for, unless the settings name another place."""
    kept = settings.data_folder / "secrets" / "kek"
    if settings.kek_file is None and not kept.exists():
        with os.fdopen(os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(file.read_text())


def _erase_again(database: Database, folder: Path, files: Iterable[Path]) -> erasures.Reapplied:
    """Erase whom the lists name, and write the list of the new folder."""
    known = {(each.token, each.created_at): each for file in files for each in erasures.read(file)}
    with connect(database.vault) as connection:
        connection.execute("SET statement_timeout = 0")
        done = erasures.reapply(connection, database.schema, known.values())
        erasures.carry_out(connection, database.schema, folder)
    return done


def _bring_anchors(folder: Path, files: Iterable[Path], manifest: Manifest) -> list[anchor.Anchor]:
    """Write the anchors of this ledger into the new folder, each once, in order."""
    known = {each: None for file in files for each in anchor.read_file(file) if each.ledger_id == manifest.ledger_id}
    anchors = sorted(known, key=lambda each: (each.number, each.at))
    (folder / anchor.FILE_NAME).write_bytes(b"".join(orjson.dumps(each._asdict()) + b"\n" for each in anchors))
    (folder / anchor.FILE_NAME).chmod(0o600)
    return anchors


def _check_seal(database: Database, anchors: Sequence[anchor.Anchor], tick: Progress) -> verify.Report:
    with connect(database.app) as connection:
        for setting in ("statement_timeout", "idle_in_transaction_session_timeout"):
            connection.execute(f"SET {setting} = 0".encode())
        return verify.verify(connection, database.schema, anchors, tick)


async def _fold(database: Database, tick: Progress) -> Folded:
    async with await connect_async(database.app) as connection:
        for setting in ("statement_timeout", "idle_in_transaction_session_timeout"):
            await connection.execute(f"SET {setting} = 0".encode())
        async with frozen(connection, database.schema):
            folding = Replay(connection, tick)
            await folding.fold()
            return folding.report()
