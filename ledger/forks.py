"""Whether a work may go on in forked processes, and in how many.

One interpreter keeps only one core busy. Processes are forked, which takes milliseconds where a fresh one takes half a
second. That is safe only where no other thread could hold a lock that the copy would wait for; elsewhere the work stays
in one process.
"""

from __future__ import annotations

import os
import threading
from multiprocessing import get_all_start_methods, get_context

PROCESSES_MAX = 4
"""More than this the one server at the other end would not keep up with."""

FORKED = get_context("fork" if "fork" in get_all_start_methods() else None)


def processes() -> int:
    """Return how many processes a work is best done in: 1 where it has to stay in this one."""
    if threading.active_count() > 1 or "fork" not in get_all_start_methods():
        return 1
    return min(len(os.sched_getaffinity(0)), PROCESSES_MAX) if hasattr(os, "sched_getaffinity") else 1
