"""A running `ledger serve` in real processes, and the command line against the same data folder."""

from __future__ import annotations

import io
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from structlog.testing import capture_logs

from api.cli.app import run

START_LIMIT_S = 240.0
CHILD = re.compile(r"child started +child=(\w+) pid=(\d+)")


class Service:
    """A `ledger serve` of one's own.

    Attributes:
        data_dir: its data folder. url: where it answers. log: all that it has said.
    """

    def __init__(self, data_dir: Path, *options: str) -> None:
        self.data_dir = data_dir
        self.url = ""
        self._log = data_dir.with_name(f"{data_dir.name}.{time.monotonic_ns()}.log")
        command = [sys.executable, "-m", "api.cli", "serve", "--data-dir", str(data_dir), *options]
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=plain_environment())

    @property
    def log(self) -> str:
        return self._log.read_text()

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def wait_until_ready(self) -> Service:
        """Return when it has said where it answers."""
        wait_for(lambda: "ledger at" in self.log or self.process.poll() is not None, START_LIMIT_S)
        found = re.search(r"ledger at +(\S+)", self.log)
        assert found is not None, self.log
        self.url = found.group(1)
        return self

    def pid_of(self, child: str) -> int:
        """Return the number of the process of a kind that was started last."""
        return [int(pid) for kind, pid in CHILD.findall(self.log) if kind == child][-1]

    def pids(self) -> list[int]:
        """Return the numbers of all processes that it has started, but spares."""
        return [int(pid) for _, pid in CHILD.findall(self.log)]

    def get(self, path: str, key_file: str = "", **headers: str) -> httpx.Response:
        if key_file:
            headers["Authorization"] = f"Bearer {(self.data_dir / key_file).read_text().strip()}"
        return httpx.get(self.url + path, headers=headers, timeout=60)

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and return the exit status."""
        self.process.send_signal(number)
        return self.process.wait(120)


def plain_environment() -> dict[str, str]:
    """Return the environment without a developer's own settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("LEDGER_", "POSTGRES_", "PG"))}


def wait_for(holds: Callable[[], bool], limit_s: float = 90.0) -> None:
    """Return when something holds; fail when it does not in time."""
    deadline = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.05)


def lives(pid: int) -> bool:
    """Say whether a process runs; one that has ended but was not reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def ledger(data_dir: Path, *arguments: str, status: int = 0) -> dict[str, Any]:
    """Run a command with --json, as `ledger` does, in this process; return its one JSON object."""
    stdout, stderr = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, capture_logs(), redirect_stdout(stdout), redirect_stderr(stderr):
        patch.setattr(sys, "argv", ["ledger", *arguments, "--data-dir", str(data_dir), "--json"])
        with pytest.raises(SystemExit) as ended:
            run()
    assert (ended.value.code or 0) == status, stderr.getvalue() + stdout.getvalue()
    body: dict[str, Any] = orjson.loads(stdout.getvalue())
    return body


@pytest.fixture(scope="session")
def cli_folder() -> Iterator[Path]:
    """Give a folder with a short path that the server's user can reach."""
    path = Path(tempfile.mkdtemp(prefix="payledger-cli-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def service(cli_folder: Path) -> Iterator[Service]:
    """Run one service with the demo set for all tests that leave it as it is."""
    data_dir = cli_folder / "shared"
    ledger(data_dir, "demo")
    made = Service(data_dir, "--port", "0")
    yield made.wait_until_ready()
    made.end()
