"""Facts and seal: what auditors read, from the store and not from a view."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from aggregates import ids
from api import shapes
from api.access import unbound
from api.ask import Ask, page_reply
from api.fields import PageLimit, PublicIdText, Query, QueryNumber
from api.operation import reads
from api.reply import Reply, of_view


class EventsQuery(Query):
    """Facts after a position: of one account, of one topic, or all."""

    after: QueryNumber = 0
    limit: PageLimit = 50
    account_id: PublicIdText | None = None
    topic: Annotated[str | None, Field(pattern=r"^[a-z_]{1,40}\.[a-z_]{1,60}$")] = None


@reads(
    "/v1/events",
    scope="events:read",
    rule=unbound,
    query=EventsQuery,
    answer=shapes.list_of(shapes.FactRecord),
)
async def list_events(ask: Ask, query: EventsQuery) -> Reply:
    """List facts, oldest first. Send next_cursor as `after` to go on; positions are dense, so a gap is a loss."""
    stream_id = None
    if query.account_id is not None:
        stream_id = ids.stream_id(ids.parse(query.account_id, "acc").account_id)
    head = await ask.house.facts.head()
    items = await ask.house.facts.after(query.after, query.limit, stream_id=stream_id, topic=query.topic)
    next_cursor = str(items[-1]["position"]) if len(items) == query.limit else None
    return page_reply((items, next_cursor), max(head.position, items[-1]["position"] if items else 0))


@reads("/v1/seal", scope="seal:read", rule=unbound, answer=shapes.Seal)
async def get_seal(ask: Ask) -> Reply:
    """Read the head of the chain of blocks that seals every fact and every remembered refusal."""
    blocks, position, head = await ask.house.facts.head()
    return of_view({"position": position, "head": head or None, "blocks": blocks, "checkpoint": None}, position)
