"""New links to public pages: who has locked a link by wrong tries is sent another one, so many times and apart (R-126).

The link itself is the vault's: the one that is locked is replaced when the message is sent.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Self
from uuid import UUID

from aggregates.fact import EPOCH, Fact, Stamp, Stream, fact, stream_class
from aggregates.ids import drawn_child_id
from aggregates.order.links import NEW_LINK_PAUSE, NEW_LINKS_MAX, LinkLimitReached

PREFIX = "pub"


def new_links_id(account_id: str, thing_id: str, subject: str) -> str:
    """Return the public id of what was sent anew to one person about one thing of an account."""
    return drawn_child_id(PREFIX, account_id, sha256(f"{thing_id}:{subject}".encode()).digest())


@fact("public_link.asked_anew")
class NewLinkAsked(Fact):
    """Somebody whose link is locked is sent a new one, to the phone that the locked one went to.

    Attributes:
        new_links_id: public id of all that was sent anew to this person about this thing.
        account_id: whose thing it is.
        thing_id: what the page is about.
        subject: vault token of the person.
        sent: how many new links that makes.
    """

    new_links_id: str
    account_id: str
    thing_id: str
    subject: str
    sent: int

    def apply(self, links: NewLinks) -> None:
        links.sent = self.sent
        links.last_at = self.occurred_at


@stream_class("public_link")
class NewLinks(Stream):
    """What one person was sent anew about one thing.

    Attributes:
        sent: how many new links so far. last_at: when the last one was asked for.
    """

    __slots__ = ("last_at", "sent")

    Asked = NewLinkAsked

    def __init__(self, id: UUID) -> None:
        super().__init__(id)
        self.sent = 0
        self.last_at: datetime = EPOCH

    def ask(self, stamp: Stamp, *, new_links_id: str, account_id: str, thing_id: str, subject: str) -> NewLinkAsked:
        """Record that a new link is sent.

        Raises:
            LinkLimitReached: the fifth was sent, or the last one less than 10 minutes ago (figures: how long to wait).

        Source: SPEC R-126.
        """
        if self.sent >= NEW_LINKS_MAX:
            raise LinkLimitReached(f"at most {NEW_LINKS_MAX} new links are sent", maximum=NEW_LINKS_MAX)
        wait = self.last_at + NEW_LINK_PAUSE - stamp.occurred_at
        if wait > timedelta():
            raise LinkLimitReached("new links are sent 10 minutes apart", wait_s=wait.seconds)
        asked: NewLinkAsked = self.record(
            NewLinkAsked,
            stamp,
            new_links_id=new_links_id,
            account_id=account_id,
            thing_id=thing_id,
            subject=subject,
            sent=self.sent + 1,
        )
        return asked

    def copy(self) -> Self:
        """Return an independent copy."""
        twin = type(self)(self.id)
        for name in (*Stream.__slots__, *NewLinks.__slots__):
            setattr(twin, name, getattr(self, name))
        twin.pending = list(self.pending)
        return twin
