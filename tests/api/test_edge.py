"""What a request must look like before anybody reads it: paths, headers, bodies, queries."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from aggregates.errors import Malformed
from api.edge import (
    HEADER_BYTES_MAX,
    HEADERS_MAX,
    TARGET_BYTES_MAX,
    checked_headers,
    query_fields,
    read_body,
)
from api.operation import BATCH_BYTES_MAX, BODY_BYTES_MAX
from api.problems import HeadersTooLarge, PathTooLong, TooLarge, UnsupportedContent
from tests.api.counter import Counter

pytestmark = pytest.mark.anyio

JSON = {b"content-type": b"application/json"}
HOST = (b"host", b"ledger.test")


def scope(*headers: tuple[bytes, bytes], path: bytes = b"/", query: bytes = b"") -> dict[str, Any]:
    """Return a request's scope."""
    return {"raw_path": path, "query_string": query, "headers": [HOST, *headers]}


class Arriving:
    """A body that arrives in parts; counts what was read of it."""

    def __init__(self, *parts: bytes, endless: bool = False) -> None:
        self.parts = list(parts)
        self.endless = endless
        self.read = 0

    async def __call__(self) -> dict[str, Any]:
        part = self.parts[0] if self.endless else self.parts.pop(0)
        self.read += len(part)
        return {"type": "http.request", "body": part, "more_body": self.endless or bool(self.parts)}


@pytest.mark.parametrize(("count", "taken"), [(HEADERS_MAX, True), (HEADERS_MAX + 1, False)])
def test_headers_are_bounded_in_number(count: int, taken: bool) -> None:
    many = scope(*((f"x-{number}".encode(), b"1") for number in range(count - 1)))

    if taken:
        checked_headers(many)
    else:
        with pytest.raises(HeadersTooLarge):
            checked_headers(many)


@pytest.mark.parametrize(("size", "taken"), [(HEADER_BYTES_MAX, True), (HEADER_BYTES_MAX + 1, False)])
def test_headers_are_bounded_in_size(size: int, taken: bool) -> None:
    long = scope((b"x-long", b"x" * (size - len(b"host" + b"ledger.test" + b"x-long"))))

    if taken:
        checked_headers(long)
    else:
        with pytest.raises(HeadersTooLarge):
            checked_headers(long)


@pytest.mark.parametrize(("size", "taken"), [(TARGET_BYTES_MAX, True), (TARGET_BYTES_MAX + 1, False)])
def test_path_and_query_are_bounded_together(size: int, taken: bool) -> None:
    long = scope(path=b"/" * 10, query=b"x" * (size - 10))

    if taken:
        checked_headers(long)
    else:
        with pytest.raises(PathTooLong):
            checked_headers(long)


@pytest.mark.parametrize(
    "name", [b"authorization", b"host", b"content-length", b"content-type", b"idempotency-key", b"transfer-encoding"]
)
def test_a_header_that_decides_may_come_only_once(name: bytes) -> None:
    with pytest.raises(Malformed, match="only once"):
        checked_headers(scope((name, b"1"), (name, b"1")))


def test_a_request_without_host_is_malformed() -> None:
    with pytest.raises(Malformed, match="Host"):
        checked_headers({"raw_path": b"/", "query_string": b"", "headers": []})


async def test_a_body_that_announces_too_much_is_refused_before_a_byte_is_read() -> None:
    body = Arriving(b"x" * 1_000, endless=True)

    with pytest.raises(TooLarge):
        await read_body(body, {**JSON, b"content-length": str(BODY_BYTES_MAX + 1).encode()}, BODY_BYTES_MAX)

    assert body.read == 0


async def test_a_body_of_unknown_length_is_refused_before_a_tenth_more_is_read() -> None:
    body = Arriving(b"x" * 4_096, endless=True)

    with pytest.raises(TooLarge):
        await read_body(body, {**JSON, b"transfer-encoding": b"chunked"}, BODY_BYTES_MAX)

    assert body.read < 1.1 * BODY_BYTES_MAX


