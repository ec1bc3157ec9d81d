"""API keys: their form, and who a request's key says is asking.

A key is `lk_{environment}_{id}_{secret}_{checksum}`: 256 random bits between an id that may be shown and a checksum by
which scanners (and we, before any look-up) know a key from noise. Only SHA-256 of the secret is stored; a slow hash
would guard nothing that has 256 bits. The operator's own bootstrap key is taken as given and named by its hash. What is
known of a key is kept for `FRESH_S`, so a revoked key stops working everywhere within five seconds.
"""

from __future__ import annotations

import asyncio
import hmac
import re
import secrets
import time
from collections.abc import Callable
from hashlib import sha256
from math import inf
from typing import NamedTuple
from zlib import crc32

from aggregates import ids
from aggregates.errors import Unavailable
from api.access import ROLES, Caller
from api.keystore import KeyRow, KeyStore
from api.problems import Unauthenticated

FRESH_S = 4.0
"""How long a key's row is believed before it is read again; below the five seconds in which a revocation must work."""

READ_LIMIT_S = 3.0
"""How long reading a key may take."""

KNOWN_MAX = 10_000
"""How many keys a process remembers."""

MISSES_PER_S = 200
"""How many unknown key ids are looked up in a second; guesses beyond it are refused without a look-up."""

KEY = re.compile(r"lk_(live|test)_([0-9a-z]{12})_([0-9A-Za-z_-]{43})_([0-9a-f]{8})", re.ASCII)
BOOTSTRAP = re.compile(r"[\x21-\x7e]{32,512}")
_BEARER = re.compile(rb"[Bb][Ee][Aa][Rr][Ee][Rr] +([\x21-\x7e]+)")


class Presented(NamedTuple):
    """A key as a caller presents it.

    Attributes:
        id: of the key. secret_hash: SHA-256 of its secret. environment: "live" or "test"; "" for a bootstrap key.
    """

    id: str
    secret_hash: bytes
    environment: str


def make(environment: str, key_id: str) -> tuple[str, bytes]:
    """Return a new key and the hash of its secret; the key itself is never stored."""
    secret = secrets.token_urlsafe(32)
    stem = f"lk_{environment}_{key_id}_{secret}"
    return f"{stem}_{crc32(stem.encode()):08x}", sha256(secret.encode()).digest()


def derived_id(material: bytes) -> str:
    """Return the 12-character key id that belongs to `material`."""
    return ids.encode(int.from_bytes(sha256(material).digest()[:8], "big") >> 4, 12)


def present(key: str) -> Presented:
    """Take a key apart.

    Raises:
        Unauthenticated: it is no key, or was cut short or mistyped.
    """
    match = KEY.fullmatch(key)
    if match is not None:
        environment, key_id, secret, checksum = match.groups()
        if f"{crc32(key[:-9].encode()):08x}" == checksum:
            return Presented(key_id, sha256(secret.encode()).digest(), environment)
    elif BOOTSTRAP.fullmatch(key) and not key.startswith("lk_"):
        return Presented(derived_id(key.encode()), sha256(key.encode()).digest(), "")
    raise Unauthenticated("the API key is not valid")


def bearer(header: bytes | None) -> str:
    """Return the key of an Authorization header.

    Raises:
        Unauthenticated: there is none.
    """
    match = _BEARER.fullmatch(header) if header is not None else None
    if match is None:
        raise Unauthenticated("send an API key: Authorization: Bearer <key>")
    return match.group(1).decode("ascii")


class _Known(NamedTuple):
    """A row as it was read, and until when it is believed (monotonic seconds)."""

    row: KeyRow | None
    until: float


class _Met(NamedTuple):
    """Who sent an Authorization header, as long as `known` is what is known of the key, and until then."""

    caller: Caller
    known: _Known
    until: float


class Authenticator:
    """Tells who a key belongs to.

    Args:
        store: the table of keys. environment: "live" or "test": keys of the other one are refused.
    """

    def __init__(self, store: KeyStore, environment: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._environment = environment
        self._monotonic = monotonic
        self._known: dict[str, _Known] = {}
        self._met: dict[bytes, _Met] = {}
        self._reading: dict[str, asyncio.Task[KeyRow | None]] = {}
        self._misses = (0, 0)

    def met(self, header: bytes | None) -> Caller | None:
        """Return who sent this very header a moment ago, if that is still believed; None = ask `caller`."""
        if header is None:
            return None
        met = self._met.get(sha256(header).digest())
        if met is None:
            return None
        caller, known, until = met
        # The row is the one that was checked, and nobody has forgotten or read it anew since.
        if until <= self._monotonic() or self._known.get(caller.principal[4:]) is not known:
            return None
        return caller

    async def caller(self, header: bytes | None) -> Caller:
        """Return who sent this Authorization header.

        Raises:
            Unauthenticated: no key, or none that is valid now; never says why.
            Unavailable: the keys cannot be read; nobody is let in on old knowledge.
        """
        met = self.met(header)
        if met is not None:
            return met
        presented = present(bearer(header))
        row = await self._row(presented.id)
        secret_hash = row.secret_hash if row is not None else bytes(32)
        right = hmac.compare_digest(secret_hash, presented.secret_hash)
        if row is None or not right or row.environment != (presented.environment or row.environment):
            raise Unauthenticated("the API key is not valid")
        left_s = inf if row.expires_at is None else (row.expires_at - self._store.now()).total_seconds()
        if row.environment != self._environment or row.revoked_at is not None or left_s <= 0:
            raise Unauthenticated("the API key is not valid")
        caller = caller_of(row)
        known = self._known.get(row.id)
        if header is not None and known is not None and known.row is row:
            if len(self._met) >= KNOWN_MAX:
                self._met.pop(next(iter(self._met)))
            self._met[sha256(header).digest()] = _Met(caller, known, min(known.until, self._monotonic() + left_s))
        return caller

    def forget(self, key_id: str) -> None:
        """Read a key again at its next use."""
        self._known.pop(key_id, None)

    async def _row(self, key_id: str) -> KeyRow | None:
        known = self._known.get(key_id)
        if known is not None and known.until > self._monotonic():
            return known.row
        reading = self._reading.get(key_id)
        if reading is None:
            if known is None and not self._may_look():
                raise Unauthenticated("the API key is not valid")
            reading = asyncio.create_task(self._read(key_id))
            self._reading[key_id] = reading
            reading.add_done_callback(lambda _: self._reading.pop(key_id, None))
        return await asyncio.shield(reading)

    async def _read(self, key_id: str) -> KeyRow | None:
        read_at = self._monotonic()
        try:
            async with asyncio.timeout(READ_LIMIT_S):
                row = await self._store.find(key_id)
        except TimeoutError:
            raise Unavailable("the keys cannot be read now; try again") from None
        if row is not None:
            if len(self._known) >= KNOWN_MAX:
                self._known.pop(next(iter(self._known)))
            self._known[key_id] = _Known(row, read_at + FRESH_S)
        else:
            self._known.pop(key_id, None)
        return row

    def _may_look(self) -> bool:
        second = int(self._monotonic())
        count = self._misses[1] + 1 if self._misses[0] == second else 1
        self._misses = (second, count)
        return count <= MISSES_PER_S


def caller_of(row: KeyRow) -> Caller:
    """Return the caller a stored key stands for: its role's scopes, narrowed by its own."""
    principal = f"key_{row.id}"
    scopes = ROLES[row.role]
    if row.scopes is not None:
        scopes &= frozenset(row.scopes)
    return Caller(principal, row.owner, row.role, scopes, row.account_id, row.member_id)
