"""The server on a socket: slow, endless, ambiguous and oversized requests as raw bytes."""

from __future__ import annotations

import asyncio
import re
import resource

import pytest

from api import server
from api.operation import BODY_BYTES_MAX
from tests.api.counter import Counter
from tests.api.wire import exchange, wire

pytestmark = pytest.mark.anyio


GET = b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
POST = b"POST /v1/accounts HTTP/1.1\r\nHost: a\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
AMBIGUOUS = {
    "length and chunked": POST + b"Content-Length: 4\r\n" + CHUNKED + b"\r\n0\r\n\r\n" + GET,
    "two lengths": POST + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcd" + GET,
    "list of lengths": POST + b"Content-Length: 4, 4\r\n\r\nabcd" + GET,
    "negative length": POST + b"Content-Length: -1\r\n\r\n" + GET,
    "length with plus": POST + b"Content-Length: +4\r\n\r\nabcd" + GET,
    "length in hexadecimal": POST + b"Content-Length: 0x4\r\n\r\nabcd" + GET,
    "chunked twice": POST + CHUNKED + b"Transfer-Encoding: identity\r\n\r\n0\r\n\r\n" + GET,
    "unknown coding": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + GET,
    "bad chunk size": POST + CHUNKED + b"\r\nzz\r\n" + GET,
    "huge chunk size": POST + CHUNKED + b"\r\nffffffffffffffffff\r\n" + GET,
    "bare line feeds": b"GET /healthz HTTP/1.1\nHost: a\n\n" + GET,
    "folded header": b"GET /healthz HTTP/1.1\r\nHost: a\r\nX-A: b\r\n c\r\n\r\n" + GET,
    "blank before colon": b"GET /healthz HTTP/1.1\r\nHost : a\r\n\r\n" + GET,
    "no host": b"GET /healthz HTTP/1.1\r\n\r\n" + GET,
    "two hosts": b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" + GET,
    "null in header": b"GET /healthz HTTP/1.1\r\nHost: a\r\nX-A: b\x00c\r\n\r\n" + GET,
    "null in path": b"GET /healthz\x00 HTTP/1.1\r\nHost: a\r\n\r\n" + GET,
    "unknown version": b"GET /healthz HTTP/3.7\r\nHost: a\r\n\r\n" + GET,
    "unknown method": b"STEAL /healthz HTTP/1.1\r\nHost: a\r\n\r\n" + GET,
    "carriage return alone": b"GET /healthz HTTP/1.1\rHost: a\r\r" + GET,
    "not HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + GET,
    "HTTP/0.9": b"GET /healthz\r\n\r\n" + GET,
}


async def test_the_server_answers_and_does_not_name_itself(address: tuple[str, int]) -> None:
    answer = await exchange(address, GET)

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"server:" not in answer.lower()


async def test_two_requests_on_one_connection_are_answered_in_order(address: tuple[str, int]) -> None:
    first = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"

    answer = await exchange(address, first + first + GET)

    assert answer.count(b"HTTP/1.1 200 ") == 3


async def test_a_request_that_two_readers_could_part_differently_is_refused_and_its_connection_closed(
    address: tuple[str, int],
) -> None:
    answers = {name: await exchange(address, sent) for name, sent in AMBIGUOUS.items()}

    statuses = {name: re.findall(rb"HTTP/1\.1 (\d\d\d) ", answer) for name, answer in answers.items()}
    assert len(statuses) == 22
    assert {name: found for name, found in statuses.items() if found != [b"400"]} == {}


async def test_a_head_past_its_bounds_is_refused_as_a_problem(address: tuple[str, int]) -> None:
    start = b"GET / HTTP/1.1\r\nHost: a\r\n"
    heads = [
        (b"GET /" + b"x" * 65_536 + b" HTTP/1.1\r\nHost: a\r\n\r\n", b"414"),
        (b"GET /" + b"x" * 9_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", b"414"),
        (start + b"X-Long: " + b"x" * 100_000 + b"\r\n\r\n", b"431"),
        (start + b"X-Long: " + b"x" * 17_000 + b"\r\n\r\n", b"431"),
        (start + b"".join(b"X-%d: 1\r\n" % number for number in range(2_000)) + b"\r\n", b"431"),
        (start + b"".join(b"X-%d: 1\r\n" % number for number in range(101)) + b"\r\n", b"431"),
    ]

    for head, status in heads:
        opened = await wire(address)
        await opened.send(head)
        answer = await opened.reader.read(65_536)
        opened.writer.close()

        assert answer.startswith(b"HTTP/1.1 " + status)
        assert b"application/problem+json" in answer


@pytest.mark.parametrize("framing", [b"Content-Length: 60000000", b"Transfer-Encoding: chunked"])
async def test_an_endless_body_is_refused_and_its_connection_closed(
    address: tuple[str, int], counter: Counter, framing: bytes
) -> None:
    key = (await counter.role_key("service")).encode()
    head = (
        b"POST /v1/accounts HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + key + b"\r\nIdempotency-Key: key-00001\r\n"
        b"Content-Type: application/json\r\n" + framing + b"\r\n\r\n"
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    opened = await wire(address)
    await opened.send(head)
    chunk = b"x" * 65_536
    answering = asyncio.create_task(opened.all())
    for _ in range(900):
        if answering.done():
            break
        await opened.send(b"%x\r\n%b\r\n" % (len(chunk), chunk) if b"chunked" in framing else chunk)
    answer = await answering
    opened.writer.close()

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in answer.lower()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20 * 1024


async def test_a_head_that_is_never_finished_is_closed(
    address: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert server.HEAD_LIMIT_S <= 10
    monkeypatch.setattr(server, "HEAD_LIMIT_S", 0.2)
    slow, silent = await wire(address), await wire(address)
    await slow.send(b"GET /healthz HTTP/1.1\r\nHost: a\r\nX-")

    answers = await asyncio.gather(slow.all(2.0), silent.all(2.0), exchange(address, GET))
    slow.writer.close()
    silent.writer.close()

    assert answers[0].startswith(b"HTTP/1.1 408 ")
    assert answers[1] == b""
    assert answers[2].startswith(b"HTTP/1.1 200 ")


async def test_a_head_that_comes_a_byte_at_a_time_is_closed_too(
    address: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "HEAD_LIMIT_S", 0.3)
    opened = await wire(address)
    answering = asyncio.create_task(opened.all(3.0))

    for byte in b"GET /healthz HTTP/1.1\r\nHost: a\r\nX-Slow: " + b"x" * 1_000:
        if answering.done():
            break
        await opened.send(bytes([byte]))
        await asyncio.sleep(0.01)
    answer = await answering
    opened.writer.close()

    assert answer.startswith(b"HTTP/1.1 408 ")


async def test_a_body_that_is_never_finished_is_closed(
    address: tuple[str, int], counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.dispatch.REQUEST_LIMIT_S", 0.3)
    key = (await counter.role_key("service")).encode()

    answer = await exchange(
        address,
        b"POST /v1/accounts HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + key + b"\r\nIdempotency-Key: key-00001\r\n"
        b"Content-Type: application/json\r\nContent-Length: 50\r\n\r\n{",
    )

    assert answer.startswith(b"HTTP/1.1 408 ")


async def test_a_forwarded_address_is_not_believed(address: tuple[str, int]) -> None:
    loopback = await exchange(
        address, b"GET /metrics HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.9\r\nConnection: close\r\n\r\n"
    )

    assert loopback.startswith(b"HTTP/1.1 200 ")
    assert BODY_BYTES_MAX == 64 * 1024
