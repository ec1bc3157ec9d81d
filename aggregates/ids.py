"""Public ids and the stream ids behind them.

A public id is a prefix people recognise, then the ledger's number, then 80 bits. What is born on an account (a charge,
a spend, a refund request, ...) is named after the account and the version of the fact that recorded it, so its account
and its first fact are found from the id alone, by primary key, at any age. What belongs to an account and has a stream
of its own from the start (an anniversary rule, a quote) has 60 bits drawn from its command's key in the place of the
version. A stream id is the uuid5 of the public id.
"""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID, uuid5

from aggregates.errors import NotFound

STREAMS = UUID("5f0c8e8e-6f0b-5b7e-9d5c-2d1f0b7a4c11")
"""Namespace of all stream ids of this product; changing it would orphan every stored stream."""

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_VALUES = {char: value for value, char in enumerate(ALPHABET)}
_PAIRS = tuple(high + low for high in ALPHABET for low in ALPHABET)
_PAIRS_COUNT = len(_PAIRS)
_PAIR_BITS = _PAIRS_COUNT - 1
CACHED_IDS_MAX = 50_000
"""How many parsed ids and stream ids are remembered, each about 300 bytes: hashing one again costs more than a fold."""

ROOTS = frozenset({"acc", "doc", "fil", "prd", "rmt", "tly"})
"""Prefixes of what belongs to no account but is one, or stands beside them."""

DRAWN_BITS = 60
"""Of the number in the place of a version, where no fact on the account gave birth."""

_LEDGER_CHARS = 2
_RANDOM_CHARS = 16
_STEM_CHARS = _LEDGER_CHARS + _RANDOM_CHARS
_PUBLIC = re.compile(rf"([a-z]{{3}})_([{ALPHABET}]{{{_STEM_CHARS}}})([{ALPHABET}]{{0,13}})", re.ASCII)


class PublicId(NamedTuple):
    """A parsed public id.

    Attributes:
        prefix: three letters, e.g. "acc" or "spd".
        account_id: public id of the account it belongs to (itself, for an account; means nothing for what is none).
        version: version of the fact on the account's stream that gave birth to it, or a drawn number; 0 for a root.
    """

    prefix: str
    account_id: str
    version: int


def encode(number: int, width: int = 0) -> str:
    """Write a number >= 0 in Crockford base 32, lower case, zero-padded to `width` characters."""
    chars = _PAIRS[number & _PAIR_BITS]
    while number >= _PAIRS_COUNT:
        number >>= 10
        chars = _PAIRS[number & _PAIR_BITS] + chars
    chars = chars.lstrip("0") or "0"
    return chars.rjust(width, "0") if width else chars


def decode(chars: str) -> int:
    """Read a number written by `encode`."""
    number = 0
    for char in chars:
        number = number * 32 + _VALUES[char]
    return number


def account_id(ledger_number: int, seed: bytes) -> str:
    """Return the account id of ledger `ledger_number` (0..1023) drawn from the first 80 bits of `seed`."""
    return root_id("acc", ledger_number, seed)


def root_id(prefix: str, ledger_number: int, seed: bytes) -> str:
    """Return the id of what belongs to no account, drawn from the first 80 bits of `seed`."""
    stem = encode(ledger_number, _LEDGER_CHARS) + encode(int.from_bytes(seed[:10], "big"), _RANDOM_CHARS)
    return f"{prefix}_{stem}"


def child_id(prefix: str, account_id: str, version: int) -> str:
    """Return the id of what fact `version` of `account_id` gave birth to, e.g. child_id("spd", ..., 7)."""
    return f"{prefix}_{account_id[4:]}{encode(version)}"


def named_id(prefix: str, ledger_number: int, name: str) -> str:
    """Return the id of what this ledger knows by a name of its own: a product by its sku."""
    return root_id(prefix, ledger_number, sha256(name.encode()).digest())


def drawn_child_id(prefix: str, account_id: str, seed: bytes) -> str:
    """Return the id of what belongs to `account_id` and was drawn from the first 60 bits of `seed`."""
    return child_id(prefix, account_id, int.from_bytes(seed[:8], "big") >> (64 - DRAWN_BITS))


@lru_cache(maxsize=CACHED_IDS_MAX)
def parse(public_id: str, prefix: str) -> PublicId:
    """Parse a public id of the kind `prefix`.

    Raises:
        NotFound: no id of that kind can look like this, so nothing has it.
    """
    match = _PUBLIC.fullmatch(public_id)
    if match is None or match.group(1) != prefix or bool(match.group(3)) == (prefix in ROOTS):
        raise NotFound(f"there is no such {prefix}_ id")
    return PublicId(prefix, f"acc_{match.group(2)}", decode(match.group(3)))


def account_of(child_id: str) -> str:
    """Return the account of an id that this ledger itself has made; unlike `parse`, it checks nothing."""
    return f"acc_{child_id[4 : 4 + _STEM_CHARS]}"


@lru_cache(maxsize=CACHED_IDS_MAX)
def stream_id(public_id: str) -> UUID:
    """Return the id of the stream that belongs to a public id."""
    return uuid5(STREAMS, public_id)


@lru_cache(maxsize=CACHED_IDS_MAX)
def account_stream(account_id: str) -> UUID:
    """Return the id of an account's stream. Raises: NotFound: no account can be called so."""
    parse(account_id, "acc")
    return stream_id(account_id)
