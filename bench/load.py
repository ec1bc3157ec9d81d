"""The load generator: a process of its own that sends requests over a number of connections and counts the answers.

Started once, as `python -m bench.load`; reads one order a line from stdin and writes one result a line to stdout, both
JSON. It parses no more of an answer than it must, so that it is never what is measured.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import sys
import time
from collections import deque
from typing import Any, cast

import orjson
import uvloop

TICK_S = 0.001
DRAIN_LIMIT_S = 10.0
LATENCIES_MAX = 200_000


class Order:
    """What to send.

    Attributes:
        paths: connection i asks for paths[i % len(paths)]. batch: commands per request; 1 = single ones.
        rate: requests a second, whether or not earlier ones were answered in time; 0 = as fast as they are answered.
    """

    def __init__(self, fields: dict[str, Any]) -> None:
        self.port: int = fields["port"]
        self.connections: int = fields["connections"]
        self.seconds: float = fields["seconds"]
        self.paths: list[str] = fields["paths"]
        self.accounts: list[str] = fields.get("accounts", [])
        self.batch: int = fields.get("batch", 1)
        self.rate: float = fields.get("rate", 0)
        self.key_prefix: str = fields["key_prefix"]
        self._bearer: str = fields["bearer"]
        self._numbers = itertools.count(1)

    def request(self, connection: int) -> bytes:
        """Return the bytes of the next request, under a key that nobody has used."""
        key = f"{self.key_prefix}-{next(self._numbers):09d}"
        body = b'{"amount":100}' if self.batch == 1 else self._batch(key)
        return (
            f"POST {self.paths[connection % len(self.paths)]} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Authorization: Bearer {self._bearer}\r\nIdempotency-Key: {key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode() + body

    def _batch(self, key: str) -> bytes:
        size = len(self.accounts)
        items = [
            {"op": "spend", "key": f"{key}-{item}", "account_id": self.accounts[item % size], "amount": 100}
            for item in range(self.batch)
        ]
        return orjson.dumps({"mode": "continue", "items": items})


class Tally:
    """What became of an order."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.answered = 0
        self.failed = 0
        self.first_failure = ""
        self.latencies_ms: list[float] = []
        self.seen: list[tuple[int, float]] = []
        self.until = time.monotonic() + order.seconds
        self.idle: deque[Client] = deque()


class Client(asyncio.Protocol):
    """One connection: a request, its answer, the next request."""

    transport: asyncio.Transport

    def __init__(self, tally: Tally, number: int, done: asyncio.Future[None]) -> None:
        self.tally = tally
        self.number = number
        self.done = done
        self.buffer = b""
        self.sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin at once, or when the pace says so."""
        self.transport = cast("asyncio.Transport", transport)
        self._go_on()

    def connection_lost(self, exc: Exception | None) -> None:
        """A connection that ends by itself has failed."""
        if not self.done.done():
            self.tally.failed += 1
            self.tally.first_failure = self.tally.first_failure or f"connection lost: {exc!r}"
            self.done.set_result(None)

    def send(self) -> None:
        """Send the next request."""
        self.sent_at = time.monotonic()
        self.transport.write(self.tally.order.request(self.number))

    def data_received(self, data: bytes) -> None:
        """Count an answer once it is complete."""
        self.buffer = self.buffer + data if self.buffer else data
        head_end = self.buffer.find(b"\r\n\r\n")
        if head_end < 0:
            return
        head = self.buffer[:head_end].lower()
        if len(self.buffer) < head_end + 4 + _number(head, b"content-length:"):
            return
        now, tally = time.monotonic(), self.tally
        if self.buffer[9:10] == b"2":
            tally.answered += 1
        else:
            tally.failed += 1
            tally.first_failure = tally.first_failure or self.buffer[:600].decode("latin-1")
        if len(tally.latencies_ms) < LATENCIES_MAX:
            tally.latencies_ms.append((now - self.sent_at) * 1000)
        if tally.order.rate:
            tally.seen.append((_number(head, b"ledger-position:"), now))
        self.buffer = b""
        self._go_on()

    def _go_on(self) -> None:
        if time.monotonic() >= self.tally.until:
            if not self.done.done():
                self.done.set_result(None)
            self.transport.close()
        elif self.tally.order.rate:
            self.tally.idle.append(self)
        else:
            self.send()


def _number(head: bytes, name: bytes) -> int:
    at = head.find(name)
    return int(head[at + len(name) :].split(b"\r\n", 1)[0]) if at >= 0 else 0


async def _pace(tally: Tally) -> None:
    """Send at the order's rate on whatever connection is idle; what finds none is sent as soon as one is."""
    started, sent = time.monotonic(), 0
    while (now := time.monotonic()) < tally.until:
        due = int((now - started) * tally.order.rate)
        while sent < due and tally.idle:
            tally.idle.popleft().send()
            sent += 1
        await asyncio.sleep(TICK_S)
    for client in tally.idle:
        if not client.done.done():
            client.done.set_result(None)
        client.transport.close()


async def carry_out(order: Order) -> dict[str, Any]:
    """Carry out an order and return what became of it."""
    loop = asyncio.get_running_loop()
    tally = Tally(order)
    ends = [loop.create_future() for _ in range(order.connections)]
    started = time.monotonic()
    for number, done in enumerate(ends):
        await loop.create_connection(lambda n=number, d=done: Client(tally, n, d), "127.0.0.1", order.port)  # type: ignore[misc]
    if order.rate:
        await _pace(tally)
    _, waiting = await asyncio.wait(ends, timeout=max(0.0, tally.until - time.monotonic()) + DRAIN_LIMIT_S)
    if waiting:
        tally.failed += len(waiting)
        tally.first_failure = tally.first_failure or f"{len(waiting)} connections were not answered"
    return {
        "answered": tally.answered,
        "failed": tally.failed,
        "first_failure": tally.first_failure,
        "seconds": time.monotonic() - started,
        "latencies_ms": tally.latencies_ms,
        "seen": tally.seen,
    }


def main() -> None:
    """Carry out orders until stdin ends."""
    if len(sys.argv) > 1 and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {int(sys.argv[1])})
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for line in sys.stdin.buffer:
            sys.stdout.buffer.write(orjson.dumps(runner.run(carry_out(Order(orjson.loads(line))))) + b"\n")
            sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
