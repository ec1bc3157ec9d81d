"""The view `orders` shows orders as their own folds have them, and finds due what a command would take just then."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from psycopg import AsyncConnection, Connection
from psycopg.rows import dict_row

from aggregates.dates import business_date
from aggregates.order import Order, choices, messages
from aggregates.order.parts import NO_LINE, CouponState
from ledger.command import Command
from ledger.commands.order_voids import ApproveVoid, RecordVoided, RequestVoid
from ledger.commands.order_work import (
    AutoChoose,
    GiveUpRecipients,
    RecordIssued,
    RecordMessages,
    RequestIssue,
    RequestMessages,
)
from ledger.commands.orders import CancelOrder, StartDispatch
from projections import order_open, order_work, view
from projections.connections import Connect
from projections.order_rows import DISPATCH, LETTERS, MESSAGE, TELL, UNREACHED, WAITS
from projections.orders import Orders
from projections.rebuild import check_views
from projections.view import ROWS_MAX
from tests.aggregates.orders import line, tokens
from tests.ledger.commands.shop import Shop
from tests.ledger.commands.test_order_laws import Chance
from tests.projections.conftest import Feed, live_rows, rows_by_batches
from tests.projections.town import store

pytestmark = pytest.mark.anyio

VIEW = Orders()
SEEDS = range(6)


def lived(seed: int) -> Chance:
    """Return an order to which much has happened."""
    chance = Chance(seed, "prepaid", "choice" if seed % 2 else "general")
    chance.live(300)
    return chance


@pytest.fixture(params=SEEDS)
def chance(request: pytest.FixtureRequest, app: Connection[Any], feed: Feed) -> Chance:
    made = lived(request.param)
    store(app, made.shop.facts)
    feed()
    return made


class Counter:
    """A shop whose facts go to the store and into the view as they come."""

    def __init__(self, shop: Shop, app: Connection[Any], feed: Feed) -> None:
        self.shop = shop
        self._app = app
        self._feed = feed
        self._stored = 0

    def show(self) -> None:
        """Bring the view to what has happened."""
        store(self._app, self.shop.facts[self._stored :])
        self._stored = len(self.shop.facts)
        self._feed()

    def do(self, command: Command) -> None:
        """Do a command and show it."""
        self.shop.do(command)
        self.show()


async def rows(conn: AsyncConnection[Any], table: str) -> list[dict[str, Any]]:
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(f"SELECT * FROM {table} ORDER BY 1, 2".encode())
        return await cursor.fetchall()


async def test_an_order_is_shown_as_its_own_fold_has_it(chance: Chance, conn: AsyncConnection[Any]) -> None:
    order = chance.shop.order(chance.order_id)

    (row,) = await rows(conn, "view_orders")

    for name in (
        "order_id", "account_id", "member_id", "number", "kind", "status", "designated", "scheduled_at", "ordered_on",
        "recipients", "coupons_each", "amount_minor", "unit_minor", "held_minor", "issued_minor", "returned_minor",
        "spend_id", "issue_batches", "message_batches", "voids", "version",
    ):  # fmt: skip
        assert row[name] == getattr(order, name), name
    counts = order.counts
    assert (row["progress"], row["success"], row["failure"], row["error"]) == (
        counts.progress, counts.success, counts.failure, counts.error,
    )  # fmt: skip
    assert row["first_token"] == tokens(1)[0]
    assert row["in_use"] == order.coupons.count(CouponState.ISSUED)
    (tally,) = await rows(conn, "view_order_tallies")
    assert {name: count for name, count in tally.items() if count == 1} == {order.status: 1}


async def test_recipients_are_shown_as_the_fold_has_them(chance: Chance, conn: AsyncConnection[Any]) -> None:
    order = chance.shop.order(chance.order_id)
    choice = order.kind == "choice"

    shown = await rows(conn, "view_order_recipients")

    assert [row["recipient"] for row in shown] == list(range(order.recipients))
    assert tuple(row["token"] for row in shown) == tokens(order.recipients)
    for row in shown:
        number = row["recipient"]
        assert row["coupons"] == "".join(LETTERS[CouponState(state)] for state in order.coupons_of(number))
        assert row["dispatch"] == DISPATCH[order.dispatch[number]]
        assert (row["sending"], row["resends"]) == (order.sending[number], order.resends[number])
        assert (row["reached_on"], row["attempted_on"]) == (order.reached_on(number), order.attempted_on(number))
        if choice:
            assert (row["chosen"], row["auto"]) == (
                None if order.chosen[number] == NO_LINE else order.chosen[number],
                order.auto[number],
            )
            assert [bool(row["excluded"] >> n & 1) for n in range(len(order.lines))] == [
                order.is_excluded(number, n) for n in range(len(order.lines))
            ]


async def test_open_batches_and_voids_are_those_of_the_fold(chance: Chance, conn: AsyncConnection[Any]) -> None:
    order = chance.shop.order(chance.order_id)

    batches = [each for each in await rows(conn, "view_order_batches") if each["waiting"]]
    voids = await rows(conn, "view_order_voids")

    issues = {
        each["batch"]: (each["line"], each["unit"], each["waiting"]) for each in batches if each["kind"] == "issue"
    }
    sent = {each["batch"]: (each["purpose"], each["waiting"]) for each in batches if each["kind"] == "messages"}
    assert issues == {
        batch: (opened.line, opened.unit, list(opened.recipients)) for batch, opened in order.open_issues.items()
    }
    assert sent == {batch: (opened.purpose, list(opened.recipients)) for batch, opened in order.open_messages.items()}
    assert {void["void"]: (void["status"] == "approved", void["waiting"]) for void in voids if void["waiting"]} == {
        number: (opened.approved, list(opened.coupons)) for number, opened in order.open_voids.items()
    }
    assert [void["void"] for void in voids] == list(range(1, order.voids + 1))


async def test_what_is_due_is_what_the_order_would_take(chance: Chance, conn: AsyncConnection[Any]) -> None:
    order = chance.shop.order(chance.order_id)
    (row,) = await rows(conn, "view_orders")
    shown = await rows(conn, "view_order_recipients")

    due = {code: [each["recipient"] for each in shown if each["due"] == code] for code in range(6)}
    started = order.status in ("sending", "dispatched")
    everybody = range(order.recipients)
    assert due[MESSAGE] == [number for number in everybody if messages._first_due(order, number)]
    assert due[TELL] == [number for number in everybody if messages._chosen_due(order, number)]
    waiting = [
        number
        for number in everybody
        if order.kind == "choice" and order.coupons[number] == CouponState.OPEN and number not in due[MESSAGE]
    ]
    assert due[WAITS] + due[UNREACHED] == sorted(waiting, key=lambda number: (order.reached_on(number) is None, number))
    assert (row["to_issue"], row["to_message"], row["to_tell"]) == (
        (len(due[1]), len(due[MESSAGE]), len(due[TELL])) if started else (0, 0, 0)
    )
    starts = [choices.window_start(order, number) for number in waiting]
    assert row["next_window_on"] == min((start for start in starts if start), default=None)
    assert sum(row["windows"].values()) == len(waiting)


@pytest.mark.parametrize("rows_max", [1, 40, ROWS_MAX])
@pytest.mark.parametrize("seed", [0, 1])
def test_rows_are_the_same_however_many_facts_come_at_once_and_however_few_rows_fit_into_memory(
    seed: int,
    rows_max: int,
    app: Connection[Any],
    project: Connection[Any],
    feed: Feed,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store(app, lived(seed).shop.facts)
    feed()
    live = live_rows(project, [VIEW])

    monkeypatch.setattr(view, "ROWS_MAX", rows_max)

    for size in (1, 7, 10_000):
        assert rows_by_batches(project, VIEW, size) == live


def test_an_order_of_more_recipients_than_fit_into_memory_is_rebuilt_in_parts(
    app: Connection[Any], feed: Feed, connect_project: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Shop(money=100_000_000)
    everybody = tuple(range(1_200))
    order_id = shop.place((line(990), line(3_913)), len(everybody))
    for first in (0, 500, 1_000):
        for item in (0, 1):
            shop.issued(order_id, *everybody[first : first + 500], line=item)
        shop.reached(order_id, *everybody[first : first + 500])
    store(app, shop.facts)
    feed()

    monkeypatch.setattr(view, "ROWS_MAX", 700)
    (checked,) = check_views(connect_project, [VIEW])

    assert (checked.rows, checked.differences) == (1 + 1_200 + 9 + 1, 0)


async def test_a_scheduled_order_is_due_at_its_minute_and_not_when_it_was_cancelled(
    app: Connection[Any], conn: AsyncConnection[Any], feed: Feed
) -> None:
    shop = Shop()
    counter = Counter(shop, app, feed)
    at = (shop.now + timedelta(days=1)).replace(second=0, microsecond=0)
    sent = shop.place((line(990),), scheduled_at=at)
    cancelled = shop.place((line(990),), scheduled_at=at)
    counter.show()

    async def due(when: datetime) -> list[str]:
        return [each["order_id"] for each in await order_open.due_dispatches(conn, at=when, limit=10)]

    assert await due(at - timedelta(microseconds=1)) == []
    assert await due(at) == [sent, cancelled]
    assert [each["to_issue"] for each in await rows(conn, "view_orders")] == [0, 0]

    counter.do(CancelOrder(cancelled))
    assert await due(at) == [sent]
    shop.pass_time(hours=25)
    counter.do(StartDispatch(sent))
    assert await due(at) == []
    assert {each["order_id"]: each["to_issue"] for each in await rows(conn, "view_orders")} == {sent: 1, cancelled: 0}
    (tally,) = await rows(conn, "view_order_tallies")
    assert (tally["scheduled"], tally["sending"], tally["dispatched"], tally["cancelled"]) == (0, 1, 0, 1)


async def test_a_general_order_is_to_be_issued_until_the_last_item_is_asked_for_and_then_to_be_sent(
    app: Connection[Any], conn: AsyncConnection[Any], feed: Feed
) -> None:
    shop = Shop()
    counter = Counter(shop, app, feed)
    order_id = shop.place((line(990, quantity=2), line(3_913)), 3)
    counter.show()

    async def due() -> tuple[int, int]:
        (row,) = await rows(conn, "view_orders")
        return row["to_issue"], row["to_message"]

    seen = [await due()]
    for batch, (item, unit) in enumerate(((0, 0), (0, 1), (1, 0)), 1):
        counter.do(RequestIssue(order_id, batch, item, (0, 1, 2), unit))
        seen.append(await due())
    assert seen == [(3, 0), (3, 0), (3, 0), (0, 0)]
    for batch in (1, 2, 3):
        counter.do(RecordIssued(order_id, batch, (0, 1, 2), ()))
    assert await due() == (0, 3)
    counter.do(RequestMessages(order_id, 1, (0, 2)))
    assert await due() == (0, 1)
    assert await order_work.issue_places(conn, order_id, [0, 4, 8]) == {0: (1, 0), 4: (2, 1), 8: (3, 2)}


async def test_choice_windows_begin_on_the_day_of_the_message_and_end_with_the_choice(
    app: Connection[Any], conn: AsyncConnection[Any], feed: Feed
) -> None:
    shop = Shop()
    counter = Counter(shop, app, feed)
    order_id = shop.choice(29_700, 9_900, 990, recipients=4)
    shop.reached(order_id, 0, 1)
    shop.missed(order_id, 2, 3)
    shop.picked(order_id, 1, 1)
    counter.show()
    today = business_date(shop.now)

    async def windows() -> tuple[dict[str, int], date | None, int]:
        (row,) = await rows(conn, "view_orders")
        return row["windows"], row["next_window_on"], row["to_tell"]

    assert await windows() == ({today.isoformat(): 3}, today, 0)
    shop.pass_time(days=2)
    shop.do(RecordMessages(order_id, shop.resend(order_id, 3), (3,), (), ()))
    counter.show()
    later = today + timedelta(days=2)
    assert await windows() == ({today.isoformat(): 2, later.isoformat(): 1}, today, 0)
    shop.pass_time(days=6)
    counter.do(AutoChoose(order_id, (0,)))
    counter.do(GiveUpRecipients(order_id, (2,), "not_delivered"))
    assert await windows() == ({later.isoformat(): 1}, later, 0)
    shop.issued(order_id, 0)
    counter.show()
    assert (await windows())[2] == 1


async def test_a_void_is_open_from_its_approval_to_the_issuers_last_word(
    app: Connection[Any], conn: AsyncConnection[Any], feed: Feed
) -> None:
    shop = Shop()
    counter = Counter(shop, app, feed)
    order_id = shop.place((line(990), line(3_913)), 2)
    for item in (0, 1):
        shop.issued(order_id, 0, 1, line=item)
    shop.reached(order_id, 0, 1)
    counter.show()

    async def voids() -> list[tuple[str, list[int], int, int]]:
        found = await rows(conn, "view_order_voids")
        return [(each["status"], each["waiting"], each["voided"], each["refused"]) for each in found]

    counter.do(RequestVoid(order_id, (1, 2), "sent by mistake"))
    assert await voids() == [("requested", [1, 2], 0, 0)]
    counter.do(ApproveVoid(order_id, 1))
    assert await voids() == [("approved", [1, 2], 0, 0)]
    assert await order_work.issue_places(conn, order_id, [1, 2]) == {1: (2, 0), 2: (1, 1)}
    counter.do(RecordVoided(order_id, 1, (1,), ()))
    assert await voids() == [("approved", [2], 1, 0)]
    counter.do(RecordVoided(order_id, 1, (), (2,), "used"))
    assert await voids() == [("settled", [], 1, 1)]


async def test_parties_of_placed_orders_are_known_by_their_first_recipient(
    chance: Chance, conn: AsyncConnection[Any]
) -> None:
    first, *others = tokens(3)

    assert await order_work.placed_parties(conn, [first, *others, "rcp_nobody"]) == {first}
    assert await order_work.tokens_of(conn, chance.order_id, [0]) == {0: first}
    assert isinstance(chance.shop.order(chance.order_id), Order)
