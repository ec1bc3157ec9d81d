"""`ledger serve` and `ledger work`: the processes of a running ledger under one supervisor, and what watches them."""

from __future__ import annotations

import errno
import http.client
import os
import secrets
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated
from urllib.parse import urlsplit

import psycopg
import structlog
import typer

from api.cli.console import FAILED, USAGE, DataDir, remark
from api.cli.logs import configure_logs
from api.cli.processes import BACKLOG, BOOTSTRAP_FILE, DEMO_FILE
from api.cli.runtime import Opened, check_writable, opened, write_anchor, write_erasures, write_secret
from api.cli.supervisor import Child, Supervisor
from ledger.embedded import EmbeddedServerError

log = structlog.get_logger("serve")

WATCH_EVERY_S = 0.25
ANCHOR_EVERY_S = 60.0
READY_LIMIT_S = 60.0
BIND_LIMIT_S = 5.0
"""How long a port is waited for that an earlier service is just letting go of."""


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 = any free one.")] = 8000,
    workers: Annotated[int, typer.Option(help="Processes that answer HTTP; more than 1 is not supported yet.")] = 1,
    no_worker: Annotated[bool, typer.Option("--no-worker", help="HTTP alone; run `ledger work` elsewhere.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Run the ledger: HTTP, views, jobs, reactions, on the embedded server unless one is named.

    Example: ledger serve --port 8000 --data-dir ./.ledger
    """
    if workers != 1:
        remark("ledger: --workers must be 1: one process writes hot, and answers HTTP for all")
        raise typer.Exit(USAGE)
    listening = _listen(host, port)
    with _service(data_dir) as service:
        _first_key(service.ledger)
        service.add("http", listening)
        service.tell_where(listening)
        if not no_worker:
            service.add("views")
            service.add("jobs")
            service.add("reactions")
        service.run(ready=lambda: _announce(service.ledger, listening))


def work(data_dir: DataDir = None) -> None:
    """Run views, jobs and reactions alone, beside a `ledger serve --no-worker` or on another machine.

    Example: ledger work --data-dir ./.ledger
    """
    with _service(data_dir) as service:
        service.add("views")
        service.add("jobs")
        service.add("reactions")
        service.run(ready=lambda: remark("ledger works: views are fed, jobs are fired, reactions follow"))


class Service:
    """The supervised processes of one ledger, and the thread that watches the server and writes anchors."""

    def __init__(self, ledger: Opened) -> None:
        self.ledger = ledger
        self._supervisor = Supervisor()
        self._stop = threading.Event()
        self._environment = {**os.environ, "LEDGER_DATA_DIR": str(ledger.settings.data_folder)}

    def add(self, kind: str, listening: socket.socket | None = None) -> None:
        """Add a process of a kind."""
        inherit = () if listening is None else (listening.fileno(),)
        command = [sys.executable, "-m", "api.cli.processes", kind, *map(str, inherit)]
        self._supervisor.children.append(Child(kind, command, self._environment, inherit, standby=kind == "http"))

    def tell_where(self, listening: socket.socket) -> None:
        """Let the processes that are added from now on know where HTTP is answered."""
        self._environment.setdefault("LEDGER_SANDBOX_CALLBACK_URL", _url(listening))
        self._environment.setdefault("LEDGER_PUBLIC_URL", _url(listening))

    def run(self, ready: Callable[[], None]) -> None:
        """Run until a signal asks to stop."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: self._stop.set())
        watch = threading.Thread(target=self._watch, name="watch", daemon=True)
        watch.start()
        threading.Thread(target=ready, name="ready", daemon=True).start()
        try:
            while not self._stop.is_set():
                self._supervisor.tend()
                self._stop.wait(WATCH_EVERY_S)
        finally:
            self._stop.set()
            log.info("stopping")
            self._supervisor.stop()
            watch.join(5.0)
            self._anchor()

    def _watch(self) -> None:
        """Start the embedded server again when it has died; write head and erasures down once a minute."""
        anchor_at = time.monotonic() + ANCHOR_EVERY_S
        while not self._stop.wait(WATCH_EVERY_S):
            server = self.ledger.database.server
            try:
                if server is not None and not server.is_alive():
                    log.error("the embedded server is gone; starting it again")
                    server.ensure_running()
                    log.info("the embedded server runs again")
            except (EmbeddedServerError, OSError) as error:
                log.error("the embedded server does not start", reason=str(error))
                self._stop.wait(1.0)
            if time.monotonic() >= anchor_at:
                self._anchor()
                anchor_at = time.monotonic() + ANCHOR_EVERY_S

    def _anchor(self) -> None:
        try:
            write_anchor(self.ledger)
            write_erasures(self.ledger)
        except (psycopg.Error, OSError) as error:
            log.warning("head and erasures could not be written down", error=type(error).__name__)


@contextmanager
def _service(data_dir: DataDir) -> Iterator[Service]:
    with opened(data_dir) as ledger:
        configure_logs(ledger.settings.log_format, "serve")
        check_writable(ledger.database)
        yield Service(ledger)


def _listen(host: str, port: int) -> socket.socket:
    """Listen, before anything else is started: a restarted HTTP process finds its callers waiting, not refused."""
    deadline = time.monotonic() + BIND_LIMIT_S
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    while True:
        try:
            return socket.create_server((host, port), family=family, backlog=BACKLOG)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                remark(f"ledger: cannot listen on {host} port {port}: {error.strerror}")
                raise typer.Exit(FAILED) from None
            time.sleep(0.1)


def _first_key(ledger: Opened) -> None:
    """Make an admin key of our own at the first start, unless the operator has given one."""
    from api.cli.keys import has_bootstrap_key

    file = ledger.settings.data_folder / BOOTSTRAP_FILE
    if ledger.settings.bootstrap_key is None and not file.exists() and not has_bootstrap_key(ledger):
        write_secret(file, f"boot_{secrets.token_urlsafe(32)}")
        remark(f"an admin key was made; it is in {file} (readable by you alone)")


def _announce(ledger: Opened, listening: socket.socket) -> None:
    """Say where the ledger is, once it answers."""
    url = _url(listening)
    if not _answers(url):
        remark("the ledger does not answer yet; the log says why")
        return
    folder = ledger.settings.data_folder
    remark(f"\nledger at   {url}\nAPI docs at {url}/docs\n")
    if (folder / DEMO_FILE).exists():
        remark(f'curl -s {url}/v1/accounts -H "Authorization: Bearer $(cat {folder / DEMO_FILE})"\n')
    elif (folder / BOOTSTRAP_FILE).exists():
        remark(
            f'curl -s {url}/v1/keys -H "Authorization: Bearer $(cat {folder / BOOTSTRAP_FILE})"'
            " -H 'Idempotency-Key: my-first-key' -H 'Content-Type: application/json' -d '{\"role\": \"service\"}'\n"
        )
    else:
        remark(f'curl -s {url}/v1/keys -H "Authorization: Bearer $LEDGER_BOOTSTRAP_KEY"\n')


def _url(listening: socket.socket) -> str:
    """Return where a socket is reached from this machine."""
    address, port = listening.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)  # noqa: S104 (nothing is bound here)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _answers(url: str) -> bool:
    deadline = time.monotonic() + READY_LIMIT_S
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=5)
        try:
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return True
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()
        time.sleep(0.1)
    return False
