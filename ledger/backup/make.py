"""Making a backup of a running ledger: heads, base backup, anchors and erasures, and a manifest over all of it.

Nobody has to stop: PostgreSQL copies its files while others write, and the log that comes along makes them one moment.
What was acknowledged before the backup began is in it.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import orjson
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Identifier

from aggregates.dates import rfc3339
from ledger import anchor, erasures
from ledger.backup import manifest as manifests
from ledger.backup.base import take_base_backup
from ledger.backup.manifest import BackupUnusable, Entry, Head, Manifest, Progress
from ledger.clock import Clock
from ledger.database import Database, connect
from ledger.kek import load_kek
from ledger.settings import Settings

DATA = "data"
SERVER_MANIFEST = f"{DATA}/backup_manifest"


class Backup(NamedTuple):
    """A backup that was made.

    Attributes:
        digest: of its manifest, hex.
    """

    folder: Path
    manifest: Manifest
    digest: str


def make_backup(
    settings: Settings,
    database: Database,
    folder: Path,
    clock: Clock,
    tables: Callable[[], dict[str, str | None]],
    tick: Progress = lambda done, total: None,
) -> Backup:
    """Back up a ledger into a folder that does not exist yet; half a backup never bears that name.

    Args:
        clock: of the machine.
        tables: tells the versions of the tables.
        tick: told (bytes read back, bytes in all) now and then.

    Raises:
        BackupUnusable: the folder exists, the server refused or went away, or what arrived is not what was sent.
        psycopg.Error: the ledger's database does not answer.
    """
    if folder.exists():
        raise BackupUnusable(f"{folder} exists; a backup is made into a new folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}.part-"))
    try:
        begun_at = rfc3339(clock.now())
        with connect(database.app) as connection:
            ledger_id, begun = read_head(connection, database.schema)
            server_version = connection.info.parameter_status("server_version") or ""
        take_base_backup(database.migrate, part / DATA)
        with connect(database.app) as connection:
            _, ended = read_head(connection, database.schema)
        anchors = _copy_anchors(settings.data_folder, part, ledger_id, begun, begun_at)
        erased = _copy_erasures(settings, database, part)
        names, folders = manifests.list_files(part)
        files = manifests.digest_files(part, names, tick)
        _hold_against_server(part, files)
        vault = _beside(database.vault, database.app)
        made = Manifest(
            ledger_id=ledger_id,
            schema=database.schema,
            database=str(conninfo_to_dict(database.app).get("dbname")),
            vault=vault,
            begun=begun,
            ended=ended,
            begun_at=begun_at,
            ended_at=rfc3339(clock.now()),
            server_version=server_version.split(" ")[0],
            tables=tables(),
            kek_id=load_kek(settings).id,
            anchors=anchors,
            erasures=erased,
            files=files,
            folders=folders,
        )
        digest = manifests.write(part, made)
        part.rename(folder)
        return Backup(folder, made, digest)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


def read_head(connection: Connection, schema: str) -> tuple[str, Head]:
    """Return the ledger's id, and its head; before the first block that is (0, 0, "")."""
    query = SQL(
        "SELECT i.ledger_id::text, b.last_position, b.number, encode(b.hash, 'hex') FROM {0}.ledger_identity i"
        " LEFT JOIN {0}.ledger_blocks b ON true ORDER BY b.number DESC NULLS LAST LIMIT 1"
    )
    row = connection.execute(query.format(Identifier(schema))).fetchone()
    assert row is not None, "a migrated ledger has an identity"
    ledger_id, position, block, block_hash = row
    return ledger_id, Head(position or 0, block or 0, block_hash or "")


def _copy_anchors(data_folder: Path, part: Path, ledger_id: str, begun: Head, at: str) -> int:
    """Take the anchors along that the backup can hold, and where it began as the newest one."""
    known = [each for each in anchor.read(data_folder) if each.ledger_id == ledger_id and each.number < begun.block]
    if begun.block:
        known.append(anchor.Anchor(ledger_id, begun.block, begun.position, begun.hash, at))
    (part / anchor.FILE_NAME).write_bytes(b"".join(orjson.dumps(each._asdict()) + b"\n" for each in known))
    return len(known)


def _copy_erasures(settings: Settings, database: Database, part: Path) -> int:
    """Take along who was erased, up to now: more than the vault of the backup knows."""
    with connect(database.vault) as connection:
        erasures.carry_out(connection, database.schema, settings.data_folder)
        return erasures.carry_out(connection, database.schema, part)


def _hold_against_server(part: Path, files: dict[str, Entry]) -> None:
    """Hold what was written here against the digests that the server made of what it sent."""
    sent = orjson.loads((part / SERVER_MANIFEST).read_bytes())
    for entry in sent["Files"]:
        # A name that is no UTF-8 comes encoded; PostgreSQL itself makes none.
        name = f"{DATA}/{entry.get('Path', '')}"
        if files.get(name) != Entry(entry["Size"], entry["Checksum"]):
            raise BackupUnusable(f"{name} did not arrive as the server sent it; is the disk in order?")


def _beside(address: str, ledger: str) -> str | None:
    """Return the name of a database on the same server as the ledger's; None when it lies on another one."""
    here, there = conninfo_to_dict(ledger), conninfo_to_dict(address)
    same = all(here.get(name) == there.get(name) for name in ("host", "hostaddr", "port"))
    return str(there.get("dbname")) if same else None
