"""Periods of the books: closed by an accountant, for ever."""

from __future__ import annotations

from aggregates import books
from api.access import unbound
from api.ask import Ask, page_reply
from api.bodies import example
from api.fields import Body, Day, PageQuery, Reason
from api.operation import reads, writes
from api.refusals import rules
from api.reply import Reply
from api.shapes.base import list_of
from api.shapes.periods import ClosedPeriod, ListedClosedPeriod
from ledger.commands.periods import ClosePeriod
from projections import periods


class ClosePeriodBody(Body):
    """Up to which day the books shall be closed, and why."""

    model_config = example(through="2026-02-28", reason="February is reconciled")

    through: Day
    reason: Reason


@writes(
    "/v1/periods/close",
    scope="periods:close",
    rule=unbound,
    body=ClosePeriodBody,
    answer=ClosedPeriod,
    status=201,
    raises=rules(books),
)
def close_period(ask: Ask, body: ClosePeriodBody) -> ClosePeriod:
    """Close all business days up to one.

    From then on every request with a business time in them is refused as `period_closed`; corrections go to an open
    day. A day can be closed when it has been over for 10 minutes, and is never opened again.
    """
    return ClosePeriod(body.through, body.reason)


@reads("/v1/periods", scope="journal:read", rule=unbound, query=PageQuery, answer=list_of(ListedClosedPeriod))
async def list_periods(ask: Ask, query: PageQuery) -> Reply:
    """List every close of the books, newest first: the first says how far they are closed."""
    async with ask.see("periods") as (conn, position):
        page = await periods.page(conn, cursor=query.cursor, limit=query.limit)
    return page_reply(page, position)
