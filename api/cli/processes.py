"""The processes of a running ledger: HTTP, views, jobs, reactions.

Each is `python -m api.cli.processes KIND [FD] PARENT`.
"""

from __future__ import annotations

import signal
import socket
import sys
import threading
from collections.abc import Callable

from api.cli.logs import configure_logs
from api.cli.supervisor import die_with_parent, wait_for_go
from ledger.settings import Settings

BOOTSTRAP_FILE = "bootstrap.key"
DEMO_FILE = "demo.key"
BACKLOG = 2048


def http(settings: Settings, listening: socket.socket) -> Callable[[], None]:
    """Load what answers HTTP; return what answers on a listening socket until told to stop."""
    import uvicorn

    from api.app import create_app, environment_of
    from api.cli.runtime import check_writable
    from api.rates import Rates
    from api.server import server_config
    from api.views import Views
    from ledger.collector import calm
    from ledger.database import open_database
    from ledger.documents.company import load_company
    from ledger.engine import Engine
    from ledger.ports.sandbox import sandbox_state
    from ledger.reconcile.profile import FOLDER, Sources
    from ledger.sandbox_clock import open_clock
    from ledger.store import Store
    from ledger.vault import open_vault

    company = load_company(settings.company_file, sandbox=settings.sandbox_on)

    def serve() -> None:
        with open_database(settings) as database, open_clock(settings, database) as clock:
            check_writable(database)
            app = create_app(
                Engine(Store(database.app, database.schema), clock),
                Views(database.app, database.schema),
                open_vault(settings, database, clock),
                environment=environment_of(settings),
                bootstrap_key=bootstrap_key(settings),
                rates=Rates(),
                charge_methods=settings.charge_methods,
                charge_maximum=dict(settings.charge_maximum.items()),
                sandbox=sandbox_state(settings, database, clock) if settings.sandbox_on else None,
                company=company,
                sources=Sources(settings.data_folder / FOLDER),
                request_expiry_days=settings.request_expiry_days,
                public_url=settings.public_url,
            )
            calm()
            uvicorn.Server(server_config(app)).run(sockets=[listening])

    return serve


def bootstrap_key(settings: Settings) -> str | None:
    """Return the operator's own first key: from the environment, else from the file that the first start has made."""
    if settings.bootstrap_key is not None:
        return settings.bootstrap_key.get_secret_value()
    file = settings.data_folder / BOOTSTRAP_FILE
    return file.read_text().strip() if file.exists() else None


def views(settings: Settings, stop: threading.Event) -> Callable[[], None]:
    """Load what feeds the views; return what feeds them until told to stop."""
    from ledger.collector import leave_alone
    from projections import runner

    def feed() -> None:
        leave_alone()  # No view moves while the collector looks.
        runner.run(settings, stop)

    return feed


def jobs(settings: Settings, stop: threading.Event) -> Callable[[], None]:
    """Load what fires the jobs; return what fires them until told to stop."""
    from scheduler import runner

    return lambda: runner.run(settings, stop)


def reactions(settings: Settings, stop: threading.Event) -> Callable[[], None]:
    """Load what follows facts in the world outside; return what runs it until told to stop."""
    from scheduler.reactions import process

    return lambda: process.run(settings, stop)


def main() -> None:
    """Be one of the processes: load, stand by, begin."""
    kind, *rest, parent = sys.argv[1:]
    die_with_parent(int(parent))
    settings = Settings()
    configure_logs(settings.log_format, kind)
    if kind == "http":
        begin = http(settings, socket.socket(fileno=int(rest[0])))
    else:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        begin = {"views": views, "jobs": jobs, "reactions": reactions}[kind](settings, stop)
    wait_for_go()
    begin()


if __name__ == "__main__":
    main()
