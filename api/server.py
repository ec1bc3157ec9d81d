"""uvicorn, told to be strict: bounded headers, bounded waiting, no trust in forwarded addresses.

`GuardedProtocol` closes what a slow or endless client would keep open: a request's head must be complete within 10 s
and 24 kB, a connection that sends nothing is closed as well, and what cannot be parsed is refused as problem+json. It
offers a request that arrives in one piece to the fast lane; what the lane leaves goes the ASGI way, as all others do.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from aggregates.errors import LedgerError, Malformed
from api.app import LedgerApp
from api.edge import HEADER_BYTES_MAX, TARGET_BYTES_MAX, new_request_id
from api.lane import Way
from api.problems import HeadersTooLarge, PathTooLong, RequestTimeout
from api.reply import Reply, head_lines, lines
from ledger.problems import CONTENT_TYPE, problem

HEAD_LIMIT_S = 10.0
HEAD_BYTES_MAX = HEADER_BYTES_MAX + TARGET_BYTES_MAX
"""Request line and headers together; past it nothing more is parsed."""

KEEP_ALIVE_S = 30
CONNECTIONS_MAX = 4_000
STOP_LIMIT_S = 5


class GuardedProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 protocol with a bound on how long and how large a request's head may be, and a fast lane."""

    _head_bytes = 0
    _in_head = True
    _head_begun = False
    _head_timer: asyncio.TimerHandle | None = None
    _refused = False
    _chunk_bytes = 0
    _message_bytes = 0
    """No less than what the present request, target and head included, has brought so far."""

    _way: Way | None = None
    """Where the present request goes on the lane, while it is not known whether it is of the usual kind."""

    _body = b""
    idle_s: float = KEEP_ALIVE_S
    _idle_since = 0.0
    _idle_timer: asyncio.TimerHandle | None = None

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        app: Any = self.app
        self._lane = app.lane if isinstance(app, LedgerApp) else None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Give the first request its time."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clocks."""
        self._stop_timer()
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what arrives before the head is complete; refuse a head that grows past its bound."""
        if self._refused:
            return
        self._chunk_bytes = len(data)
        self._message_bytes += self._chunk_bytes
        if self._in_head:
            self._head_bytes += self._chunk_bytes
            # What arrives in one piece with the head may be body: only a head that is still open can be too long.
            if self._chunk_bytes > HEAD_BYTES_MAX and b"\r\n\r\n" not in data[:HEAD_BYTES_MAX]:
                self._refuse_head(in_target=b"\r\n" not in data[:HEAD_BYTES_MAX])
                return
        super().data_received(data)
        if self._way is not None and not self._refused:
            # Its body comes in pieces: the dispatcher knows how long to wait for them.
            self._go_on()
        if self._head_begun and not self._refused:
            if self._head_timer is None:
                self._await_head()
            if self._head_bytes > HEAD_BYTES_MAX:
                self._refuse_head(in_target=len(self.url) > TARGET_BYTES_MAX)

    def on_message_begin(self) -> None:
        """A new head begins."""
        self._in_head = self._head_begun = True
        self._message_bytes = self._chunk_bytes
        self.url = b""
        self.headers = []

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header."""
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """The head is complete: the operation's own limits take over."""
        self._in_head = self._head_begun = False
        self._head_bytes = 0
        self._stop_timer()
        before = cast("RequestResponseCycle | None", self.cycle)
        if (
            self._lane is not None
            and (before is None or before.response_complete)
            and not self.flow.write_paused
            and self.parser.get_method() == b"POST"
            and self.parser.get_http_version() == "1.1"
            and self.parser.should_keep_alive()
        ):
            self._way = self._lane.way(self.url)
        if self._way is None:
            self._go_on()

    def on_body(self, body: bytes) -> None:
        """Keep a part of a body."""
        if self._way is not None:
            self._body += body
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """A request is here as a whole, and the next bytes belong to the next head."""
        self._in_head = True
        if self._way is not None:
            if self._enter(self._way):
                return
            self._go_on()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Begin the next request that is here already; else the connection's idle time begins."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)
            return
        # One timer that looks when the connection was last busy, instead of a new one for each request.
        self._idle_since = self.loop.time()
        if self._idle_timer is None:
            self._idle_timer = self.loop.call_later(self.idle_s, self._end_idle)

    def _enter(self, way: Way) -> bool:
        """Offer a whole request to the lane; return whether it was taken."""
        if (
            self._lane is None
            or self._message_bytes > HEADER_BYTES_MAX
            or (self.limit_concurrency is not None and len(self.connections) >= self.limit_concurrency)
        ):
            return False
        cycle = LaneCycle(self)
        if not self._lane.enter(way, self.headers, self._body, cycle.answer):
            return False
        # uvicorn asks it whether the connection is busy; a request behind it waits, as behind any other.
        self.cycle = cast("RequestResponseCycle", cycle)
        self._way, self._body = None, b""
        return True

    def _go_on(self) -> None:
        """Let the present request go the ASGI way, with what has come of its body."""
        self._way, body, self._body = None, self._body, b""
        target, headers = self.url, self.headers
        super().on_message_begin()
        super().on_url(target)
        for name, value in headers:
            super().on_header(name, value)
        super().on_headers_complete()
        if body:
            super().on_body(body)

    def _end_idle(self) -> None:
        """Close a connection that was not asked anything for its time."""
        self._idle_timer = None
        if self.transport.is_closing():
            return
        left_s = self._idle_since + self.idle_s - self.loop.time()
        if not self.cycle.response_complete or self._head_begun:
            left_s = self.idle_s
        if left_s > 0:
            self._idle_timer = self.loop.call_later(left_s, self._end_idle)
        else:
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """Refuse what cannot be parsed."""
        self._refuse(Malformed("the request is not HTTP/1.1 as this service reads it"))

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(HEAD_LIMIT_S, self._head_late)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_late(self) -> None:
        self._head_timer = None
        if self._head_bytes:
            self._refuse(RequestTimeout(f"the request's head did not arrive within {HEAD_LIMIT_S:.0f} seconds"))
        elif not self.transport.is_closing():
            self.transport.close()

    def _refuse_head(self, *, in_target: bool) -> None:
        if in_target:
            bound = TARGET_BYTES_MAX
            self._refuse(PathTooLong(f"path and query may be {bound} bytes long", bytes_max=bound))
        else:
            bound = HEADER_BYTES_MAX
            self._refuse(HeadersTooLarge(f"headers may be {bound} bytes long in all", bytes_max=bound))

    def _refuse(self, error: LedgerError) -> None:
        """Answer with a refusal and close."""
        self._refused = True
        self._stop_timer()
        if self.transport.is_closing():
            return
        status, body = problem(error, new_request_id())
        head = (
            STATUS_LINE[status],
            b"content-type: " + CONTENT_TYPE.encode() + b"\r\n",
            b"content-length: " + str(len(body)).encode() + b"\r\n",
            b"connection: close\r\n\r\n",
            body,
        )
        self.transport.write(b"".join(head))
        self.transport.close()


