"""Anniversary rules through time: on a real ledger, with a real vault, each day and each hour as it comes (SPEC 4)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from psycopg import sql

from aggregates.anniversary.parts import RuleForm
from aggregates.calendar import Calendar
from aggregates.dates import KST
from ledger.commands.anniversaries import (
    STAYS,
    Celebrated,
    ChangeRule,
    CreateRule,
    EndRule,
    PauseRule,
    ReplaceRuleRecipients,
    ResumeRule,
)
from ledger.commands.charges import ChargeAccount
from ledger.commands.products import ChangeProduct, DiscontinueProduct, ListProduct, RelistProduct, Wish
from ledger.database import Database, connect_async
from ledger.engine import Engine
from ledger.settings import Settings
from ledger.store import Store
from ledger.vault import Person, Vault, open_vault
from projections import anniversary_queries
from projections.connections import connect_to
from projections.paging import fetch
from projections.runner import Runner
from scheduler.anniversaries import order_gifts
from scheduler.jobs import END_RULES, SUSPEND_RULES, Fired, fire
from tests.ledger.desk import SetClock, account_with, do

pytestmark = pytest.mark.anyio

FORM = RuleForm("Birthdays of the team", "general", None, "HappyBirthday", False, None, None, None, None)


def kst(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=KST).astimezone(UTC)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def clock() -> SetClock:
    return SetClock(kst("2023-12-01 10:00"))


class Stage:
    """A ledger with one customer, its rules, and a clock that stands where it is put."""

    def __init__(self, engine: Engine, database: Database, vault: Vault, clock: SetClock) -> None:
        self.engine, self.database, self.vault, self.clock = engine, database, vault, clock
        self.account_id = ""
        self.keys = 0

    def key(self) -> str:
        self.keys += 1
        return f"stage-key-{self.keys}"

    async def do(self, command: Any) -> dict[str, Any]:
        # As the routes do: what the jobs' own engines have written meanwhile is read anew.
        await self.engine.freshen(*(getattr(command, name, "") for name in ("rule_id", "product_id")))
        return await do(self.engine, command, self.key())

    async def product(self, sku: str, sale_minor: int) -> str:
        listed = await self.do(
            ListProduct(sku, "Harbour Cafe", f"Coffee {sku}", "cafe", "KRW", sale_minor * 2, {30: sale_minor, 60: 5})
        )
        return str(listed["id"])

    async def people(self, *days: tuple[Calendar, str]) -> tuple[Celebrated, ...]:
        """Return recipients with these dates ("lunar", "1990-08-15"), in the vault."""
        people = [Person(f"0100000{n:04d}", f"N{n}") for n in range(1000, 1000 + len(days))]
        party = await self.vault.people.put("key_owner", self.key(), people, mark="rule")
        return tuple(
            Celebrated(token, calendar, *map(int, day.split("-")))
            for token, (calendar, day) in zip(party.tokens, days, strict=True)
        )

    async def rule(self, *days: tuple[Calendar, str], **given: Any) -> str:
        values: dict[str, Any] = {
            "account_id": self.account_id,
            "member_id": None,
            "form": FORM,
            "ends_on": None,
            "recipients": await self.people(*days),
            "duplicates": False,
            "consent": True,
            **given,
        }
        if "wishes" not in values:
            values["wishes"] = (Wish(await self.product(f"SKU-{self.key()}", 990), 30),)
        return str((await self.do(CreateRule(**values)))["id"])

    async def change(self, rule_id: str, **given: Any) -> dict[str, Any]:
        """Change a rule of the owner."""
        plain: dict[str, Any] = {
            "form": {}, "wishes": None, "ends_on": STAYS, "recipients": None, "duplicates": False, "consent": True,
        }  # fmt: skip
        return await self.do(ChangeRule(rule_id, **{**plain, **given}))

    def feed(self) -> None:
        with connect_to(self.database)() as project:
            runner = Runner(connect_to(self.database))
            runner.prepare(project)
            while runner.feed(project, project):
                pass

    async def fire(self, text: str | None = None) -> Fired:
        """Let the job fire at a time of Seoul, as a process of its own would."""
        if text is not None:
            self.clock.at = kst(text)
        self.feed()
        fired = await order_gifts(self.database, self.vault, self.clock)
        self.feed()
        return fired

    async def ask(self, query: str) -> list[dict[str, Any]]:
        async with await connect_async(self.database.app) as connection:
            path = sql.SQL("SET search_path = {}, pg_catalog").format(sql.Identifier(self.database.schema))
            await connection.execute(path)
            return await fetch(connection, query, [])

    async def shown(self, rule_id: str) -> dict[str, Any]:
        self.feed()
        async with await connect_async(self.database.app) as connection:
            path = sql.SQL("SET search_path = {}, pg_catalog").format(sql.Identifier(self.database.schema))
            await connection.execute(path)
            today = self.clock.at.astimezone(KST).date()
            return await anniversary_queries.one(connection, rule_id, today=today)

    async def facts(self, topic: str) -> list[dict[str, Any]]:
        query = f"SELECT convert_from(state, 'UTF8')::jsonb AS state FROM ledger_events WHERE topic = '{topic}'"
        return [row["state"] for row in await self.ask(f"{query} ORDER BY notification_id")]

    async def balance(self) -> tuple[int, int]:
        account = (await self.engine.account(self.account_id)).account
        return account.balance_minor, account.held_minor

    async def days(self, first: str, last: str) -> list[tuple[str, tuple[str, ...]]]:
        """Return what would be ordered on each day of a span, as (day, occurrences)."""
        self.feed()
        start, end = date.fromisoformat(first), date.fromisoformat(last)
        every = [start + timedelta(days=n) for n in range((end - start).days + 1)]
        async with await connect_async(self.database.app) as connection:
            path = sql.SQL("SET search_path = {}, pg_catalog").format(sql.Identifier(self.database.schema))
            await connection.execute(path)
            found = await anniversary_queries.due(connection, days=every, limit=1_000)
        return [(each.day.isoformat(), each.occurrences) for each in found]


@pytest.fixture
async def stage(ledger_database: Database, clock: SetClock, tmp_path: Path) -> AsyncIterator[Stage]:
    engine = Engine(Store(ledger_database.app, ledger_database.schema), clock)
    await engine.start()
    made = Stage(engine, ledger_database, open_vault(Settings(data_dir=tmp_path), ledger_database, clock), clock)
    made.account_id = await account_with(engine, 100_000)
    yield made
    await engine.stop()


async def test_a_lunar_birthday_of_08_15_is_ordered_at_02_00_and_sent_at_09_00_of_2024_09_17(stage: Stage) -> None:
    rule_id = await stage.rule(("lunar", "1990-08-15"))

    the_day_before = await stage.fire("2024-09-16 23:59")
    early = await stage.fire("2024-09-17 01:59:59")
    at_two = await stage.fire("2024-09-17 02:00")

    assert (the_day_before.done, early.done, at_two.done) == (0, 0, 1)
    [placed] = await stage.facts("order.placed")
    assert placed["amount_minor"] == 990 * 1
    assert placed["source"] == f"anniversary:{rule_id}:2024-09-17"
    assert datetime.fromisoformat(placed["scheduled_at"]) == kst("2024-09-17 09:00")
    assert await stage.balance() == (100_000 - 990, 990)
    [ordered] = await stage.facts("anniversary.ordered")
    assert ordered["occurrences"] == ["lunar:2024:08-15"]
    assert (await stage.shown(rule_id))["notices"][0]["order_id"] == ordered["order_id"]


async def test_nothing_is_ordered_after_the_price_was_changed_v6(stage: Stage) -> None:
    product_id = await stage.product("COFFEE-990", 990)
    rule_id = await stage.rule(("lunar", "1990-08-15"), wishes=(Wish(product_id, 30),))
    stage.clock.at = kst("2024-09-10 11:00")
    await stage.do(ChangeProduct(product_id, sale_minor={30: 1_090, 60: 5}))
    stage.feed()

    suspended = await fire(SUSPEND_RULES, stage.database, stage.clock)
    on_the_day = await stage.fire("2024-09-17 02:00")

    assert (suspended.done, on_the_day) == (1, Fired("anniversary-orders", 0, 0, 0))
    shown = await stage.shown(rule_id)
    assert (shown["status"], shown["on"], shown["reason"]) == ("suspended", False, "price_changed")
    assert (shown["notices"][0]["kind"], shown["notices"][0]["product_id"]) == ("suspended", product_id)
    assert shown["notices"][0]["at"].startswith("2024-09-10")
    assert await stage.balance() == (100_000, 0)


async def test_a_price_that_went_up_and_down_again_suspends_all_the_same_r_052(stage: Stage) -> None:
    product_id = await stage.product("UP-AND-DOWN", 990)
    rule_id = await stage.rule(("solar", "1990-09-17"), wishes=(Wish(product_id, 30),))
    other = await stage.rule(("solar", "1990-09-17"), wishes=(Wish(product_id, 60),))
    for price in (1_090, 990):
        await stage.do(ChangeProduct(product_id, sale_minor={30: price, 60: 5}))
    stage.feed()

    suspended = await fire(SUSPEND_RULES, stage.database, stage.clock)

    assert suspended.done == 1
    assert (await stage.shown(rule_id))["status"] == "suspended"
    assert (await stage.shown(other))["status"] == "active"


async def test_a_price_that_changed_a_moment_before_02_00_suspends_instead_of_ordering(stage: Stage) -> None:
    product_id = await stage.product("LATE-CHANGE", 990)
    rule_id = await stage.rule(("solar", "1990-09-17"), wishes=(Wish(product_id, 30),))
    stage.clock.at = kst("2024-09-17 01:59:59")
    await stage.do(ChangeProduct(product_id, sale_minor={30: 980, 60: 5}))

    fired = await stage.fire("2024-09-17 02:00")

    assert fired.done == 1
    assert await stage.facts("order.placed") == []
    assert (await stage.shown(rule_id))["status"] == "suspended"
    assert await stage.balance() == (100_000, 0)


async def test_a_discontinued_item_suspends_and_the_owner_may_go_on_at_the_prices_of_now(stage: Stage) -> None:
    product_id = await stage.product("GONE", 990)
    rule_id = await stage.rule(("solar", "1990-09-17"), wishes=(Wish(product_id, 30),))
    await stage.do(DiscontinueProduct(product_id, "Out of stock"))
    stage.feed()
    await fire(SUSPEND_RULES, stage.database, stage.clock)
    suspended = await stage.shown(rule_id)
    refused = await stage.do(ResumeRule(rule_id))
    await stage.do(RelistProduct(product_id, "Back again"))
    await stage.do(ChangeProduct(product_id, sale_minor={30: 1_090}))
    resumed = await stage.do(ResumeRule(rule_id))
    again = await fire(SUSPEND_RULES, stage.database, stage.clock)

    fired = await stage.fire("2024-09-17 02:00")

    assert (suspended["status"], suspended["reason"]) == ("suspended", "discontinued")
    assert (refused["code"], resumed["status"], again.done) == ("product_discontinued", "active", 0)
    assert fired.done == 1
    assert await stage.balance() == (100_000 - 1_090, 1_090)


async def test_a_rule_that_was_changed_the_day_before_orders_what_it_says_now_v4(stage: Stage) -> None:
    rule_id = await stage.rule(("solar", "1990-09-17"))
    stage.clock.at = kst("2024-09-16 23:59")
    cheaper = await stage.product("CHEAPER", 700)

    changed = await stage.change(rule_id, form={"name": "For everybody"}, wishes=(Wish(cheaper, 30, 2),))
    fired = await stage.fire("2024-09-17 02:00")

    assert (changed["name"], changed["items"], changed["recipients"]) == ("For everybody", 1, None)
    [placed] = await stage.facts("order.placed")
    assert (fired.done, placed["name"], placed["amount_minor"]) == (1, "For everybody", 1_400)
    shown = await stage.shown(rule_id)
    assert [notice["kind"] for notice in shown["notices"]] == ["ordered", "changed"]
    assert (shown["name"], shown["lines"][0]["sale_price"]) == ("For everybody", 700)


async def test_a_rule_that_is_changed_after_its_order_does_not_order_the_day_again_v4(stage: Stage) -> None:
    rule_id = await stage.rule(("solar", "1990-09-17"))
    await stage.fire("2024-09-17 02:00")

    stage.clock.at = kst("2024-09-17 02:10")
    await stage.change(rule_id, form={"name": "Later"}, recipients=await stage.people(("solar", "1990-09-17")))
    again = [await stage.fire(at) for at in ("2024-09-17 03:00", "2024-09-17 09:00", "2024-09-18 02:00")]

    assert [fired.done for fired in again] == [0, 0, 0]
    assert len(await stage.facts("order.placed")) == 1
    assert [day for day, _ in await stage.days("2025-01-01", "2025-12-31")] == ["2025-09-17"]


async def test_cheaper_items_let_the_next_try_of_the_morning_succeed_r_050(stage: Stage) -> None:
    rule_id = await stage.rule(("solar", "1990-09-17"), wishes=(Wish(await stage.product("DEAR", 100_001), 30),))
    await stage.fire("2024-09-17 02:00")

    stage.clock.at = kst("2024-09-17 02:30")
    await stage.change(rule_id, wishes=(Wish(await stage.product("CHEAP", 990), 30),))
    fired = await stage.fire("2024-09-17 03:00")

    assert fired.done == 1
    assert await stage.balance() == (100_000 - 990, 990)


async def test_a_price_change_of_an_item_that_was_put_in_later_suspends_v6(stage: Stage) -> None:
    rule_id = await stage.rule(("solar", "1990-09-17"))
    later = await stage.product("LATER", 700)
    await stage.change(rule_id, wishes=(Wish(later, 30),))
    await stage.do(ChangeProduct(later, sale_minor={30: 710, 60: 5}))
    stage.feed()

    suspended = await fire(SUSPEND_RULES, stage.database, stage.clock)

    assert (suspended.done, (await stage.shown(rule_id))["status"]) == (1, "suspended")


async def test_insufficient_funds_are_tried_each_hour_until_08_00_then_skipped_for_the_year_r_050(stage: Stage) -> None:
    rule_id = await stage.rule(("solar", "1990-09-17"), wishes=(Wish(await stage.product("DEAR", 100_001), 30),))

    tried = [await stage.fire(f"2024-09-17 {hour:02d}:00") for hour in range(2, 8)]
    in_between = await stage.fire("2024-09-17 07:59:59")
    before = (await stage.shown(rule_id))["notices"]
    last = await stage.fire("2024-09-17 08:00")
    after = await stage.fire("2024-09-17 08:01")
    next_day = await stage.fire("2024-09-18 02:00")

    assert [fired.refused for fired in tried] == [1] * 6
    assert (in_between.refused, in_between.known, before) == (0, 1, [])
    assert last.refused == 1
    assert after == next_day == Fired("anniversary-orders", 0, 0, 0)
    shown = await stage.shown(rule_id)
    assert (shown["status"], shown["on"]) == ("active", True)
    notice = shown["notices"][0]
    assert (notice["kind"], notice["day"], notice["code"]) == ("skipped", "2024-09-17", "insufficient_funds")
    assert await stage.balance() == (100_000, 0)
    assert await stage.days("2025-09-17", "2025-09-17") == [("2025-09-17", ("solar:2025:09-17",))]


async def test_money_that_comes_before_08_00_still_buys_the_gifts(stage: Stage) -> None:
    await stage.rule(("solar", "1990-09-17"), wishes=(Wish(await stage.product("DEAR", 100_001), 30),))
    await stage.fire("2024-09-17 02:00")
    stage.clock.at = kst("2024-09-17 07:30")
    await stage.do(ChargeAccount(stage.account_id, 1_000, "card", "PAY-1"))

    at_half_past = await stage.fire()
    at_eight = await stage.fire("2024-09-17 08:00")

    assert (at_half_past.done, at_eight.done) == (1, 0)
    assert await stage.balance() == (999, 100_001)


@pytest.mark.parametrize(
    ("made_at", "ordered_this_year"),
    [("2024-09-17 01:59:59", True), ("2024-09-17 02:00", True), ("2024-09-17 02:00:01", False)],
)
async def test_a_rule_made_after_02_00_of_the_day_starts_next_year_r_055(
    stage: Stage, made_at: str, ordered_this_year: bool
) -> None:
    stage.clock.at = kst(made_at)
    await stage.rule(("solar", "1990-09-17"))

    fired = await stage.fire("2024-09-17 02:05")

    assert fired.done == ordered_this_year
    assert [day for day, _ in await stage.days("2025-01-01", "2025-12-31")] == ["2025-09-17"]


@pytest.mark.parametrize(("ends_on", "ordered"), [("2024-09-16", 0), ("2024-09-17", 1)])
async def test_the_end_date_is_inclusive_r_054(stage: Stage, ends_on: str, ordered: int) -> None:
    rule_id = await stage.rule(("solar", "1990-09-17"), ends_on=date.fromisoformat(ends_on))

    fired = await stage.fire("2024-09-17 02:00")
    stage.clock.at = kst("2024-10-01 00:00")
    ended = await fire(END_RULES, stage.database, stage.clock)

    assert (fired.done, ended.done) == (ordered, 1)
    assert (await stage.shown(rule_id))["status"] == "ended"


async def test_a_future_first_year_is_not_ordered_before_it_r_053(stage: Stage) -> None:
    await stage.rule(("solar", "2026-09-17"), ("lunar", "2025-08-15"), ("solar", "2024-09-17"))

    days = await stage.days("2024-09-02", "2026-12-31")

    assert [(day, names) for day, names in days if "09-17" in day] == [
        ("2024-09-17", ("solar:2024:09-17",)),
        ("2025-09-17", ("solar:2025:09-17",)),
        ("2026-09-17", ("solar:2026:09-17",)),
    ]
    assert [names for _, names in days if names[0].startswith("lunar")] == [
        ("lunar:2025:08-15",),
        ("lunar:2026:08-15",),
    ]


async def test_a_lunar_date_falls_twice_into_2024_and_never_into_2025_r_051(stage: Stage) -> None:
    await stage.rule(("lunar", "1990-11-20"))

    found = await stage.days("2023-12-02", "2026-01-31")
    first, second = await stage.fire("2024-01-01 02:00"), await stage.fire("2024-12-20 02:00")

    assert found == [
        ("2024-01-01", ("lunar:2023:11-20",)),
        ("2024-12-20", ("lunar:2024:11-20",)),
        ("2026-01-08", ("lunar:2025:11-20",)),
    ]
    assert (first.done, second.done) == (1, 1)


async def test_all_gifts_of_a_rule_and_a_day_are_one_order(stage: Stage) -> None:
    await stage.rule(("solar", "1990-09-17"), ("lunar", "1988-08-15"), ("solar", "2001-09-17"), ("solar", "1990-09-18"))
    await stage.rule(("solar", "1990-09-17"))

    fired = await stage.fire("2024-09-17 02:00")
    the_next_day = await stage.fire("2024-09-18 02:00")

    placed = await stage.facts("order.placed")
    assert (fired.done, the_next_day.done) == (2, 1)
    assert sorted(each["recipients"] for each in placed) == [1, 1, 3]
    assert len({each["number"] for each in placed}) == 3


async def test_a_choice_rule_takes_the_dearest_price_for_each(stage: Stage) -> None:
    wishes = tuple([Wish(await stage.product(f"CHOICE-{minor}", minor), 30) for minor in (9_900, 29_700, 990)])
    rule_id = await stage.rule(
        ("solar", "1990-09-17"), ("solar", "1991-09-17"), form=replace(FORM, kind="choice"), wishes=wishes
    )

    await stage.fire("2024-09-17 02:00")

    assert await stage.balance() == (100_000 - 59_400, 59_400)
    shown = await stage.shown(rule_id)
    assert (shown["items"], shown["amount_each"], shown["kind"]) == (3, 29_700, "choice")


async def test_two_schedulers_at_once_order_once(stage: Stage) -> None:
    for _ in range(3):
        await stage.rule(("solar", "1990-09-17"))
    stage.feed()
    stage.clock.at = kst("2024-09-17 02:00")

    twins = await asyncio.gather(*(order_gifts(stage.database, stage.vault, stage.clock) for _ in range(2)))
    stage.feed()
    again = await stage.fire("2024-09-17 03:00")

    assert sum(fired.done for fired in twins) == 3
    assert again == Fired("anniversary-orders", 0, 0, 0)
    assert len(await stage.facts("order.placed")) == 3
    assert await stage.balance() == (100_000 - 3 * 990, 3 * 990)


@pytest.mark.parametrize(
    ("back_at", "sent_at"),
    [
        ("2024-09-17 08:59", "2024-09-17 09:00"),
        ("2024-09-17 15:00", None),
        ("2024-09-18 03:00", "2024-09-18 09:00"),
        ("2024-09-24 23:59", "2024-09-25 09:00"),
    ],
)
async def test_a_day_on_which_nobody_fired_is_caught_up(stage: Stage, back_at: str, sent_at: str | None) -> None:
    await stage.rule(("solar", "1990-09-17"))

    fired = await stage.fire(back_at)

    assert fired.done == 1
    [placed] = await stage.facts("order.placed")
    scheduled = placed["scheduled_at"]
    assert (scheduled and datetime.fromisoformat(scheduled)) == (sent_at and kst(sent_at))


async def test_a_day_that_was_missed_by_more_than_a_week_is_skipped_with_a_notice(stage: Stage) -> None:
    rule_id = await stage.rule(("solar", "1990-09-17"))

    fired = await stage.fire("2024-09-25 02:00")

    assert (fired.done, fired.refused) == (0, 1)
    notice = (await stage.shown(rule_id))["notices"][0]
    assert (notice["kind"], notice["code"]) == ("skipped", "missed")


async def test_a_clock_that_jumps_over_month_ends_brings_each_day_once(stage: Stage) -> None:
    stage.clock.at = kst("2025-01-20 10:00")
    dates = ("2000-01-30", "2000-01-31", "2000-02-01", "2000-02-28", "2000-02-29", "2000-03-01", "2000-03-31")
    await stage.rule(*(("solar", day) for day in dates))

    for at in (
        "2025-01-31 23:59:59",
        "2025-02-01 00:00",
        "2025-02-01 02:00",
        "2025-03-01 01:59:59",
        "2025-03-01 02:00",
    ):
        await stage.fire(at)
        await stage.fire()
    await stage.fire("2025-04-30 12:00")

    ordered = [(each["day"], sorted(each["occurrences"])) for each in await stage.facts("anniversary.ordered")]
    skipped = [each["day"] for each in await stage.facts("anniversary.skipped")]
    assert ordered == [
        ("2025-01-30", ["solar:2025:01-30"]),
        ("2025-01-31", ["solar:2025:01-31"]),
        ("2025-02-01", ["solar:2025:02-01"]),
        ("2025-02-28", ["solar:2025:02-28", "solar:2025:02-29"]),
        ("2025-03-01", ["solar:2025:03-01"]),
    ]
    assert skipped == ["2025-03-31"]


async def test_a_list_that_is_replaced_after_02_00_counts_from_the_next_day_v4(stage: Stage) -> None:
    rule_id = await stage.rule(("solar", "1990-09-17"), ("solar", "1990-09-18"))
    stage.clock.at = kst("2024-09-17 01:59")
    replaced = await stage.people(("solar", "1990-09-17"), ("solar", "1991-09-17"), ("solar", "1990-09-18"))
    await stage.do(ReplaceRuleRecipients(rule_id, replaced, duplicates=False))
    stage.clock.at = kst("2024-09-17 02:01")
    await stage.do(ReplaceRuleRecipients(rule_id, await stage.people(("solar", "1990-09-18")), duplicates=False))

    await stage.fire("2024-09-17 02:02")
    await stage.fire("2024-09-18 02:00")

    assert [each["recipients"] for each in await stage.facts("anniversary.ordered")] == [2, 1]
    assert (await stage.shown(rule_id))["recipients"] == 1


async def test_a_rule_that_is_off_orders_nothing_and_comes_back_from_the_next_02_00_on(stage: Stage) -> None:
    paused = await stage.rule(("solar", "1990-09-17"), ("solar", "1990-09-18"))
    ended = await stage.rule(("solar", "1990-09-17"))
    await stage.do(PauseRule(paused))
    await stage.do(EndRule(ended))

    off = await stage.fire("2024-09-17 02:00")
    stage.clock.at = kst("2024-09-17 05:00")
    await stage.do(ResumeRule(paused))
    on_again = await stage.fire("2024-09-17 05:01")
    next_day = await stage.fire("2024-09-18 02:00")

    assert (off.done, on_again.done, next_day.done) == (0, 0, 1)


async def test_an_order_has_recipients_of_its_own_and_who_was_erased_stays_away(stage: Stage) -> None:
    recipients = await stage.people(("solar", "1990-09-17"), ("solar", "1991-09-17"))
    await stage.rule(recipients=recipients)
    await stage.vault.people.erase([recipients[0].token])

    await stage.fire("2024-09-17 02:00")

    [added] = await stage.facts("order.recipients_added")
    assert len(added["tokens"]) == 1
    assert not set(added["tokens"]) & {each.token for each in recipients}


async def test_a_refused_try_leaves_nobody_behind_in_the_vault(stage: Stage) -> None:
    await stage.rule(("solar", "1990-09-17"), wishes=(Wish(await stage.product("DEAR", 100_001), 30),))
    before = await stage.vault.people.unsettled(timedelta())

    await stage.fire("2024-09-17 02:00")

    assert await stage.vault.people.unsettled(timedelta()) == before
