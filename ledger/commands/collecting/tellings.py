"""Telling people: asked for inside the commit of what it is about, sent and settled by the reaction `tellings`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import ClassVar

from aggregates.collecting.telling import (
    NOT_TOLD,
    OWNER_CHANNELS,
    PERSON_CHANNELS,
    PREFIX,
    TOLD,
    Channel,
    Telling,
    TellingNotFound,
    TellingRequested,
)
from aggregates.fact import Fact, Stamp
from ledger.command import Answer, Streams, answer

_INDEX_BYTES = 6


def tell(
    streams: Streams,
    stamp: Stamp,
    *,
    account_id: str,
    thing_id: str,
    kind: str,
    to: str | None,
    channels: Sequence[Channel] | None = None,
    detail: Mapping[str, int | str] | None = None,
    index: int = 0,
    page: str | None = None,
    generation: int = 0,
) -> TellingRequested:
    """Record that somebody shall be told. Call it in the decision about what they are told of.

    Args:
        account_id: who asks for the money, or pays it out.
        thing_id: what it is about, e.g. "lnk_...".
        kind: "noun.event", e.g. "link.paid"; "link-paid" is the message's template.
        to: vault token of a person with the fields name, phone and email; None = the account's own people, where it
            wants its notices.
        channels: in the order in which they are tried; None = Alimtalk, then SMS; to the account: e-mail, then SMS.
        detail: what the message says beside names and the link: figures, dates and public ids alone.
        index: tells apart what one command tells of the same kind about the same thing.
        page: what the link in the message opens; None = `thing_id` for a person, no link for the account.
        generation: at least of that link; a higher one kills those sent before.
    """
    place = sha256(f"{thing_id}:{kind}:{to}:{index}".encode()).digest()[:_INDEX_BYTES]
    telling_id, telling = streams.new_child(Telling, PREFIX, account_id, int.from_bytes(place, "big"))
    return telling.request(
        stamp,
        telling_id=telling_id,
        account_id=account_id,
        thing_id=thing_id,
        kind=kind,
        to=to,
        channels=tuple(channels or (OWNER_CHANNELS if to is None else PERSON_CHANNELS)),
        page=thing_id if page is None and to is not None else page,
        generation=generation,
        detail=detail or {},
    )


@dataclass(frozen=True, slots=True)
class SettleTelling:
    """Say how a telling ended. channel: as which it arrived; None = it did not, and code says why."""

    ANSWER: ClassVar[str] = "telling-settled/1"

    telling_id: str
    channel: str | None
    code: str | None

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Telling.Settled`. Raises: TellingNotFound; as of `Telling.settle`."""
        telling = streams.known(Telling, self.telling_id, TellingNotFound)
        telling.settle(stamp, channel=self.channel, code=self.code)


@answer("telling-settled/1")
def settled(facts: Sequence[Fact]) -> Answer:
    """Answer with how it ended."""
    fact = next(fact for fact in facts if isinstance(fact, Telling.Settled))
    return Answer(200, {"id": fact.telling_id, "status": NOT_TOLD if fact.channel is None else TOLD})
