"""The manifest of a backup: which files it has, with size and SHA-256, and which ledger it is, at which point.

A backup is taken for whole when nothing is missing, nothing is more, and every byte of every file is as it was written.
The manifest is sealed by a digest over itself; who wants to be safe from somebody who makes both anew keeps that digest
elsewhere.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import orjson

FILE_NAME = "manifest.json"
FORMAT = 1
READ_BYTES = 1 << 20
READERS = 4

Progress = Callable[[int, int], None]
"""Told (bytes done, bytes in all) now and then."""


class BackupUnusable(RuntimeError):
    """A backup cannot be made here, or is not what it was when it was made; the message says in which way."""


class Entry(NamedTuple):
    """A file: its size in bytes, and its SHA-256 in hex."""

    size: int
    sha256: str


class Head(NamedTuple):
    """A point of a ledger: last position, last block, and that block's hash in hex."""

    position: int
    block: int
    hash: str


class Manifest(NamedTuple):
    """What a backup is.

    Attributes:
        ledger_id: of the ledger. schema: of its tables in PostgreSQL.
        database, vault: names of the databases; vault is None when the vault lies on another server.
        begun: head of the ledger when the backup began; all of it is in the backup.
        ended: head when it was done. What was written in between is in it as far as PostgreSQL's log was.
        begun_at, ended_at: RFC 3339.
        server_version: of PostgreSQL, e.g. "18.4". tables: line -> version of the tables.
        kek_id: of the key that the vault was sealed under.
        anchors, erasures: how many lines of each came along.
        files: path -> entry. folders: all of them, because PostgreSQL needs the empty ones too.
    """

    ledger_id: str
    schema: str
    database: str
    vault: str | None
    begun: Head
    ended: Head
    begun_at: str
    ended_at: str
    server_version: str
    tables: dict[str, str | None]
    kek_id: str
    anchors: int
    erasures: int
    files: dict[str, Entry]
    folders: list[str]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(entry.size for entry in self.files.values())


def list_files(folder: Path) -> tuple[list[str], list[str]]:
    """Return the files and the folders below a folder, by their paths in it, in order; the manifest is left out.

    Raises:
        BackupUnusable: something there is neither, such as a link to a tablespace elsewhere.
    """
    files: list[str] = []
    folders: list[str] = []
    for root, inner, names in os.walk(folder):
        here = Path(root)
        for name in (*inner, *names):
            path = here / name
            mode = path.lstat().st_mode
            if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
                raise BackupUnusable(f"{path} is neither a file nor a folder; tablespaces elsewhere are not backed up")
            (folders if stat.S_ISDIR(mode) else files).append(str(path.relative_to(folder)))
    return sorted(set(files) - {FILE_NAME}), sorted(folders)


def digest_files(folder: Path, names: Iterable[str], tick: Progress = lambda done, total: None) -> dict[str, Entry]:
    """Read files of a folder; return their entries."""
    wanted = list(names)
    total = sum((folder / name).stat().st_size for name in wanted)
    found: dict[str, Entry] = {}
    done = 0
    # Digests leave the interpreter's lock, so threads are enough.
    with ThreadPoolExecutor(READERS) as readers:
        for name, entry in zip(wanted, readers.map(lambda name: _digest(folder / name), wanted), strict=True):
            found[name] = entry
            done += entry.size
            tick(done, total)
    return found


def write(folder: Path, manifest: Manifest) -> str:
    """Write the manifest of a backup; return its digest."""
    body: dict[str, Any] = {"format": FORMAT, **_plain(manifest)}
    digest = _seal(body)
    with (folder / FILE_NAME).open("xb") as out:
        out.write(orjson.dumps({**body, "digest": digest}, option=orjson.OPT_INDENT_2))
        out.flush()
        os.fsync(out.fileno())
    return digest


