"""Notices to the owner of an anniversary rule: it was suspended, or a year's gifts were skipped (SPEC V6, R-050).

A notice is named after the fact that it is about, so it is told once, whoever finds it. What it says and where it goes
is not here: facts hold neither an address nor a number.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Self
from uuid import UUID

from aggregates.errors import Conflict, Malformed, NotFound
from aggregates.fact import Fact, Stamp, Stream, fact, stream_class
from aggregates.ids import account_of, drawn_child_id

PREFIX = "ntc"
RULE_SUSPENDED, OCCURRENCE_SKIPPED = "rule_suspended", "occurrence_skipped"
KINDS = (RULE_SUSPENDED, OCCURRENCE_SKIPPED)
CHANNELS = ("email", "sms")
"""How owners are told: the first that reaches them."""

OPEN, REQUESTED, TOLD, NOT_TOLD = "open", "requested", "told", "not_told"
"""States of a notice: found, on its way, and how it ended."""


class NoticeNotFound(NotFound):
    """There is no such notice."""

    code = "notice_not_found"


class NoticeRequested(Conflict):
    """The owner is being told already, or has been."""

    code = "notice_requested"


class NoticeSettled(Conflict):
    """It is on record already how the notice ended."""

    code = "notice_settled"


@fact("notice.requested")
class NoticeTelling(Fact):
    """The owner of a rule is being told something.

    Attributes:
        notice_id: public id, drawn from rule and position.
        account_id: whose rule it is.
        member_id: the sub-member whose rule it is; null = the master.
        kind: rule_suspended or occurrence_skipped.
        rule_id: public id.
        position: of the fact that it is about.
    """

    notice_id: str
    account_id: str
    member_id: str | None
    kind: str
    rule_id: str
    position: int

    def apply(self, notice: Notice) -> None:
        notice.notice_id = self.notice_id
        notice.account_id = self.account_id
        notice.status = REQUESTED


@fact("notice.settled")
class NoticeEnded(Fact):
    """The owner was told, or could not be.

    Attributes:
        notice_id: public id.
        account_id: whose it is.
        channel: email or sms, as which it arrived; null = it did not.
        code: why it did not: no_contact (there is no address or number), too_old, no_report (accepted, and never
            heard of again), or the provider's word; null when it did.
    """

    notice_id: str
    account_id: str
    channel: str | None
    code: str | None

    def apply(self, notice: Notice) -> None:
        notice.status = NOT_TOLD if self.channel is None else TOLD


@stream_class("notice")
class Notice(Stream):
    """One notice.

    Attributes:
        notice_id, account_id: of it. status: requested, told or not_told; "" before it is requested.
    """

    __slots__ = ("account_id", "notice_id", "status")

    Requested = NoticeTelling
    Settled = NoticeEnded

    def __init__(self, id: UUID) -> None:
        super().__init__(id)
        self.notice_id = self.account_id = self.status = ""

    def request(
        self,
        stamp: Stamp,
        *,
        notice_id: str,
        account_id: str,
        member_id: str | None,
        kind: str,
        rule_id: str,
        position: int,
    ) -> None:
        """Record that the owner is being told, before it is.

        Raises:
            Malformed: an unknown kind. NoticeRequested: it was requested before.

        Source: SPEC V6, V7, R-050.
        """
        if kind not in KINDS:
            raise Malformed(f"kind must be {RULE_SUSPENDED} or {OCCURRENCE_SKIPPED}", field="kind")
        if self.version:
            raise NoticeRequested("the owner is being told already")
        self.record(
            NoticeTelling,
            stamp,
            notice_id=notice_id,
            account_id=account_id,
            member_id=member_id,
            kind=kind,
            rule_id=rule_id,
            position=position,
        )

    def settle(self, stamp: Stamp, *, channel: str | None, code: str | None) -> None:
        """Record how it ended.

        Args:
            channel: email or sms; None = the owner was not reached. code: why not; None when reached.

        Raises:
            Malformed: both or neither, or an unknown channel. NoticeSettled: it was recorded before.
        """
        if (channel is None) == (code is None) or channel not in (None, *CHANNELS):
            raise Malformed("channel must be email or sms, or code say why nobody was reached", field="channel")
        if self.status != REQUESTED:
            raise NoticeSettled("it is on record how the notice ended")
        self.record(
            NoticeEnded, stamp, notice_id=self.notice_id, account_id=self.account_id, channel=channel, code=code
        )

    def copy(self) -> Self:
        """Return an independent copy."""
        twin = type(self)(self.id)
        for name in (*Stream.__slots__, *Notice.__slots__):
            setattr(twin, name, getattr(self, name))
        twin.pending = list(self.pending)
        return twin


def notice_id(rule_id: str, position: int) -> str:
    """Return the id of the notice about a fact of a rule, by the fact's position."""
    return drawn_child_id(PREFIX, account_of(rule_id), sha256(f"{rule_id}:{position}".encode()).digest())
