"""The issuer's catalogue: every change of price or stock is asked for and taken once, in order (SPEC 2, 13)."""

from __future__ import annotations

from aggregates import ids
from ledger.commands.products import TakeCatalogueChange
from projections import products
from scheduler.reactions.bench import Bench, Reaction

NAME = "catalogue"
EVERY_S = 10.0


async def take_changes(bench: Bench) -> int:
    """Take the changes that the issuer's feed has after the last one taken; return how many were new.

    (What the view has not seen yet is asked for again, and known by its key.)

    Raises:
        Unavailable: the issuer or the database does not answer.
    """
    async with bench.see("products") as connection:
        after = await products.feed_taken(connection)
    changes = await bench.ports.coupons.catalog_changes(after)
    number = bench.engine.store.ledger_number
    # What an operator changed in another process is decided on as it is, also where nothing comes of it.
    await bench.engine.freshen(*{ids.named_id("prd", number, change.sku) for change in changes})
    new = 0
    for change in changes:
        command = TakeCatalogueChange(
            number=change.number,
            sku=change.sku,
            change=change.kind,
            list_minor=change.list_minor,
            sale_minor=change.sale_minor,
            validity_days=change.validity_days,
        )
        outcome = await bench.do(NAME, f"catalogue-change:{change.number}", command)
        new += not outcome.replayed and outcome.status < 400
    return new


REACTION = Reaction(NAME, EVERY_S, take_changes, hinted_by="coupons")
