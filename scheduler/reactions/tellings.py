"""Tellings: people are told what was recorded for them, with the link to their page (SPEC Q2, K1, K4, Y1, Y3, Z1, H3).

A telling is on record before a provider hears of it, and the provider is asked about each channel before anything is
sent on it: a process that dies in between tells nobody twice. Names, numbers and links are looked up when a message is
sent, and nowhere else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple, cast

import structlog

from aggregates.order.messages import REPORT_WAIT
from ledger.commands.collecting.tellings import SettleTelling
from ledger.ports.errors import PortUnavailable
from ledger.ports.messages import Channel, Delivery, Message
from ledger.recipients import owner_name
from ledger.vault import Reading, SubjectNotFound
from ledger.vault.notice_contacts import NoticeContact
from projections import tellings
from scheduler.reactions.bench import Bench, Reaction

log = structlog.get_logger("reactions")

NAME = "tellings"
PAGE = 100
PAGES_MAX = 20
"""Pages of tellings on their way that are looked at in one step: a slow one keeps no other waiting."""

AT_ONCE = 8
"""So many people are told at a time: each costs a few looks into the vault, and their results share commits."""

NEWS_FOR = timedelta(days=7)
"""What could not be sent for so long is not sent any more: what it says is no news, and may not be true."""

READING = Reading(f"reaction:{NAME}", "tell somebody")

NO_CONTACT, TOO_OLD, NO_REPORT = "no_contact", "too_old", "no_report"

PUBLIC_PAGE = "{public_url}/p/{link}"


class Ended(NamedTuple):
    """How a telling ended. channel: as which it arrived; None = it did not, and code says why."""

    channel: str | None
    code: str | None


class Person(NamedTuple):
    """Whom a message goes to. phone, email: "" = there is none. name: "" = of the account's own people."""

    name: str
    phone: str
    email: str


async def react(bench: Bench) -> int:
    """Bring tellings on their way; return how many ended.

    Raises:
        Unavailable, psycopg.Error: a database does not answer.
    """
    done = after = 0
    for _ in range(PAGES_MAX):
        async with bench.see() as connection:
            rows = await tellings.to_tell(connection, after=after, limit=PAGE)
        done += await _tell(bench, rows)
        if len(rows) < PAGE:
            break
        after = rows[-1]["position"]
    return done


REACTION = Reaction(NAME, every_s=1.0, step=react, hinted_by="messages")


def message_key(telling_id: str, channel: str) -> str:
    """Return the name of one telling on one channel at the provider."""
    return f"{telling_id}:{channel}"


async def _tell(bench: Bench, rows: list[dict[str, Any]]) -> int:
    """Bring the tellings of a page as far as they get; return how many ended."""
    if not rows:
        return 0
    try:
        keys = [message_key(row["telling_id"], channel) for row in rows for channel in row["channels"]]
        stand = await bench.ports.messages.status(keys)
    except PortUnavailable:
        return 0
    done = 0
    for part in batched(rows, AT_ONCE):
        ends = await asyncio.gather(*(_bring(bench, row, stand) for row in part), return_exceptions=True)
        for end in ends:
            if isinstance(end, BaseException):
                raise end
            done += end
    return done


def batched(rows: Sequence[dict[str, Any]], size: int) -> Iterator[Sequence[dict[str, Any]]]:
    """Cut rows into parts of at most `size`."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


async def _bring(bench: Bench, row: dict[str, Any], stand: Mapping[str, Delivery]) -> bool:
    """Bring one telling as far as it gets; return whether it ended. No answer is tried again later."""
    try:
        ended = await _ended(bench, row, stand)
    except PortUnavailable:
        log.info("the message provider did not answer; it is asked again", telling=row["telling_id"])
        return False
    if ended is None:
        return False
    outcome = await bench.do(NAME, f"{row['telling_id']}:settled", SettleTelling(row["telling_id"], *ended))
    return not outcome.replayed and outcome.status < 400


async def _ended(bench: Bench, row: dict[str, Any], stand: Mapping[str, Delivery]) -> Ended | None:
    """Bring one telling on its way; return how it ended, None while it has not.

    Raises:
        PortUnavailable: no answer; the next look asks.
    """
    now, person, code = bench.clock.now(), None, NO_CONTACT
    for channel in cast("list[Channel]", row["channels"]):
        delivery = stand[message_key(row["telling_id"], channel)]
        if delivery.status == "absent":
            if now - row["requested_at"] > NEWS_FOR:
                return Ended(None, TOO_OLD if code == NO_CONTACT else code)
            person = person or await _person(bench, row)
            sent = await _send(bench, row, channel, person)
            if sent is None:
                continue
            delivery = sent
        if delivery.status == "delivered":
            return Ended(channel, None)
        if delivery.status == "accepted" and now - (delivery.at or row["requested_at"]) < REPORT_WAIT:
            return None
        code = delivery.code or NO_REPORT
    return Ended(None, code)


async def _send(bench: Bench, row: dict[str, Any], channel: Channel, person: Person) -> Delivery | None:
    """Send on one channel; return where the message stands, None where there is nothing to send it to.

    Raises:
        PortUnavailable.
    """
    to = person.email if channel == "email" else person.phone
    if not to:
        return None
    link = await _link(bench, row)
    named = {"link": link, "name": person.name, "payee": row["payee"], **row["detail"]}
    given = {name: value for name, value in named.items() if value}
    sender = bench.fallback_number if channel == "sms" else ""
    key = message_key(row["telling_id"], channel)
    message = Message(to, row["kind"].replace(".", "-").replace("_", "-"), given, key, sender)
    (delivery,) = await bench.ports.messages.send(channel, [message])
    return delivery


async def _link(bench: Bench, row: dict[str, Any]) -> str:
    """Return the link of a message as it is now: one that is locked is replaced (SPEC R-126); "" = it has none."""
    if row["page"] is None:
        return ""
    links = bench.vault.public_links
    if row["generation"]:
        await links.make(row["page"], row["to_token"], row["generation"])
    return PUBLIC_PAGE.format(public_url=bench.public_url, link=await links.renew(row["page"], row["to_token"]))


async def _person(bench: Bench, row: dict[str, Any]) -> Person:
    """Return whom a telling goes to, the read on record; who was erased has neither number nor address."""
    if row["to_token"] is None:
        owner = owner_name(row["account_id"], None)
        contact = await bench.vault.notice_contacts.get(owner, READING) or NoticeContact("", "")
        return Person("", contact.phone, contact.email)
    try:
        fields = await bench.vault.get(row["to_token"], READING)
    except SubjectNotFound:
        return Person("", "", "")
    return Person(fields.get("name", ""), fields.get("phone", ""), fields.get("email", ""))
