"""Forgetting: who need not be kept any more is erased, and so is whom a request named that came to nothing (R-003).

A request puts its recipients, or a document, into the vault before it is decided. Where a process ended in between,
the views know what became of it: once they have seen everything, who is on no order and no rule is nobody's recipient.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import structlog

from aggregates.dates import business_date
from projections import anniversary_queries, documents, order_work
from scheduler.reactions.bench import Bench, Reaction

log = structlog.get_logger("reactions")

NAME = "forgetting"
EVERY_S = 300.0
LEFT_BEHIND = timedelta(minutes=10)
"""From this age on, by the machine's time, a party that nobody settled was left behind: requests end within seconds."""

PAGE = 100
NOBODY = UUID(int=0)
"""A stream that nobody has: asked for its head, the store tells the ledger's."""


async def react(bench: Bench) -> int:
    """Erase whose time is over, and settle a page each of parties and documents that were left behind."""
    gone = await bench.vault.purge(business_date(bench.clock.now()))
    if gone:
        log.info("subjects were erased: their time was over", subjects=gone)
    return await settle(bench, LEFT_BEHIND) + await settle_documents(bench, LEFT_BEHIND)


async def settle(bench: Bench, min_age: timedelta) -> int:
    """Settle a page of parties that were left behind; return how many."""
    people = bench.vault.people
    left = await people.unsettled(min_age, limit=PAGE)
    if not left:
        return 0
    position, _ = await bench.engine.store.heads(NOBODY)
    async with bench.see("orders", at_least=position) as connection:
        placed = await order_work.placed_parties(connection, [party.first_token for party in left])
    async with bench.see("anniversary_rules", at_least=position) as connection:
        for party in left:
            if party.first_token not in placed and await anniversary_queries.holds_token(connection, party.first_token):
                placed.add(party.first_token)
    for party in left:
        await people.settle_open(party, placed=party.first_token in placed, min_age=min_age)
    log.info("parties that were left behind are settled", kept=len(placed), forgotten=len(left) - len(placed))
    return len(left)


async def settle_documents(bench: Bench, min_age: timedelta) -> int:
    """Settle a page of documents whose requests ended half way: issued ones stay, others are forgotten."""
    shelf = bench.vault.documents
    left = await shelf.unsettled(min_age, limit=PAGE)
    if not left:
        return 0
    position, _ = await bench.engine.store.heads(NOBODY)
    async with bench.see("documents", at_least=position) as connection:
        issued = await documents.issued_tokens(connection, left)
    for token in left:
        await shelf.settle(token, issued=token in issued, min_age=min_age)
    log.info("documents that were left behind are settled", kept=len(issued), forgotten=len(left) - len(issued))
    return len(left)


REACTION = Reaction(NAME, every_s=EVERY_S, step=react)
