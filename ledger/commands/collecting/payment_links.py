"""Commands on payment links: issue, replace, end, let expire, pay (SPEC Y1 to Y4, R-130 to R-134).

The money of a link is its obligation's. What the link adds to it stands in `LinkRules`: a payment is started only while
the link holds, uses of one that is used more than once are counted on the first of the links that replaced each other,
and the payee is told of what was paid, what was taken back, and what expired.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, ClassVar

from aggregates.account import standing
from aggregates.collecting.obligation import Obligation
from aggregates.collecting.obligation_facts import (
    ObligationAttemptEnded,
    ObligationConfirmed,
    ObligationReversed,
    ObligationSettled,
)
from aggregates.collecting.obligation_parts import AMOUNT_MAX, AmountNotAllowed, Attempt
from aggregates.collecting.payment_link import PREFIX, LinkNotFound, PaymentLink
from aggregates.collecting.payment_link_facts import LinkIssued
from aggregates.collecting.payment_link_terms import LinkUsesNotAllowed, check_terms
from aggregates.collecting.telling import Channel
from aggregates.dates import business_date, rfc3339
from aggregates.errors import Malformed
from aggregates.fact import Fact, Stamp
from aggregates.ids import parse
from aggregates.money import toman_text
from ledger.command import Answer, Streams, answer
from ledger.commands.collecting.obligations import Method, StartCollection, open_obligation
from ledger.commands.collecting.sources import SourceRules, source
from ledger.commands.collecting.tellings import tell
from ledger.shapes import display_json

VIA = "link"
UNUSED, EXPIRED, DEACTIVATED = "unused", "expired", "deactivated"
"""Why an obligation of a link is not asked for any more."""

SENT, PAID, HAS_EXPIRED, REVERSED = "link.sent", "link.paid", "link.expired", "link.reversed"
"""What people are told."""


@dataclass(frozen=True, slots=True)
class IssuePaymentLink:
    """Make a payment link.

    Attributes:
        amount_minor: None = the payer decides. minimum_minor: None = what a gateway takes. maximum_minor: None = none.
        expires_on: last day, in time_zone.
        to: vault token of who shall pay, with name, phone and email; None = whoever has the link.
        words: vault token of what it is for; None = nothing.
        channels: by which it is sent to them; () = the payee hands it over.
        reference: the caller's own number; None when it has none.
    """

    ANSWER: ClassVar[str] = "payment-link/1"

    account_id: str
    amount_minor: int | None
    expires_on: date
    time_zone: str
    minimum_minor: int | None = None
    maximum_minor: int | None = None
    parts: bool = False
    max_uses: int = 1
    to: str | None = None
    words: str | None = None
    channels: tuple[Channel, ...] = ()
    reference: str | None = None

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `PaymentLink.Issued`, the obligation of one that is used once, and that it shall be sent.

        Raises:
            AccountNotFound, AccountIsClosed.
            LedgerError: as of `check_terms`.

        Source: SPEC Y1, Y2, R-130, R-132, R-133, R-134.
        """
        account = streams.account(self.account_id)
        standing.refuse_closed(account)
        least = check_terms(
            stamp.recorded_at,
            currency=account.currency,
            amount_minor=self.amount_minor,
            minimum_minor=self.minimum_minor,
            maximum_minor=self.maximum_minor,
            parts=self.parts,
            max_uses=self.max_uses,
            expires_on=self.expires_on,
            time_zone=self.time_zone,
        )
        link_id, link = streams.new_child(PaymentLink, PREFIX, self.account_id)
        obligation_id = None
        if self.max_uses == 1:
            opened = open_obligation(
                streams,
                stamp,
                account_id=self.account_id,
                source="link",
                source_id=link_id,
                due_minor=self.amount_minor,
                parts=self.parts,
                minimum_minor=least,
                maximum_minor=self.maximum_minor,
            )
            obligation_id = opened.obligation_id
        link.issue(
            stamp,
            link_id=link_id,
            root_id=link_id,
            replaces=None,
            account_id=self.account_id,
            obligation_id=obligation_id,
            currency=account.currency,
            amount_minor=self.amount_minor,
            minimum_minor=least,
            maximum_minor=self.maximum_minor,
            parts=self.parts,
            max_uses=self.max_uses,
            expires_on=self.expires_on,
            time_zone=self.time_zone,
            to=self.to,
            words=self.words,
            channels=self.channels,
            reference=self.reference,
        )
        _send(streams, stamp, link)


