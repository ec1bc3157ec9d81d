"""Residents: who does not own a unit or live there any more is kept for five years after that, and then forgotten."""

from __future__ import annotations

from projections import building_queries
from scheduler.reactions import cursors
from scheduler.reactions.bench import Bench, Reaction

NAME = "residents"
SEEN = "residents:gone"
PAGE = 100
EVERY_S = 60.0


async def react(bench: Bench) -> int:
    """Say until when those are kept who have left; return how many there were.

    Source: SPEC R-003.
    """
    after = await cursors.read(bench, SEEN)
    async with bench.see("buildings") as connection:
        rows = await building_queries.gone(connection, after, limit=PAGE)
    for row in rows:
        await bench.vault.residents.keep_after(row["person"], row["until"])
        await cursors.move(bench, SEEN, row["ended_at"])
    return len(rows)


REACTION = Reaction(NAME, every_s=EVERY_S, step=react)
