"""The processes that HTTP figures need: the service itself, the echoes, and the load generator, each on its core.

The service is `ledger serve` as an operator starts it, over a data folder of the lab's own, with logging on.
"""

from __future__ import annotations

import http.client
import itertools
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import orjson

START_LIMIT_S = 60.0
SPARE_LOADED_S = 10.0
"""After so long the spare of the HTTP process has loaded, which would otherwise be measured, too."""
BOOTSTRAP_KEY = "bench-bootstrap-key-of-more-than-32-characters"

_numbers = itertools.count(1)


class Answered(NamedTuple):
    """What became of an order: see `bench.load`. `seen`: (position, monotonic time of the answer) of a paced order."""

    answered: int
    seconds: float
    latencies_ms: list[float]
    seen: list[tuple[int, float]]

    @property
    def per_s(self) -> float:
        """Answers a second."""
        return self.answered / self.seconds


class Generator:
    """The load generator's process."""

    def __init__(self, core: int | None) -> None:
        command = [sys.executable, "-m", "bench.load", *([] if core is None else [str(core)])]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def send(self, server: Server, *, connections: int, seconds: float, **order: Any) -> Answered:
        """Send requests to a server and return what was answered.

        Raises:
            RuntimeError: a request was not answered with 2xx.
        """
        assert self._process.stdin is not None, "a pipe"
        assert self._process.stdout is not None, "a pipe"
        order |= {"port": server.port, "bearer": server.key, "connections": connections, "seconds": seconds}
        order["key_prefix"] = f"bench-{os.getpid()}-{next(_numbers)}"
        self._process.stdin.write(orjson.dumps(order) + b"\n")
        self._process.stdin.flush()
        result = orjson.loads(self._process.stdout.readline())
        if result["failed"] or not result["answered"]:
            raise RuntimeError(f"{result['failed']} requests failed; the first: {result['first_failure']}")
        return Answered(result["answered"], result["seconds"], result["latencies_ms"], result["seen"])

    def close(self) -> None:
        """End the process."""
        self._process.communicate(timeout=10)


class Server(NamedTuple):
    """A server that answers. `key`: of a service, for Authorization."""

    port: int
    key: str


def cores() -> tuple[int | None, int | None]:
    """Return the core of servers and the core of the load; None where processes cannot be held to one."""
    if not hasattr(os, "sched_getaffinity"):
        return None, None
    found = sorted(os.sched_getaffinity(0))
    return found[0], found[-1]


@contextmanager
def echo(kind: str, folder: Path) -> Iterator[Server]:
    """Run one of the echoes."""
    port = _free_port()
    with _process(f"echo-{kind}", ["-m", "bench.echo", kind, str(port)], folder, cores()[0]):
        _await(port, "/")
        yield Server(port, "none")


@contextmanager
def service(data_dir: Path, folder: Path) -> Iterator[Server]:
    """Run the service's HTTP alone; views and jobs are fed by `worker`."""
    port = _free_port()
    command = ["-m", "api.cli", "serve", "--no-worker", "--port", str(port), "--data-dir", str(data_dir)]
    with _process("serve", command, folder, cores()[0], LEDGER_BOOTSTRAP_KEY=BOOTSTRAP_KEY):
        _await(port, "/healthz")
        body = post(Server(port, BOOTSTRAP_KEY), "/v1/keys", {"role": "service"})
        time.sleep(SPARE_LOADED_S)
        yield Server(port, body["key"])


@contextmanager
def worker(data_dir: Path, folder: Path) -> Iterator[int]:
    """Run what feeds the views, fires the jobs and follows facts; give its process number."""
    with _process("work", ["-m", "api.cli", "work", "--data-dir", str(data_dir)], folder, None) as pid:
        yield pid


def post(server: Server, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Send one request and return its answer."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    headers = {
        "Authorization": f"Bearer {server.key}",
        "Idempotency-Key": f"bench-{os.getpid()}-setup-{next(_numbers)}",
        "Content-Type": "application/json",
    }
    connection.request("POST", path, orjson.dumps(body), headers)
    response = connection.getresponse()
    text = response.read()
    connection.close()
    if response.status >= 300:
        raise RuntimeError(f"{path} answered {response.status}: {text.decode()}")
    answer: dict[str, Any] = orjson.loads(text)
    return answer


def position_of(server: Server, path: str) -> int:
    """Read something and return the position that the answer has seen."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("GET", path, headers={"Authorization": f"Bearer {server.key}"})
    response = connection.getresponse()
    response.read()
    connection.close()
    if response.status >= 300:
        raise RuntimeError(f"{path} answered {response.status}")
    return int(response.headers["Ledger-Position"])


@contextmanager
def _process(name: str, command: Sequence[str], folder: Path, core: int | None, **environment: str) -> Iterator[int]:
    log = folder / f"{name}.log"
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, *command],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env={**os.environ, **environment},
        )
        if core is not None:
            # Before it starts children of its own: they stay on its core.
            os.sched_setaffinity(process.pid, {core})
        try:
            yield process.pid
        except Exception as error:
            raise RuntimeError(f"{error}; {name} said: {log.read_text(errors='replace')[-600:]}") from error
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()


def _await(port: int, path: str) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", path)
            connection.getresponse()
        except (OSError, http.client.HTTPException):
            time.sleep(0.05)
        else:
            return
        finally:
            connection.close()
    raise RuntimeError(f"nothing answered on port {port} within {START_LIMIT_S:.0f} s")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port
