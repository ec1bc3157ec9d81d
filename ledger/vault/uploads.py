"""Uploads: what was read from a file and waits to be used, good rows and bad ones, sealed under one key for each file.

Used up by the order or the address book that takes it; what nobody takes is forgotten after a week.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import orjson
import psycopg

from aggregates.dates import business_date, last_day_within
from aggregates.errors import NotFound
from ledger.vault.door import Door, Reading
from ledger.vault.person import Person

LIFE_DAYS = 7
BASIS = "Consent of the account: a file that it has uploaded, 7 days"


class UploadNotFound(NotFound):
    """There is no such upload for this purpose; it may have been used up, or its week be over."""

    code = "upload_not_found"


class BadRow(NamedTuple):
    """A row that cannot be used.

    Attributes:
        row: its number in the file, as a spreadsheet counts. values: what stood in it. reasons: why, one for each cell.
    """

    row: int
    values: tuple[str, ...]
    reasons: tuple[str, ...]


class Uploads:
    """The uploads in the vault.

    Args:
        door: to the vault.
    """

    def __init__(self, door: Door) -> None:
        self._door = door

    def id_of(self, principal: str, key: str) -> str:
        """Return the id of the upload that a request makes."""
        return self._door.kek.token("upl", principal, key)

    async def put(
        self,
        connection: psycopg.AsyncConnection,
        upload_id: str,
        owner: str,
        kind: str,
        good: Sequence[Person],
        bad: Sequence[BadRow],
    ) -> None:
        """Keep what was read from a file, for a week.

        Args:
            owner: whose it is. kind: recipients or contacts.
        """
        door = self._door
        today = business_date(door.clock.now())
        sealed = door.sealed(
            upload_id,
            {"good": orjson.dumps([[*each] for each in good]), "bad": orjson.dumps([[*each] for each in bad])},
        )
        await door.keep(connection, [sealed], legal_basis=BASIS, retain_until=last_day_within(today, LIFE_DAYS))
        await connection.execute(
            door.sql(
                "INSERT INTO {s}.upload (token, owner, kind, good, bad, created_at) VALUES (%s, %s, %s, %s, %s, %s)"
            ),
            (upload_id, owner, kind, len(good), len(bad), door.clock.now()),
        )

    async def people(self, owner: str, upload_id: str, kind: str) -> list[Person]:
        """Return the good rows of an upload. Raises: UploadNotFound, VaultUnavailable."""
        async with self._door.connected() as connection:
            return await self.people_on(connection, owner, upload_id, kind)

    async def people_on(
        self, connection: psycopg.AsyncConnection, owner: str, upload_id: str, kind: str
    ) -> list[Person]:
        """Return the good rows of an upload, read on a connection. Raises: UploadNotFound."""
        rows = await self._rows(connection, owner, upload_id, kind, "good")
        return [Person(*row) for row in orjson.loads(rows)]

    async def failures(self, owner: str, upload_id: str, reading: Reading) -> tuple[str, list[BadRow]]:
        """Return the kind of an upload and its bad rows; the read is on record before.

        Raises:
            UploadNotFound, VaultUnavailable.
        """
        async with self._door.connected() as connection:
            rows = await self._rows(connection, owner, upload_id, None, "bad")
            await self._door.record(connection, reading, [upload_id])
            found = await connection.execute(
                self._door.sql("SELECT kind FROM {s}.upload WHERE token = %s"), (upload_id,)
            )
            (kind,) = await found.fetchone() or ("",)
        return kind, [BadRow(row, tuple(values), tuple(reasons)) for row, values, reasons in orjson.loads(rows)]

    async def use_up(self, connection: psycopg.AsyncConnection, upload_id: str) -> None:
        """Forget an upload whose rows were taken."""
        await self._door.forget(connection, [upload_id])

    async def _rows(
        self, connection: psycopg.AsyncConnection, owner: str, upload_id: str, kind: str | None, field: str
    ) -> bytes:
        door = self._door
        today = business_date(door.clock.now())
        found = await connection.execute(
            door.sql(
                "SELECT FROM {s}.upload u JOIN {s}.item i USING (token) WHERE u.token = %s AND owner = %s"
                " AND kind = coalesce(%s, kind) AND i.retain_until >= %s"
            ),
            (upload_id, owner, kind, today),
        )
        if await found.fetchone() is None:
            raise UploadNotFound("there is no such upload; a file is kept for a week and used once", field="upload_id")
        return (await door.open_fields(connection, [upload_id], field))[upload_id][field]
