"""A replay in several forked processes (`ledger.forks`): each folds a part of the streams.

What a process has folded comes back through its pipe. For few facts there is one part: this process.
"""

from __future__ import annotations

import gc
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection as Pipe
from typing import Any, NamedTuple

from psycopg import sql

from ledger import forks
from ledger.database import connect
from ledger.folding import Folding, Part
from ledger.stream import row_blocks_here

FACTS_MIN = 20_000
"""Fewer facts are folded before another process has begun."""


class Place(NamedTuple):
    """Where and what another process reads.

    Attributes:
        address: for libpq, with the password.
        snapshot: exported by the transaction whose view of the ledger it shares.
        search_path: as that transaction has it.
    """

    address: str
    snapshot: str
    search_path: str


def size(facts: int) -> int:
    """Return in how many parts so many facts are best folded: 1 where that has to be in this process."""
    return 1 if facts < FACTS_MIN else forks.processes()


@contextmanager
def beside(folding: Folding, place: Place, first: int, last: int, parts: int) -> Iterator[Callable[[], Iterator[Part]]]:
    """Fold all parts but number 0 in processes of their own for as long as the `with` lasts; give what waits for them.

    Args:
        folding: as far as it is; each process goes on from a copy of it.

    Raises:
        Exception: what a process raised. ChildProcessError: it ended without a word. Both out of what is given.
    """
    started: list[tuple[Any, Pipe]] = []
    try:
        for number in range(1, parts):
            receiving, sending = forks.FORKED.Pipe(duplex=False)
            process = forks.FORKED.Process(target=_fold, args=(folding, place, first, last, (number, parts), sending))
            process.start()
            sending.close()
            started.append((process, receiving))
        yield lambda: (_received(receiving) for _, receiving in started)
    finally:
        for process, receiving in started:
            process.kill()
            process.join()
            receiving.close()


def _received(receiving: Pipe) -> Part:
    try:
        came: Part | Exception = receiving.recv()
    except EOFError:
        raise ChildProcessError("a process that folded a part of the ledger was killed") from None
    if isinstance(came, Exception):
        raise came
    return came


def _fold(folding: Folding, place: Place, first: int, last: int, part: tuple[int, int], sending: Pipe) -> None:
    """Fold a part, in a process of its own, and send it; or what went wrong."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A collector that passed over what was inherited would make this process copy every page of it.
    gc.freeze()
    folding.begin_part()
    snapshot, path = sql.Literal(place.snapshot).as_string(), sql.Literal(place.search_path).as_string()
    try:
        with connect(place.address) as connection:
            connection.execute("SET statement_timeout = 0")
            with connection.transaction():
                connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
                connection.execute(f"SET TRANSACTION SNAPSHOT {snapshot}".encode())
                connection.execute(f"SELECT set_config('search_path', {path}, true)".encode())
                for rows in row_blocks_here(connection, first, last, part):
                    folding.take(rows, alone=False)
        sending.send(folding.part(*part))
    except Exception as error:
        sending.send(error)
