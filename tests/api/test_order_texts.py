"""Texts typed by hand, from the request to the phone and the page: in the vault alone, filled for each recipient."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from ledger.database import Database, connect
from ledger.ports.messages import Channel, Delivery, Message, MessagePort
from ledger.vault import Reading
from scheduler.anniversaries import order_gifts
from scheduler.reactions.orders.retention import let_years_begin
from tests.aggregates.scenario import kst
from tests.api.counter import Counter
from tests.api.shop_front import ShopFront
from tests.ledger.desk import SetClock

pytestmark = pytest.mark.anyio

READING = Reading("test", "look")
TEXTS = {
    "message": "#{이름} 님, #{회사명}의 #{기념일}입니다.\n고맙습니다.",
    "page": "#{이름} 님께 드리는 글",
    "anniversary": "열 번째 생일",
}
ROWS = [
    {"phone": "01000001001", "name": "Haneul", "company": "Pine Street"},
    {"phone": "01000000001", "name": "Nari"},
]


class Recorder:
    """A message port that remembers what it was given to send."""

    def __init__(self, port: MessagePort) -> None:
        self._port = port
        self.sent: list[tuple[Channel, Message]] = []

    async def send(self, channel: Channel, batch: Sequence[Message]) -> tuple[Delivery, ...]:
        self.sent += [(channel, message) for message in batch]
        return await self._port.send(channel, batch)

    async def status(self, keys: Sequence[str]) -> dict[str, Delivery]:
        return await self._port.status(keys)


@pytest.fixture
async def front(counter: Counter, ledger_database: Database, clock: SetClock) -> AsyncIterator[ShopFront]:
    made = await ShopFront(counter, ledger_database, clock).open()
    made.feed()
    yield made
    await made.bench.close()


@pytest.fixture
def recorder(front: ShopFront) -> Recorder:
    """Record what is sent; links have an address, and MMS a number of the service's own."""
    made = Recorder(front.bench.ports.messages)
    ports = replace(front.bench.ports, messages=made)
    front.bench = replace(front.bench, ports=ports, public_url="https://gifts.example", fallback_number="0212345678")
    return made


def texts_token(database: Database, topic: str = "order.placed") -> str:
    """Return the token that the newest order's fact holds."""
    query = "SELECT convert_from(state, 'UTF8')::jsonb FROM ledger_events WHERE topic = %s ORDER BY 1 DESC"
    with connect(database.app) as connection:
        connection.execute(f"SET search_path = {database.schema}".encode())
        (state,) = connection.execute(query, (topic,)).fetchone() or ({},)
    found: Any = state.get("texts_token") or state.get("form", {}).get("texts_token")
    return str(found)


async def test_typed_texts_reach_each_recipient_with_name_and_company_o6(
    front: ShopFront, recorder: Recorder, ledger_database: Database
) -> None:
    order = await front.order([await front.product(9_900)], texts=TEXTS, recipients={"rows": ROWS})
    await front.work()

    first, second, mms = recorder.sent
    link = first[1].vars["link"].removeprefix("https://gifts.example/c/")
    assert dict(first[1].vars) == {
        "link": f"https://gifts.example/c/{link}",
        "message": "Haneul 님, Pine Street의 열 번째 생일입니다.\n고맙습니다.",
        "anniversary": "열 번째 생일",
        "dispatch_title": "ThankYou",
        "name": "Haneul",
        "company": "Pine Street",
    }
    assert f"/c/{link}" == await front.link(order["id"])
    assert (second[1].vars["message"], "company" in second[1].vars) == (
        "Nari 님, 의 열 번째 생일입니다.\n고맙습니다.",
        False,
    )
    assert [(channel, message.sender) for channel, message in recorder.sent] == [
        ("alimtalk", ""),
        ("alimtalk", ""),
        ("mms", "0212345678"),
    ]
    assert mms[1].vars == second[1].vars
    token = texts_token(ledger_database)
    assert token.startswith("txt_")
    assert await front.bench.vault.people.texts(token, READING) == TEXTS


async def test_the_same_request_again_is_the_same_order_with_the_same_texts(
    front: ShopFront, ledger_database: Database
) -> None:
    product = await front.product(9_900)
    sent = {"idempotency_key": "texts-order-0001"}

    first = await front.ask_order([product], texts=TEXTS, sent=sent)
    again = await front.ask_order([product], texts=TEXTS, sent=sent)
    other = await front.ask_order([product], texts=TEXTS | {"message": "another"}, sent=sent)

    assert (first.status_code, again.content) == (201, first.content)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert await front.bench.vault.people.texts(texts_token(ledger_database), READING) == TEXTS


async def test_texts_of_a_refused_order_are_forgotten_and_a_wrong_one_is_never_kept(
    front: ShopFront, ledger_database: Database
) -> None:
    kept = "SELECT count(*) FROM ledger.subject WHERE starts_with(token, 'txt_')"
    product = await front.product(2_000_000)
    with connect(ledger_database.vault_migrate) as vault:
        before = vault.execute(kept).fetchone()

        dear = await front.ask_order([product], texts=TEXTS)
        long = await front.ask_order([product], texts={"message": "가" * 2_001})
        unknown = await front.ask_order([product], texts={"message": "#{전화번호}"})

        assert vault.execute(kept).fetchone() == before
    assert [each.json()["code"] for each in (dear, long, unknown)] == [
        "insufficient_funds",
        "text_too_long",
        "text_variable_unknown",
    ]
    assert (long.json()["maximum"], long.json()["given"]) == (2_000, 2_001)


async def test_an_order_of_a_rule_has_a_copy_of_the_rules_texts_and_its_years_are_its_own(
    front: ShopFront, recorder: Recorder, ledger_database: Database
) -> None:
    rule = {
        **front.body([await front.product(990)]),
        "texts": TEXTS,
        "recipients": {"rows": [{**ROWS[0], "anniversary": "1990/03/05"}]},
    }
    made = await front.counter.post("/v1/anniversary-rules", rule)
    assert made.status_code == 201, made.text
    front.feed()
    front.clock.at = kst("2026-03-05 02:00")
    await order_gifts(ledger_database, front.bench.vault, front.clock)
    front.clock.at = kst("2026-03-05 09:00")
    await front.start()
    await front.work()
    await let_years_begin(front.bench)
    of_rule, of_order = texts_token(ledger_database, "anniversary.created"), texts_token(ledger_database)

    assert [message.vars["message"] for _, message in recorder.sent] == [
        "Haneul 님, Pine Street의 열 번째 생일입니다.\n고맙습니다."
    ]
    assert of_rule != of_order
    assert await front.bench.vault.people.texts(of_order, READING) == TEXTS
    with connect(ledger_database.vault_migrate) as vault:
        query = "SELECT DISTINCT retain_until FROM ledger.item WHERE token = %s"
        years = [str((vault.execute(query, (token,)).fetchone() or ("",))[0]) for token in (of_rule, of_order)]
    assert years == ["9999-12-31", "2031-04-04"]
