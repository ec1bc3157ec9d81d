"""Parts of one work side by side, each in a process of its own: one interpreter keeps only one core busy.

The processes are forked, which takes milliseconds where a fresh one takes half a second. That is safe only where no
other thread could hold a lock that the copy would wait for; elsewhere the parts are done one after the other.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from multiprocessing import get_all_start_methods, get_context
from multiprocessing.connection import Connection as Pipe
from typing import Any

PROCESSES_MAX = 4
"""More than this the one server at the other end would not keep up with."""


def how_many() -> int:
    """Return how many parts a work is best cut into: 1 where it has to stay in this process."""
    if threading.active_count() > 1 or "fork" not in get_all_start_methods():
        return 1
    return min(len(os.sched_getaffinity(0)), PROCESSES_MAX) if hasattr(os, "sched_getaffinity") else 1


def side_by_side(parts: Sequence[Callable[[], None]]) -> None:
    """Do the first part here and each of the others in a process; return when all are done.

    Raises:
        Exception: what a part raised; the others are stopped then.
        ChildProcessError: a process ended without a word.
    """
    started: list[tuple[Any, Pipe]] = []
    try:
        for part in parts[1:]:
            receiving, sending = get_context("fork").Pipe(duplex=False)
            process = get_context("fork").Process(target=_do, args=(part, sending))
            process.start()
            sending.close()
            started.append((process, receiving))
        parts[0]()
        for _, receiving in started:
            _raise_what_came(receiving)
    finally:
        for process, receiving in started:
            process.kill()
            process.join()
            receiving.close()


def _do(part: Callable[[], None], sending: Pipe) -> None:
    """Do a part and send what it raised, or None."""
    try:
        part()
    except Exception as error:
        sending.send(error)
    else:
        sending.send(None)


def _raise_what_came(receiving: Pipe) -> None:
    try:
        error = receiving.recv()
    except EOFError:
        raise ChildProcessError("a process that built a part of a view was killed") from None
    if error is not None:
        raise error
