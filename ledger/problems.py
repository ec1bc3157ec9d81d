"""How a refusal is written down: one table from kind to status, one pure function from error to bytes (RFC 9457).

The engine stores refusals under their key with exactly these bytes, and the HTTP face sends the same ones, so what is
written here may be extended but never changed: a replayed refusal must stay byte-equal. Imports errors and orjson only;
never sees a request, so it cannot echo one.
"""

from __future__ import annotations

from typing import Any

import orjson

from aggregates.errors import Conflict, LedgerError, Malformed, NotFound, Rejected, Unavailable

CONTENT_TYPE = "application/problem+json"

STATUSES: dict[type[LedgerError], int] = {
    Malformed: 400,
    NotFound: 404,
    Conflict: 409,
    Rejected: 422,
    Unavailable: 503,
}
"""Kind of error -> HTTP status. `api.problems` adds the kinds that only HTTP knows (401, 403, 413, ...)."""

MEMBERS = ("type", "title", "status", "code", "detail", "request_id")
"""Members of every problem body, in this order; figures follow and may not take these names."""


def status(error: type[LedgerError]) -> int:
    """Return the HTTP status of an error class: that of its nearest kind, 500 for a class without one."""
    for kind in error.__mro__:
        if kind in STATUSES:
            return STATUSES[kind]
    return 500


def public_name(figure: str) -> str:
    """Return the name of a figure in JSON: `remaining_minor` is `remaining` there, beside its currency."""
    return figure.removesuffix("_minor")


def problem(error: LedgerError, request_id: str) -> tuple[int, bytes]:
    """Write an error down as status and problem+json bytes; the same error and request id give the same bytes.

    Args:
        error: any refusal; its figures become members, `_minor` dropped from their names.
        request_id: the request that was refused, "req_...".

    Source: RFC 9457, docs/api.md (refusals).
    """
    code = error.code
    number = status(type(error))
    body: dict[str, Any] = {
        "type": f"/docs#{code}",
        "title": code.replace("_", " ").capitalize(),
        "status": number,
        "code": code,
        "detail": error.detail,
        "request_id": request_id,
    }
    for figure, value in error.figures.items():
        body.setdefault(public_name(figure), value)
    return number, orjson.dumps(body)
