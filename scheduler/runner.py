"""The scheduler process: APScheduler fires the jobs, one at a time of each kind, until it is told to stop."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime
from typing import Protocol

import psycopg
import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.blocking import BlockingScheduler

from aggregates.errors import Unavailable
from ledger.database import Database, open_database
from ledger.settings import Settings
from scheduler.jobs import JOBS, Job, fire

log = structlog.get_logger("scheduler")


class StopEvent(Protocol):
    """Says when to end: an Event of threading or multiprocessing."""

    def wait(self, timeout: float | None = None) -> bool:
        """Pause until the end."""


def run(settings: Settings, stop: StopEvent) -> None:
    """Fire the jobs until `stop` is set: the whole of a scheduler process."""
    with open_database(settings) as database:
        scheduler = BlockingScheduler(executors={"default": ThreadPoolExecutor(len(JOBS))}, timezone=UTC)
        for job in JOBS:
            # Each fires at once: what fell due while no scheduler ran is found then. Missed firings become one.
            scheduler.add_job(
                fire_quietly,
                "interval",
                args=(job, database),
                id=job.name,
                seconds=job.every_s,
                next_run_time=datetime.now(UTC),
                coalesce=True,
                max_instances=1,
                misfire_grace_time=None,
            )
        threading.Thread(target=_shut_down_after, args=(scheduler, stop), daemon=True).start()
        scheduler.start()


def fire_quietly(job: Job, database: Database) -> None:
    """Fire a job; a database that is away is a line in the log, and the next firing tries again."""
    try:
        asyncio.run(fire(job, database))
    except (Unavailable, psycopg.Error, OSError) as error:
        log.warning("job could not run", job=job.name, error=type(error).__name__)


def _shut_down_after(scheduler: BlockingScheduler, stop: StopEvent) -> None:
    stop.wait()
    scheduler.shutdown(wait=True)