@pytest.mark.parametrize(("size", "taken"), [(BODY_BYTES_MAX, True), (BODY_BYTES_MAX + 1, False)])
async def test_a_body_is_read_up_to_its_bound(size: int, taken: bool) -> None:
    body = Arriving(b"x" * (size // 2), b"x" * (size - size // 2))
    headers = {**JSON, b"transfer-encoding": b"chunked"}

    if taken:
        assert len(await read_body(body, headers, BODY_BYTES_MAX)) == size
    else:
        with pytest.raises(TooLarge):
            await read_body(body, headers, BODY_BYTES_MAX)


@pytest.mark.parametrize(
    "kind", [b"", b"text/plain", b"application/xml", b"application/json; charset=utf-16", b"multipart/form-data"]
)
async def test_a_body_that_is_not_announced_as_json_is_refused(kind: bytes) -> None:
    with pytest.raises(UnsupportedContent):
        await read_body(Arriving(b"{}"), {b"content-type": kind, b"content-length": b"2"}, BODY_BYTES_MAX)


@pytest.mark.parametrize("kind", [b"application/json", b"Application/JSON", b"application/json; charset=utf-8"])
async def test_json_is_taken_however_its_type_is_spelt(kind: bytes) -> None:
    headers = {b"content-type": kind, b"content-length": b"2"}

    assert await read_body(Arriving(b"{}"), headers, BODY_BYTES_MAX) == b"{}"


@pytest.mark.parametrize(
    "query",
    [b"a=1&a=2", b"a=%00", b"a=%ff", b"a", b"a=1&&b=2", b"a=\xff", b"a=%E2%80%AE", b"&".join([b"a=1"] * 30), b"a=1;b&"],
)
def test_a_query_that_could_be_read_in_two_ways_is_malformed(query: bytes) -> None:
    with pytest.raises(Malformed):
        query_fields(query)


async def test_a_query_field_that_an_operation_does_not_know_is_refused(counter: Counter) -> None:
    account_id = await counter.account()

    answers = [
        await counter.get(path)
        for path in (
            f"/v1/accounts/{account_id}?unknown=1",
            f"/v1/accounts/{account_id}/limits?month=2026-03",
            f"/v1/accounts/{account_id}/transactions?limit=201",
            f"/v1/accounts/{account_id}/transactions?limit=0",
            f"/v1/accounts/{account_id}/transactions?limit=+5",
            f"/v1/accounts/{account_id}/transactions?cursor=!!",
            f"/v1/accounts/{account_id}/statement?from=2026-1-1&to=2026-02-01",
            f"/v1/accounts/{account_id}/statement?from=2026-02-30&to=2026-03-01",
            f"/v1/accounts/{account_id}?as_of=2026-03-01T00:00:00",
            f"/v1/accounts/{account_id}?at_version=99999999999999999999",
            "/v1/events?after=-1",
            "/v1/events?topic=%27%20OR%201=1",
        )
    ]

    assert [answer.status_code for answer in answers] == [400] * len(answers)
    assert {answer.headers["content-type"] for answer in answers} == {"application/problem+json"}


async def test_what_is_not_there_is_said_in_a_problem(counter: Counter) -> None:
    for method, path, status, code in (
        ("GET", "/v1/nowhere", 404, "route_not_found"),
        ("GET", "/v1/accounts/", 404, "route_not_found"),
        ("GET", "//v1/accounts", 404, "route_not_found"),
        ("GET", "/v1", 404, "route_not_found"),
        ("DELETE", "/v1/accounts", 405, "method_not_allowed"),
        ("TRACE", "/healthz", 405, "method_not_allowed"),
    ):
        response = await counter.send(method, path)

        assert (response.status_code, response.json()["code"]) == (status, code)
        assert response.json()["request_id"] == response.headers["x-request-id"]


@pytest.mark.parametrize("field", ["name", "reason", "reference"])
async def test_text_that_means_something_elsewhere_is_only_text(counter: Counter, field: str) -> None:
    texts = ["'; DROP TABLE x; --", "%s %(x)s {0}", "a\r\nSet-Cookie: b=c", "<script>"]

    for text in texts:
        if field == "name":
            response = await counter.post("/v1/accounts", {"name": text, "mode": "prepaid"})
        elif field == "reference":
            path = f"/v1/accounts/{await counter.account()}/charges"
            response = await counter.post(path, {"amount": 1_500, "method": "card", "reference": text})
        else:
            path = f"/v1/accounts/{await counter.account()}/freeze"
            response = await counter.post(path, {"reason": text}, role="operator")

        assert response.status_code in (200, 201), response.text
        assert "set-cookie" not in response.headers
    facts = (await counter.get("/v1/events")).json()["items"]
    assert [fact["fact"][field] for fact in facts if fact["fact"].get(field) in texts] == texts


async def test_a_time_must_be_rfc_3339_with_an_offset(counter: Counter) -> None:
    account_id = await counter.account()

    for occurred_at in (
        "2026-03-01",
        "2026-03-01T00:00:00",
        "2026-03-01 00:00:00Z",
        "0001-01-01T00:00:00+09:00",
        "9999-12-31T23:59:59-09:00",
        "2026-02-29T00:00:00Z",
        "2026-03-01T24:00:00Z",
        "2026-03-01T00:00:00+25:00",
        "２０２６-03-01T00:00:00Z",
        "now",
        1772323200,
    ):
        body = {"amount": 1_500, "method": "card", "occurred_at": occurred_at}
        response = await counter.post(f"/v1/accounts/{account_id}/charges", body)

        assert (response.status_code, response.json()["code"]) == (400, "malformed"), occurred_at


@pytest.mark.parametrize(("ahead_s", "status"), [(300, 201), (301, 422)])
async def test_a_time_may_lie_five_minutes_ahead(counter: Counter, ahead_s: int, status: int) -> None:
    account_id = await counter.account()
    at = f"2026-03-02T12:{ahead_s // 60:02d}:{ahead_s % 60:02d}+09:00"

    response = await counter.post(
        f"/v1/accounts/{account_id}/charges", {"amount": 1_500, "method": "card", "occurred_at": at}
    )

    assert response.status_code == status, response.text


async def test_only_a_batch_may_be_longer_than_64_kilobytes(counter: Counter) -> None:
    account_id = await counter.account()
    padding = b" " * BODY_BYTES_MAX

    charge = await counter.send(
        "POST", f"/v1/accounts/{account_id}/charges", content=b'{"amount":1500,"method":"card"}' + padding
    )
    charged = {"op": "charge", "key": "item-0001", "account_id": account_id, "amount": 1500, "method": "card"}
    item = orjson.dumps(charged)
    batch = await counter.send("POST", "/v1/batches", content=b'{"mode":"continue","items":[' + item + b"]}" + padding)
    too_long = await counter.send("POST", "/v1/batches", content=b" " * (BATCH_BYTES_MAX + 1))

    assert (charge.status_code, charge.json()["code"]) == (413, "body_too_large")
    assert batch.status_code == 200
    assert too_long.status_code == 413


async def test_a_currency_beside_an_amount_must_be_the_accounts(counter: Counter) -> None:
    account_id = await counter.account()
    path = f"/v1/accounts/{account_id}/charges"

    same = await counter.post(path, {"amount": 1_500, "method": "card", "currency": "KRW"})
    other = await counter.post(path, {"amount": 1_500, "method": "card", "currency": "CZK"})
    unknown = await counter.post(path, {"amount": 1_500, "method": "card", "currency": "XXX"})

    assert same.status_code == 201
    assert (other.status_code, other.json()["code"], other.json()["currency"]) == (422, "currency_mismatch", "KRW")
    assert unknown.status_code == 400
