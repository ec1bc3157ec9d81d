"""The vault: personal data, apart from the ledger, so that a person can be forgotten and the facts stay as they are.

Facts hold tokens. Behind a token lie fields, each sealed under a key of that one subject, and that key wrapped by the
key file's. Erasing deletes the rows; what copies of them are worth without the key file is nothing. Never logs a value.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import date
from typing import Any
from uuid import UUID

import psycopg
from psycopg.sql import SQL, Composed, Identifier

from aggregates.dates import business_date
from aggregates.errors import Conflict, NotFound, Unavailable
from ledger.clock import Clock, SystemClock
from ledger.database import Database, connect, connect_async
from ledger.kek import KEY_BYTES, Kek, SealBroken, frame, load_kek, seal, unseal
from ledger.recall import KeyReused
from ledger.settings import Settings

DEK_VERSION = b"1"
MASK = "***"
SHOWN_DIGITS = 4
MASKED_LENGTH_MIN = 8
"""Shorter numbers are masked whole: of a number of six digits, four would be too many to show."""

PAYOUT_BASIS = "Electronic Financial Transactions Act art. 22: records of transactions, 5 years"
PAYOUT_YEARS = 5


class SubjectNotFound(NotFound):
    """Nothing lies behind the token; it may have been erased."""

    code = "subject_not_found"


class SubjectHeld(Conflict):
    """The subject may not be erased now, because a legal hold lies on it."""

    code = "subject_held"


class VaultUnavailable(Unavailable):
    """The vault's database cannot be reached."""

    code = "vault_unavailable"


