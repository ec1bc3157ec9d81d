"""The way into the vault's database: connections, the seal of each field in its place, and who read what.

Every value is sealed under the key of its one subject, and names as authenticated data the ledger, the table, the
subject and the field it belongs to. Nothing here knows what the fields mean.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date
from typing import Any, LiteralString, NamedTuple, TypeVar
from uuid import UUID

import psycopg
from psycopg.sql import SQL, Composed, Identifier

from aggregates.errors import Conflict, NotFound, Unavailable
from ledger.clock import Clock
from ledger.database import connect_async
from ledger.kek import KEY_BYTES, Kek, SealBroken, frame, seal, unseal

T = TypeVar("T")

DEK_VERSION = b"1"
RETAINED_UNTIL_ERASED = date(9999, 12, 31)
"""`retain_until` of what is kept until somebody erases it, or until the law's years are known to begin."""

ASIDE_FROM = 50
"""From this many subjects on, sealing and opening leaves the event loop free."""


class SubjectNotFound(NotFound):
    """Nothing lies behind the token; it may have been erased."""

    code = "subject_not_found"


class SubjectHeld(Conflict):
    """The subject may not be erased now, because a legal hold lies on it."""

    code = "subject_held"


class VaultUnavailable(Unavailable):
    """The vault's database cannot be reached."""

    code = "vault_unavailable"


class Reading(NamedTuple):
    """Who reads personal data in clear, and what for; kept with every such read.

    Attributes:
        principal: opaque name of the reader, e.g. "key_1f3..." or "job:dispatch".
        purpose: why, in a few words without personal data, e.g. "send messages".
        request_id: of the request it was for; "" for a job.
    """

    principal: str
    purpose: str
    request_id: str = ""


class Sealed(NamedTuple):
    """One subject, ready to be stored.

    Attributes:
        nonce, wrapped: its key, wrapped. items: (field, ciphertext, nonce) of each field.
    """

    token: str
    nonce: bytes
    wrapped: bytes
    items: tuple[tuple[str, bytes, bytes], ...]


