"""The command line `ledger`: composes settings, database, engine, views and processes; decides nothing itself.

One file per command noun. Answers go to stdout (with --json one object), everything else to stderr. Exit status 0 =
done, 1 = a check failed or the ledger said no, 2 = wrong usage.
"""

from __future__ import annotations

import sys

import structlog


def main() -> None:
    """Run the command line; entry point of `ledger`."""
    # First of all, so that nothing that is bound to a log while it is imported writes to stdout.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    # Imported here, so that the processes of a service, which live in this package too, start without a command line.
    from api.cli.app import run

    run()
