"""A backup is made while writes go on and comes back with everything that was acknowledged; damage to it is found."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from api.cli.app import app
from api.cli.runtime import Opened, write_anchor, write_erasures
from ledger import erasures
from ledger.backup.manifest import check, read
from ledger.clock import SystemClock
from ledger.database import RESTORING, Database, connect, open_database
from ledger.engine import Engine
from ledger.settings import Settings
from ledger.store import Store
from ledger.vault import SubjectNotFound, Vault, open_vault
from tests.cli.conftest import ledger, plain_environment, wait_for
from tests.ledger.desk import account_with, call, spend

NUMBER = "110-2233-446789"
SEED = 7


class Writer:
    """Somebody who spends one won after the other, in a thread.

    Attributes:
        acknowledged: (position, when it was answered) of each spend.
    """

    def __init__(self, database: Database) -> None:
        self.acknowledged: list[tuple[int, datetime]] = []
        self._database = database
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._write()))

    def __enter__(self) -> Writer:
        self._thread.start()
        wait_for(lambda: len(self.acknowledged) > 3)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    async def _write(self) -> None:
        engine = Engine(Store(self._database.app, self._database.schema), SystemClock())
        await engine.start()
        account_id = await account_with(engine, 1_000_000, f"Blue Kite Trading {time.monotonic_ns()}")
        while not self._stop.is_set():
            outcome = await engine.submit(spend(account_id, 1), call(f"{account_id} {len(self.acknowledged)}"))
            self.acknowledged.append((outcome.position, datetime.now(UTC)))
            await asyncio.sleep(0.005)
        await engine.stop()


@dataclass
class Origin:
    """A ledger with a backup, and what happened before, during and after that.

    Attributes:
        before: last position acknowledged before the backup began. during: how many were while it was made.
        moment: between two spends after the backup; last_before: position of the one before it.
        stays, gone: tokens of two refund destinations; the second was erased after the backup.
        replayed: what `ledger replay` said at the end.
    """

    data_dir: Path
    backup: Path
    log: Path
    made: dict[str, Any] = field(default_factory=dict)
    before: int = 0
    during: int = 0
    moment: str = ""
    last_before: int = 0
    stays: str = ""
    gone: str = ""
    replayed: dict[str, Any] = field(default_factory=dict)

    @property
    def kek(self) -> Path:
        return self.data_dir / "secrets" / "kek"

    def restore(self, to: Path, *options: str, status: int = 0) -> dict[str, Any]:
        return ledger(to, "restore", str(self.backup), "--kek-file", str(self.kek), *options, status=status)


@pytest.fixture(scope="module")
def origin(cli_folder: Path) -> Iterator[Origin]:
    """Make a ledger, an archive of its log, and a backup under load; go on; then stop everything."""
    folder = cli_folder / "origin"
    made = Origin(folder / "data", folder / "backup", folder / "log")
    folder.mkdir()
    ledger(made.data_dir, "demo")
    settings = Settings(data_dir=made.data_dir)
    with open_database(settings) as database:
        with archive(made, database):
            vault = open_vault(settings, database)
            made.stays, made.gone = destination(vault, "refund-0001"), destination(vault, "refund-0002")
            with Writer(database) as writer:
                made.before = writer.acknowledged[-1][0]
                known = len(writer.acknowledged)
                made.made = ledger(made.data_dir, "backup", "--output", str(made.backup))
                made.during = len(writer.acknowledged) - known
            asyncio.run(vault.erase(made.gone))
            with Writer(database) as writer:
                wait_for(lambda: len(writer.acknowledged) > 20)
            (made.last_before, first), (_, second) = writer.acknowledged[10:12]
            made.moment = (first + (second - first) / 4).isoformat()
            made.replayed = ledger(made.data_dir, "replay")
            write_anchor(Opened(settings, database))
            write_erasures(Opened(settings, database))
        yield made
    shutil.rmtree(folder)


@contextmanager
def archive(origin: Origin, database: Database) -> Iterator[None]:
    """Run `ledger archive` until it has everything that was written."""
    command = [sys.executable, "-m", "api.cli", "archive", "--output", str(origin.log)]
    command += ["--data-dir", str(origin.data_dir)]
    process = subprocess.Popen(command, env=plain_environment())
    wait_for(lambda: origin.log.exists() and any(origin.log.iterdir()), 240)
    try:
        yield
        with connect(database.migrate) as admin:
            (end,) = admin.execute("SELECT pg_current_wal_flush_lsn()").fetchone() or ("",)
            query = "SELECT bool_or(flush_lsn >= %s::pg_lsn) FROM pg_stat_replication"
            wait_for(lambda: admin.execute(query, (end,)).fetchone() == (True,))
    finally:
        process.terminate()
        assert process.wait(120) == 0


def destination(vault: Vault, key: str) -> str:
    return asyncio.run(vault.put_destination("key_service", key, account_number=NUMBER, holder="Haneul Jeong"))


def test_a_backup_under_load_comes_back_whole_and_forgets_again_who_was_erased_after_it(
    origin: Origin, cli_folder: Path
) -> None:
    to = cli_folder / "whole"

    done = origin.restore(to, "--verify", "--erased", str(origin.data_dir / erasures.FILE_NAME))

    assert origin.during > 0
    assert done["ok"]
    assert done["findings"] == []
    assert done["position"] >= done["backup_position"] >= origin.before
    assert done["digest"] == origin.made["digest"]
    assert done["erased_again"] == 1
    settings = Settings(data_dir=to)
    with open_database(settings) as database:
        vault = open_vault(settings, database)
        assert asyncio.run(vault.get(origin.stays))["account_number"] == NUMBER
        with pytest.raises(SubjectNotFound):
            asyncio.run(vault.get(origin.gone))
        assert ledger(to, "demo")["new"] == 0, "keys are known as before"
        assert [line.token for line in erasures.read(to / erasures.FILE_NAME)] == [origin.gone]
    assert not (to / RESTORING).exists()


def test_with_the_archive_every_acknowledged_fact_comes_back(origin: Origin, cli_folder: Path) -> None:
    to = cli_folder / "newest"

    done = origin.restore(to, "--wal", str(origin.log), "--anchors", str(origin.data_dir / "anchors.ndjson"))

    assert (done["ok"], done["findings"]) == (True, [])
    assert done["position"] == origin.replayed["position"]
    assert done["replay_digest"] == origin.replayed["digest"]
    assert done["erased_again"] == 0, "the log has erased whom the ledger had erased"


def test_a_moment_is_restored_with_all_that_was_before_it_and_nothing_after(origin: Origin, cli_folder: Path) -> None:
    done = origin.restore(cli_folder / "moment", "--wal", str(origin.log), "--to", origin.moment)

    assert done["ok"]
    assert done["position"] == origin.last_before


def test_a_moment_that_the_log_does_not_reach_is_refused(origin: Origin, cli_folder: Path, tmp_path: Path) -> None:
    to = cli_folder / "later"

    done = origin.restore(to, "--wal", str(tmp_path), "--to", origin.moment, status=1)

    assert done["detail"].endswith("recovery ended before configured recovery target was reached")
    assert not to.exists()


def test_a_ledger_that_lacks_what_an_anchor_names_stays_closed(origin: Origin, cli_folder: Path) -> None:
    to = cli_folder / "older"

    done = origin.restore(to, "--anchors", str(origin.data_dir / "anchors.ndjson"), status=1)

    assert not done["ok"]
    assert {finding["code"] for finding in done["findings"]} == {"anchor_missing"}
    for command in (["status"], ["verify"], ["demo"]):
        said = ledger(to, *command, status=1)
        assert said["error"] == "unusable"
        assert "has not passed its checks" in said["detail"]


def test_52_damages_to_a_backup_are_52_found_and_nothing_is_restored(origin: Origin, cli_folder: Path) -> None:
    hurt_backup, to = cli_folder / "hurt", cli_folder / "never"
    shutil.copytree(origin.backup, hurt_backup)
    chance = random.Random(SEED)
    files = [path for path in sorted(hurt_backup.rglob("*")) if path.is_file() and path.stat().st_size]
    hurt = chance.sample([path for path in files if path.name != "manifest.json"], 52)
    for path in hurt[:50]:
        with path.open("r+b") as file:
            at = chance.randrange(path.stat().st_size)
            byte = os.pread(file.fileno(), 1, at)
            os.pwrite(file.fileno(), bytes([byte[0] ^ 1 << chance.randrange(8)]), at)
    hurt[50].unlink()
    os.truncate(hurt[51], hurt[51].stat().st_size - 1)

    said = ledger(to, "restore", str(hurt_backup), "--kek-file", str(origin.kek), status=1)

    assert said["error"] == "backup_unusable"
    assert "was damaged, and nothing was restored" in said["detail"]
    assert said["detail"].endswith("and 47 more")
    assert not to.exists()


def test_a_backup_says_what_is_in_it_and_holds_no_secret(origin: Origin) -> None:
    manifest = orjson.loads((origin.backup / "manifest.json").read_bytes())
    secrets = [path.read_text().strip() for path in (origin.data_dir / "secrets").iterdir()]
    secrets += [(origin.data_dir / name).read_text().strip() for name in ("demo.key",)]

    assert manifest["begun"]["position"] == origin.made["position"]
    assert manifest["begun"]["position"] <= manifest["ended"]["position"]
    assert (manifest["ledger_id"], manifest["vault"]) == (origin.made["ledger_id"], "vault")
    for path in origin.backup.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not any(secret.encode() in content for secret in secrets), path


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["restore", "{backup}"], "no key file is here"),
        (["restore", "{backup}", "--kek-file", "{other}"], "holds key"),
        (["restore", "{log}", "--kek-file", "{kek}"], "holds no backup"),
        (["backup", "--output", "{backup}"], "there is no ledger in"),
    ],
    ids=["no key", "another key", "no backup", "no ledger"],
)
def test_what_cannot_be_is_refused_in_one_sentence_before_anything_is_made(
    origin: Origin, cli_folder: Path, tmp_path: Path, arguments: list[str], said: str
) -> None:
    other = tmp_path / "kek"
    other.write_text("A" * 43)
    other.chmod(0o600)
    names = {"backup": origin.backup, "kek": origin.kek, "other": other, "log": origin.log}

    done = ledger(cli_folder / "nowhere", *(word.format(**names) for word in arguments), status=1)

    assert said in done["detail"]
    assert not (cli_folder / "nowhere").exists()


def test_a_postgresql_of_ones_own_is_backed_up_by_whoever_may_replicate(
    origin: Origin, cli_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = cli_folder / "own"
    shutil.copytree(origin.data_dir / "secrets", own / "secrets")
    with open_database(Settings(data_dir=origin.data_dir)) as database:
        monkeypatch.setenv("LEDGER_DATABASE_URL", database.app)
        refused = ledger(own, "backup", "--output", str(own / "backup"), status=1)
        monkeypatch.setenv("LEDGER_MIGRATE_URL", database.migrate)
        made = ledger(own, "backup", "--output", str(own / "backup"))
    back = ledger(own, "restore", str(own / "backup"), status=1)

    assert "permission denied" in refused["detail"]
    assert (made["position"], made["ledger_id"]) == (origin.replayed["position"], origin.made["ledger_id"])
    manifest, _ = read(own / "backup")
    assert check(own / "backup", manifest) == []
    assert "unset LEDGER_DATABASE_URL" in back["detail"]


def test_neither_a_backup_nor_a_ledger_is_written_over(origin: Origin) -> None:
    again = ledger(origin.data_dir, "backup", "--output", str(origin.backup), status=1)
    into = origin.restore(origin.data_dir, status=1)

    assert "a backup is made into a new folder" in again["detail"]
    assert "holds a ledger already" in into["detail"]
    assert not list(origin.backup.parent.glob(".*part*"))


@pytest.mark.parametrize(
    "options",
    [["--to", "2026-03-02T09:00:00"], ["--to", "2026-03-02T09:00:00+09:00"], ["--to", "yesterday"]],
    ids=["no offset", "no archive", "no time"],
)
def test_a_moment_without_its_offset_or_an_archive_is_wrong_usage(tmp_path: Path, options: list[str]) -> None:
    done = CliRunner().invoke(app, ["restore", str(tmp_path), *options])

    assert done.exit_code == 2
    assert "--to must be a time with its offset" in done.stderr
