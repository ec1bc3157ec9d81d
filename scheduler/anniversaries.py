"""The gifts of the day: at 02:00 each rule's order is made, tried again each hour until 08:00, then given up (SPEC 4).

What is due is asked from the view, so a day on which nobody fired is caught up; a firing that comes twice, late or in
two processes makes nothing twice: the key of an order names rule, day and hour, and the rule itself keeps what is done.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any

import orjson
import structlog
from psycopg import AsyncConnection, sql

from aggregates.anniversary.parts import CATCH_UP_DAYS, CREATED_AT, RETRIED_UNTIL, instant
from aggregates.anniversary.refusals import ListBehind
from aggregates.dates import KST, business_date
from aggregates.errors import Malformed, NotFound
from ledger.clock import Clock
from ledger.command import Call
from ledger.commands.anniversaries import OrderOccurrence, SkipOccurrence
from ledger.database import Database, connect_async
from ledger.engine import Engine
from ledger.keys import command_key
from ledger.recall import recall
from ledger.store import Store
from ledger.vault import Reading, Vault
from projections.anniversary_queries import DueOccurrence, due
from scheduler.jobs import Fired

log = structlog.get_logger("scheduler")

NAME = "anniversary-orders"
EVERY_S = 60

LOOK_BACK_DAYS = 62
"""How far back missed days are looked for: older than `CATCH_UP_DAYS` they are skipped, with a notice."""

PAGE = 20
"""How many orders are asked for at a time; each may have 10,000 recipients."""

MISSED = "missed"
LATE = "late"
"""Hour of a try that is made after 08:59 of its day, in the place of a number."""


async def order_gifts(database: Database, vault: Vault, clock: Clock) -> Fired:
    """Make the orders of all days that are due, and give up those that could not be made.

    Raises:
        Unavailable: a database went away; the next firing goes on.
        psycopg.Error: the same, before anything was done.
    """
    done = known = refused = 0
    async with await connect_async(database.app) as connection:
        await connection.execute(sql.SQL("SET search_path = {}, pg_catalog").format(sql.Identifier(database.schema)))
        engine = Engine(Store(database.app, database.schema), clock)
        started = False
        try:
            async for each in _all_due(connection, clock.now()):
                if not started:
                    await engine.start()
                    started = True
                outcome = await _order(each, engine, vault)
                done += outcome == "done"
                known += outcome == "known"
                refused += outcome == "refused"
        finally:
            if started:
                await engine.stop()
    fired = Fired(NAME, done, known, refused)
    if fired != Fired(NAME, 0, 0, 0):
        log.info("job has run", **fired._asdict())
    return fired


async def _all_due(connection: AsyncConnection[Any], now: datetime) -> AsyncIterator[DueOccurrence]:
    """Yield what is due, oldest day first, a page at a time."""
    today = business_date(now)
    days = [today - timedelta(days=back) for back in range(LOOK_BACK_DAYS, -1, -1)]
    days = [day for day in days if instant(day, CREATED_AT) <= now]
    after: tuple[date, str] | None = None
    while True:
        page = await due(connection, days=days, after=after, limit=PAGE)
        for each in page:
            yield each
        if len(page) < PAGE:
            return
        after = (page[-1].day, page[-1].rule_id)


async def _order(each: DueOccurrence, engine: Engine, vault: Vault) -> str:
    """Make one order, or give it up; return done, known (tried in this hour before) or refused."""
    now = engine.clock.now()
    if (business_date(now) - each.day).days > CATCH_UP_DAYS:
        return await _skip(each, engine, MISSED)
    hour, is_last = hour_of(each.day, now)
    call = _call(f"anniversary:{each.rule_id}:{each.day}:{hour}")
    key = command_key(call)
    remembered = (await recall(engine.store, [key])).get(key)
    if remembered is not None:
        status, body, was_known = remembered.status, remembered.body, True
    else:
        try:
            status, body, was_known = await _try(each, engine, vault, call)
        except (NotFound, Malformed, ListBehind) as error:
            log.warning("anniversary order was refused", rule_id=each.rule_id, code=error.code)
            return "refused"
    if status < 400:
        return "known" if was_known else "done"
    code = orjson.loads(body)["code"]
    if not was_known:
        log.info("anniversary order was refused", rule_id=each.rule_id, code=code, last=is_last)
    if is_last:
        return await _skip(each, engine, code)
    return "known" if was_known else "refused"


async def _try(each: DueOccurrence, engine: Engine, vault: Vault, call: Call) -> tuple[int, bytes, bool]:
    """Give the order recipients of its own, place it, and keep or forget them; return status, body, and if replayed."""
    assert call.key is not None
    reading = Reading(call.principal, "order the gifts of an anniversary", call.request_id)
    people = f"{call.key}:list-{each.list_number}"
    party = await vault.people.copy(each.tokens, call.principal, people, reading=reading, texts=each.texts_token)
    command = OrderOccurrence(
        each.rule_id, each.day, each.occurrences, each.list_number, party.tokens, party.duplicates, party.texts
    )
    try:
        outcome = await engine.submit(command, call)
    except (NotFound, Malformed, ListBehind):
        await vault.people.settle(call.principal, people, placed=False)
        raise
    # After any other error nobody knows: the next firing finds the people by their key, and the order if there is one.
    ordered = outcome.status < 400 and orjson.loads(outcome.body)["order_id"] is not None
    await vault.people.settle(call.principal, people, placed=ordered)
    return outcome.status, outcome.body, outcome.replayed


async def _skip(each: DueOccurrence, engine: Engine, code: str) -> str:
    call = _call(f"anniversary-skip:{each.rule_id}:{each.day}")
    outcome = await engine.submit(SkipOccurrence(each.rule_id, each.day, each.occurrences, code), call)
    if outcome.replayed:
        return "known"
    log.warning("anniversary was skipped for this year", rule_id=each.rule_id, day=each.day.isoformat(), code=code)
    return "refused"


def hour_of(day: date, now: datetime) -> tuple[str, bool]:
    """Return the hour of a try for a day, "02" to "08" or "late", and whether it is the last (SPEC R-050)."""
    here = now.astimezone(KST)
    if here.date() == day and here.hour <= RETRIED_UNTIL.hour:
        return f"{here.hour:02d}", here.hour == RETRIED_UNTIL.hour
    return LATE, True


def _call(key: str) -> Call:
    """Return a call that is the same for the same thing, whoever fires."""
    return Call(f"job:{NAME}", "", key, sha256(key.encode()).hexdigest()[:32], f"req_{secrets.token_hex(10)}")
