"""Documents: content and files, sealed under a key for each document, so that one can be destroyed and the others stay.

A request first gets a number, then brings what it has made, then says what became of it. The same request again has the
same number and finds what it made before, whatever has changed since; until it is settled a job may clear it away.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import NamedTuple

import psycopg

from aggregates.errors import Conflict, NotFound
from ledger.recall import KeyReused
from ledger.vault.door import Door, Reading

PREFIX = "dcm"
CONTENT, FILE = "content", "file:"
"""Fields of a document: its content; its files by format."""

BASIS = "Framework Act on National Taxes art. 85-3: books and vouchers, 5 years from issue"
YEARS = 5
NUMBERS_MAX = 1_000
"""So many numbers are tried before a request is told to come again."""


class DocumentDestroyed(NotFound):
    """The document was issued and has been destroyed: its time is over, or it was erased."""

    code = "document_destroyed"


class NumbersTaken(Conflict):
    """All numbers that came into question are taken."""

    code = "document_numbers_taken"


class Reserved(NamedTuple):
    """What a request has so far.

    Attributes:
        token: under which its document lies, or will. number, issued_at: as printed on it.
        issue: what its fact will say of what it has made: ids and digests; None when it has made nothing.
    """

    token: str
    number: str
    issued_at: datetime
    issue: bytes | None


class Documents:
    """The documents in the vault.

    Args:
        door: to the vault.
    """

    def __init__(self, door: Door) -> None:
        self._door = door

    async def reserve(
        self, principal: str, key: str, *, mark: str, numbers: Iterable[tuple[str, datetime]] | None = None
    ) -> Reserved | None:
        """Give a request its number; the same request again has the one that it had.

        Args:
            principal, key: scope and name of the request.
            mark: the same for the same request, such as its keyed hash.
            numbers: numbers to try in this order, each with the instant that goes with it; None = only look.

        Returns:
            None when the request is not known and there are no numbers to try.

        Raises:
            KeyReused: the key came with another request. NumbersTaken. VaultUnavailable.
        """
        token = self._door.kek.token(PREFIX, principal, key)
        async with self._door.connected() as connection:
            if (known := await self._known(connection, token, mark)) is not None or numbers is None:
                return known
            for _, (number, issued_at) in zip(range(NUMBERS_MAX), numbers, strict=False):
                made = await connection.execute(
                    self._door.sql(
                        "INSERT INTO {s}.document (token, request, number, issued_at, asked_at)"
                        " VALUES (%s, %s, %s, %s, now()) ON CONFLICT DO NOTHING"
                    ),
                    (token, mark, number, issued_at),
                )
                if made.rowcount:
                    return Reserved(token, number, issued_at, None)
                if (known := await self._known(connection, token, mark)) is not None:
                    return known
        raise NumbersTaken("all numbers of this moment are taken; send the request again with a new key")

    async def keep(self, token: str, fields: Mapping[str, bytes], *, issue: bytes, retain_until: date) -> bytes:
        """Keep what a request has made; what it has kept before stays as it is.

        Args:
            fields: `CONTENT`, and `FILE` + format for each file.
            issue: what its fact will say, without personal data.
            retain_until: last day on which content and files are kept.

        Returns:
            `issue` of what is kept now.

        Raises:
            NumbersTaken: it took so long that it was cleared away. VaultUnavailable.

        Source: SPEC R-003.
        """
        door = self._door
        sealed = await asyncio.to_thread(door.sealed, token, fields)
        async with door.transaction() as connection:
            first = await connection.execute(
                door.sql("UPDATE {s}.document SET issue = %s WHERE token = %s AND issue IS NULL"), (issue, token)
            )
            if first.rowcount:
                await door.keep(connection, [sealed], legal_basis=BASIS, retain_until=retain_until)
                return issue
            found = await connection.execute(door.sql("SELECT issue FROM {s}.document WHERE token = %s"), (token,))
            row = await found.fetchone()
        if row is None:
            raise NumbersTaken("the request took too long and lost its number; send it again with a new key")
        return bytes(row[0])

    async def settle(self, token: str, *, issued: bool, min_age: timedelta = timedelta()) -> None:
        """Say what became of a request: its document stays, or is forgotten with its number.

        Args:
            issued: whether it was recorded.
            min_age: nothing happens to one that was asked for within this time.
        """
        door = self._door
        async with door.transaction() as connection:
            aged: tuple[object, ...] = (token, min_age)
            if issued:
                await connection.execute(
                    door.sql("UPDATE {s}.document SET settled = true WHERE token = %s AND asked_at <= now() - %s"), aged
                )
                return
            gone = await connection.execute(
                door.sql("DELETE FROM {s}.document WHERE token = %s AND NOT settled AND asked_at <= now() - %s"), aged
            )
            if gone.rowcount:
                await door.forget(connection, [token])

    async def unsettled(self, min_age: timedelta, limit: int = 100) -> list[str]:
        """Return tokens of requests that nobody has settled, oldest first: a process ended in between.

        Args:
            min_age: by the machine's own time, how long ago they were last asked for.
        """
        async with self._door.connected() as connection:
            found = await connection.execute(
                self._door.sql(
                    "SELECT token FROM {s}.document WHERE NOT settled AND asked_at <= now() - %s"
                    " ORDER BY asked_at, token LIMIT %s"
                ),
                (min_age, limit),
            )
            return [token for (token,) in await found.fetchall()]

    async def read(self, token: str, field: str, reading: Reading) -> bytes:
        """Return one field of a document in clear. The read is on record before this returns.

        Raises:
            DocumentDestroyed. SealBroken: it was altered or moved, or the key file is another one. VaultUnavailable.
        """
        async with self._door.connected() as connection:
            await self._door.record(connection, reading, [token])
            found = await self._door.open_fields(connection, [token], field)
        if token not in found:
            raise DocumentDestroyed("the document has been destroyed: it was kept for as long as the law asks")
        return found[token][field]

    async def _known(self, connection: psycopg.AsyncConnection, token: str, mark: str) -> Reserved | None:
        # Whoever asks relies on it again: nobody who looks for what was left behind must take it away now.
        found = await connection.execute(
            self._door.sql(
                "UPDATE {s}.document SET asked_at = now() WHERE token = %s RETURNING request, number, issued_at, issue"
            ),
            (token,),
        )
        row = await found.fetchone()
        if row is None:
            return None
        request, number, issued_at, issue = row
        if request != mark:
            raise KeyReused("Idempotency-Key was used for another request; a new request needs a new key")
        return Reserved(token, number, issued_at, None if issue is None else bytes(issue))