class Door:
    """Connects to the vault, seals and opens. Each call connects for itself; nothing stays open between."""

    def __init__(self, address: str, schema: str, ledger_id: UUID, kek: Kek, clock: Clock) -> None:
        """Name the vault; nothing happens before the first call. Arguments as of `Vault`."""
        self._address = address
        self._schema = schema
        self._ledger_id = ledger_id
        self.kek = kek
        self.clock = clock

    def sql(self, statement: LiteralString) -> Composed:
        """Return a statement with `{s}` replaced by the vault's schema."""
        return SQL(statement).format(s=Identifier(self._schema))

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[psycopg.AsyncConnection]:
        """Connect for as long as the `with` lasts. Raises: VaultUnavailable."""
        try:
            async with await connect_async(self._address) as connection:
                yield connection
        except psycopg.OperationalError as error:
            raise VaultUnavailable(
                "The vault cannot be reached; send the same request again with the same key"
            ) from error

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[psycopg.AsyncConnection]:
        """Connect, with everything in one transaction. Raises: VaultUnavailable."""
        async with self.connected() as connection, connection.transaction():
            yield connection

    def sealed(self, token: str, fields: Mapping[str, bytes]) -> Sealed:
        """Seal a new subject's fields under a key of its own."""
        dek = os.urandom(KEY_BYTES)
        nonce, wrapped = self.kek.wrap(dek, self._place("subject", token))
        return Sealed(token, nonce, wrapped, tuple(self.item(dek, token, name, fields[name]) for name in fields))

    def item(self, dek: bytes, token: str, field: str, value: bytes) -> tuple[str, bytes, bytes]:
        """Seal one field of a subject whose key is at hand; return (field, ciphertext, nonce)."""
        nonce, ciphertext = seal(dek, value, self._place("item", token, field))
        return field, ciphertext, nonce

    def opened(self, dek: bytes, token: str, field: str, ciphertext: bytes, nonce: bytes) -> bytes:
        """Open one field. Raises: SealBroken: it was altered or moved."""
        return unseal(dek, nonce, ciphertext, self._place("item", token, field))

    async def keep(
        self, connection: psycopg.AsyncConnection, subjects: Sequence[Sealed], *, legal_basis: str, retain_until: date
    ) -> set[str]:
        """Store subjects that are not there yet, with their fields; return the tokens of those that were new."""
        made = await connection.execute(
            self.sql(
                "INSERT INTO {s}.subject (token, dek_wrapped, nonce, kek_id, created_at)"
                " SELECT t, w, n, %s, %s FROM unnest(%b::text[], %b::bytea[], %b::bytea[]) AS made (t, w, n)"
                " ON CONFLICT (token) DO NOTHING RETURNING token"
            ),
            (
                self.kek.id,
                self.clock.now(),
                [each.token for each in subjects],
                [each.wrapped for each in subjects],
                [each.nonce for each in subjects],
            ),
        )
        new: set[str] = {token for (token,) in await made.fetchall()}
        items = [(each.token, *item) for each in subjects if each.token in new for item in each.items]
        await self.add_items(connection, items, legal_basis=legal_basis, retain_until=retain_until)
        return new

    async def add_items(
        self,
        connection: psycopg.AsyncConnection,
        items: Sequence[tuple[str, str, bytes, bytes]],
        *,
        legal_basis: str,
        retain_until: date,
    ) -> int:
        """Store sealed fields (token, field, ciphertext, nonce) that are not there yet; return how many were new."""
        made = await connection.execute(
            self.sql(
                "INSERT INTO {s}.item (token, field, ciphertext, nonce, legal_basis, retain_until)"
                " SELECT t, f, c, n, %s, %s"
                " FROM unnest(%b::text[], %b::text[], %b::bytea[], %b::bytea[]) AS made (t, f, c, n)"
                " ON CONFLICT (token, field) DO NOTHING"
            ),
            (legal_basis, retain_until, *([item[column] for item in items] for column in range(4))),
        )
        return made.rowcount

    async def open_fields(
        self, connection: psycopg.AsyncConnection, tokens: Sequence[str], like: str = "%"
    ) -> dict[str, dict[str, bytes]]:
        """Return the fields in clear of those subjects that are there, by token.

        Args:
            like: SQL pattern of the fields' names; a subject without such a field is left out.

        Raises:
            SealBroken: something there was altered or moved, or the key file is another one.
        """
        found = await connection.execute(
            self.sql(
                "SELECT s.token, s.dek_wrapped, s.nonce, s.kek_id, i.field, i.ciphertext, i.nonce"
                " FROM {s}.subject s JOIN {s}.item i USING (token)"
                " WHERE s.token = ANY(%b::text[]) AND i.field LIKE %b ORDER BY s.token, i.field"
            ),
            (list(tokens), like),
        )
        rows: list[tuple[Any, ...]] = await found.fetchall()
        return await aside(len(rows), lambda: self._open_rows(rows))

    def _open_rows(self, rows: list[tuple[Any, ...]]) -> dict[str, dict[str, bytes]]:
        found: dict[str, dict[str, bytes]] = {}
        dek, known = b"", ""
        for token, wrapped, key_nonce, kek_id, field, ciphertext, nonce in rows:
            if token != known:
                dek, known = self.unwrapped(token, wrapped, key_nonce, kek_id), token
                found[token] = {}
            found[token][field] = self.opened(dek, token, field, ciphertext, nonce)
        return found

    def unwrapped(self, token: str, wrapped: bytes, nonce: bytes, kek_id: str) -> bytes:
        """Return a subject's key. Raises: SealBroken: it was altered or moved, or another key wrapped it."""
        if kek_id != self.kek.id:
            raise SealBroken(f"the subject's key was wrapped by key {kek_id}; the key file holds {self.kek.id}")
        return self.kek.unwrap(nonce, wrapped, self._place("subject", token))

    async def keys_of(self, connection: psycopg.AsyncConnection, tokens: Sequence[str]) -> dict[str, bytes]:
        """Return the keys of those subjects that are there. Raises: SealBroken."""
        found = await connection.execute(
            self.sql("SELECT token, dek_wrapped, nonce, kek_id FROM {s}.subject WHERE token = ANY(%b::text[])"),
            (list(tokens),),
        )
        return {row[0]: self.unwrapped(*row) for row in await found.fetchall()}

    async def forget(self, connection: psycopg.AsyncConnection, tokens: Sequence[str]) -> int:
        """Delete subjects, with their keys and fields and all that hangs on them; return how many there were.

        Raises:
            SubjectHeld: a legal hold lies on one of them; none is deleted.
        """
        held = await connection.execute(
            self.sql("SELECT FROM {s}.item WHERE token = ANY(%b::text[]) AND hold LIMIT 1"), (list(tokens),)
        )
        if await held.fetchone() is not None:
            raise SubjectHeld("A legal hold lies on this subject; it can be erased when the hold is lifted")
        gone = await connection.execute(
            self.sql("DELETE FROM {s}.subject WHERE token = ANY(%b::text[])"), (list(tokens),)
        )
        return gone.rowcount

    async def record(self, connection: psycopg.AsyncConnection, reading: Reading, tokens: Iterable[str]) -> None:
        """Note who reads whose data in clear, before it is handed over."""
        names = sorted(tokens)
        await connection.execute(
            self.sql(
                "INSERT INTO {s}.reading (read_at, principal, purpose, request_id, subjects, digest)"
                " VALUES (%s, %s, %s, %s, %s, %s)"
            ),
            (
                self.clock.now(),
                reading.principal,
                reading.purpose,
                reading.request_id,
                len(names),
                hashlib.sha256("\n".join(names).encode()).digest(),
            ),
        )

    def _place(self, table: str, token: str, field: str = "") -> bytes:
        return frame(self._ledger_id.bytes, table.encode(), token.encode(), field.encode(), DEK_VERSION)


async def aside(size: int, work: Callable[[], T]) -> T:
    """Do work of this size here, or in a thread when it would keep others waiting."""
    return work() if size < ASIDE_FROM else await asyncio.to_thread(work)
