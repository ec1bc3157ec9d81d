"""HEAD of what is open to everybody is answered as GET is, without the body; on a socket, beside other requests."""

from __future__ import annotations

import pytest

from tests.api.wire import exchange

pytestmark = pytest.mark.anyio

OPEN = ["/healthz", "/readyz", "/docs", "/openapi.json"]
ENDED = b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


def request(method: str, path: str) -> bytes:
    return f"{method} {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode()


def head_of(answer: bytes) -> list[bytes]:
    """Return the status line and the headers that do not differ from request to request."""
    lines = answer.partition(b"\r\n\r\n")[0].split(b"\r\n")
    return [line for line in lines if not line.startswith((b"x-request-id", b"date", b"connection"))]


@pytest.mark.parametrize("path", OPEN)
async def test_head_has_the_status_and_headers_of_get_and_no_body(address: tuple[str, int], path: str) -> None:
    got = await exchange(address, request("GET", path) + ENDED)
    asked = await exchange(address, request("HEAD", path) + ENDED)

    head, _, rest = asked.partition(b"\r\n\r\n")
    assert head_of(asked) == head_of(got)
    assert any(line.startswith(b"content-length: ") and line != b"content-length: 0" for line in head.split(b"\r\n"))
    assert rest.startswith(b"HTTP/1.1 200 "), "nothing but the next answer follows"
    assert rest.endswith(b'{"status":"ok"}')


async def test_head_of_what_needs_a_key_is_refused_without_a_body(address: tuple[str, int]) -> None:
    answer = await exchange(address, request("HEAD", "/v1/accounts") + ENDED)

    head, _, rest = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 405 ")
    assert rest.startswith(b"HTTP/1.1 200 ")


async def test_a_wrong_method_is_told_that_head_is_one_of_the_right_ones(address: tuple[str, int]) -> None:
    answer = await exchange(address, request("POST", "/healthz") + ENDED)

    assert b'"allowed":["GET","HEAD"]' in answer