def read(folder: Path) -> tuple[Manifest, str]:
    """Return the manifest of a backup, and its digest.

    Raises:
        BackupUnusable: there is none, it was changed, or a newer release wrote it.
    """
    try:
        body = orjson.loads((folder / FILE_NAME).read_bytes())
        digest = body.pop("digest")
    except FileNotFoundError:
        raise BackupUnusable(f"{folder} holds no backup: there is no {FILE_NAME} in it") from None
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError):
        raise BackupUnusable(f"{folder / FILE_NAME} was damaged: it cannot be read") from None
    if digest != _seal(body):
        raise BackupUnusable(f"{folder / FILE_NAME} was damaged: it is not what its digest says")
    if body.pop("format") != FORMAT:
        raise BackupUnusable(f"{folder} was written by another release; this one reads format {FORMAT}")
    for point in ("begun", "ended"):
        body[point] = Head(**body[point])
    body["files"] = {name: Entry(*entry) for name, entry in body["files"].items()}
    return Manifest(**body), digest


def check(folder: Path, manifest: Manifest, tick: Progress = lambda done, total: None) -> list[str]:
    """Read a whole backup again; return what is not as it was, a sentence for each file, in order."""
    return copy(folder, manifest, None, tick)


def copy(folder: Path, manifest: Manifest, into: Path | None, tick: Progress = lambda done, total: None) -> list[str]:
    """Copy what `data` of a backup holds, and check every byte of the whole backup on the way; as `check`.

    Args:
        into: takes the contents of `data`; None = check alone.
    """
    findings = _check_names(folder, manifest)
    if into is not None:
        for name in sorted(manifest.folders):
            if name.startswith("data/"):
                (into / name.removeprefix("data/")).mkdir(mode=0o700, parents=True, exist_ok=True)

    def one(name: str) -> Entry | None:
        copied = into / name.removeprefix("data/") if into is not None and name.startswith("data/") else None
        try:
            return _digest(folder / name, copied)
        except FileNotFoundError:
            return None

    done, total = 0, manifest.size
    with ThreadPoolExecutor(READERS) as readers:
        for name, found in zip(manifest.files, readers.map(one, manifest.files), strict=True):
            wanted = manifest.files[name]
            done += wanted.size
            tick(done, total)
            if found is not None and found.size != wanted.size:
                findings.append(f"{name} has {found.size} bytes; it had {wanted.size}")
            elif found is not None and found != wanted:
                findings.append(f"{name} is not what was written: its SHA-256 differs")
    return sorted(findings)


def _check_names(folder: Path, manifest: Manifest) -> list[str]:
    try:
        files, folders = list_files(folder)
    except BackupUnusable as error:
        return [str(error)]
    missing = [
        f"{name} is missing"
        for name in sorted((manifest.files.keys() - files) | (set(manifest.folders) - set(folders)))
    ]
    more = (set(files) - manifest.files.keys()) | (set(folders) - set(manifest.folders))
    return missing + [f"{name} was not there when the backup was made" for name in sorted(more)]


def _digest(file: Path, copied: Path | None = None) -> Entry:
    """Return the entry of a file as it is, and copy it on the way when told where."""
    with file.open("rb") as source:
        if copied is None:
            return _pump(source, None)
        with copied.open("xb") as target:
            return _pump(source, target)  # Not synced: PostgreSQL syncs its whole folder before it recovers a backup.


def _pump(source: BinaryIO, target: BinaryIO | None) -> Entry:
    digest, size = sha256(), 0
    while piece := source.read(READ_BYTES):
        digest.update(piece)
        size += len(piece)
        if target is not None:
            target.write(piece)
    return Entry(size, digest.hexdigest())


def _plain(manifest: Manifest) -> dict[str, Any]:
    files = {name: [*entry] for name, entry in manifest.files.items()}
    return {**manifest._asdict(), "begun": manifest.begun._asdict(), "ended": manifest.ended._asdict(), "files": files}


def _seal(body: dict[str, Any]) -> str:
    return sha256(b"payments-ledger-backup/1\n" + orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest()


def discard(folder: Path) -> None:
    """Remove what was half made."""
    shutil.rmtree(folder, ignore_errors=True)
