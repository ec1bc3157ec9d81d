"""Tellings: somebody is told that money is asked for, was paid, was not (SPEC Q2, Q4, K1, K3, K4, Y1, Y3, Z1, H3, H4).

A telling is recorded in the commit of what it is about; who sends it looks it up afterwards. What it says in words and
where it goes is not here: facts hold neither a number nor a name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Self
from uuid import UUID

from aggregates.errors import Conflict, NotFound
from aggregates.fact import Fact, Stamp, Stream, fact, stream_class
from aggregates.plain import direct

PREFIX = "tel"

Channel = Literal["alimtalk", "sms", "email"]
CHANNELS: tuple[Channel, ...] = ("alimtalk", "sms", "email")
"""By which people are told."""

PERSON_CHANNELS: tuple[Channel, ...] = ("alimtalk", "sms")
OWNER_CHANNELS: tuple[Channel, ...] = ("email", "sms")
"""In which order they are tried where nothing else is asked for: of a person, and of the account's own people."""

REQUESTED, TOLD, NOT_TOLD = "requested", "told", "not_told"
"""States of a telling: on its way, and how it ended."""

_KIND = re.compile(r"[a-z]+\.[a-z_]+")


class TellingNotFound(NotFound):
    """There is no such telling."""

    code = "telling_not_found"


class TellingSettled(Conflict):
    """It is on record already how the telling ended."""

    code = "telling_settled"


@direct
@dataclass(frozen=True, slots=True)
class Figure:
    """One thing that a message says: never a name, a number or an address of a person.

    Attributes:
        name: of the template's variable, e.g. "amount".
        value: as it is shown.
    """

    name: str
    value: str


@fact("telling.requested")
class TellingRequested(Fact):
    """Somebody shall be told.

    Attributes:
        telling_id: public id.
        account_id: who asks for the money, or pays it out.
        thing_id: public id of what it is about.
        kind: what has happened, "noun.event", e.g. bill.reminder.
        to: vault token of the person; null = the account's own people, where it wants its notices.
        channels: in the order in which they are tried.
        page: public id of what the link in the message opens; null = there is none.
        generation: of that link.
        detail: what the message says beside.
    """

    telling_id: str
    account_id: str
    thing_id: str
    kind: str
    to: str | None
    channels: tuple[str, ...]
    page: str | None
    generation: int
    detail: tuple[Figure, ...]

    def apply(self, telling: Telling) -> None:
        telling.telling_id = self.telling_id
        telling.account_id = self.account_id
        telling.thing_id = self.thing_id
        telling.kind = self.kind
        telling.channels = self.channels
        telling.status = REQUESTED


@fact("telling.settled")
class TellingEnded(Fact):
    """Somebody was told, or could not be.

    Attributes:
        telling_id, account_id, thing_id, kind: as requested.
        channel: as which it arrived; null = it did not.
        code: why it did not: no_contact (nothing is known of where to), too_old, no_report (accepted, and never heard
            of again), or the provider's word; null when it did.
    """

    telling_id: str
    account_id: str
    thing_id: str
    kind: str
    channel: str | None
    code: str | None

    def apply(self, telling: Telling) -> None:
        telling.status = NOT_TOLD if self.channel is None else TOLD


@stream_class("telling")
class Telling(Stream):
    """One message to one person.

    Attributes:
        telling_id, account_id, thing_id, kind, channels: as requested.
        status: requested, told or not_told; "" before it is requested.
    """

    __slots__ = ("account_id", "channels", "kind", "status", "telling_id", "thing_id")

    Requested = TellingRequested
    Settled = TellingEnded

    def __init__(self, id: UUID) -> None:
        super().__init__(id)
        self.telling_id = self.account_id = self.thing_id = self.kind = self.status = ""
        self.channels: tuple[str, ...] = ()

    def request(
        self,
        stamp: Stamp,
        *,
        telling_id: str,
        account_id: str,
        thing_id: str,
        kind: str,
        to: str | None,
        channels: tuple[Channel, ...],
        page: str | None,
        generation: int,
        detail: Mapping[str, int | str],
    ) -> TellingRequested:
        """Record that somebody shall be told; it refuses nothing, because what it is about has happened."""
        assert _KIND.fullmatch(kind), "a kind is a noun and an event, e.g. bill.sent"
        assert channels, "somebody is told on some channel"
        requested: TellingRequested = self.record(
            TellingRequested,
            stamp,
            telling_id=telling_id,
            account_id=account_id,
            thing_id=thing_id,
            kind=kind,
            to=to,
            channels=channels,
            page=page,
            generation=generation,
            detail=tuple(Figure(name, str(value)) for name, value in sorted(detail.items())),
        )
        return requested

    def settle(self, stamp: Stamp, *, channel: str | None, code: str | None) -> TellingEnded:
        """Record how it ended.

        Args:
            channel: one of those requested; None = nobody was reached. code: why not; None when somebody was.

        Raises:
            TellingSettled: it was recorded before.
        """
        assert (channel is None) != (code is None), "it arrived on a channel, or a code says why not"
        if self.status != REQUESTED:
            raise TellingSettled("it is on record how the telling ended")
        ended: TellingEnded = self.record(
            TellingEnded,
            stamp,
            telling_id=self.telling_id,
            account_id=self.account_id,
            thing_id=self.thing_id,
            kind=self.kind,
            channel=channel,
            code=code,
        )
        return ended

    def copy(self) -> Self:
        """Return an independent copy."""
        twin = type(self)(self.id)
        for name in (*Stream.__slots__, *Telling.__slots__):
            setattr(twin, name, getattr(self, name))
        twin.pending = list(self.pending)
        return twin
