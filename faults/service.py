"""The service under test: `ledger serve` on a data folder of its own, and how to kill its parts (always by SIGKILL)."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Self

BOOTSTRAP_KEY = "faults-bootstrap-key-0123456789abcdef"
READY_LIMIT_S = 120.0
PROCESSES = Path("/proc")


class Service:
    """A running `ledger serve`.

    Attributes:
        url: where it listens.
    """

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start it and wait until it is ready."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        settings = {name: value for name, value in os.environ.items() if not name.startswith("LEDGER_")}
        settings |= {
            "LEDGER_DATA_DIR": str(self.data_dir),
            "LEDGER_BOOTSTRAP_KEY": BOOTSTRAP_KEY,
            "LEDGER_LOG_FORMAT": "json",
        }
        program = [sys.executable, "-c", "from api.cli import main; main()", "serve", "--port", str(self.port)]
        with (self.data_dir / "serve.log").open("ab") as log:
            self._process = subprocess.Popen(program, env=settings, stdout=log, stderr=log, start_new_session=True)
        self.wait_ready()

    def stop(self) -> None:
        """Stop it in good order."""
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def wait_ready(self) -> float:
        """Wait until it answers that it is ready; return how many seconds that took."""
        began = time.monotonic()
        while time.monotonic() - began < READY_LIMIT_S:
            try:
                with urllib.request.urlopen(f"{self.url}/readyz", timeout=5):  # noqa: S310 (our own loopback address)
                    return time.monotonic() - began
            except OSError:
                time.sleep(0.05)
        raise TimeoutError(f"the service was not ready within {READY_LIMIT_S:.0f} s")

    def kill_http(self) -> None:
        """End the process that answers HTTP (the oldest of its kind; a spare stands by)."""
        os.kill(min(self._children("http"), key=_started_at), signal.SIGKILL)

    def kill_views(self) -> None:
        """End the process that feeds the views."""
        os.kill(self._children("views")[0], signal.SIGKILL)

    def kill_reactions(self) -> None:
        """End the process that follows facts in the world outside."""
        os.kill(self._children("reactions")[0], signal.SIGKILL)

    def kill_postgres(self) -> None:
        """End the postmaster."""
        pid = int((self.data_dir / "postgres/data/postmaster.pid").read_text().split("\n", 1)[0])
        os.kill(pid, signal.SIGKILL)

    def kill_all(self) -> None:
        """End the supervisor itself."""
        self._process.kill()
        self._process.wait()

    def _children(self, kind: str) -> list[int]:
        """Return the processes of a kind; waits a little for one that is just being started."""
        for _ in range(100):
            found = [pid for pid in _descendants(self._process.pid) if kind in _command(pid)]
            if found:
                return found
            time.sleep(0.05)
        raise ProcessLookupError(f"no {kind} process runs")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _descendants(pid: int) -> list[int]:
    children = [int(child) for path in PROCESSES.glob(f"{pid}/task/*/children") for child in path.read_text().split()]
    return [found for child in children for found in (child, *_descendants(child))]


def _command(pid: int) -> list[str]:
    try:
        return (PROCESSES / str(pid) / "cmdline").read_text().split("\0")
    except OSError:
        return []


def _started_at(pid: int) -> int:
    """Return when a process was started, in clock ticks since boot."""
    return int((PROCESSES / str(pid) / "stat").read_text().rpartition(")")[2].split()[19])