class LaneCycle:
    """A request on the lane, as far as uvicorn needs to know of it: whether its connection is busy, and may stay open.

    Attributes:
        message_event: nobody waits for it.
    """

    __slots__ = ("_protocol", "disconnected", "keep_alive", "response_complete")

    message_event = asyncio.Event()

    def __init__(self, protocol: GuardedProtocol) -> None:
        self._protocol = protocol
        self.disconnected = False
        self.keep_alive = True
        self.response_complete = False

    def answer(self, reply: Reply, request_id: str) -> None:
        """Send the reply."""
        self.response_complete = True
        protocol = self._protocol
        transport = protocol.transport
        if self.disconnected or transport.is_closing():
            return
        closing = b"" if self.keep_alive else b"connection: close\r\n"
        common = lines(protocol.server_state.default_headers)
        head = STATUS_LINE[reply.status] + common + head_lines(reply, request_id) + closing
        transport.write(head + b"\r\n" + reply.body)
        if not self.keep_alive:
            transport.close()
        protocol.on_response_complete()


def server_config(app: FastAPI, *, host: str = "127.0.0.1", port: int = 8000, **more: Any) -> uvicorn.Config:
    """Return the configuration under which the service is served.

    Args:
        app: what is served. host, port: where it listens.
        more: passed on to uvicorn, e.g. `fd` or `uds`.
    """
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        http=GuardedProtocol,
        loop="uvloop",
        ws="none",
        lifespan="on",
        proxy_headers=False,
        server_header=False,
        date_header=True,
        access_log=False,
        log_config=None,
        limit_concurrency=CONNECTIONS_MAX,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=STOP_LIMIT_S,
        **more,
    )
