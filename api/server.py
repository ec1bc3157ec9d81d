"""uvicorn, told to be strict: bounded headers, bounded waiting, no trust in forwarded addresses.

`GuardedProtocol` closes what a slow or endless client would keep open: a request's head must be complete within 10 s
and 24 kB, a connection that sends nothing is closed as well, and what cannot be parsed is refused as problem+json.
"""

from __future__ import annotations

import asyncio
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from aggregates.errors import LedgerError, Malformed
from api.edge import HEADER_BYTES_MAX, TARGET_BYTES_MAX, new_request_id
from api.problems import HeadersTooLarge, PathTooLong, RequestTimeout
from ledger.problems import CONTENT_TYPE, problem

HEAD_LIMIT_S = 10.0
HEAD_BYTES_MAX = HEADER_BYTES_MAX + TARGET_BYTES_MAX
"""Request line and headers together; past it nothing more is parsed."""

KEEP_ALIVE_S = 30
CONNECTIONS_MAX = 4_000
STOP_LIMIT_S = 5


class GuardedProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 protocol with a bound on how long and how large a request's head may be."""

    _head_bytes = 0
    _in_head = True
    _head_timer: asyncio.TimerHandle | None = None
    _refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Give the first request its time."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what arrives before the head is complete; refuse a head that grows past its bound."""
        if self._refused:
            return
        if self._in_head:
            if self._head_timer is None:
                self._await_head()
            self._head_bytes += len(data)
            # What arrives in one piece with the head may be body: only a head that is still open can be too long.
            if len(data) > HEAD_BYTES_MAX and b"\r\n\r\n" not in data[:HEAD_BYTES_MAX]:
                self._refuse_head(in_target=b"\r\n" not in data[:HEAD_BYTES_MAX])
                return
        super().data_received(data)
        if self._in_head and self._head_bytes > HEAD_BYTES_MAX and not self._refused:
            self._refuse_head(in_target=len(self.url) > TARGET_BYTES_MAX)

    def on_message_begin(self) -> None:
        """A new head begins."""
        self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head is complete: the operation's own limits take over."""
        self._in_head = False
        self._head_bytes = 0
        self._stop_timer()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The next bytes belong to the next head."""
        super().on_message_complete()
        self._in_head = True

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
