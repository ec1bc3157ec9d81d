"""New links: a recipient who has locked the link by wrong tries is sent another one, so many times and apart (R-126).

The link itself is the vault's: the one that is locked is replaced when the message is sent. Here it is a message like
others, and whoever finds it on record sends it once.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from aggregates.errors import Conflict
from aggregates.fact import EPOCH, Stamp
from aggregates.order import dispatch
from aggregates.order.issuance import check_recipients
from aggregates.order.messages import LINK, record_request

if TYPE_CHECKING:
    from aggregates.order.order import Order

NEW_LINKS_MAX = 5
NEW_LINK_PAUSE = timedelta(minutes=10)
"""How many new links a recipient of an order is sent in place of locked ones, and how far apart (SPEC R-126)."""


class LinkOnItsWay(Conflict):
    """A message with the recipient's link is on its way already."""

    code = "link_on_its_way"


class LinkLimitReached(Conflict):
    """A recipient is sent at most 5 new links, 10 minutes apart (SPEC R-126)."""

    code = "link_limit_reached"


def send_link(order: Order, stamp: Stamp, *, recipient: int) -> None:
    """Record that a recipient whose link is locked is sent a new one.

    Raises:
        Malformed: no such recipient.
        OrderNotStarted: scheduled or cancelled.
        LinkOnItsWay: a message to the recipient has no result yet.
        LinkLimitReached: the fifth was sent, or the last one less than 10 minutes ago (figures say how long to wait).

    Source: SPEC R-126.
    """
    check_recipients(order, (recipient,))
    dispatch.refuse_not_started(order)
    if order.sending[recipient]:
        raise LinkOnItsWay("a message with the link is on its way", recipient=recipient)
    sent, last_at = order.new_links.get(recipient, (0, EPOCH))
    if sent >= NEW_LINKS_MAX:
        raise LinkLimitReached("a recipient is sent at most 5 new links", recipient=recipient, maximum=NEW_LINKS_MAX)
    wait = last_at + NEW_LINK_PAUSE - order.now(stamp)
    if wait > timedelta():
        raise LinkLimitReached("new links are sent 10 minutes apart", recipient=recipient, wait_s=wait.seconds)
    record_request(order, stamp, LINK, (recipient,))
