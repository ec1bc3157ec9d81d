"""From an HTTP request to its operation and back: match, authenticate, check scope and rule, read, do, answer.

Pure ASGI. Every request passes the same steps in the same order, is bounded in time, and ends in exactly one reply: a
refusal as problem+json, a mistake of ours as a 500 without its stack, never with anything that was sent.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from hashlib import sha256
from typing import Any

import structlog
from pydantic import BaseModel, ValidationError

from aggregates.errors import LedgerError, Malformed, NotFound, Unavailable
from api.access import Caller, hidden
from api.ask import Ask, House, plain_number
from api.edge import (
    Disconnected,
    Receive,
    Scope,
    Send,
    checked_headers,
    must_close,
    new_request_id,
    query_fields,
    read_body,
)
from api.metrics import Metrics
from api.operation import BODY_BYTES_MAX, OPERATIONS, PUBLIC, Operation
from api.problems import (
    InternalError,
    KeyMissing,
    MethodNotAllowed,
    RequestTimeout,
    RouteNotFound,
    malformed,
    reply,
)
from api.rates import Rates
from api.reply import Parts, Reply, reply_headers, veiled
from api.strict_json import parse
from ledger.engine import Overloaded

log = structlog.get_logger("api")

REQUEST_LIMIT_S = 4.5
"""How long a request may take, its body included; then 408 if the body is not here, else 503."""

SEND_LIMIT_S = 30.0
"""How long a client may take to receive an answer that does not fit into the socket's buffer."""

BUFFERED_BYTES_MAX = 32 * 1024
"""Answers up to this length are handed over without waiting."""

SLOW_S = 1.0
"""Answers that took longer are logged even when all went well."""

IN_FLIGHT_MAX = 2_000
"""Requests handled at a time; beyond it 503 at once."""

NOBODY = Caller("", "", "", frozenset())
"""The caller of an operation that needs no key."""


KEY_MIN, KEY_MAX = 8, 255
"""Characters of an idempotency key."""


class Node:
    """One segment of the tree of paths."""

    __slots__ = ("methods", "named", "parameter", "segments")

    def __init__(self) -> None:
        self.segments: dict[str, Node] = {}
        self.parameter: Node | None = None
        self.named = ""
        self.methods: dict[str, Operation] = {}


def tree(operations: list[Operation]) -> Node:
    """Return the tree of the paths of these operations."""
    root = Node()
    for operation in operations:
        node = root
        for segment in operation.path.split("/")[1:]:
            if segment.startswith("{"):
                node.parameter = node.parameter or Node()
                node.parameter.named = segment[1:-1]
                node = node.parameter
            else:
                node = node.segments.setdefault(segment, Node())
        node.methods[operation.method] = operation
    return root


def match(root: Node, method: str, path: str) -> tuple[Operation, dict[str, str]]:
    """Return the operation of a path and the path's parameters; HEAD of what is open to everybody is a GET.

    Raises:
        RouteNotFound: no operation has this path. MethodNotAllowed: none has it with this method.
    """
    node: Node | None = root
    params: dict[str, str] = {}
    for segment in path.split("/")[1:]:
        assert node is not None
        found = node.segments.get(segment)
        if found is None and node.parameter is not None and segment:
            found = node.parameter
            params[found.named] = segment
        if found is None:
            raise RouteNotFound("there is no operation with this path; /docs lists all of them")
        node = found
    assert node is not None
    if not node.methods:
        raise RouteNotFound("there is no operation with this path; /docs lists all of them")
    methods = node.methods
    if (read := methods.get("GET")) is not None and read.scope == PUBLIC:
        methods = {**methods, "HEAD": read}  # Load balancers ask so whether a service lives.
    operation = methods.get(method)
    if operation is None:
        raise MethodNotAllowed("this path takes other methods", allowed=sorted(methods))
    return operation, params


