"""What is to be done about lines now, and doing it: the pairs that the rules see, the money that must be parked.

A view proposes, the command decides: whatever is out of date here is refused there, and seen rightly the next time.
Each command has a key made of what it is about and of when that was last touched: done by two, it is done once.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from hashlib import sha256
from typing import Any, NamedTuple

from psycopg import AsyncConnection

from aggregates import ids
from aggregates.books import BOOKS_ID, Books
from aggregates.dates import start_of_day
from aggregates.fact import Stream
from aggregates.reconciliation import Counterpart, Remittance, Tally
from aggregates.reconciliation.counterpart import counterpart_id
from aggregates.reconciliation.line import tally_of
from aggregates.reconciliation.rules import REFERENCE_DAYS, pairs
from ledger.command import Call, Command, Outcome
from ledger.commands.matching import MatchLine, ParkLine
from ledger.engine import Engine
from projections.paging import fetch
from projections.reconciliation_queries import open_item, open_line
from projections.tracking import wait_for

PRINCIPAL = "job:match-lines"

VIEW_LIMIT_S = 10.0
"""How long the next look waits for the view to have seen what was just done."""

LINES_MAX = 50_000
"""Lines that are looked at together: the oldest first."""

ITEMS_MAX = 200_000

ONCE_MAX = 1_000
"""Most things to be done that are returned at a time."""

_LINES = """
    SELECT line_id, side, day, amount_minor, currency, method, reference, status, seen FROM view_recon_lines
    WHERE status IN ('open', 'parked') AND NOT by_hand ORDER BY place LIMIT %s
"""

_ITEMS = """
    SELECT item_id AS id, day, amount_minor, currency, method, refs, seen FROM view_recon_items
    WHERE line_id IS NULL AND side = %s AND amount_minor = ANY(%s) AND day BETWEEN %s::date - %s AND %s::date + %s
    ORDER BY position LIMIT %s
"""

_REMITTANCES = """
    SELECT remittance_id AS id, last_day AS day, net_minor AS amount_minor, currency, NULL AS method,
           jsonb_build_array(reference, remittance_id) AS refs, seen
    FROM view_recon_remittances
    WHERE line_id IS NULL AND net_minor = ANY(%s) AND last_day BETWEEN %s::date - %s AND %s::date + %s
"""


class Worked(NamedTuple):
    """What was done. matched, parked: lines. refused: by a rule, as somebody else was first. position: of the last."""

    matched: int
    parked: int
    refused: int
    position: int


async def work_off(engine: Engine, conn: AsyncConnection[Any]) -> Worked:
    """Match and park all that can be, each thing once.

    Args:
        engine: started. conn: on which views are found by their names.

    Raises:
        ViewBehind: the view does not keep up. Unavailable: the database went away.

    Source: SPEC R-062, R-088.
    """
    matched = parked = refused = position = 0
    request_id = f"req_{secrets.token_hex(10)}"
    while steps := await due(conn):
        await engine.freshen(BOOKS_ID)
        await engine.warm_up([(Books, BOOKS_ID), *_streams(steps)])
        books = engine.warm.get(ids.stream_id(BOOKS_ID))
        closed_through = books.closed_through if isinstance(books, Books) else None
        items = [(command_of(step), _call(step, engine.clock.now(), closed_through, request_id)) for step in steps]
        done = 0
        for step, outcome in zip(steps, await engine.submit_in_order(items), strict=True):
            if not isinstance(outcome, Outcome):
                raise outcome
            new = outcome.status < 400 and not outcome.replayed
            done += new
            matched += new and step["item_id"] is not None
            parked += new and step["item_id"] is None
            refused += outcome.status >= 400
            position = max(position, outcome.position)
        if not done:
            break
        await wait_for(conn, "reconciliation", at_least=position, timeout_s=VIEW_LIMIT_S)
    return Worked(matched, parked, refused, position)


def _call(step: dict[str, Any], now: datetime, closed_through: date | None, request_id: str) -> Call:
    booked = booked_at(step, now, closed_through)
    key = step["key"] if booked is not None else f"{step['key']}:now"
    return Call(PRINCIPAL, "", key, sha256(key.encode()).hexdigest()[:32], request_id, booked)


def _streams(steps: Sequence[dict[str, Any]]) -> Iterator[tuple[type[Stream], str]]:
    for step in steps:
        yield Tally, tally_of(step["line_id"])
        item_id: str | None = step["item_id"]
        if item_id is not None and item_id.startswith("rmt_"):
            yield Remittance, item_id
        elif item_id is not None:
            yield Counterpart, counterpart_id(step["side"], item_id)


async def due(conn: AsyncConnection[Any], limit: int = ONCE_MAX) -> list[dict[str, Any]]:
    """Return what is to be done about open lines, matches before parking.

    Returns:
        {line_id, side, item_id, rule, day, key} of each pair; with item_id None for money that is to be parked.

    Source: SPEC R-062, R-088.
    """
    found = await fetch(conn, _LINES, [LINES_MAX])
    steps = [
        step
        for side in ("provider", "bank")
        for step in await _pairs(conn, side, [row for row in found if row["side"] == side])
    ]
    matched = {step["line_id"] for step in steps}
    steps += [
        _step(row, None, "park", f"park:{row['line_id']}:{row['seen']}")
        for row in found
        if row["side"] == "bank" and row["status"] == "open" and row["amount_minor"] > 0
        if row["line_id"] not in matched
    ]
    return steps[:limit]


async def _pairs(conn: AsyncConnection[Any], side: str, lines: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    if not lines:
        return []
    by_line = {row["line_id"]: row for row in lines}
    amounts = sorted({row["amount_minor"] for row in lines})
    days = [min(row["day"] for row in lines), REFERENCE_DAYS, max(row["day"] for row in lines), REFERENCE_DAYS]
    items = await fetch(conn, _ITEMS, [side, amounts, *days, ITEMS_MAX])
    if side == "bank":
        items += await fetch(conn, _REMITTANCES, [amounts, *days])
    by_item = {row["id"]: row for row in items}
    made = pairs([open_line(row) for row in lines], [open_item(row) for row in items])
    return [
        _step(
            by_line[pair.line_id],
            pair.item_id,
            pair.rule,
            f"match:{pair.line_id}:{by_line[pair.line_id]['seen']}:{pair.item_id}:{by_item[pair.item_id]['seen']}",
        )
        for pair in made
    ]


def _step(row: dict[str, Any], item_id: str | None, rule: str, key: str) -> dict[str, Any]:
    return {
        "line_id": row["line_id"],
        "side": row["side"],
        "item_id": item_id,
        "rule": rule,
        "day": row["day"],
        "key": key,
    }


def command_of(step: dict[str, Any]) -> Command:
    """Return the command of one thing that is to be done."""
    item_id: str | None = step["item_id"]
    if item_id is None:
        return ParkLine(step["line_id"])
    if item_id.startswith("rmt_"):
        return MatchLine(step["line_id"], (), item_id, step["rule"])
    return MatchLine(step["line_id"], (item_id,), None, step["rule"])


def booked_at(step: dict[str, Any], now: datetime, closed_through: date | None) -> datetime | None:
    """Return the business time of one thing that is to be done: the day of its line; None = now.

    What belongs to a day that is closed, or that has not come, is booked now.
    """
    day: date = step["day"]
    if (closed_through is not None and day <= closed_through) or start_of_day(day) > now:
        return None
    return start_of_day(day)
