"""The outermost layer: what a request must look like before anybody reads it, and how its body is read.

Limits are held while reading, not after. Pure functions on headers and on the ASGI channel; no rule of money is here.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

from aggregates.errors import Malformed
from api.problems import HeadersTooLarge, PathTooLong, TooLarge, UnsupportedContent
from api.strict_json import unfit

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

HEADERS_MAX = 100
HEADER_BYTES_MAX = 16 * 1024
TARGET_BYTES_MAX = 8 * 1024
QUERY_FIELDS_MAX = 20
SINGLE_HEADERS = frozenset(
    {
        b"authorization",
        b"host",
        b"content-length",
        b"content-type",
        b"transfer-encoding",
        b"idempotency-key",
        b"ledger-min-position",
        b"webhook-id",
        b"webhook-timestamp",
        b"webhook-signature",
    }
)
"""Headers of which two would mean two things to two readers."""


class Disconnected(Exception):
    """The client went away before its body had arrived."""


_PROCESS = os.urandom(8).hex()
"""Tells the requests of this process from those of all others."""

_numbers = itertools.count(1)


def new_request_id() -> str:
    """Return a name for a request that nobody else has."""
    return f"req_{_PROCESS}{next(_numbers):08x}"


def checked_headers(scope: Scope) -> dict[bytes, bytes]:
    """Return the headers that this service reads, by lower-case name, after checking all of them.

    Raises:
        PathTooLong: path and query exceed 8 kB. HeadersTooLarge: more than 100 headers, or than 16 kB of them.
        Malformed: one of `SINGLE_HEADERS` came twice, or Host is missing.

    Source: docs/decisions/0007, docs/api.md (bounds).
    """
    if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > TARGET_BYTES_MAX:
        raise PathTooLong(f"path and query may be {TARGET_BYTES_MAX} bytes long", bytes_max=TARGET_BYTES_MAX)
    headers = scope["headers"]
    if len(headers) > HEADERS_MAX:
        raise HeadersTooLarge(f"a request may have {HEADERS_MAX} headers", headers_max=HEADERS_MAX)
    found: dict[bytes, bytes] = {}
    size = 0
    for name, value in headers:
        size += len(name) + len(value)
        if name in SINGLE_HEADERS:
            if name in found:
                raise Malformed(f"the header {name.decode().title()} may be sent only once")
            found[name] = value
    if size > HEADER_BYTES_MAX:
        raise HeadersTooLarge(f"headers may be {HEADER_BYTES_MAX} bytes long in all", bytes_max=HEADER_BYTES_MAX)
    if b"host" not in found:
        raise Malformed("the header Host is required")
    return found


def body_bytes(headers: dict[bytes, bytes]) -> int | None:
    """Return the length of the body that the headers announce; None for a chunked one.

    Raises:
        Malformed: Content-Length is no plain number.
    """
    if b"transfer-encoding" in headers:
        return None
    length = headers.get(b"content-length", b"0")
    if not (length.isdigit() and len(length) <= 18):
        raise Malformed("Content-Length must be a plain number")
    return int(length)


async def read_body(receive: Receive, headers: dict[bytes, bytes], bytes_max: int, *, file: bool = False) -> bytes:
    """Read a whole body, up to `bytes_max`; b"" when there is none.

    Args:
        file: it is a file, whatever it is announced as: its own bytes tell what it is.

    Raises:
        TooLarge: it is longer; as soon as that is known.
        UnsupportedContent: it is not announced as JSON. Disconnected: the client went away.
    """
    announced = body_bytes(headers)
    if announced == 0:
        return b""
    too_large = TooLarge(f"the body may be {bytes_max} bytes long", bytes_max=bytes_max)
    if announced is not None and announced > bytes_max:
        raise too_large
    kind = headers.get(b"content-type", b"").lower().replace(b" ", b"")
    if not file and kind not in (b"application/json", b"application/json;charset=utf-8"):
        raise UnsupportedContent("send the body as JSON: Content-Type: application/json")
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise Disconnected
        part = message.get("body", b"")
        size += len(part)
        if size > bytes_max:
            raise too_large
        parts.append(part)
        if not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)


def must_close(headers: dict[bytes, bytes], bytes_max: int) -> bool:
    """Say whether a body is too long, or of unknown length, to be read past on this connection. Raises: Malformed."""
    announced = body_bytes(headers)
    return announced is None or announced > bytes_max


def query_fields(query_string: bytes) -> dict[str, str]:
    """Return the fields of a query.

    Raises:
        Malformed: it cannot be decoded, a field comes twice or holds control characters, or there are too many.
    """
    if not query_string:
        return {}
    try:
        pairs = parse_qsl(
            query_string.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=QUERY_FIELDS_MAX,
        )
    except ValueError:
        raise Malformed("the query must be name=value pairs in UTF-8, percent-encoded") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise Malformed("the query names a field twice")
    if any(unfit(name) or unfit(value) for name, value in pairs):
        raise Malformed("the query may not hold control or bidi control characters")
    return fields
