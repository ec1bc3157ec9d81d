"""What goes back to a caller: status, bytes, headers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any, NamedTuple

import orjson

from ledger.command import Outcome

JSON = b"application/json"


class Parts(NamedTuple):
    """A body that is too long to be in memory as a whole.

    Attributes:
        length: in bytes. read: yields it, part by part.
    """

    length: int
    read: Callable[[], AsyncIterator[bytes]]


class Reply(NamedTuple):
    """One answer, ready to send.

    Attributes:
        status: HTTP status.
        body: exact bytes.
        headers: beside content type, length and request id; names in lower case.
        content_type: of the body.
        request_id: of the request that was answered first, in a replay; else "".
        parts: what is sent in the place of `body`; None where there is nothing long.
    """

    status: int
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()
    content_type: bytes = JSON
    request_id: str = ""
    parts: Parts | None = None


ALWAYS = ((b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"))
"""Headers that every reply has."""


def reply_headers(reply: Reply, request_id: str) -> list[tuple[bytes, bytes]]:
    """Return all headers of a reply to the request `request_id`, unless the reply has its own."""
    return [
        (b"content-type", reply.content_type),
        (b"content-length", b"%d" % (reply.parts.length if reply.parts else len(reply.body))),
        (b"x-request-id", (reply.request_id or request_id).encode()),
        *ALWAYS,
        *reply.headers,
    ]


def lines(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return headers as they go over the wire."""
    written = b""
    for header in headers:
        written += b"%b: %b\r\n" % header
    return written


_HEAD = b"content-type: %b\r\ncontent-length: %d\r\nx-request-id: %b\r\n" + lines(ALWAYS) + b"%b"


def head_lines(reply: Reply, request_id: str) -> bytes:
    """Return `reply_headers` as they go over the wire."""
    request_id = reply.request_id or request_id
    return _HEAD % (reply.content_type, len(reply.body), request_id.encode(), lines(reply.headers))


def position_header(position: int) -> tuple[bytes, bytes]:
    """Return the header that tells up to where a write reached, or a read has seen."""
    return (b"ledger-position", b"%d" % position)


def of_outcome(outcome: Outcome) -> Reply:
    """Return what became of a command, as the first answer was: same status, bytes, position and request id."""
    content_type = JSON if outcome.status < 400 else b"application/problem+json"
    headers: tuple[tuple[bytes, bytes], ...] = (position_header(outcome.position),)
    if outcome.replayed:
        headers += ((b"idempotent-replayed", b"true"),)
    return Reply(outcome.status, outcome.body, headers, content_type, outcome.request_id)


HIDDEN_FROM_SUB = ("balance", "available")
"""Figures of the master that a sub-member's answers leave out: a sub sees itself alone (docs/api.md)."""


def veiled(reply: Reply) -> Reply:
    """Return a reply to a sub-member without what is its master's; the same reply always gives the same bytes."""
    if reply.content_type != JSON:
        return reply
    body = orjson.loads(reply.body)
    for figure in HIDDEN_FROM_SUB:
        body.pop(figure, None)
    return reply._replace(body=orjson.dumps(body))


def of_view(body: Any, position: int, status: int = 200) -> Reply:
    """Return something read, with the position it was seen at."""
    return Reply(status, orjson.dumps(body), (position_header(position),))