class Dispatcher:
    """Answers every HTTP request.

    Attributes:
        in_flight: how many requests are being answered, here and on the fast lane.

    Args:
        house: what the routes work with. metrics: where requests are counted. rates: how often a key may ask; None =
            without bound.
    """

    def __init__(self, house: House, metrics: Metrics, rates: Rates | None) -> None:
        self._house = house
        self._metrics = metrics
        self._rates = rates
        self._root = tree([each for each in OPERATIONS if house.sandbox is not None or not each.sandbox])
        self.in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        began = time.perf_counter()
        visit = Visit(new_request_id())
        self.in_flight += 1
        try:
            answer = await self.replied(visit, self._handle(visit, scope, receive), REQUEST_LIMIT_S)
            if visit.caller.role == "sub":
                answer = veiled(answer)
        except Disconnected:
            return
        finally:
            self.in_flight -= 1
        if scope["method"] == "HEAD":
            await _send_head(send, answer, visit)
            await send({"type": "http.response.body", "body": b""})
        elif answer.parts is not None:
            await _send_parts(send, answer, answer.parts, visit)
        elif len(answer.body) <= BUFFERED_BYTES_MAX:
            await _send(send, answer, visit)
        else:
            async with asyncio.timeout(SEND_LIMIT_S):
                await _send(send, answer, visit)
        name = visit.operation.name if visit.operation else "none"
        seconds = time.perf_counter() - began
        self._metrics.count(name, answer.status, seconds)
        log_request(name, answer.status, seconds, visit.request_id, visit.caller.principal)

    async def replied(self, visit: Visit, work: Coroutine[Any, Any, Reply], limit_s: float) -> Reply:
        """Do the work for a reply; a refusal, a mistake of ours and a lack of time end in a reply, too.

        Raises:
            Disconnected: nobody waits for it any more.
        """
        try:
            async with asyncio.timeout(limit_s):
                return await work
        except NotFound as error:
            # A bound key is told the same of what is missing and of what is not its own.
            return reply(error if visit.caller.account_id is None else hidden(), visit.request_id)
        except LedgerError as error:
            return reply(error, visit.request_id)
        except TimeoutError:
            if visit.reading:
                slow = RequestTimeout(f"the body did not arrive within {REQUEST_LIMIT_S} seconds")
                return reply(slow, visit.request_id)
            return late(visit.request_id)
        except Disconnected:
            raise
        except Exception:
            log.exception("a request failed", request_id=visit.request_id)
            mistake = InternalError("the service made a mistake; it is logged under this request_id")
            return reply(mistake, visit.request_id)

    async def _handle(self, visit: Visit, scope: Scope, receive: Receive) -> Reply:
        if self.in_flight > IN_FLIGHT_MAX:
            raise Overloaded("too many requests are open; send it again", 1)
        headers = checked_headers(scope)
        visit.close = must_close(headers, BODY_BYTES_MAX)
        operation, params = match(self._root, scope["method"], scope["path"])
        visit.operation = operation
        await self._admit(visit, operation, params, headers, scope)
        key = _idempotency_key(operation, headers)
        visit.close = visit.reading = True
        raw_body = await read_body(receive, headers, operation.body_bytes_max, file=operation.file)
        visit.close = visit.reading = False
        arguments: dict[str, Any] = dict(params)
        fields = query_fields(scope["query_string"])
        if operation.query is not None:
            arguments["query"] = read_model(operation.query, fields, "the query")
        elif fields:
            raise Malformed("this operation takes no query")
        raw = None
        if operation.file:
            raw = {"sha256": sha256(raw_body).hexdigest()}
            arguments["file"] = raw_body
        elif operation.body is not None:
            raw = parse(raw_body, operation.items_max) if raw_body else {}
            arguments["body"] = read_model(operation.body, raw)
        elif raw_body:
            raw = parse(raw_body)
            if raw != {}:
                raise Malformed("this operation takes no body")
        if operation.headers:
            sent = {name: headers.get(name.encode()) for name in operation.headers}
            arguments["headers"] = {name: value.decode("latin-1") for name, value in sent.items() if value is not None}
        position = headers.get(b"ledger-min-position")
        min_position = None if position is None else plain_number(position, "Ledger-Min-Position")
        ask = Ask(self._house, operation, visit.caller, params, scope["path"], visit.request_id, key, raw, min_position)
        return await operation.handler(ask, **arguments)

    async def _admit(
        self, visit: Visit, operation: Operation, params: dict[str, str], headers: dict[bytes, bytes], scope: Scope
    ) -> None:
        """Let a caller through to an operation, or refuse: 401, 403, 429, 404 in this order."""
        if operation.scope == PUBLIC:
            return
        if operation.name == "metrics" and _from_loopback(scope) and b"authorization" not in headers:
            return
        visit.caller = await self._house.authenticator.caller(headers.get(b"authorization"))
        visit.caller.must(operation.scope)
        if self._rates is not None:
            self._rates.take(visit.caller, writes=operation.method != "GET")
        operation.rule(visit.caller, params)


