"""The processes of a running ledger: HTTP, views, jobs. Each is `python -m api.cli.processes KIND [FD] PARENT`."""

from __future__ import annotations

import signal
import socket
import sys
import threading

from api.cli.logs import configure_logs
from api.cli.supervisor import die_with_parent
from ledger.settings import Settings

BOOTSTRAP_FILE = "bootstrap.key"
DEMO_FILE = "demo.key"
KEEP_ALIVE_S = 30
GRACE_S = 5
BACKLOG = 2048


def serve_http(settings: Settings, listening: socket.socket) -> None:
    """Answer HTTP on a listening socket until told to stop."""
    import uvicorn

    from api.app import create_app, environment_of
    from api.cli.runtime import check_writable
    from api.rates import Rates
    from api.views import Views
    from ledger.clock import SystemClock
    from ledger.database import open_database
    from ledger.engine import Engine
    from ledger.store import Store
    from ledger.vault import open_vault

    with open_database(settings) as database:
        check_writable(database)
        app = create_app(
            Engine(Store(database.app, database.schema), SystemClock()),
            Views(database.app, database.schema),
            open_vault(settings, database),
            environment=environment_of(settings),
            bootstrap_key=bootstrap_key(settings),
            rates=Rates(),
        )
        config = uvicorn.Config(
            app,
            http="httptools",
            loop="uvloop",
            ws="none",
            lifespan="on",
            server_header=False,
            proxy_headers=False,
            access_log=False,
            log_config=None,
            backlog=BACKLOG,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=GRACE_S,
        )
        uvicorn.Server(config).run(sockets=[listening])


def bootstrap_key(settings: Settings) -> str | None:
    """Return the operator's own first key: from the environment, else from the file that the first start has made."""
    if settings.bootstrap_key is not None:
        return settings.bootstrap_key.get_secret_value()
    file = settings.data_folder / BOOTSTRAP_FILE
    return file.read_text().strip() if file.exists() else None


def feed_views(settings: Settings, stop: threading.Event) -> None:
    """Feed all views until told to stop."""
    from projections import runner

    runner.run(settings, stop)


def fire_jobs(settings: Settings, stop: threading.Event) -> None:
    """Fire the jobs until told to stop."""
    from scheduler import runner

    runner.run(settings, stop)


def main() -> None:
    """Be one of the processes."""
    kind, *rest, parent = sys.argv[1:]
    die_with_parent(int(parent))
    settings = Settings()
    configure_logs(settings.log_format, kind)
    if kind == "http":
        serve_http(settings, socket.socket(fileno=int(rest[0])))
        return
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    {"views": feed_views, "jobs": fire_jobs}[kind](settings, stop)


if __name__ == "__main__":
    main()
