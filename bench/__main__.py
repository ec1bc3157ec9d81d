"""`python -m bench [GROUP ...]`: measure all groups, or those named; QUICK=1 in the environment for a short run.

A group that cannot run says so and gives no figure. Ends with status 1 if one could not.
"""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Callable

import structlog

from bench import big, books, debits, engine, growth, http, importing, memory, orders, replay, report, views
from bench.lab import open_lab
from bench.trial import Trial, say

GROUPS: dict[str, Callable[[Trial], None]] = {
    "engine": engine.run,
    "big": big.run,
    "http": http.run,
    "views": views.run,
    "replay": replay.run,
    "importing": importing.run,
    "memory": memory.run,
    "books": books.run,
    "orders": orders.run,
    "debits": debits.run,
    "growth": growth.run,
}
"""Name -> group, in the order in which they run: what fills the disk comes last."""

SAME = {"plain": "engine", "floor": "engine"}
"""Comparators that are measured in turns with a group have no turn of their own."""


def main() -> int:
    """Measure; return the exit status."""
    asked = [SAME.get(name, name) for name in sys.argv[1:]]
    unknown = [name for name in asked if name not in GROUPS]
    if unknown:
        say(f"there is no group {unknown[0]}; the groups are {', '.join(GROUPS)}")
        return 2
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    quick = os.environ.get("QUICK", "0") not in ("", "0")
    chosen = [name for name in GROUPS if not asked or name in asked]
    started = time.monotonic()
    with open_lab() as lab:
        trial = Trial(lab, quick)
        for name in chosen:
            say(f"{name} ({time.monotonic() - started:.0f} s)")
            try:
                GROUPS[name](trial)
            except Exception as error:
                traceback.print_exc()
                trial.failed[name] = f"{type(error).__name__}: {error}"
        report.finish(trial, whole=len(chosen) == len(GROUPS))
    say(f"\n{time.monotonic() - started:.0f} s in all; the figures are in {report.RESULTS}")
    return 1 if trial.failed else 0


if __name__ == "__main__":
    sys.exit(main())