class Vault:
    """Personal data by token. Each call connects for itself: such calls are rare, and nothing stays open between."""

    def __init__(self, address: str, schema: str, ledger_id: UUID, kek: Kek, clock: Clock | None = None) -> None:
        """Name the vault; nothing happens before the first call.

        Args:
            address: of the vault's database, under the role that uses it.
            schema: of its tables.
            ledger_id: which ledger's subjects they are; a subject does not open in another ledger's name.
            kek: what wraps the subjects' keys.
            clock: None = the machine's.
        """
        self._address = address
        self._schema = schema
        self._ledger_id = ledger_id
        self._kek = kek
        self._clock = clock or SystemClock()

    def request_hash(self, method: str, path: str, body: bytes) -> str:
        """Return the keyed mark of a request; see `Kek.request_hash`."""
        return self._kek.request_hash(method, path, body)

    async def put_destination(self, principal: str, key: str, *, account_number: str, holder: str) -> str:
        """Keep where a refund shall go; return its token. The same call again returns the same token and keeps nothing.

        Args:
            principal: scope of the idempotency key.
            key: the request's idempotency key.

        Raises:
            KeyReused: the key came with another destination before.
            VaultUnavailable: the database cannot be reached.

        Source: SPEC R-083.
        """
        token = self._kek.token("dst", principal, key)
        today = business_date(self._clock.now())
        # A year of the law ends with its day; 29 February ends with the 28th.
        retain_until = date(today.year + PAYOUT_YEARS, today.month, min(today.day, 28 if today.month == 2 else 31))
        fields = {"account_number": account_number, "holder": holder}
        await self.put(token, fields, legal_basis=PAYOUT_BASIS, retain_until=retain_until)
        return token

    async def put(self, token: str, fields: Mapping[str, str], *, legal_basis: str, retain_until: date) -> None:
        """Keep a subject's fields. What lies behind the token already is left as it is.

        Args:
            token: drawn by `Kek.token`.
            fields: name -> value.
            legal_basis: the law that lets us keep them.
            retain_until: last day on which they are kept.

        Raises:
            KeyReused: other fields lie behind the token.
            SealBroken: what lies there does not open.
            VaultUnavailable: the database cannot be reached.
        """
        dek = os.urandom(KEY_BYTES)
        nonce, wrapped = self._kek.wrap(dek, self._place("subject", token))
        async with self._connected() as connection, connection.transaction():
            made = await connection.execute(
                self._sql(
                    "INSERT INTO {s}.subject (token, dek_wrapped, nonce, kek_id, created_at)"
                    " VALUES (%s, %s, %s, %s, %s) ON CONFLICT (token) DO NOTHING RETURNING token"
                ),
                (token, wrapped, nonce, self._kek.id, self._clock.now()),
            )
            if await made.fetchone() is None:
                if await self._open(connection, token) != dict(fields):
                    raise KeyReused("Idempotency-Key was used for another request; a new request needs a new key")
                return
            for field, value in fields.items():
                nonce, ciphertext = seal(dek, value.encode(), self._place("item", token, field))
                await connection.execute(
                    self._sql(
                        "INSERT INTO {s}.item (token, field, ciphertext, nonce, legal_basis, retain_until)"
                        " VALUES (%s, %s, %s, %s, %s, %s)"
                    ),
                    (token, field, ciphertext, nonce, legal_basis, retain_until),
                )

    async def get(self, token: str) -> dict[str, str]:
        """Return a subject's fields in clear. Whoever calls this has to have been allowed to, and has to be on record.

        Raises:
            SubjectNotFound: nothing lies behind the token.
            SealBroken: something there was altered or moved, or the key file is another one.
            VaultUnavailable: the database cannot be reached.
        """
        async with self._connected() as connection:
            return await self._open(connection, token)

    async def masked(self, token: str) -> str:
        """Return the account number behind a token with all but its last digits hidden; "***" when it is erased.

        Raises:
            SealBroken: something there was altered or moved, or the key file is another one.
            VaultUnavailable: the database cannot be reached.
        """
        return (await self.masked_all([token]))[token]

    async def masked_all(self, tokens: Iterable[str]) -> dict[str, str]:
        """Return the masked account numbers behind many tokens, over one connection. Raises as `masked`."""
        found = dict.fromkeys(tokens, MASK)
        async with self._connected() as connection:
            for token in found:
                try:
                    fields = await self._open(connection, token)
                except SubjectNotFound:
                    continue
                found[token] = mask(fields.get("account_number", ""))
        return found

    async def erase(self, token: str) -> bool:
        """Forget a subject: delete its key and its fields. Returns whether there was anything to forget.

        Raises:
            SubjectHeld: a legal hold lies on one of its fields.
            VaultUnavailable: the database cannot be reached.
        """
        async with self._connected() as connection, connection.transaction():
            held = await connection.execute(self._sql("SELECT FROM {s}.item WHERE token = %s AND hold"), (token,))
            if await held.fetchone() is not None:
                raise SubjectHeld("A legal hold lies on this subject; it can be erased when the hold is lifted")
            gone = await connection.execute(self._sql("DELETE FROM {s}.subject WHERE token = %s"), (token,))
            return gone.rowcount == 1

    async def _open(self, connection: psycopg.AsyncConnection, token: str) -> dict[str, str]:
        found = await connection.execute(
            self._sql(
                "SELECT s.dek_wrapped, s.nonce, s.kek_id, i.field, i.ciphertext, i.nonce"
                " FROM {s}.subject s JOIN {s}.item i USING (token) WHERE s.token = %s ORDER BY i.field"
            ),
            (token,),
        )
        rows: list[tuple[Any, ...]] = await found.fetchall()
        if not rows:
            raise SubjectNotFound("Nothing is kept behind this token")
        wrapped, nonce, kek_id = rows[0][:3]
        if kek_id != self._kek.id:
            raise SealBroken(f"the subject's key was wrapped by key {kek_id}; the key file holds {self._kek.id}")
        dek = self._kek.unwrap(nonce, wrapped, self._place("subject", token))
        return {
            field: unseal(dek, nonce, ciphertext, self._place("item", token, field)).decode()
            for _, _, _, field, ciphertext, nonce in rows
        }

    def _place(self, table: str, token: str, field: str = "") -> bytes:
        return frame(self._ledger_id.bytes, table.encode(), token.encode(), field.encode(), DEK_VERSION)

    def _sql(self, statement: str) -> Composed:
        return SQL(statement).format(s=Identifier(self._schema))

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[psycopg.AsyncConnection]:
        try:
            async with await connect_async(self._address) as connection:
                yield connection
        except psycopg.OperationalError as error:
            raise VaultUnavailable(
                "The vault cannot be reached; send the same request again with the same key"
            ) from error


def open_vault(settings: Settings, database: Database, clock: Clock | None = None) -> Vault:
    """Return the vault of a ledger.

    Raises:
        KekUnusable: there is no usable key file.
        psycopg.Error: the ledger's database cannot be asked for the ledger's id.
    """
    query = SQL("SELECT ledger_id FROM {}.ledger_identity").format(Identifier(database.schema))
    with connect(database.app) as connection:
        (ledger_id,) = connection.execute(query).fetchone() or (UUID(int=0),)
    return Vault(database.vault, database.schema, ledger_id, load_kek(settings), clock)


def mask(number: str) -> str:
    """Return a number with all but its last four characters hidden: ***-***-6789. A short one is hidden whole."""
    plain = "".join(character for character in number if character.isalnum())
    return f"{MASK}-{MASK}-{plain[-SHOWN_DIGITS:]}" if len(plain) >= MASKED_LENGTH_MIN else MASK
