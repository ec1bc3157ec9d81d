"""A payment link: pay this amount, or one of your own, by that day (SPEC Y1 to Y4, R-130 to R-134).

A link refers to what it asks for and never repeats its money: paid and payment_pending are read from the obligation.
Links that replace each other ask for the same; the first of them, the root, keeps which one holds now, and the uses.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal, Self
from uuid import UUID

from aggregates.collecting.obligation import Obligation
from aggregates.collecting.obligation_parts import ObligationPaid
from aggregates.collecting.payment_link_facts import (
    LinkHasBeenDeactivated,
    LinkHasBeenSuperseded,
    LinkHasExpired,
    LinkIssued,
    LinkPassedOn,
    LinkUseEnded,
    LinkUseReversed,
    LinkUseSettled,
    LinkUseStarted,
)
from aggregates.collecting.zones import end_of_day
from aggregates.errors import Conflict, NotFound
from aggregates.fact import EPOCH, Stamp, Stream, stream_class

PREFIX = "lnk"

Status = Literal["active", "payment_pending", "paid", "expired", "deactivated"]
STATUSES: tuple[Status, ...] = ("active", "payment_pending", "paid", "expired", "deactivated")


class LinkNotFound(NotFound):
    """There is no such payment link."""

    code = "payment_link_not_found"


class LinkExpired(Conflict):
    """The last day of the link is over (SPEC R-131, R-132)."""

    code = "link_expired"


class LinkDeactivated(Conflict):
    """The payee does not want to be paid by this link any more."""

    code = "link_deactivated"


class LinkSuperseded(Conflict):
    """Another link was issued in the place of this one."""

    code = "link_superseded"


class LinkUsedUp(Conflict):
    """The link was used as often as it may be, payments that are under way included (SPEC R-130)."""

    code = "link_used_up"


class LinkPaymentPending(Conflict):
    """Somebody is paying by this link; it has no result yet (SPEC R-130)."""

    code = "link_payment_pending"


class LinkNotExpired(Conflict):
    """The last day of the link is not over."""

    code = "link_not_expired"


@stream_class("payment_link")
class PaymentLink(Stream):
    """One payment link.

    Attributes:
        link_id, account_id, root_id, obligation_id, amount_minor, minimum_minor, maximum_minor, parts, max_uses,
            currency, expires_on, time_zone, expires_at, to, words, channels, reference: as issued.
        ended: expired, deactivated or superseded, as recorded; "" = none of them.
        superseded_by: the link in its place; "" = none.
        current_id: of a root: which of its links holds now.
        settled_uses, uses_in_flight: of a root: how many uses are paid, and the obligations of those under way.
    """

    __slots__ = (
        "account_id", "amount_minor", "channels", "currency", "current_id", "ended", "expires_at", "expires_on",
        "link_id", "max_uses", "maximum_minor", "minimum_minor", "obligation_id", "parts", "reference", "root_id",
        "settled_uses", "superseded_by", "time_zone", "to", "uses_in_flight", "words",
    )  # fmt: skip

    Issued = LinkIssued
    UseStarted = LinkUseStarted
    UseEnded = LinkUseEnded
    UseSettled = LinkUseSettled
    UseReversed = LinkUseReversed
    Expired = LinkHasExpired
    Deactivated = LinkHasBeenDeactivated
    Superseded = LinkHasBeenSuperseded
    PassedOn = LinkPassedOn

    def __init__(self, id: UUID) -> None:
        super().__init__(id)
        self.link_id = self.account_id = self.root_id = self.current_id = ""
        self.obligation_id: str | None = None
        self.amount_minor: int | None = None
        self.minimum_minor = 1
        self.maximum_minor: int | None = None
        self.parts = False
        self.max_uses = 1
        self.currency = self.time_zone = ""
        self.expires_on = date.min
        self.expires_at = EPOCH
        self.to: str | None = None
        self.words: str | None = None
        self.channels: tuple[str, ...] = ()
        self.reference: str | None = None
        self.ended = self.superseded_by = ""
        self.settled_uses = 0
        self.uses_in_flight: frozenset[str] = frozenset()

    @property
    def is_reusable(self) -> bool:
        """Whether every use opens an obligation of its own."""
        return self.obligation_id is None

    def issue(
        self,
        stamp: Stamp,
        *,
        link_id: str,
        root_id: str,
        replaces: str | None,
        account_id: str,
        obligation_id: str | None,
        currency: str,
        amount_minor: int | None,
        minimum_minor: int,
        maximum_minor: int | None,
        parts: bool,
        max_uses: int,
        expires_on: date,
        time_zone: str,
        to: str | None,
        words: str | None,
        channels: tuple[str, ...],
        reference: str | None,
    ) -> LinkIssued:
        """Record that a link was made; its terms were checked by `check_terms`. Source: SPEC Y1, Y2, R-130, R-132."""
        issued: LinkIssued = self.record(
            LinkIssued,
            stamp,
            link_id=link_id,
            account_id=account_id,
            root_id=root_id,
            replaces=replaces,
            obligation_id=obligation_id,
            amount_minor=amount_minor,
            minimum_minor=minimum_minor,
            maximum_minor=maximum_minor,
            parts=parts,
            max_uses=max_uses,
            currency=currency,
            expires_on=expires_on,
            time_zone=time_zone,
            expires_at=end_of_day(expires_on, time_zone),
            to=to,
            words=words,
            channels=channels,
            reference=reference,
        )
        return issued

    def status(self, root: PaymentLink, obligation: Obligation | None, at: datetime) -> Status:
        """Return where the link stands at an instant.

        Args:
            root: the first of the links that replaced each other; itself where there was none.
            obligation: what it asks for; None where every use has its own.

        Source: SPEC R-130, R-131.
        """
        if self.ended == "superseded":
            return "expired"
        if obligation is not None:
            paid, pending = obligation.is_paid, obligation.attempt is not None
        else:
            paid = root.settled_uses >= self.max_uses
            pending = root.settled_uses + len(root.uses_in_flight) >= self.max_uses
        if paid:
            return "paid"
        if pending:
            return "payment_pending"
        if self.ended == "deactivated":
            return "deactivated"
        return "expired" if self.ended or at >= self.expires_at else "active"

    def require_payable(self, root: PaymentLink, obligation: Obligation | None, at: datetime) -> None:
        """Refuse a payment that may not be started by this link now.

        Raises:
            LinkSuperseded: another link was issued in its place.
            ObligationPaid: it is paid. LinkUsedUp: it was used as often as it may be.
            LinkDeactivated: the payee has ended it.
            LinkExpired: its last day is over.

        (That somebody is paying already says the obligation.)

        Source: SPEC R-124, R-130, R-131.
        """
        if self.ended == "superseded":
            raise LinkSuperseded("another link was issued in the place of this one; pay by that one")
        if obligation is not None and obligation.is_paid:
            raise ObligationPaid("nothing is left to pay")
        if obligation is None and root.settled_uses + len(root.uses_in_flight) >= self.max_uses:
            raise LinkUsedUp(f"the link can be used {self.max_uses} times and was", maximum=self.max_uses)
        if self.ended == "deactivated":
            raise LinkDeactivated("the payee has ended this link")
        if self.ended or at >= self.expires_at:
            raise LinkExpired("the last day of this link is over", expires_on=self.expires_on.isoformat())

    def start_use(self, stamp: Stamp, obligation_id: str) -> None:
        """Record on the root that somebody is paying. Source: SPEC R-130."""
        count = len(self.uses_in_flight | {obligation_id})
        self.record(LinkUseStarted, stamp, link_id=self.link_id, obligation_id=obligation_id, uses_in_flight=count)

    def end_use(self, stamp: Stamp, obligation_id: str) -> None:
        """Record on the root that a use brought nothing."""
        count = len(self.uses_in_flight - {obligation_id})
        self.record(LinkUseEnded, stamp, link_id=self.link_id, obligation_id=obligation_id, uses_in_flight=count)

    def settle_use(self, stamp: Stamp, obligation_id: str) -> None:
        """Record on the root that a use was paid."""
        self.record(
            LinkUseSettled,
            stamp,
            link_id=self.link_id,
            obligation_id=obligation_id,
            settled_uses=self.settled_uses + 1,
            uses_in_flight=len(self.uses_in_flight - {obligation_id}),
        )

    def reverse_use(self, stamp: Stamp, obligation_id: str) -> None:
        """Record on the root that the money of a paid use was taken back."""
        settled = self.settled_uses - 1
        self.record(LinkUseReversed, stamp, link_id=self.link_id, obligation_id=obligation_id, settled_uses=settled)

    def expire(self, stamp: Stamp, root: PaymentLink, obligation: Obligation | None, at: datetime) -> bool:
        """Record that the last day is over; return whether it was not paid by then: only that is news.

        Raises:
            LinkSuperseded, LinkDeactivated, LinkExpired: it has ended.
            LinkPaymentPending: somebody is paying, and that still counts (SPEC R-131); ask again.
            LinkNotExpired: its last day is not over.

        Source: SPEC Y3, R-130, R-132.
        """
        status = self._open_status(root, obligation, at)
        if at < self.expires_at:
            raise LinkNotExpired("the last day of this link is not over", expires_on=self.expires_on.isoformat())
        self.record(LinkHasExpired, stamp, link_id=self.link_id)
        return status != "paid"

    def deactivate(
        self, stamp: Stamp, root: PaymentLink, obligation: Obligation | None, at: datetime, *, reason: str | None
    ) -> None:
        """Record that the payee does not want to be paid by it.

        Raises:
            LinkSuperseded, LinkDeactivated, LinkExpired: it has ended.
            LinkPaymentPending: somebody is paying; wait for the result. ObligationPaid: it is paid.

        Source: SPEC R-130.
        """
        if self._open_status(root, obligation, at) == "paid":
            raise ObligationPaid("the link is paid")
        if at >= self.expires_at:
            raise LinkExpired("the last day of this link is over", expires_on=self.expires_on.isoformat())
        self.record(LinkHasBeenDeactivated, stamp, link_id=self.link_id, reason=reason)

    def require_supersedable(self, obligation: Obligation | None) -> None:
        """Refuse to issue another link in the place of one that has ended for good.

        (An expired one may be issued again, and so may one that somebody is paying by: that payment still counts.)

        Raises:
            LinkSuperseded: that was done. LinkDeactivated: the payee has ended it. ObligationPaid: it is paid.

        Source: SPEC R-130, R-131.
        """
        if self.ended == "superseded":
            raise LinkSuperseded("another link was issued in the place of this one already")
        if self.ended == "deactivated":
            raise LinkDeactivated("the payee has ended this link; issue a new one")
        if obligation is not None and obligation.is_paid:
            raise ObligationPaid("nothing is left to pay; issue a new link")

    def supersede(self, stamp: Stamp, root: PaymentLink, *, by: str) -> None:
        """Record that another link was issued in the place of this one, here and on the root."""
        self.record(LinkHasBeenSuperseded, stamp, link_id=self.link_id, by=by)
        if root is not self:
            root.record(LinkPassedOn, stamp, link_id=root.link_id, current_id=by)

    def _open_status(self, root: PaymentLink, obligation: Obligation | None, at: datetime) -> Status:
        """Return where a link stands that has not ended. Raises: as of `expire`, but for its last day."""
        if self.ended == "superseded":
            raise LinkSuperseded("another link was issued in the place of this one")
        if self.ended == "deactivated":
            raise LinkDeactivated("the payee has ended this link")
        if self.ended:
            raise LinkExpired("this link has expired", expires_on=self.expires_on.isoformat())
        status = self.status(root, obligation, at)
        if status == "payment_pending":
            raise LinkPaymentPending("somebody is paying by this link; wait until that has its result")
        return status

    def copy(self) -> Self:
        """Return an independent copy; its parts are never changed."""
        twin = type(self)(self.id)
        for name in (*Stream.__slots__, *PaymentLink.__slots__):
            setattr(twin, name, getattr(self, name))
        twin.pending = list(self.pending)
        return twin
