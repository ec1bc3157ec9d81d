"""Tasks of one work shared between forked processes (`ledger.forks`), each of which takes the next when it is free."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection as Pipe
from typing import Any

from ledger.forks import FORKED

TASKS_MAX, TASK_BYTES = 8_192, 8
"""What a pipe holds without a reader, and the length of one task in it."""

Part = Callable[[Iterator[int]], None]


def share(count: int, here: Part, beside: Part, crew: int) -> None:
    """Share tasks 0..count-1 between this process and crew - 1 others: each takes the next one when it is free.

    Args:
        count: at most `TASKS_MAX`.
        here, beside: are given the tasks to do in this process, and in another one.

    Raises:
        Exception: what a process raised; the others are stopped then.
        ChildProcessError: a process ended without a word.
    """
    assert count <= TASKS_MAX, "more tasks than a pipe holds"
    # Tasks lie in a pipe: no lock that a killed process could keep.
    tasks, put = os.pipe()
    os.write(put, b"".join(task.to_bytes(TASK_BYTES, "big") for task in range(count)))
    os.close(put)
    # Nobody writes to this one: that it ends tells the others that this process is gone.
    lifeline = os.pipe()
    started: list[tuple[Any, Pipe]] = []
    try:
        for _ in range(crew - 1):
            receiving, sending = FORKED.Pipe(duplex=False)
            process = FORKED.Process(target=_do, args=(beside, tasks, lifeline, sending))
            process.start()
            sending.close()
            started.append((process, receiving))
        here(_taken(tasks))
        for _, receiving in started:
            _raise_what_came(receiving)
    finally:
        for end in (tasks, *lifeline):
            os.close(end)
        for process, receiving in started:
            process.kill()
            process.join()
            receiving.close()


def _taken(tasks: int) -> Iterator[int]:
    """Yield tasks that nobody else has taken."""
    while task := os.read(tasks, TASK_BYTES):
        yield int.from_bytes(task, "big")


def _do(part: Part, tasks: int, lifeline: tuple[int, int], sending: Pipe) -> None:
    """Do a part and send what it raised, or None; end at once when the process is gone that waits for it."""
    held, holding = lifeline
    os.close(holding)
    threading.Thread(target=_end_with, args=[held], daemon=True).start()
    try:
        part(_taken(tasks))
    except Exception as error:
        sending.send(error)
    else:
        sending.send(None)


def _end_with(held: int) -> None:
    os.read(held, 1)
    os._exit(1)


def _raise_what_came(receiving: Pipe) -> None:
    try:
        error = receiving.recv()
    except EOFError:
        raise ChildProcessError("a process that built a part of a view was killed") from None
    if error is not None:
        raise error
