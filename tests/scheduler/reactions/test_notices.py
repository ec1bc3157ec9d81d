"""Owners are told what happened to their rules: once, by the first channel that reaches them, whatever dies between."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from aggregates.anniversary.parts import RuleForm
from ledger.commands.anniversaries import Celebrated, CreateRule, SuspendRule
from ledger.commands.products import DiscontinueProduct, ListProduct, Wish
from ledger.ports.sandbox.scenarios import counted, set_rates
from ledger.ports.sandbox.state import SandboxState
from ledger.recipients import owner_name
from ledger.vault.notice_contacts import NoticeContact
from projections import notices as notices_view
from projections.connections import connect_to
from projections.rebuild import check_views
from projections.registry import chosen
from scheduler.reactions.bench import Bench
from scheduler.reactions.notices import react
from tests.ledger.desk import SetClock, account_with, do
from tests.scheduler.reactions.conftest import Feed

pytestmark = pytest.mark.anyio

FORM = RuleForm("Birthdays of the team", "general", None, "HappyBirthday", False, None, None, None, None)
EMAIL, PHONE = "gifts@pine-street.example", "01000001001"


class Office:
    """A company whose rule is suspended, and what the message provider was asked."""

    def __init__(self, bench: Bench, feed: Feed, state: SandboxState, clock: SetClock) -> None:
        self.bench, self.feed, self.state, self.clock = bench, feed, state, clock
        self.account_id = ""

    async def suspended(self, member_id: str | None = None) -> str:
        """Make a rule whose item is discontinued, and suspend it; return its id."""
        engine = self.bench.engine
        self.account_id = self.account_id or await account_with(engine, 1_000, f"Pine Street Bakery {uuid4()}")
        listing = ListProduct(f"SKU-{uuid4().hex[:8]}", "Harbour Cafe", "Latte", "cafe", "KRW", 1_000, {30: 990})
        product = (await do(engine, listing, f"list-{uuid4()}"))["id"]
        people = (Celebrated("rcp_" + "a" * 32, "solar", 1990, 8, 15),)
        make = CreateRule(self.account_id, member_id, FORM, (Wish(product, 30),), None, people, False, True)
        rule_id: str = (await do(engine, make, f"make-{uuid4()}"))["id"]
        await do(engine, DiscontinueProduct(product, "gone"), f"gone-{uuid4()}")
        await do(engine, SuspendRule(rule_id), f"suspend-{uuid4()}")
        return rule_id

    async def contact(self, email: str = "", phone: str = "", member_id: str | None = None) -> None:
        """Say where the owner is told."""
        vault = self.bench.vault
        async with vault.notice_contacts._door.transaction() as connection:
            owner = owner_name(self.account_id, member_id)
            await vault.notice_contacts.put(connection, owner, NoticeContact(email, phone))

    async def work(self) -> None:
        """Let the reaction work until nothing comes of it."""
        idle = 0
        while idle < 2:
            self.feed()
            idle = 0 if await react(self.bench) else idle + 1

    async def sent(self) -> list[tuple[str, str, int, str]]:
        """Return (channel, template, how often asked, sender) of every message about notices."""
        found = await counted(self.state, "messages", "ntc_", "", 100)
        return [(row["channel"], row["template"], row["asked"], row["sender"]) for row in found]

    async def notices(self, member_id: str | None = None) -> list[tuple[str, str | None, str | None]]:
        """Return (status, channel, code) of the owner's notices, newest first."""
        self.feed()
        async with self.bench.see() as connection:
            page = await notices_view.page(connection, self.account_id, member_id, cursor=None, limit=None)
        return [(item["status"], item["channel"], item["code"]) for item in page.items]


@pytest.fixture
async def office(bench: Bench, feed: Feed, state: SandboxState, clock: SetClock) -> Office:
    await set_rates(state, {"message_delay_s": 0})
    return Office(bench, feed, state, clock)


async def test_the_owner_of_a_suspended_rule_is_told_by_mail_once_v6(office: Office) -> None:
    await office.suspended()
    await office.contact(EMAIL, PHONE)

    await office.work()
    await office.work()

    assert await office.notices() == [("told", "email", None)]
    assert await office.sent() == [("email", "rule-suspended", 1, "")]
    rebuilt = check_views(connect_to(office.bench.database), chosen(("notices",)))
    assert [(each.view, each.differences) for each in rebuilt] == [("notices", 0)]


async def test_who_has_no_address_or_no_luck_with_it_gets_an_sms(office: Office) -> None:
    await office.suspended()
    await office.contact("", PHONE)
    await office.work()
    by_sms = await office.sent()
    await office.suspended()
    await set_rates(office.state, {"message_delay_s": 0, "undelivered_percent": 100})
    await office.contact(EMAIL, PHONE)

    await office.work()

    assert by_sms == [("sms", "rule-suspended", 1, "0200000000")]
    assert await office.notices() == [("not_told", None, "unreachable"), ("told", "sms", None)]


async def test_without_a_contact_nobody_is_told_now_or_later(office: Office) -> None:
    await office.suspended()
    await office.work()
    await office.contact(EMAIL)

    await office.work()

    assert await office.notices() == [("not_told", None, "no_contact")]
    assert await office.sent() == []


async def test_a_sub_members_rule_is_told_to_it_and_never_to_its_master_v7(office: Office) -> None:
    await office.suspended(member_id="mem-1")
    await office.contact(EMAIL)

    await office.work()

    assert await office.notices() == []
    assert await office.notices("mem-1") == [("not_told", None, "no_contact")]
    assert await office.sent() == []


async def test_an_answer_that_is_lost_and_a_second_process_tell_nobody_twice(office: Office, other: Bench) -> None:
    await set_rates(office.state, {"message_delay_s": 0, "message_timeout_percent": 100})
    await office.suspended()
    await office.contact(EMAIL)
    office.feed()
    await react(office.bench)
    office.feed()

    lost = await react(office.bench)
    office.feed()
    await asyncio.gather(react(office.bench), react(other))

    assert lost == 0
    assert await office.notices() == [("told", "email", None)]
    assert await office.sent() == [("email", "rule-suspended", 1, "")]


async def test_a_report_that_never_comes_is_waited_for_a_day_then_the_next_channel_is_tried(office: Office) -> None:
    await set_rates(office.state, {"unreported_percent": 100})
    await office.suspended()
    await office.contact(EMAIL, PHONE)
    await office.work()
    office.clock.advance(hours=24)
    await office.work()
    waits = await office.notices(), [channel for channel, *_ in await office.sent()]

    office.clock.advance(hours=24)
    await office.work()

    assert waits == ([("requested", None, None)], ["email", "sms"])
    assert await office.notices() == [("not_told", None, "no_report")]


@pytest.mark.parametrize(("late", "ended"), [(timedelta(days=7), "told"), (timedelta(days=7, seconds=1), "not_told")])
async def test_what_is_found_over_seven_days_late_is_not_told(office: Office, late: timedelta, ended: str) -> None:
    await office.suspended()
    await office.contact(EMAIL)
    office.clock.at += late

    await office.work()

    assert [status for status, _, _ in await office.notices()] == [ended]


async def test_no_fact_knows_where_an_owner_is_told(office: Office) -> None:
    await office.suspended()
    await office.contact(EMAIL, PHONE)
    await office.work()

    async with office.bench.see() as connection:
        query = "SELECT convert_from(state, 'UTF8') FROM ledger_events"
        text = str(await (await connection.execute(query)).fetchall())
    assert EMAIL not in text
    assert PHONE not in text
