"""People are told what was recorded for them: once, by the first channel that reaches them, with the link to a page."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar
from uuid import uuid4

import pytest

from aggregates.collecting.telling import Channel
from aggregates.fact import Fact, Stamp
from ledger.command import ANSWERS, Answer, Streams, answer
from ledger.commands.collecting.tellings import tell
from ledger.ports.sandbox.scenarios import counted, set_rates
from ledger.ports.sandbox.state import SandboxState
from ledger.vault.notice_contacts import NoticeContact
from projections import tellings as tellings_view
from projections.connections import connect_to
from projections.rebuild import check_views
from projections.registry import chosen
from scheduler.reactions.bench import Bench
from scheduler.reactions.tellings import react
from tests.ledger.desk import SetClock, account_with, do
from tests.scheduler.reactions.conftest import Feed

pytestmark = pytest.mark.anyio

EMAIL, PHONE = "till@pine-street.example", "01000005005"
THING = "lnk_000123456789abcdefg2"


@dataclass(frozen=True, slots=True)
class Tell:
    """Tells somebody, and nothing else."""

    ANSWER: ClassVar[str] = "test-told/1"

    account_id: str
    to: str | None
    channels: tuple[Channel, ...] | None = None
    generation: int = 0
    times: int = 1

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        for index in range(self.times):
            tell(
                streams,
                stamp,
                account_id=self.account_id,
                thing_id=THING,
                kind="link.sent",
                to=self.to,
                channels=self.channels,
                detail={"amount": 50_000, "currency": "KRW"},
                index=index,
                generation=self.generation,
            )


if Tell.ANSWER not in ANSWERS:

    @answer(Tell.ANSWER)
    def told(facts: Sequence[Fact]) -> Answer:
        """Answer with how many there are."""
        return Answer(200, {"facts": len(facts)})


class Counter:
    """A company that tells people, and what the message provider was asked."""

    def __init__(self, bench: Bench, feed: Feed, state: SandboxState, clock: SetClock) -> None:
        self.bench, self.feed, self.state, self.clock = bench, feed, state, clock
        self.account_id = ""

    async def open(self) -> None:
        self.account_id = await account_with(self.bench.engine, 0, f"Pine Street Bakery {uuid4()}")

    async def person(self, **fields: str) -> str:
        """Put a person in the vault; return the token."""
        token = self.bench.vault._door.kek.token("ppl", "test", str(uuid4()))
        until = date(2031, 1, 1)
        await self.bench.vault.put(token, {"name": "Ida Marsh", **fields}, legal_basis="test", retain_until=until)
        return token

    async def tell(self, to: str | None, **more: Any) -> None:
        await do(self.bench.engine, Tell(self.account_id, to, **more), f"tell-{uuid4()}")

    async def work(self) -> None:
        """Let the reaction work until nothing comes of it."""
        idle = 0
        while idle < 2:
            self.feed()
            idle = 0 if await react(self.bench) else idle + 1

    async def sent(self) -> list[tuple[str, str, int]]:
        """Return (channel, template, how often asked) of every message of a telling."""
        found = await counted(self.state, "messages", "tel_", "", 100)
        return [(row["channel"], row["template"], row["asked"]) for row in found]

    async def links(self) -> list[str]:
        """Return the links in the messages."""
        return [row["link"] for row in await counted(self.state, "messages", "tel_", "", 100)]

    async def stand(self) -> list[tuple[str, str | None, str | None]]:
        """Return (status, channel, code) of the thing's tellings, newest first."""
        self.feed()
        async with self.bench.see() as connection:
            found = await tellings_view.of_thing(connection, THING)
        return [(each["status"], each["channel"], each["code"]) for each in found]


@pytest.fixture
async def counter(bench: Bench, feed: Feed, state: SandboxState, clock: SetClock) -> Counter:
    await set_rates(state, {"message_delay_s": 0})
    made = Counter(bench, feed, state, clock)
    await made.open()
    return made