@dataclass(frozen=True, slots=True)
class SupersedePaymentLink:
    """Let a link expire and issue another one for the same, in one step.

    Attributes:
        expires_on: last day of the new link. time_zone: None = as before.
        max_uses: all in all; None = as before. to, channels: None = as before.
    """

    ANSWER: ClassVar[str] = "payment-link/1"

    link_id: str
    expires_on: date
    time_zone: str | None = None
    max_uses: int | None = None
    to: str | None = None
    channels: tuple[Channel, ...] | None = None

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `PaymentLink.Superseded` on the old link, `Issued` on the new one, and that it shall be sent.

        What it asks for stays open, and a payment under way still counts; one that had expired is asked for again.

        Raises:
            LinkNotFound, AccountIsClosed.
            LedgerError: as of `require_supersedable`, then of `check_terms`.
            LinkUsesNotAllowed: it was used as often already; a link for one use stays one.

        Source: SPEC R-130, R-131.
        """
        old, root, obligation = known_link(streams, self.link_id)
        account = streams.account(old.account_id)
        standing.refuse_closed(account)
        old.require_supersedable(obligation)
        max_uses = old.max_uses if self.max_uses is None else self.max_uses
        time_zone = old.time_zone if self.time_zone is None else self.time_zone
        check_terms(
            stamp.recorded_at,
            currency=old.currency,
            amount_minor=old.amount_minor,
            minimum_minor=old.minimum_minor if old.parts or old.amount_minor is None else None,
            maximum_minor=old.maximum_minor,
            parts=old.parts,
            max_uses=max_uses,
            expires_on=self.expires_on,
            time_zone=time_zone,
        )
        used = root.settled_uses + len(root.uses_in_flight)
        is_too_few = max_uses < used or max_uses <= root.settled_uses
        if (obligation is None) != (max_uses > 1) or (obligation is None and is_too_few):
            text = "max_uses must leave a use, those under way counted, and a link for one use stays one"
            raise LinkUsesNotAllowed(text, used=used, requested=max_uses)
        link_id, link = streams.new_child(PaymentLink, PREFIX, old.account_id)
        old.supersede(stamp, root, by=link_id)
        if obligation is not None and obligation.closed:
            obligation.reopen(stamp)
        link.issue(
            stamp,
            link_id=link_id,
            root_id=root.link_id,
            replaces=old.link_id,
            account_id=old.account_id,
            obligation_id=old.obligation_id,
            currency=old.currency,
            amount_minor=old.amount_minor,
            minimum_minor=old.minimum_minor,
            maximum_minor=old.maximum_minor,
            parts=old.parts,
            max_uses=max_uses,
            expires_on=self.expires_on,
            time_zone=time_zone,
            to=old.to if self.to is None else self.to,
            words=old.words,
            channels=_channels(old) if self.channels is None else self.channels,
            reference=old.reference,
        )
        _send(streams, stamp, link)


@dataclass(frozen=True, slots=True)
class DeactivatePaymentLink:
    """End a link that nobody is paying by. reason: a stable word of the caller's; None = not given."""

    ANSWER: ClassVar[str] = "payment-link-ended/1"

    link_id: str
    reason: str | None = None

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `PaymentLink.Deactivated`, and that its obligation is not asked for.

        Raises:
            LinkNotFound. LedgerError: as of `PaymentLink.deactivate`.

        Source: SPEC R-130.
        """
        link, root, obligation = known_link(streams, self.link_id)
        link.deactivate(stamp, root, obligation, stamp.recorded_at, reason=self.reason)
        _close(stamp, obligation, DEACTIVATED)


@dataclass(frozen=True, slots=True)
class ExpirePaymentLink:
    """Record that the last day of a link is over, and tell the payee: what follows from it holds already."""

    ANSWER: ClassVar[str] = "payment-link-ended/1"

    link_id: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `PaymentLink.Expired`; of one that is not paid, too, that it is not asked for and the payee is told.

        Raises:
            LinkNotFound. LedgerError: as of `PaymentLink.expire`.

        Source: SPEC Y3, R-131, R-132.
        """
        link, root, obligation = known_link(streams, self.link_id)
        if not link.expire(stamp, root, obligation, stamp.recorded_at):
            return
        _close(stamp, obligation, EXPIRED)
        _tell_payee(streams, stamp, link, HAS_EXPIRED, _figures(link, link.amount_minor))


