"""What happens to a payment link; its money is its obligations' (SPEC Y1 to Y4, R-130 to R-134)."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from aggregates.fact import Fact, fact

if TYPE_CHECKING:
    from aggregates.collecting.payment_link import PaymentLink


@fact("payment_link.issued")
class LinkIssued(Fact):
    """A link to pay by was made.

    Attributes:
        link_id: public id ("lnk_...").
        account_id: the payee.
        root_id: the first link of those that replaced each other; itself where it replaces none. Uses are kept there.
        replaces: the link in whose place it was issued; null = none.
        obligation_id: what it asks for; null = every use opens an obligation of its own.
        amount_minor: what one use pays; null = the payer decides.
        minimum_minor: least that one payment may bring where the payer decides, or parts may be paid.
        maximum_minor: most where the payer decides; null = no bound.
        parts: whether it may be paid in parts.
        max_uses: how often it may be paid, all in all with those it replaced.
        currency: ISO 4217.
        expires_on: last day on which it can be paid, in time_zone.
        time_zone: IANA name.
        expires_at: end of that day.
        to: vault token of who shall pay; null = whoever has the link.
        words: vault token of what the payee says it is for; null = nothing.
        channels: by which it was sent; none = it is handed over by the payee.
        reference: the caller's own number; null when not given.
    """

    link_id: str
    account_id: str
    root_id: str
    replaces: str | None
    obligation_id: str | None
    amount_minor: int | None
    minimum_minor: int
    maximum_minor: int | None
    parts: bool
    max_uses: int
    currency: str
    expires_on: date
    time_zone: str
    expires_at: datetime
    to: str | None
    words: str | None
    channels: tuple[str, ...]
    reference: str | None

    def apply(self, link: PaymentLink) -> None:
        link.link_id = self.link_id
        link.account_id = self.account_id
        link.root_id = self.root_id
        link.current_id = self.link_id
        link.obligation_id = self.obligation_id
        link.amount_minor = self.amount_minor
        link.minimum_minor = self.minimum_minor
        link.maximum_minor = self.maximum_minor
        link.parts = self.parts
        link.max_uses = self.max_uses
        link.currency = self.currency
        link.expires_on = self.expires_on
        link.time_zone = self.time_zone
        link.expires_at = self.expires_at
        link.to = self.to
        link.words = self.words
        link.channels = self.channels
        link.reference = self.reference


@fact("payment_link.use_started")
class LinkUseStarted(Fact):
    """Somebody is paying by a link that may be used more than once.

    Attributes:
        link_id: the first of the links that replaced each other.
        obligation_id: what the use pays.
        uses_in_flight: how many uses are under way now.
    """

    link_id: str
    obligation_id: str
    uses_in_flight: int

    def apply(self, link: PaymentLink) -> None:
        link.uses_in_flight = link.uses_in_flight | {self.obligation_id}


@fact("payment_link.use_ended")
class LinkUseEnded(Fact):
    """A use of a link brought nothing; it may be used once more for that.

    Attributes:
        link_id: as of the use.
        obligation_id: as of the use.
        uses_in_flight: how many uses are under way now.
    """

    link_id: str
    obligation_id: str
    uses_in_flight: int

    def apply(self, link: PaymentLink) -> None:
        link.uses_in_flight = link.uses_in_flight - {self.obligation_id}


@fact("payment_link.use_settled")
class LinkUseSettled(Fact):
    """A use of a link was paid.

    Attributes:
        link_id: as of the use.
        obligation_id: as of the use.
        settled_uses: how many uses are paid now.
        uses_in_flight: how many uses are under way now.
    """

    link_id: str
    obligation_id: str
    settled_uses: int
    uses_in_flight: int

    def apply(self, link: PaymentLink) -> None:
        link.uses_in_flight = link.uses_in_flight - {self.obligation_id}
        link.settled_uses = self.settled_uses


@fact("payment_link.use_reversed")
class LinkUseReversed(Fact):
    """The money of a paid use was taken back.

    Attributes:
        link_id: as of the use.
        obligation_id: as of the use; it is open again.
        settled_uses: how many uses are paid now.
    """

    link_id: str
    obligation_id: str
    settled_uses: int

    def apply(self, link: PaymentLink) -> None:
        link.settled_uses = self.settled_uses


@fact("payment_link.expired")
class LinkHasExpired(Fact):
    """The last day of a link is over; what was paid stays paid.

    Attributes:
        link_id: public id.
    """

    link_id: str

    def apply(self, link: PaymentLink) -> None:
        link.ended = "expired"


@fact("payment_link.deactivated")
class LinkHasBeenDeactivated(Fact):
    """The payee does not want to be paid by this link any more.

    Attributes:
        link_id: public id.
        reason: a stable word of the caller's; null when not given.
    """

    link_id: str
    reason: str | None

    def apply(self, link: PaymentLink) -> None:
        link.ended = "deactivated"


@fact("payment_link.superseded")
class LinkHasBeenSuperseded(Fact):
    """A link has expired because another one was issued in its place, in the same commit.

    Attributes:
        link_id: public id.
        by: the new link.
    """

    link_id: str
    by: str

    def apply(self, link: PaymentLink) -> None:
        link.ended = "superseded"
        link.superseded_by = self.by
        link.current_id = self.by


@fact("payment_link.passed_on")
class LinkPassedOn(Fact):
    """A link that was issued in the place of this one has been replaced itself; kept on the first of them.

    Attributes:
        link_id: the first link.
        current_id: the one that can be paid by now.
    """

    link_id: str
    current_id: str

    def apply(self, link: PaymentLink) -> None:
        link.current_id = self.current_id
