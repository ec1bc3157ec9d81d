"""The refusals that only HTTP knows, and how any refusal becomes a reply. The bytes are made in `ledger.problems`.

Adds its kinds to the one table from kind to status. Never echoes what was sent: details name fields and rules only.
"""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from aggregates.errors import LedgerError, Malformed, NotFound, Unavailable
from api.reply import Reply
from ledger import problems


class Unauthenticated(LedgerError):
    """No API key, or one that is wrong, cut short, revoked, expired, or of another environment: never says which."""

    code = "unauthenticated"


class NotAllowed(LedgerError):
    """The key's role, or its own scopes, do not include this."""

    code = "not_allowed"


class MethodNotAllowed(LedgerError):
    """The path exists, the method does not."""

    code = "method_not_allowed"


class RequestTimeout(LedgerError):
    """The body did not arrive in time."""

    code = "request_timeout"


class TooLarge(LedgerError):
    """The body is longer than this operation takes."""

    code = "body_too_large"


class PathTooLong(LedgerError):
    """Path and query together are longer than any operation of this service needs."""

    code = "path_too_long"


class UnsupportedContent(LedgerError):
    """The body is not announced as JSON."""

    code = "content_type_unsupported"


class TooManyRequests(LedgerError):
    """The key has used up its requests for now."""

    code = "too_many_requests"

    def __init__(self, detail: str, retry_after_s: int = 1) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class HeadersTooLarge(LedgerError):
    """More headers, or longer ones, than any operation of this service needs."""

    code = "headers_too_large"


class InternalError(LedgerError):
    """A mistake of ours. It is in the log under the request id; what became of a write is told by its key."""

    code = "internal_error"


class RouteNotFound(NotFound):
    """No operation has this path."""

    code = "route_not_found"


class KeyMissing(Malformed):
    """A POST that changes something came without an Idempotency-Key."""

    code = "idempotency_key_missing"


_STATUSES: dict[type[LedgerError], int] = {
    Unauthenticated: 401,
    NotAllowed: 403,
    MethodNotAllowed: 405,
    RequestTimeout: 408,
    TooLarge: 413,
    PathTooLong: 414,
    UnsupportedContent: 415,
    TooManyRequests: 429,
    HeadersTooLarge: 431,
    InternalError: 500,
}
problems.STATUSES.update(_STATUSES)


def reply(error: LedgerError, request_id: str) -> Reply:
    """Return the reply that tells a caller about a refusal."""
    status, body = problems.problem(error, request_id)
    headers: tuple[tuple[bytes, bytes], ...] = ()
    if isinstance(error, (Unavailable, TooManyRequests)):
        headers = ((b"retry-after", str(error.retry_after_s).encode()),)
    elif status == 401:
        headers = ((b"www-authenticate", b'Bearer realm="ledger"'),)
    return Reply(status, body, headers, problems.CONTENT_TYPE.encode())


_RULES = {
    "missing": "is required",
    "int_type": "must be a JSON integer in minor units",
    "string_type": "must be a string",
    "bool_type": "must be true or false",
    "list_type": "must be an array",
    "tuple_type": "must be an array",
    "model_type": "must be an object",
    "dict_type": "must be an object",
}


def malformed(error: ValidationError, known: list[str], place: str = "the body") -> Malformed:
    """Say the first thing that is wrong with a body or a query, without a word of what was sent.

    Args:
        error: what pydantic found.
        known: names of the fields that would be taken.
        place: "the body" or "the query".
    """
    first: Any = error.errors(include_url=False, include_input=False, include_context=True)[0]
    if first["type"] == "extra_forbidden":
        return Malformed(f"{place} has a field that is not taken; taken are: {', '.join(known)}", known=known)
    field = ".".join(str(part) for part in first["loc"] if isinstance(part, int) or part in known)
    rule = _RULES.get(first["type"]) or first["msg"].removeprefix("Input ")
    return Malformed(f"{field or place} {rule}", field=field or None)
