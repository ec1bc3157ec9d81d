"""The scheduler process: APScheduler fires the jobs, one at a time of each kind, until it is told to stop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from functools import partial
from typing import Any, Protocol

import psycopg
import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.blocking import BlockingScheduler

from aggregates.errors import Unavailable
from ledger.database import open_database
from ledger.sandbox_clock import open_clock
from ledger.settings import Settings
from ledger.vault import open_vault
from scheduler import anniversaries, exports, reconciliation
from scheduler.jobs import Fired, fire, jobs_of

log = structlog.get_logger("scheduler")

Firing = Callable[[], Coroutine[Any, Any, Fired]]
"""What a job does when it fires."""


class StopEvent(Protocol):
    """Says when to end: an Event of threading or multiprocessing."""

    def wait(self, timeout: float | None = None) -> bool:
        """Pause until the end; return whether it has come."""


def run(settings: Settings, stop: StopEvent) -> None:
    """Fire the jobs until `stop` is set: the whole of a scheduler process."""
    with open_database(settings) as database, open_clock(settings, database) as clock:
        vault = open_vault(settings, database, clock)
        firings: list[tuple[str, int, Firing]] = [
            (job.name, job.every_s, partial(fire, job, database, clock)) for job in jobs_of(settings)
        ]
        gifts = partial(anniversaries.order_gifts, database, vault, clock)
        firings.append((anniversaries.NAME, anniversaries.EVERY_S, gifts))
        exporting = partial(exports.make_exports, database, lambda: stop.wait(0))
        firings.append((exports.NAME, exports.EVERY_S, exporting))
        matching = partial(reconciliation.match_lines, database, clock)
        firings.append((reconciliation.NAME, reconciliation.EVERY_S, matching))
        scheduler = BlockingScheduler(executors={"default": ThreadPoolExecutor(len(firings))}, timezone=UTC)
        for name, every_s, firing in firings:
            # Each fires at once: what fell due while no scheduler ran is found then. Missed firings become one.
            scheduler.add_job(
                fire_quietly,
                "interval",
                args=(name, firing),
                id=name,
                seconds=every_s,
                next_run_time=datetime.now(UTC),
                coalesce=True,
                max_instances=1,
                misfire_grace_time=None,
            )
        threading.Thread(target=_shut_down_after, args=(scheduler, stop), daemon=True).start()
        scheduler.start()


def fire_quietly(name: str, firing: Firing) -> None:
    """Fire a job; a database that is away is a line in the log, and the next firing tries again."""
    try:
        asyncio.run(firing())
    except (Unavailable, psycopg.Error, OSError) as error:
        log.warning("job could not run", job=name, error=type(error).__name__)


def _shut_down_after(scheduler: BlockingScheduler, stop: StopEvent) -> None:
    stop.wait()
    scheduler.shutdown(wait=True)
