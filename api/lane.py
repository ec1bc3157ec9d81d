"""The fast lane: requests of the usual kind, decided while they are read and answered when their commit is done.

A request belongs here when nothing about it needs a second look: a hot operation, plain headers once each, a service's
key that was let in a moment ago, a body that its model takes, warm accounts, a new idempotency key. Whatever else comes
is not refused here but left alone, and the dispatcher reads it from its first byte: every refusal of a request's form
has one place, and the lane takes nothing that the dispatcher would not. No task, timer or ASGI message per request.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from api import dispatch
from api.ask import Ask, House
from api.dispatch import Dispatcher, Visit, checked_key, read_model
from api.edge import HEADERS_MAX, new_request_id
from api.metrics import Metrics
from api.operation import OPERATIONS, Operation
from api.rates import UNBOUND_ROLES
from api.reply import Reply, of_outcome
from api.strict_json import parse
from ledger.command import Call, Command
from ledger.keys import Remembered
from ledger.pending import Verdict

Header = tuple[bytes, bytes]
Answer = Callable[[Reply, str], None]
"""Sends a reply, under this request id unless it has its own."""

WAYS_MAX = 20_000
"""How many targets are remembered, each about 700 bytes."""

_TARGET = re.compile(rb"/[0-9a-z_/-]{1,300}")
_JSON = frozenset({b"application/json", b"application/json; charset=utf-8"})
_UNUSUAL = frozenset({b"connection", b"expect", b"ledger-min-position", b"transfer-encoding", b"upgrade"})


class Way(NamedTuple):
    """Where a request goes: to this operation, under this path."""

    operation: Operation
    path: str
    params: dict[str, str]


class Lane:
    """Takes the usual requests for hot operations.

    Args:
        house: what the routes work with. dispatcher: answers all others, and finishes what does not go as usual.
        metrics: where requests are counted.
    """

    def __init__(self, house: House, dispatcher: Dispatcher, metrics: Metrics) -> None:
        self._house = house
        self._engine = house.engine
        self._dispatcher = dispatcher
        self._metrics = metrics
        self._open: deque[Turn] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._operations = {
            (len(segments), segments[1], *segments[2::2]): operation
            for operation in OPERATIONS
            if operation.hot
            for segments in [operation.path.split("/")]
        }

        self.way = lru_cache(maxsize=WAYS_MAX)(self._way)

    def _way(self, target: bytes) -> Way | None:
        """Return where a POST to this target goes if that is a hot operation; no path is escaped or has a query."""
        if _TARGET.fullmatch(target) is None:
            return None
        path = target.decode("ascii")
        segments = path.split("/")
        operation = self._operations.get((len(segments), segments[1], *segments[2::2]))
        if operation is None:
            return None
        return Way(operation, path, dict(zip(operation.params, segments[3::2], strict=True)))

    def enter(self, way: Way, headers: Sequence[Header], body: bytes, answer: Answer) -> bool:
        """Take a request that is here as a whole, and answer it later; False = leave it to the dispatcher.

        Args:
            headers: names in lower case. Together with the target they are within the bounds of `api.edge`.
            body: as long as Content-Length says.
        """
        dispatcher = self._dispatcher
        if dispatcher.in_flight >= dispatch.IN_FLIGHT_MAX:
            return False
        began = time.perf_counter()
        try:
            turn = self._decided(way, headers, body, answer, began)
        except Exception:
            # Nothing of it was done, or its key is remembered: the dispatcher says what is wrong with it.
            return False
        if turn is None:
            return False
        dispatcher.in_flight += 1
        self._open.append(turn)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(dispatch.REQUEST_LIMIT_S, self._sweep)
        turn.remembered.batch.when_settled(turn.settled)
        return True

    def _decided(self, way: Way, headers: Sequence[Header], body: bytes, answer: Answer, began: float) -> Turn | None:
        """Return the turn of a request that was decided; None, or any exception, when it is not of the usual kind."""
        operation, path, params = way
        sent = dict(headers)
        if (
            len(sent) != len(headers)
            or len(sent) > HEADERS_MAX
            or not sent.keys().isdisjoint(_UNUSUAL)
            or b"host" not in sent
            or sent.get(b"content-type") not in _JSON
            or sent.get(b"content-length") != b"%d" % len(body)
        ):
            return None
        caller = self._house.authenticator.met(sent.get(b"authorization"))
        # Whoever is counted, or must not see all of an answer, is not of the usual kind.
        if caller is None or caller.role not in UNBOUND_ROLES or operation.scope not in caller.scopes:
            return None
        operation.rule(caller, params)
        key = checked_key(sent[b"idempotency-key"].decode("ascii"))
        assert operation.body is not None, "a hot operation has a body"
        assert operation.build is not None, "a hot operation makes a command"
        raw = parse(body)
        model: Any = read_model(operation.body, raw)
        ask = Ask(self._house, operation, caller, params, path, new_request_id(), key, raw)
        if model.currency is not None and not ask.is_currency_of(params["account_id"], model.currency):
            return None
        command: Command = operation.build(ask, **params, body=model)
        call = ask.call(model)
        remembered = self._engine.decide_at_once(command, call)
        return None if remembered is None else Turn(self, operation, command, call, remembered, answer, began)

    def close(self, turn: Turn, reply: Reply) -> None:
        """Send a turn's answer, once."""
        if turn.answered:
            return
        turn.answered = True
        while self._open and self._open[0].answered:
            self._open.popleft()
        self._dispatcher.in_flight -= 1
        request_id = turn.call.request_id
        turn.answer(reply, request_id)
        seconds = time.perf_counter() - turn.began
        operation = turn.operation.name
        self._metrics.count(operation, reply.status, seconds)
        if reply.status >= 400 or seconds >= dispatch.SLOW_S:
            dispatch.log_request(operation, reply.status, seconds, request_id, turn.call.principal)

    async def again(self, turn: Turn) -> None:
        """Do a command whose first commit was not stored, in what is left of its time."""

        async def submit() -> Reply:
            return of_outcome(await self._engine.submit(turn.command, turn.call))

        visit = Visit(turn.call.request_id)
        left_s = dispatch.REQUEST_LIMIT_S - (time.perf_counter() - turn.began)
        self.close(turn, await self._dispatcher.replied(visit, submit(), max(left_s, 0.0)))

    def _sweep(self) -> None:
        """Answer what has taken too long; all have the same time, so the oldest is always first."""
        self._timer = None
        while self._open:
            turn = self._open[0]
            left_s = dispatch.REQUEST_LIMIT_S - (time.perf_counter() - turn.began)
            if left_s > 0:
                self._timer = asyncio.get_running_loop().call_later(left_s, self._sweep)
                return
            self.close(turn, dispatch.late(turn.call.request_id))


class Turn:
    """One request on the lane, between its decision and its answer."""

    __slots__ = ("_lane", "_task", "answer", "answered", "began", "call", "command", "operation", "remembered")

    def __init__(
        self,
        lane: Lane,
        operation: Operation,
        command: Command,
        call: Call,
        remembered: Remembered,
        answer: Answer,
        began: float,
    ) -> None:
        self._lane = lane
        self._task: asyncio.Task[None] | None = None
        self.operation = operation
        self.command = command
        self.call = call
        self.remembered = remembered
        self.answer = answer
        self.began = began
        self.answered = False

    def settled(self, verdict: Verdict) -> None:
        """Answer after the commit; when there was none, do the command again by the long way."""
        if self.answered:
            return
        if verdict is Verdict.COMMITTED:
            self._lane.close(self, of_outcome(self.remembered.outcome(replayed=False)))
        else:
            self._task = asyncio.get_running_loop().create_task(self._lane.again(self))
