"""The checker of damaged backups finds what is planted; `make faults` plays backups, kills, restores and moments."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from faults.backups import check_damage
from ledger.backup import manifest as manifests
from tests.ledger.backup.test_manifest import manifest_of


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    """Give a backup of 60 small files."""
    folder = tmp_path / "backup"
    folder.mkdir()
    for number in range(60):
        (folder / str(number)).write_bytes(os.urandom(10 + number))
    names, folders = manifests.list_files(folder)
    manifests.write(folder, manifest_of(folder, names, folders))
    return folder


def test_all_of_52_damages_are_found(backup: Path, tmp_path: Path) -> None:
    count = check_damage(backup, tmp_path / "hurt", random.Random(1))

    assert (count.damage, count.looked_at) == (0, 52)
    assert not (tmp_path / "hurt").exists()


def test_a_check_that_passes_over_things_is_itself_found(
    backup: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = manifests.check
    monkeypatch.setattr(manifests, "check", lambda folder, manifest: real(folder, manifest)[3:])

    assert check_damage(backup, tmp_path / "hurt", random.Random(1)).damage == 3