def late(request_id: str) -> Reply:
    """Return what is said when the time for a request is over."""
    return reply(Unavailable("the ledger did not answer in time; send it again", 1), request_id)


def log_request(operation: str, status: int, seconds: float, request_id: str, principal: str) -> None:
    """Log a request: for everybody what was refused or took long; what was done stands in the facts under its id."""
    say = log.info if status >= 400 or seconds >= SLOW_S else log.debug
    say(
        "request",
        operation=operation,
        status=status,
        ms=round(seconds * 1000, 1),
        request_id=request_id,
        principal=principal,
    )


class Visit:
    """What is known of a request so far: for the log, and for the refusal if it ends early.

    Attributes:
        close: whether its connection ends with the answer, because its head is not sound or its body was not read.
        reading: whether its body is being waited for.
    """

    __slots__ = ("caller", "close", "operation", "reading", "request_id")

    def __init__(self, request_id: str) -> None:
        self.request_id = request_id
        self.caller = NOBODY
        self.operation: Operation | None = None
        self.close = True
        self.reading = False


def read_model(model: type[BaseModel], raw: Any, place: str = "the body") -> BaseModel:
    """Return what was sent as its model.

    Raises:
        Malformed: it does not fit; names the field and the rule, never what was sent.
    """
    try:
        made: BaseModel = model.__pydantic_validator__.validate_python(raw)
    except ValidationError as error:
        known = [field.alias or name for name, field in model.model_fields.items()]
        raise malformed(error, known, place) from None
    return made


def checked_key(text: str) -> str:
    """Return an idempotency key.

    Raises:
        Malformed: it is not 8 to 255 visible ASCII characters.
    """
    if not (KEY_MIN <= len(text) <= KEY_MAX and text.isascii() and text.isprintable() and " " not in text):
        raise Malformed("Idempotency-Key must be 8 to 255 visible ASCII characters", field="Idempotency-Key")
    return text


def _idempotency_key(operation: Operation, headers: dict[bytes, bytes]) -> str | None:
    given = headers.get(b"idempotency-key")
    if given is not None and operation.keyed is not None:
        return checked_key(given.decode("latin-1"))
    if operation.keyed:
        raise KeyMissing("send an Idempotency-Key: 8 to 255 visible ASCII characters, new for each new request")
    return None


def _from_loopback(scope: Scope) -> bool:
    client = scope.get("client")
    return client is not None and client[0] in ("127.0.0.1", "::1")


async def _send_parts(send: Send, answer: Reply, parts: Parts, visit: Visit) -> None:
    """Send a long body part by part; each has as long as a whole answer otherwise has.

    What goes wrong half way ends the connection: the client sees that its file is short.
    """
    try:
        await _send_head(send, answer, visit)
        async for part in parts.read():
            async with asyncio.timeout(SEND_LIMIT_S):
                await send({"type": "http.response.body", "body": part, "more_body": True})
    except (LedgerError, TimeoutError) as error:
        log.warning("a long answer broke off", request_id=visit.request_id, error=type(error).__name__)
        raise
    await send({"type": "http.response.body", "body": b""})


async def _send_head(send: Send, answer: Reply, visit: Visit) -> None:
    headers = reply_headers(answer, visit.request_id)
    if visit.close:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})


async def _send(send: Send, answer: Reply, visit: Visit) -> None:
    await _send_head(send, answer, visit)
    await send({"type": "http.response.body", "body": answer.body})
