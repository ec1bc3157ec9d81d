"""A manifest finds whatever was done to a backup after it was made."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from ledger.backup.manifest import (
    FILE_NAME,
    BackupUnusable,
    Head,
    Manifest,
    check,
    copy,
    digest_files,
    list_files,
    read,
    write,
)

SEED = 7
DAMAGED = 50


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    """Give a folder of 80 files in 8 folders, one of them empty, with a manifest."""
    folder = tmp_path / "backup"
    chance = random.Random(SEED)
    for number in range(80):
        file = folder / "data" / f"base{number % 7}" / str(number)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(chance.randbytes(chance.randrange(1, 9_000)))
    (folder / "data" / "pg_notify").mkdir()
    (folder / "anchors.ndjson").write_bytes(b"{}\n")
    names, folders = list_files(folder)
    write(folder, manifest_of(folder, names, folders))
    return folder


def manifest_of(folder: Path, names: list[str], folders: list[str]) -> Manifest:
    at = "2026-03-02T00:00:00.000000Z"
    return Manifest(
        ledger_id="9d3f5f0e-0000-4000-8000-000000000001",
        schema="ledger",
        database="ledger",
        vault="vault",
        begun=Head(49, 45, "ab" * 32),
        ended=Head(50, 46, "cd" * 32),
        begun_at=at,
        ended_at=at,
        server_version="18.4",
        tables={"ledger": "0002", "vault": "0003"},
        kek_id="0123456789abcdef",
        anchors=1,
        erasures=0,
        files=digest_files(folder, names),
        folders=folders,
    )


def findings(backup: Path) -> list[str]:
    manifest, _ = read(backup)
    return check(backup, manifest)


def flip(file: Path, chance: random.Random) -> None:
    """Change one bit of one byte."""
    content = bytearray(file.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    file.write_bytes(content)


def test_a_whole_backup_has_no_findings_and_reads_as_it_was_written(backup: Path) -> None:
    manifest, _ = read(backup)

    assert check(backup, manifest) == []
    assert len(manifest.files) == 81
    assert manifest.begun == Head(49, 45, "ab" * 32)
    assert (
        manifest.size
        == sum(file.stat().st_size for file in backup.rglob("*") if file.is_file())
        - (backup / FILE_NAME).stat().st_size
    )


def test_a_byte_in_each_of_50_files_one_file_gone_and_one_cut_short_are_52_of_52_found(backup: Path) -> None:
    chance = random.Random(SEED)
    files = sorted(file for file in backup.rglob("*") if file.is_file() and file.name != FILE_NAME)
    hurt = chance.sample(files, DAMAGED + 2)
    for file in hurt[:DAMAGED]:
        flip(file, chance)
    hurt[DAMAGED].unlink()
    os.truncate(hurt[DAMAGED + 1], hurt[DAMAGED + 1].stat().st_size - 1)

    found = findings(backup)

    assert {line.split(" ")[0] for line in found} == {str(file.relative_to(backup)) for file in hurt}
    assert len(found) == 52


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda folder: (folder / "data" / "more").write_bytes(b""), "data/more was not there"),
        (lambda folder: (folder / "data" / "pg_notify").rmdir(), "data/pg_notify is missing"),
        (lambda folder: (folder / "data" / "there").mkdir(), "data/there was not there"),
        (lambda folder: (folder / "data" / "link").symlink_to("/etc/hostname"), "neither a file nor a folder"),
        (lambda folder: shutil.rmtree(folder / "data" / "base3"), "data/base3 is missing"),
        (lambda folder: (folder / "anchors.ndjson").write_bytes(b""), "anchors.ndjson has 0 bytes; it had 3"),
    ],
)
def test_what_is_more_or_less_than_was_written_is_found(
    backup: Path, damage: Callable[[Path], object], said: str
) -> None:
    damage(backup)

    assert any(said in line for line in findings(backup))


def test_each_bit_of_the_manifest_counts(backup: Path) -> None:
    chance = random.Random(SEED)
    whole = (backup / FILE_NAME).read_bytes()
    for _ in range(200):
        flip(backup / FILE_NAME, chance)
        with pytest.raises(BackupUnusable):
            read(backup)
        (backup / FILE_NAME).write_bytes(whole)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "holds no backup"),
        (b"", "cannot be read"),
        (b"[]", "cannot be read"),
        (b'{"digest": 1}', "not what its digest says"),
    ],
)
def test_a_folder_without_a_manifest_that_can_be_read_is_no_backup(
    tmp_path: Path, content: bytes | None, said: str
) -> None:
    if content is not None:
        (tmp_path / FILE_NAME).write_bytes(content)

    with pytest.raises(BackupUnusable, match=said):
        read(tmp_path)


def test_a_number_changed_in_the_manifest_is_found_though_it_reads_well(backup: Path) -> None:
    body = orjson.loads((backup / FILE_NAME).read_bytes())
    body["begun"]["position"] += 1
    (backup / FILE_NAME).write_bytes(orjson.dumps(body))

    with pytest.raises(BackupUnusable, match="not what its digest says"):
        read(backup)


def test_what_is_copied_is_what_was_checked(backup: Path, tmp_path: Path) -> None:
    manifest, _ = read(backup)
    into = tmp_path / "copy"
    into.mkdir()

    assert copy(backup, manifest, into) == []

    assert list_files(into) == list_files(backup / "data")
    assert digest_files(into, list_files(into)[0]) == {
        name.removeprefix("data/"): entry for name, entry in manifest.files.items() if name.startswith("data/")
    }