@dataclass(frozen=True, slots=True)
class PayByLink:
    """Start a payment by a link at the gateway.

    Attributes:
        amount_minor: None = the amount of the link, or what is left of it.
        reference: the caller's own number; None when it has none.
    """

    ANSWER: ClassVar[str] = "collection-payment/1"

    link_id: str
    amount_minor: int | None
    method: Method
    reference: str | None = None

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record as `StartCollection` does; of a link for many uses, on an obligation that is opened for this one.

        Raises:
            LinkNotFound, AccountIsClosed.
            LedgerError: as of `PaymentLink.require_payable`, then of `Obligation.require_payable`.
            Malformed: the payer decides, and no amount is given.

        Source: SPEC Y1, Y2, R-124, R-130, R-131.
        """
        link, root, obligation = known_link(streams, self.link_id)
        standing.refuse_closed(streams.account(link.account_id))
        link.require_payable(root, obligation, stamp.recorded_at)
        amount_minor = self.amount_minor
        if amount_minor is None:
            amount_minor = link.amount_minor if obligation is None else obligation.outstanding_minor
        if amount_minor is None:
            raise Malformed("amount is needed: the payer of this link decides", field="amount")
        if obligation is None:
            _check_use(link, amount_minor)
            obligation = open_obligation(
                streams,
                stamp,
                account_id=link.account_id,
                source="link",
                source_id=root.link_id,
                due_minor=link.amount_minor,
                minimum_minor=link.minimum_minor,
                maximum_minor=link.maximum_minor,
            )
        start = StartCollection(obligation.obligation_id, amount_minor, self.method, VIA, reference=self.reference)
        start.decide(streams, stamp)


@source("link")
class LinkRules(SourceRules):
    """What a link adds to the money of its obligations."""

    def load(self, streams: Streams, obligation: Obligation) -> None:
        """Ask for the first link, and for the one that holds now, as they stand in the commit.

        (What the first one says of its uses decides what is done, and it is not always written.)
        """
        for link in _links(streams, obligation):
            streams.held(PaymentLink, link.link_id)

    def check(self, streams: Streams, obligation: Obligation, stamp: Stamp) -> None:
        """Refuse a payment by a link that does not hold now. Raises: as of `PaymentLink.require_payable`."""
        root, link = (streams.held(PaymentLink, each.link_id) for each in _links(streams, obligation))
        link.require_payable(root, None if link.is_reusable else obligation, stamp.recorded_at)

    def deposit_until(self, streams: Streams, obligation: Obligation) -> date | None:
        """Return the last day of Seoul that is over before the link is (SPEC R-131)."""
        _, link = _links(streams, obligation)
        return business_date(link.expires_at) - timedelta(days=1)

    def split(self, streams: Streams, obligation: Obligation, amount_minor: int) -> int:
        """Return what counts: where the payer decides, what settles first, and nothing after it (SPEC R-124)."""
        if obligation.due_minor is None and obligation.is_paid:
            return 0
        return super().split(streams, obligation, amount_minor)

    def attempted(self, streams: Streams, stamp: Stamp, obligation: Obligation, attempt: Attempt) -> None:
        """Count a use that is under way."""
        root, link = _links(streams, obligation)
        if link.is_reusable:
            root.start_use(stamp, obligation.obligation_id)

    def ended(self, streams: Streams, stamp: Stamp, obligation: Obligation, fact: ObligationAttemptEnded) -> None:
        """Count a use that brought nothing no more."""
        self._end_use(streams, stamp, obligation)

    def settled(
        self, streams: Streams, stamp: Stamp, obligation: Obligation, fact: ObligationSettled | ObligationConfirmed
    ) -> None:
        """Count a use that was paid, and tell the payee of what counts (SPEC Y3)."""
        root, link = _links(streams, obligation)
        counted = fact.applied_minor if isinstance(fact, ObligationSettled) else fact.amount_minor
        if not counted:
            self._end_use(streams, stamp, obligation)
            return
        if link.is_reusable and obligation.is_paid:
            root.settle_use(stamp, obligation.obligation_id)
        if isinstance(fact, ObligationSettled):
            figures = _figures(link, counted) | {"obligation_id": obligation.obligation_id}
            if fact.outstanding_minor:
                figures["outstanding"] = fact.outstanding_minor
            _tell_payee(streams, stamp, link, PAID, figures)

    def reversed(self, streams: Streams, stamp: Stamp, obligation: Obligation, fact: ObligationReversed) -> None:
        """Count a use no more whose money was taken back, and tell the payee (SPEC R-101, 14)."""
        root, link = _links(streams, obligation)
        if not fact.applied_minor:
            return
        was_paid = obligation.paid_minor + fact.applied_minor >= (obligation.due_minor or 1) and not obligation.is_paid
        if link.is_reusable and was_paid:
            root.reverse_use(stamp, obligation.obligation_id)
        figures = _figures(link, fact.applied_minor) | {"obligation_id": obligation.obligation_id}
        _tell_payee(streams, stamp, link, REVERSED, figures)

    def _end_use(self, streams: Streams, stamp: Stamp, obligation: Obligation) -> None:
        """Free a use, and forget what was opened for it: unless money had settled there before, nobody owes it."""
        root, link = _links(streams, obligation)
        if not link.is_reusable or obligation.obligation_id not in root.uses_in_flight:
            return
        root.end_use(stamp, obligation.obligation_id)
        if not obligation.reversed_minor:
            _close(stamp, obligation, UNUSED)


def known_link(streams: Streams, link_id: str) -> tuple[PaymentLink, PaymentLink, Obligation | None]:
    """Return a link, its root, and what it asks for (None = every use has its own). Raises: LinkNotFound.

    (Much is decided by them and nothing written to them: another process may have ended the link a moment ago.)
    """
    parse(link_id, PREFIX)
    streams.known(PaymentLink, link_id, LinkNotFound)
    link = streams.held(PaymentLink, link_id)
    root = link if link.root_id == link_id else streams.held(PaymentLink, link.root_id)
    obligation = None if link.obligation_id is None else streams.held(Obligation, link.obligation_id)
    return link, root, obligation


def _links(streams: Streams, obligation: Obligation) -> tuple[PaymentLink, PaymentLink]:
    """Return the first link that asked for an obligation, and the one that holds now."""
    root = streams.stream(PaymentLink, obligation.source_id)
    return root, root if root.current_id == root.link_id else streams.stream(PaymentLink, root.current_id)


def _check_use(link: PaymentLink, amount_minor: int) -> None:
    """Refuse an amount of one use as its obligation would, before that is opened. Raises: AmountNotAllowed."""
    minimum, maximum = link.minimum_minor, link.maximum_minor or AMOUNT_MAX
    if link.amount_minor is not None:
        minimum = maximum = link.amount_minor
    if not minimum <= amount_minor <= maximum:
        text = f"amount must be {minimum}" if minimum == maximum else f"amount must be {minimum} to {maximum}"
        raise AmountNotAllowed(text, minimum=minimum, maximum=maximum, amount=amount_minor)


def _close(stamp: Stamp, obligation: Obligation | None, reason: str) -> None:
    if obligation is not None and not obligation.closed:
        obligation.close(stamp, reason=reason)


def _channels(link: PaymentLink) -> tuple[Channel, ...]:
    made: Any = link.channels
    return made  # type: ignore[no-any-return]


def _send(streams: Streams, stamp: Stamp, link: PaymentLink) -> None:
    """Let a link be sent to who shall pay, where that is wanted (SPEC Y1)."""
    if link.to is None or not link.channels:
        return
    tell(
        streams,
        stamp,
        account_id=link.account_id,
        thing_id=link.link_id,
        kind=SENT,
        to=link.to,
        channels=_channels(link),
        detail=_figures(link, link.amount_minor) | {"expires_on": link.expires_on.isoformat()},
    )


def _tell_payee(streams: Streams, stamp: Stamp, link: PaymentLink, kind: str, figures: dict[str, int | str]) -> None:
    detail = figures | {"link_id": link.link_id}
    if link.reference is not None:
        detail["reference"] = link.reference
    tell(streams, stamp, account_id=link.account_id, thing_id=link.link_id, kind=kind, to=None, detail=detail)


def _figures(link: PaymentLink, amount_minor: int | None) -> dict[str, int | str]:
    """Return an amount as a message says it (SPEC R-134)."""
    if amount_minor is None:
        return {"currency": link.currency}
    figures: dict[str, int | str] = {"amount": amount_minor, "currency": link.currency}
    if link.currency == "IRR":
        figures["toman"] = toman_text(amount_minor)
    return figures


def link_json(
    link_id: str,
    *,
    account_id: str,
    status: str,
    amount_minor: int | None,
    currency: str,
    minimum_minor: int,
    maximum_minor: int | None,
    parts: bool,
    max_uses: int,
    expires_on: date,
    time_zone: str,
    expires_at: str,
    obligation_id: str | None,
    replaces: str | None,
    channels: Sequence[str],
    reference: str | None,
) -> dict[str, Any]:
    """Return a link in the shape of the HTTP face."""
    return {
        "id": link_id,
        "account_id": account_id,
        "status": status,
        "amount": amount_minor,
        "currency": currency,
        "display": display_json(amount_minor, currency),
        "minimum": minimum_minor,
        "maximum": maximum_minor,
        "parts": parts,
        "max_uses": max_uses,
        "expires_on": expires_on.isoformat(),
        "time_zone": time_zone,
        "expires_at": expires_at,
        "obligation_id": obligation_id,
        "replaces": replaces,
        "channels": list(channels),
        "reference": reference,
    }


@answer("payment-link/1")
def payment_link(facts: Sequence[Fact]) -> Answer:
    """Answer with a link that was issued; the tokens of payer and words are for the route alone."""
    fact = next(fact for fact in facts if isinstance(fact, LinkIssued))
    shape = link_json(
        fact.link_id,
        account_id=fact.account_id,
        status="active",
        amount_minor=fact.amount_minor,
        currency=fact.currency,
        minimum_minor=fact.minimum_minor,
        maximum_minor=fact.maximum_minor,
        parts=fact.parts,
        max_uses=fact.max_uses,
        expires_on=fact.expires_on,
        time_zone=fact.time_zone,
        expires_at=rfc3339(fact.expires_at),
        obligation_id=fact.obligation_id,
        replaces=fact.replaces,
        channels=fact.channels,
        reference=fact.reference,
    )
    return Answer(201, shape | {"to": fact.to, "words": fact.words})


@answer("payment-link-ended/1")
def payment_link_ended(facts: Sequence[Fact]) -> Answer:
    """Answer with how a link ended."""
    fact = next(fact for fact in facts if isinstance(fact, PaymentLink.Expired | PaymentLink.Deactivated))
    status = EXPIRED if isinstance(fact, PaymentLink.Expired) else DEACTIVATED
    return Answer(200, {"id": fact.link_id, "status": status})