async def test_a_person_is_told_by_alimtalk_once_with_a_link_that_opens_their_page_y1(counter: Counter) -> None:
    to = await counter.person(phone=PHONE)
    await counter.tell(to)

    await counter.work()
    await counter.work()

    assert await counter.stand() == [("told", "alimtalk", None)]
    assert await counter.sent() == [("alimtalk", "link-sent", 1)]
    (link,) = await counter.links()
    opened = await counter.bench.vault.public_links.open(link.removeprefix("/p/"))
    assert (opened.thing_id, opened.subject, opened.asks) == (THING, to, True)
    async with counter.bench.see() as connection:
        query = "SELECT convert_from(state, 'UTF8') FROM ledger_events"
        facts = str(await (await connection.execute(query)).fetchall())
    for secret in (PHONE, "Ida Marsh", link.removeprefix("/p/")):
        assert secret not in facts
    rebuilt = check_views(connect_to(counter.bench.database), chosen(("tellings",)))
    assert [(each.view, each.differences) for each in rebuilt] == [("tellings", 0)]


async def test_the_next_channel_is_tried_and_who_cannot_be_reached_is_not_told_y1(counter: Counter) -> None:
    forgotten = await counter.person(phone=PHONE)
    await counter.tell(await counter.person(phone="01000000001"))
    await counter.tell(await counter.person(email=EMAIL))
    await counter.tell(await counter.person(email=EMAIL), channels=("email",))
    await counter.tell(forgotten)
    await counter.bench.vault.erase(forgotten)

    await counter.work()

    assert await counter.stand() == [
        ("not_told", None, "no_contact"),
        ("told", "email", None),
        ("not_told", None, "no_contact"),
        ("told", "sms", None),
    ]
    assert sorted(channel for channel, *_ in await counter.sent()) == ["alimtalk", "email", "sms"]


async def test_the_account_is_told_where_it_wants_its_notices_without_a_link_y3(counter: Counter) -> None:
    await counter.tell(None)
    await counter.work()
    contacts = counter.bench.vault.notice_contacts
    async with contacts._door.transaction() as connection:
        await contacts.put(connection, counter.account_id, NoticeContact(EMAIL, PHONE))
    await counter.tell(None)

    await counter.work()

    assert await counter.stand() == [("told", "email", None), ("not_told", None, "no_contact")]
    assert await counter.links() == [None]


async def test_a_locked_link_and_one_of_an_older_generation_are_replaced_r126(counter: Counter) -> None:
    to = await counter.person(phone=PHONE)
    await counter.tell(to)
    await counter.work()
    (first,) = await counter.links()
    for _ in range(5):
        await counter.bench.vault.public_links.check(first.removeprefix("/p/"), "9999")
    await counter.tell(to)
    await counter.work()
    await counter.tell(to, generation=4)

    await counter.work()

    links = await counter.links()
    assert len(links) == len(set(links)) == 3


async def test_an_answer_that_is_lost_and_a_second_process_tell_nobody_twice(counter: Counter, other: Bench) -> None:
    await set_rates(counter.state, {"message_delay_s": 0, "message_timeout_percent": 100})
    await counter.tell(await counter.person(phone=PHONE), times=3)
    counter.feed()

    lost = await react(counter.bench)
    await asyncio.gather(react(counter.bench), react(other))

    assert lost == 0
    assert await counter.stand() == [("told", "alimtalk", None)] * 3
    assert await counter.sent() == [("alimtalk", "link-sent", 1)] * 3


async def test_a_report_that_never_comes_is_waited_for_a_day_then_the_next_channel_is_tried(counter: Counter) -> None:
    await set_rates(counter.state, {"unreported_percent": 100})
    await counter.tell(await counter.person(phone=PHONE))
    await counter.work()
    counter.clock.advance(hours=24)
    await counter.work()
    waits = await counter.stand(), [channel for channel, *_ in await counter.sent()]

    counter.clock.advance(hours=24)
    await counter.work()

    assert waits == ([("requested", None, None)], ["alimtalk", "sms"])
    assert await counter.stand() == [("not_told", None, "no_report")]


async def test_what_could_not_be_sent_for_seven_days_is_not_sent(counter: Counter) -> None:
    await counter.tell(await counter.person(phone=PHONE))
    counter.clock.advance(seconds=1)
    await counter.tell(await counter.person(phone=PHONE))
    counter.clock.advance(days=7)

    await counter.work()

    assert await counter.stand() == [("told", "alimtalk", None), ("not_told", None, "too_old")]
