"""`ledger serve` in real processes: it starts, heals, stops cleanly, and leaves nothing behind when it is killed."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger import anchor
from tests.cli.conftest import Service, ledger, lives, plain_environment, wait_for

BACK_LIMIT_S = 90.0
"""A loaded machine is slow to start Python; three seconds are wanted, and measured by `make faults`."""


@pytest.fixture(scope="module")
def own(cli_folder: Path) -> Iterator[Service]:
    """Run a service that the tests of this file may hurt."""
    made = Service(cli_folder / "own", "--port", "0")
    yield made.wait_until_ready()
    if made.process.poll() is None:
        made.end()


def test_the_first_start_makes_an_admin_key_for_its_owner_alone(own: Service) -> None:
    file = own.data_dir / "bootstrap.key"

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert str(file) in own.log
    assert file.read_text().strip() not in own.log
    assert own.get("/v1/keys", "bootstrap.key").status_code == 200


def test_a_start_says_where_the_ledger_is_and_gives_a_call_to_paste(service: Service) -> None:
    wait_for(lambda: "curl" in service.log)
    command = next(line for line in service.log.splitlines() if line.startswith("curl"))

    pasted = subprocess.run(command, shell=True, capture_output=True, text=True).stdout

    assert f"{service.url}/docs" in service.log
    assert '"Harbour Tea House"' in pasted


def test_the_service_is_ready_and_names_no_server(service: Service) -> None:
    wait_for(lambda: service.get("/readyz").status_code == 200)

    assert service.get("/healthz").status_code == 200
    assert "server" not in service.get("/healthz").headers


def test_more_than_one_worker_is_refused(cli_folder: Path) -> None:
    refused = Service(cli_folder / "none", "--workers", "2")

    assert refused.process.wait(240) == 2
    assert "--workers must be 1" in refused.log


def test_a_port_in_use_is_said(cli_folder: Path, service: Service) -> None:
    refused = Service(cli_folder / "none", "--port", str(service.port))

    assert refused.process.wait(240) == 1
    assert f"port {service.port}" in refused.log


def test_a_killed_http_process_is_replaced_and_callers_wait_instead_of_being_refused(own: Service) -> None:
    pid = own.pid_of("http")

    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not lives(pid))
    asked_at = time.monotonic()
    answer = own.get("/healthz")

    assert answer.status_code == 200
    assert time.monotonic() - asked_at < BACK_LIMIT_S
    assert own.pid_of("http") != pid


@pytest.mark.parametrize("kind", ["views", "jobs"])
def test_a_killed_worker_is_replaced(own: Service, kind: str) -> None:
    pid = own.pid_of(kind)

    os.kill(pid, signal.SIGKILL)

    wait_for(lambda: own.pid_of(kind) != pid and lives(own.pid_of(kind)), BACK_LIMIT_S)


def test_a_killed_database_is_started_again(own: Service) -> None:
    postmaster = int((own.data_dir / "postgres" / "data" / "postmaster.pid").read_text().split("\n")[0])

    os.kill(postmaster, signal.SIGKILL)

    wait_for(lambda: "runs again" in own.log, BACK_LIMIT_S)
    wait_for(lambda: own.get("/v1/keys", "bootstrap.key").status_code == 200, BACK_LIMIT_S)


def test_nothing_is_left_of_a_killed_supervisor_and_a_second_start_takes_the_same_port(cli_folder: Path) -> None:
    killed = Service(cli_folder / "killed", "--port", "0").wait_until_ready()
    ledger(killed.data_dir, "demo")
    killed.end(signal.SIGKILL)
    children = killed.pids()

    wait_for(lambda: not any(map(lives, children)), 60)
    again = Service(killed.data_dir, "--port", str(killed.port)).wait_until_ready()
    found = again.get("/v1/accounts", "demo.key").json()["items"]
    status = again.end()

    assert len(found) == 6
    assert status == 0


def test_a_stop_ends_all_processes_frees_the_port_and_writes_the_head_down(cli_folder: Path) -> None:
    made = Service(cli_folder / "stopped", "--port", "0").wait_until_ready()
    ledger(made.data_dir, "demo")

    status = made.end(signal.SIGINT)

    assert status == 0
    assert not any(map(lives, made.pids()))
    assert not (made.data_dir / "postgres" / "data" / "postmaster.pid").exists()
    assert max(known.position for known in anchor.read(made.data_dir)) == 49
    with socket.create_server(("127.0.0.1", made.port)):
        pass


def test_work_runs_views_and_jobs_without_http(cli_folder: Path) -> None:
    command = [sys.executable, "-m", "api.cli", "work", "--data-dir", str(cli_folder / "worked")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=plain_environment()) as process:
        assert process.stderr is not None
        seen = ""
        while not ("child=views" in seen and "child=jobs" in seen):
            line = process.stderr.readline()
            assert line, seen
            seen += line
        process.terminate()
        rest = process.stderr.read()

    assert process.returncode == 0
    assert "child=http" not in seen + rest
