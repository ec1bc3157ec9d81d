"""The table of API keys: rows in, rows out. Keys are configuration, not money, so they are rows and not facts."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

COLUMNS = (
    "id, secret_hash, role, scopes, account_id, member_id, owner, environment,"
    " created_at, created_by, expires_at, revoked_at, revoked_by"
)

BOOTSTRAP = "bootstrap"
"""`created_by` of the operator's own first key."""


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A stored key.

    Attributes:
        id: 12 characters, shown to people; "key_" + id is the principal.
        secret_hash: SHA-256 of the secret.
        role: one of `api.access.ROLES`. scopes: what the key keeps of its role; None = all.
        account_id, member_id: what a master's or sub's key is bound to; None otherwise.
        owner: opaque person behind the key; its principal where not told.
        environment: "live" or "test".
        expires_at: None = never (the operator's own first key).
        created_by, revoked_by: principals.
    """

    id: str
    secret_hash: bytes
    role: str
    scopes: list[str] | None
    account_id: str | None
    member_id: str | None
    owner: str
    environment: str
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None = None
    revoked_by: str | None = None


Reader = Callable[[], AbstractAsyncContextManager[psycopg.AsyncConnection[Any]]]
"""Lends a connection whose search path is the ledger's schema; raises Unavailable."""


def system_now() -> datetime:
    """Return the machine's own time: a key's life is not moved by the sandbox's clock."""
    return datetime.now(UTC)


class KeyStore:
    """Reads and writes keys.

    Args:
        connect: lends a connection for one statement. now: the machine's clock.
    """

    def __init__(self, connect: Reader, now: Callable[[], datetime] = system_now) -> None:
        self._connect = connect
        self.now = now

    async def find(self, key_id: str) -> KeyRow | None:
        """Return a key by its id."""
        rows = await self._rows(f"SELECT {COLUMNS} FROM ledger_api_keys WHERE id = %s", (key_id,))
        return rows[0] if rows else None

    async def page(self, before: tuple[datetime, str] | None, limit: int) -> list[KeyRow]:
        """Return keys, newest first, after the one named by (created_at, id)."""
        if before is None:
            query = f"SELECT {COLUMNS} FROM ledger_api_keys ORDER BY created_at DESC, id DESC LIMIT %s"
            return await self._rows(query, (limit,))
        query = (
            f"SELECT {COLUMNS} FROM ledger_api_keys WHERE (created_at, id) < (%s, %s)"
            " ORDER BY created_at DESC, id DESC LIMIT %s"
        )
        return await self._rows(query, (*before, limit))

    async def add(self, row: KeyRow) -> bool:
        """Store a new key; False when its id is taken (nothing is changed then)."""
        values = tuple(getattr(row, name) for name in COLUMNS.split(", "))
        marks = ", ".join(["%s"] * len(values))
        query = (
            f"INSERT INTO ledger_api_keys ({COLUMNS}) VALUES ({marks}) ON CONFLICT (id) DO NOTHING RETURNING {COLUMNS}"
        )
        return bool(await self._rows(query, values))

    async def revoke(self, key_id: str, by: str) -> KeyRow | None:
        """Revoke a key; one that was revoked before stays as it is. Returns the key; None when there is none."""
        query = (
            "UPDATE ledger_api_keys SET revoked_at = coalesce(revoked_at, %s), revoked_by = coalesce(revoked_by, %s)"
            f" WHERE id = %s RETURNING {COLUMNS}"
        )
        rows = await self._rows(query, (self.now(), by, key_id))
        return rows[0] if rows else None

    async def has_bootstrap_key(self) -> bool:
        """Say whether a first key of the operator's own was ever taken."""
        return bool(
            await self._rows(f"SELECT {COLUMNS} FROM ledger_api_keys WHERE created_by = %s LIMIT 1", (BOOTSTRAP,))
        )

    async def _rows(self, query: str, values: tuple[Any, ...]) -> list[KeyRow]:
        async with self._connect() as connection, connection.cursor(row_factory=class_row(KeyRow)) as cursor:
            await cursor.execute(query.encode(), values)
            return await cursor.fetchall()
