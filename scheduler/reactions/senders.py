"""Sender profiles: Kakao is asked for what an account wants, and what it answers is recorded (SPEC B3).

Every question has a key made of the profile and of how often it was asked, so that a question put twice is one. The
number of a manager whose profile is gone is forgotten.
"""

from __future__ import annotations

from typing import Any

import structlog

from aggregates.errors import NotFound
from ledger.command import Command
from ledger.commands.sender_profiles import RecordRegistration, RecordSenderState, RecordTokenSent
from ledger.ports.channels import ChannelAnswer
from ledger.ports.errors import PortUnavailable
from ledger.vault import Reading
from projections import sender_profiles
from scheduler.reactions import cursors
from scheduler.reactions.bench import Bench, Reaction

log = structlog.get_logger("reactions")

NAME = "senders"
PAGE = 50
FORGOTTEN = "senders:forgotten"
STATES_EVERY_S = 600.0


async def react(bench: Bench) -> int:
    """Ask Kakao about a page of profiles, and forget the managers of profiles that are gone."""
    async with bench.see() as connection:
        rows = await sender_profiles.to_ask(connection, limit=PAGE)
    done = 0
    for row in rows:
        done += int(await (_request_token if row["status"] == "requested" else _register)(bench, row))
    return done + await _forget(bench)


async def look(bench: Bench) -> int:
    """Ask Kakao for the state of every registered channel, and record those that have changed."""
    changed, after = 0, ""
    while True:
        async with bench.see() as connection:
            rows = await sender_profiles.registered(connection, after, limit=PAGE)
        for row in rows:
            after = row["profile_id"]
            state = await bench.ports.channels.state(row["channel_key"])
            if state is not None and state != row["status"]:
                key = f"{after}:state:{row['changed_at']}:{state}"
                changed += int(await _do(bench, key, RecordSenderState(after, state)))
        if len(rows) < PAGE:
            break
    log.debug("channels were asked for their state", changed=changed)
    return 0


REACTION = Reaction(NAME, every_s=0.5, step=react)
STATES = Reaction("sender-states", every_s=STATES_EVERY_S, step=look)


async def _request_token(bench: Bench, row: dict[str, Any]) -> bool:
    """Have a token sent to the manager; return whether something new was recorded."""
    profile_id = row["profile_id"]
    key = f"{profile_id}:token:{row['attempt']}"
    try:
        manager = await bench.vault.get(row["manager"], Reading(f"reaction:{NAME}", "have a token sent"))
        told = await bench.ports.channels.request_token(row["search_id"], manager["phone"], key)
    except NotFound:
        told = ChannelAnswer("refused", "manager_erased")
    except PortUnavailable:
        return False
    return await _do(bench, f"{key}:told", RecordTokenSent(profile_id, _code(told)))


async def _register(bench: Bench, row: dict[str, Any]) -> bool:
    """Hand the manager's token on; return whether something new was recorded."""
    profile_id = row["profile_id"]
    key = f"{profile_id}:register:{row['changed_at']}"
    try:
        given = await bench.vault.get(row["token"], Reading(f"reaction:{NAME}", "register a channel"))
        told = await bench.ports.channels.register(row["search_id"], given["token"], key)
    except NotFound:
        told = ChannelAnswer("refused", "token_expired")
    except PortUnavailable:
        return False
    return await _do(bench, f"{key}:told", RecordRegistration(profile_id, told.channel_key, _code(told)))


async def _forget(bench: Bench) -> int:
    """Forget the managers of profiles that were removed or refused; return how many those were."""
    after = await cursors.read(bench, FORGOTTEN)
    async with bench.see() as connection:
        rows = await sender_profiles.managers_to_forget(connection, after, limit=PAGE)
    for row in rows:
        await bench.vault.erase(row["manager"])
        await cursors.move(bench, FORGOTTEN, row["changed_at"])
    return len(rows)


def _code(told: ChannelAnswer) -> str | None:
    return None if told.status == "done" else told.code or "refused"


async def _do(bench: Bench, key: str, command: Command) -> bool:
    """Record something once; return whether it is new. What the account has changed in between is left as it is."""
    outcome = await bench.do(NAME, key, command)
    if outcome.status >= 400 and not outcome.replayed:
        log.info("an answer of Kakao came too late", key=key, status=outcome.status)
    return not outcome.replayed and outcome.status < 400
