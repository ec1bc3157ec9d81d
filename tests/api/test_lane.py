"""The fast lane: takes what is of the usual kind, answers it as the dispatcher would, and leaves it everything else."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import orjson
import pytest

from api.lane import Lane
from api.operation import OPERATIONS
from api.reply import Reply
from api.server import GuardedProtocol
from ledger.keys import Remembered
from ledger.pending import PendingBatch, Verdict
from tests.api.corpus import bodies, money_fields
from tests.api.counter import Counter
from tests.api.wire import exchange, until, wire

pytestmark = pytest.mark.anyio

_numbers = itertools.count(1)

HOT = [operation for operation in OPERATIONS if operation.hot]


class Caller:
    """Offers requests to the lane, past the socket.

    Attributes:
        replies: what the lane has answered.
    """

    def __init__(self, lane: Lane, key: str) -> None:
        self.lane = lane
        self.key = key
        self.replies: list[Reply] = []

    def offer(self, path: str, body: bytes = b'{"amount":100}', **changed: bytes | None) -> bool:
        """Offer a request; return whether it was taken.

        Args:
            changed: header (with _ for -) -> another value; None = without it.
        """
        headers: dict[bytes, bytes | None] = {
            b"host": b"ledger.test",
            b"authorization": f"Bearer {self.key}".encode(),
            b"idempotency-key": f"lane-key-{next(_numbers):08d}".encode(),
            b"content-type": b"application/json",
            b"content-length": str(len(body)).encode(),
        }
        headers |= {name.replace("_", "-").encode(): value for name, value in changed.items()}
        return self.send(path, [(name, value) for name, value in headers.items() if value is not None], body)

    def send(self, path: str, headers: list[tuple[bytes, bytes]], body: bytes) -> bool:
        """Offer a request with exactly these headers."""
        way = self.lane.way(path.encode())
        return way is not None and self.lane.enter(way, headers, body, lambda reply, _: self.replies.append(reply))

    async def answered(self, count: int = 1) -> None:
        """Wait for answers."""
        async with asyncio.timeout(60):
            await until(lambda: len(self.replies) == count)


@pytest.fixture
async def account_id(counter: Counter) -> str:
    """An account with money, in memory."""
    return await counter.account(1_000_000)


@pytest.fixture
async def caller(counter: Counter, account_id: str) -> Caller:
    """A service whose key was let in a moment ago."""
    key = await counter.role_key("service")
    await counter.post(f"/v1/accounts/{account_id}/spends", {"amount": 1})
    return Caller(counter.app.lane, key)


def post(path: str, key: str, body: bytes, *, more: bytes = b"") -> bytes:
    """Return the bytes of a request."""
    return (
        f"POST {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {key}\r\n"
        f"Idempotency-Key: wire-key-{next(_numbers):08d}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n"
    ).encode() + b"%b\r\n%b" % (more, body)


async def test_the_hot_operations_are_charge_spend_capture_return_and_difference_refund() -> None:
    assert {operation.op for operation in HOT} == {"charge", "spend", "capture", "return", "difference_refund"}


async def test_a_usual_request_is_answered_as_the_dispatcher_answers_it(
    counter: Counter, account_id: str, caller: Caller
) -> None:
    async def both(path: str, body: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        count = len(caller.replies)
        slow = await counter.post(path, body)
        assert caller.offer(path, orjson.dumps(body))
        await caller.answered(count + 1)
        fast = caller.replies[-1]
        assert fast.status == slow.status_code
        assert fast.content_type.decode() == slow.headers["content-type"]
        assert int(dict(fast.headers)[b"ledger-position"]) >= int(slow.headers["ledger-position"])
        return slow.json(), orjson.loads(fast.body)

    spends = f"/v1/accounts/{account_id}/spends"
    charges = f"/v1/accounts/{account_id}/charges"

    charged = await both(charges, {"amount": 1_500, "method": "card", "currency": "KRW", "reference": "결제 7"})
    spent = await both(spends, {"amount": 1_000, "reference": "ORDER-0042", "capture": False})
    captured = await both(f"{spends}/{spent[0]['id']}/capture", {"amount": 100})
    returned = await both(f"{spends}/{spent[1]['id']}/return", {"amount": 100, "reason": "Coupon voided"})
    refunded = await both(f"{spends}/{spent[1]['id']}/difference-refund", {"amount": 100})

    for slow, fast in (charged, spent, captured, returned, refunded):
        assert fast.keys() == slow.keys()
    assert [each["amount"] for each in charged + spent] == [1_500, 1_500, 1_000, 1_000]
    assert (captured[0]["captured"], captured[1]["captured"]) == (100, 200)


async def test_a_request_that_is_not_of_the_usual_kind_is_left_alone(
    counter: Counter, account_id: str, caller: Caller
) -> None:
    path = f"/v1/accounts/{account_id}/spends"
    position = (await counter.post(path, {"amount": 1})).headers["ledger-position"]
    body = b'{"amount":100}'
    admin, sub = await counter.role_key("admin"), await counter.role_key("sub", account_id, "member-1")
    usual = [(b"host", b"a"), (b"authorization", f"Bearer {caller.key}".encode()), (b"content-length", b"14")]
    usual += [(b"content-type", b"application/json"), (b"idempotency-key", b"lane-key-twice")]

    left = {
        "another operation": caller.offer("/v1/accounts", b'{"name":"x","mode":"prepaid"}'),
        "query": caller.offer(f"{path}?a=1"),
        "what would be refused": caller.offer(path, b'{"amount":900000000}'),
        "escaped path": caller.offer(path.replace("acc_", "acc%5F")),
        "slash behind": caller.offer(f"{path}/"),
        "no account": caller.offer("/v1/accounts/acc_zzzzzzzzzzzzzzzzzz/spends"),
        "no id": caller.offer("/v1/accounts/acc-1/spends"),
        "unknown key": caller.offer(path, authorization=b"Bearer " + b"x" * 40),
        "no key": caller.offer(path, authorization=None),
        "admin": caller.offer(path, authorization=f"Bearer {admin}".encode()),
        "sub": caller.offer(path, authorization=f"Bearer {sub}".encode()),
        "no idempotency key": caller.offer(path, idempotency_key=None),
        "short idempotency key": caller.offer(path, idempotency_key=b"1234567"),
        "idempotency key with a blank": caller.offer(path, idempotency_key=b"1234 5678"),
        "no host": caller.offer(path, host=None),
        "another content type": caller.offer(path, content_type=b"text/plain"),
        "another length": caller.offer(path, content_length=b"13"),
        "chunked": caller.offer(path, content_length=None, transfer_encoding=b"chunked"),
        "expect": caller.offer(path, expect=b"100-continue"),
        "upgrade": caller.offer(path, connection=b"upgrade", upgrade=b"h2c"),
        "a header twice": caller.send(path, [*usual, (b"idempotency-key", b"another-key-1")], body),
        "101 headers": caller.send(path, [*usual, *((b"x-%d" % number, b"") for number in range(96))], body),
        "another currency": caller.offer(path, b'{"amount":100,"currency":"CZK"}'),
        "unknown member": caller.offer(path, b'{"amount":100,"member":"x"}'),
        "empty body": caller.offer(path, b""),
    }
    after = (await counter.post(path, {"amount": 1})).headers["ledger-position"]

    assert {name for name, taken in left.items() if taken} == set()
    assert int(after) == int(position) + 1
    assert caller.offer(path)


@pytest.mark.parametrize(
    "field",
    [each for each in money_fields() if each.operation.hot],
    ids=lambda each: f"{each.operation.op} {each.name}",
)
async def test_no_unfit_amount_is_taken(counter: Counter, account_id: str, caller: Caller, field: Any) -> None:
    spend = await counter.post(f"/v1/accounts/{account_id}/spends", {"amount": 1_500, "capture": False})
    path = field.operation.path.format(account_id=account_id, spend_id=spend.json()["id"])

    taken = [name for name, body in bodies(field).items() if caller.offer(path, body)]

    assert taken == []


async def test_a_key_that_was_used_is_left_to_the_dispatcher(account_id: str, caller: Caller) -> None:
    path = f"/v1/accounts/{account_id}/spends"

    first = caller.offer(path, idempotency_key=b"the-same-key")
    again = caller.offer(path, idempotency_key=b"the-same-key")

    assert (first, again) == (True, False)


async def test_a_revoked_key_is_not_let_in_on_old_knowledge(counter: Counter, account_id: str, caller: Caller) -> None:
    path = f"/v1/accounts/{account_id}/spends"
    before = caller.offer(path)

    counter.house.authenticator.forget(caller.key.split("_")[2])

    assert before
    assert not caller.offer(path)


async def test_a_command_whose_commit_failed_is_done_again(
    counter: Counter, account_id: str, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = PendingBatch(asyncio.get_running_loop())
    lost = Remembered("", 201, b"never sent", 0, "req_1", batch)
    with monkeypatch.context() as patch:
        patch.setattr(counter.house.engine, "decide_at_once", lambda *_: lost)
        assert caller.offer(f"/v1/accounts/{account_id}/spends")

    batch.settle(Verdict.UNDONE)
    await caller.answered()

    assert caller.replies[0].status == 201
    assert orjson.loads(caller.replies[0].body)["amount"] == 100
    assert counter.app.dispatcher.in_flight == 0


async def test_a_commit_that_takes_too_long_is_answered_once_with_503(
    counter: Counter, account_id: str, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = PendingBatch(asyncio.get_running_loop())
    slow = Remembered("", 201, b"{}", 0, "req_1", batch)
    monkeypatch.setattr("api.dispatch.REQUEST_LIMIT_S", 0.05)
    monkeypatch.setattr(counter.house.engine, "decide_at_once", lambda *_: slow)

    taken = [caller.offer(f"/v1/accounts/{account_id}/spends") for _ in range(3)]
    await caller.answered(3)
    batch.settle(Verdict.COMMITTED, 1)
    await asyncio.sleep(0.01)

    assert taken == [True] * 3
    assert [(reply.status, orjson.loads(reply.body)["code"]) for reply in caller.replies] == [(503, "unavailable")] * 3
    assert counter.app.dispatcher.in_flight == 0


async def test_too_many_open_requests_are_left_to_the_dispatcher(
    account_id: str, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.dispatch.IN_FLIGHT_MAX", 1)
    path = f"/v1/accounts/{account_id}/spends"

    assert [caller.offer(path), caller.offer(path)] == [True, False]


async def test_requests_on_one_connection_are_answered_in_order(
    address: tuple[str, int], account_id: str, caller: Caller
) -> None:
    path = f"/v1/accounts/{account_id}/spends"
    sent = [post(path, caller.key, b'{"amount":%d}' % amount) for amount in (101, 102, 103)]
    last = post(path, caller.key, b'{"amount":104}', more=b"Connection: close\r\n")

    answer = await exchange(address, b"".join(sent) + last)

    assert answer.count(b"HTTP/1.1 201 ") == 4
    found = [answer.index(b'"amount":%d,' % amount) for amount in (101, 102, 103, 104)]
    assert found == sorted(found)


async def test_a_request_that_comes_in_pieces_is_answered_all_the_same(
    address: tuple[str, int], account_id: str, caller: Caller
) -> None:
    request = post(f"/v1/accounts/{account_id}/spends", caller.key, b'{"amount":105}')
    body_at = request.index(b"{")
    opened = await wire(address)

    for cut in (body_at, body_at + 5, body_at - 30):
        await opened.send(request[:cut].replace(b"wire-key", b"cut%05d" % cut))
        await asyncio.sleep(0.02)
        await opened.send(request[cut:])
        answer = await opened.one()

        assert answer.startswith(b"HTTP/1.1 201 ")
        assert b"date: " in answer
    opened.writer.close()


async def test_a_caller_that_goes_away_leaves_nothing_open(
    address: tuple[str, int], counter: Counter, account_id: str, caller: Caller
) -> None:
    opened = await wire(address)

    await opened.send(post(f"/v1/accounts/{account_id}/spends", caller.key, b'{"amount":106}'))
    opened.writer.transport.abort()
    await counter.post(f"/v1/accounts/{account_id}/spends", {"amount": 1})

    async with asyncio.timeout(60):
        await until(lambda: counter.app.dispatcher.in_flight == 0)


async def test_an_idle_connection_is_closed_and_a_used_one_is_kept(
    address: tuple[str, int], account_id: str, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(GuardedProtocol, "idle_s", 0.3)
    opened = await wire(address)
    path = f"/v1/accounts/{account_id}/spends"

    for _ in range(4):
        await opened.send(post(path, caller.key, b'{"amount":107}'))
        assert (await opened.one()).startswith(b"HTTP/1.1 201 ")
        await asyncio.sleep(0.15)
    rest = await opened.all(2.0)
    opened.writer.close()

    assert rest == b""
