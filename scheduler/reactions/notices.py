"""Notices: owners of anniversary rules are told of what happened to them, by e-mail, else by SMS (SPEC V6, R-050).

That somebody is being told is on record before a provider hears of it, and the provider is asked about each channel
before anything is sent on it: a process that dies in between tells nobody twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import structlog

from aggregates.notice import CHANNELS, OCCURRENCE_SKIPPED, OPEN, REQUESTED, RULE_SUSPENDED
from aggregates.order.messages import REPORT_WAIT
from ledger.command import Command
from ledger.commands.notices import RequestNotice, SettleNotice
from ledger.ports.errors import PortUnavailable
from ledger.ports.messages import Channel, Delivery, Message
from ledger.recipients import owner_name
from ledger.vault import Reading
from ledger.vault.notice_contacts import NoticeContact
from projections import notices
from scheduler.reactions.bench import Bench, Reaction

log = structlog.get_logger("reactions")

NAME = "notices"
PAGE = 50
PAGES_MAX = 20
"""Pages of notices on their way that are looked at in one step: a slow one keeps no other waiting."""

NEWS_FOR = timedelta(days=7)
"""What is older when it is found is not told any more: it was missed, or comes from before there were notices."""

READING = Reading(f"reaction:{NAME}", "tell an owner")
TEMPLATES = {RULE_SUSPENDED: "rule-suspended", OCCURRENCE_SKIPPED: "rule-skipped"}

NO_CONTACT, TOO_OLD, NO_REPORT = "no_contact", "too_old", "no_report"


async def react(bench: Bench) -> int:
    """Put new notices on record, and tell owners; return how much of it was new.

    Raises:
        Unavailable, psycopg.Error: a database does not answer.
    """
    async with bench.see() as connection:
        found = await notices.to_tell(connection, OPEN, limit=PAGE)
    done = 0
    for row in found:
        command = RequestNotice(row["rule_id"], row["kind"], row["position"])
        done += await _do(bench, f"{row['notice_id']}:requested", command)
    after = 0
    for _ in range(PAGES_MAX):
        async with bench.see() as connection:
            requested = await notices.to_tell(connection, REQUESTED, after=after, limit=PAGE)
        done += await _tell(bench, requested)
        if len(requested) < PAGE:
            break
        after = requested[-1]["position"]
    return done


REACTION = Reaction(NAME, every_s=1.0, step=react, hinted_by="messages")


def message_key(notice_id: str, channel: str) -> str:
    """Return the name of one notice on one channel at the provider."""
    return f"{notice_id}:{channel}"


async def _tell(bench: Bench, rows: list[dict[str, Any]]) -> int:
    if not rows:
        return 0
    try:
        keys = [message_key(row["notice_id"], channel) for row in rows for channel in CHANNELS]
        stand = await bench.ports.messages.status(keys)
    except PortUnavailable:
        return 0
    done = 0
    for row in rows:
        try:
            ended = await _ended(bench, row, stand)
        except PortUnavailable:
            log.info("the message provider did not answer; it is asked again", notice=row["notice_id"])
            continue
        if ended is not None:
            done += await _do(bench, f"{row['notice_id']}:settled", SettleNotice(row["notice_id"], *ended))
    return done


async def _ended(
    bench: Bench, row: dict[str, Any], stand: Mapping[str, Delivery]
) -> tuple[str | None, str | None] | None:
    """Bring a notice on its way; return channel and code of how it ended, None while it has not.

    Raises:
        PortUnavailable: no answer; the next look asks.
    """
    now = bench.clock.now()
    if row["requested_at"] - row["at"] > NEWS_FOR:
        return None, TOO_OLD
    owner = owner_name(row["account_id"], row["member_id"])
    contact = await bench.vault.notice_contacts.get(owner, READING) or NoticeContact("", "")
    to: dict[Channel, str] = {"email": contact.email, "sms": contact.phone}
    code = NO_CONTACT
    for channel in to:
        key = message_key(row["notice_id"], channel)
        delivery = stand[key]
        if delivery.status == "absent":
            if not to[channel]:
                continue
            sender = bench.fallback_number if channel == "sms" else ""
            message = Message(to[channel], TEMPLATES[row["kind"]], _vars(row), key, sender)
            (delivery,) = await bench.ports.messages.send(channel, [message])
        if delivery.status == "delivered":
            return channel, None
        if delivery.status == "accepted" and now - (delivery.at or row["requested_at"]) < REPORT_WAIT:
            return None
        code = delivery.code or NO_REPORT
    return None, code


def _vars(row: dict[str, Any]) -> dict[str, str]:
    named = {"rule": row["name"], "rule_id": row["rule_id"], **row["detail"]}
    return {name: value for name, value in named.items() if value}


async def _do(bench: Bench, key: str, command: Command) -> bool:
    outcome = await bench.do(NAME, key, command)
    return not outcome.replayed and outcome.status < 400
