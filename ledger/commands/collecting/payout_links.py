"""Commands on pay-out links: issue, details, approval or rejection, paying, giving back (SPEC 11.2, R-135 to R-137).

The creator pays through an obligation of source "payout" like everybody who pays here; what settles is held
(`payout_money`), and a reaction has the bank pay it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

from aggregates.account import standing
from aggregates.collecting.obligation import Obligation
from aggregates.collecting.payout_link import (
    DETAILS_SUBMITTED,
    PAYOUT_FAILED,
    PREFIX,
    REFUNDING,
    SOURCE,
    PayoutLink,
    PayoutLinkNotFound,
)
from aggregates.collecting.payout_link_facts import (
    CANCELLED,
    EXPIRED,
    REJECTED,
    DetailsSubmitted,
    FundingStarted,
    HolderCheck,
    HolderChecked,
    PayingStarted,
    PayoutApproved,
    PayoutLinkCancelled,
    PayoutLinkExpired,
    PayoutLinkIssued,
    PayoutRefundStarted,
    PayoutRejected,
)
from aggregates.collecting.telling import Channel
from aggregates.errors import Conflict
from aggregates.fact import Fact, Stamp
from aggregates.ids import parse
from aggregates.payment import VIRTUAL_ACCOUNT, PaymentStarted
from ledger.command import Answer, Streams, answer
from ledger.commands.billing_keys import known_key
from ledger.commands.collecting.obligations import (
    Method,
    RefundCollection,
    StartCollection,
    known_obligation,
    open_obligation,
)
from ledger.commands.collecting.sources import rules_of
from ledger.commands.collecting.tellings import tell

VIA = "payout_link"
"""Through what its funding is paid."""

ENTER_DETAILS, CONFIRM = "payout.enter_details", "payout.confirm"
HAS_EXPIRED, NOT_APPROVED = "payout.expired", "payout.rejected"
"""What people are told."""


class PayoutNotRefundable(Conflict):
    """The creator's payment was taken back already; what is held can be paid out to other details alone."""

    code = "payout_not_refundable"


class PayMethodRequired(Conflict):
    """The creator pays at the gateway and has to say how: by card or transfer, by which money can go back."""

    code = "payout_method_required"


@dataclass(frozen=True, slots=True)
class IssuePayoutLink:
    """Ask somebody where to pay them.

    Attributes:
        payee: vault token of name, phone and e-mail address.
        channels: by which the link is sent; () = Alimtalk, then SMS.
        expires_on: last KST day; None = 7 days from today.
        approval: whether another person than the creator has to approve where the money goes.
        reference: the creator's own number; None when it has none.
    """

    ANSWER: ClassVar[str] = "payout-link/1"

    account_id: str
    amount_minor: int
    payee: str
    channels: tuple[Channel, ...] = ()
    expires_on: date | None = None
    approval: bool = False
    reference: str | None = None

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `PayoutLink.Issued`, and that the payee is told.

        Raises:
            AccountNotFound, AccountIsClosed, AccountIsFrozen.
            LedgerError: as of `PayoutLink.issue`.

        Source: SPEC Z1, R-135.
        """
        account = streams.account(self.account_id)
        standing.refuse_stopped(account)
        link_id, link = streams.new_child(PayoutLink, PREFIX, self.account_id)
        link.issue(
            stamp,
            payout_link_id=link_id,
            account_id=self.account_id,
            amount_minor=self.amount_minor,
            currency=account.currency,
            payee=self.payee,
            channels=self.channels,
            expires_on=self.expires_on,
            approval=self.approval,
            reference=self.reference,
        )
        ask_payee(streams, stamp, link)


@dataclass(frozen=True, slots=True)
class SubmitPayoutDetails:
    """Take where the money shall go; whoever calls this has checked the code that went to the payee's phone.

    Attributes:
        kind: account or card. destination: vault token of number, bank and holder.
    """

    ANSWER: ClassVar[str] = "payout-details/1"

    payout_link_id: str
    kind: str
    destination: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `PayoutLink.DetailsSubmitted`. Raises: PayoutLinkNotFound; as of `PayoutLink.submit_details`.

        Source: SPEC Z2, R-136, R-137.
        """
        link = known_link(streams, self.payout_link_id)
        link.submit_details(stamp, kind=self.kind, destination=self.destination)


@dataclass(frozen=True, slots=True)
class RecordHolderCheck:
    """Take the bank's word on whose account it is, and send the creator the link to pay by.

    Attributes:
        version: of the details. match: full, partial or none.
    """

    ANSWER: ClassVar[str] = "payout-holder/1"

    payout_link_id: str
    version: int
    match: HolderCheck

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `PayoutLink.HolderChecked`, and that the creator is told, by a new link: the old one is dead.

        Raises:
            PayoutLinkNotFound; as of `PayoutLink.check_holder`.

        Source: SPEC Z3, R-135, R-137.
        """
        link = known_link(streams, self.payout_link_id)
        link.check_holder(stamp, version=self.version, match=self.match)
        tell(
            streams,
            stamp,
            account_id=link.account_id,
            thing_id=link.payout_link_id,
            kind=CONFIRM,
            to=None,
            page=link.payout_link_id,
            generation=self.version,
            detail={**amount_of(link), "holder_check": self.match},
        )


@dataclass(frozen=True, slots=True)
class ApprovePayout:
    """Approve where the money goes, as another person than the creator. version: of the details."""

    ANSWER: ClassVar[str] = "payout-approved/1"

    payout_link_id: str
    version: int

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `PayoutLink.Approved`. Raises: PayoutLinkNotFound; as of `PayoutLink.approve`."""
        known_link(streams, self.payout_link_id).approve(stamp, version=self.version)


@dataclass(frozen=True, slots=True)
class RejectPayout:
    """Refuse to have it paid, as another person than the creator.

    Attributes:
        version: of the details. reason: why, in that person's words.
    """

    ANSWER: ClassVar[str] = "payout-rejected/1"

    payout_link_id: str
    version: int
    reason: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `PayoutLink.Rejected`, and that both sides are told; what is held starts on its way back.

        Raises:
            PayoutLinkNotFound; as of `PayoutLink.reject`.
            PayoutNotRefundable: money is held whose payment was taken back already.

        Source: SPEC R-107, R-135.
        """
        link = known_link(streams, self.payout_link_id)
        streams.account(link.account_id)
        obligation = _funding_of(streams, link)
        link.require_decidable(stamp, self.version)
        is_held = link.status == PAYOUT_FAILED
        if is_held:
            _require_refundable(link, obligation)
        link.reject(stamp, version=self.version, reason=self.reason)
        tell_creator(streams, stamp, link, NOT_APPROVED)
        tell_payee(streams, stamp, link, NOT_APPROVED)
        if is_held:
            _give_back(streams, stamp, link, self.reason)
        elif obligation is not None:
            obligation.close(stamp, reason=REJECTED)


@dataclass(frozen=True, slots=True)
class PayPayoutLink:
    """Pay: at the gateway, or, after a failed pay-out, from the money that is held.

    Attributes:
        version: of the details that the creator was shown.
        method: how the creator pays at the gateway: card or transfer, by which money can go back; None = from held
            money.
        billing_key_id: the creator's registered card; None = the creator pays on the gateway's page.
    """

    ANSWER: ClassVar[str] = "payout-pay/1"

    payout_link_id: str
    version: int
    method: Method | None = None
    billing_key_id: str | None = None

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `PayoutLink.FundingStarted` beside the payment's start, or `PayoutLink.PayingStarted`.

        Raises:
            PayoutLinkNotFound; as of `PayoutLink.require_payable`. AccountIsClosed, AccountIsFrozen: a new payment.
            PayMethodRequired: nothing is held, and it is not said how it shall be paid.
            LedgerError: as of `StartCollection`.

        Source: SPEC Z3, R-135, R-137.
        """
        link = known_link(streams, self.payout_link_id)
        account = streams.account(link.account_id)
        obligation = _funding_of(streams, link)
        key = None if self.billing_key_id is None else known_key(streams, self.billing_key_id)
        link.require_payable(stamp, self.version)
        if link.status == PAYOUT_FAILED:
            link.start_paying(stamp, version=self.version)
            return
        standing.refuse_stopped(account)
        if self.method is None or self.method == VIRTUAL_ACCOUNT:
            raise PayMethodRequired("method must say how the creator pays: card or transfer")
        if key is not None:
            key.require_chargeable(link.account_id)
        if obligation is None:
            obligation = open_obligation(
                streams,
                stamp,
                account_id=link.account_id,
                source=SOURCE,
                source_id=link.payout_link_id,
                due_minor=link.amount_minor,
            )
        else:
            obligation.require_payable(link.amount_minor)
        link.start_funding(stamp, version=self.version, obligation_id=obligation.obligation_id)
        StartCollection(obligation.obligation_id, link.amount_minor, self.method, VIA, self.billing_key_id).decide(
            streams, stamp
        )


@dataclass(frozen=True, slots=True)
class RefundPayoutLink:
    """Give the creator back what is held after a failed pay-out. reason: why, in the creator's words."""

    ANSWER: ClassVar[str] = "payout-refund/1"

    payout_link_id: str
    reason: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `PayoutLink.RefundStarted` and `Obligation.RefundStarted`; the gateway is asked next.

        Raises:
            PayoutLinkNotFound, WrongPayoutStatus.
            PayoutNotRefundable: the payment that brought the money was taken back already.

        Source: SPEC R-135.
        """
        link = known_link(streams, self.payout_link_id)
        streams.account(link.account_id)
        obligation = _funding_of(streams, link)
        link.require(PAYOUT_FAILED)
        _require_refundable(link, obligation)
        _give_back(streams, stamp, link, self.reason)


@dataclass(frozen=True, slots=True)
class CancelPayoutLink:
    """Withdraw a link while nothing is paid. reason: why, in the creator's words."""

    ANSWER: ClassVar[str] = "payout-ended/1"

    payout_link_id: str
    reason: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `PayoutLink.Cancelled`, and that its funding is not asked for. Raises: as of `PayoutLink.cancel`."""
        link = known_link(streams, self.payout_link_id)
        obligation = known_obligation(streams, link.obligation_id) if link.obligation_id else None
        link.cancel(stamp, reason=self.reason)
        if obligation is not None:
            obligation.close(stamp, reason=CANCELLED)


@dataclass(frozen=True, slots=True)
class ExpirePayoutLink:
    """Record that the last day of a link is over; asked for by a job."""

    ANSWER: ClassVar[str] = "payout-ended/1"

    payout_link_id: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `PayoutLink.Expired`, and that the creator is told. Raises: as of `PayoutLink.expire`.

        Source: SPEC R-132, R-135.
        """
        link = known_link(streams, self.payout_link_id)
        obligation = known_obligation(streams, link.obligation_id) if link.obligation_id else None
        link.expire(stamp)
        if obligation is not None:
            obligation.close(stamp, reason=EXPIRED)
        tell_creator(streams, stamp, link, HAS_EXPIRED)


def known_link(streams: Streams, payout_link_id: str) -> PayoutLink:
    """Return a pay-out link. Raises: PayoutLinkNotFound."""
    parse(payout_link_id, PREFIX)
    return streams.known(PayoutLink, payout_link_id, PayoutLinkNotFound)


def _funding_of(streams: Streams, link: PayoutLink) -> Obligation | None:
    """Return what the creator pays, None before it is asked for, with every stream that a step of it will touch.

    (They are asked for before the first fact: what is not in memory then starts the decision again.)
    """
    if not link.obligation_id:
        return None
    obligation = known_obligation(streams, link.obligation_id)
    rules_of(obligation).load(streams, obligation)
    return obligation


def _require_refundable(link: PayoutLink, obligation: Obligation | None) -> None:
    """Refuse to give back what did not come by a payment that stands. Raises: PayoutNotRefundable."""
    assert obligation is not None, "nothing fails to be paid before it was funded"
    paid = obligation.payments.get(link.payment_id)
    if paid is None or paid.refund_id or paid.left_minor < link.held_minor:
        raise PayoutNotRefundable("the payment was taken back; what is held can be paid to other details alone")


def _give_back(streams: Streams, stamp: Stamp, link: PayoutLink, reason: str) -> None:
    """Record that what is held goes back the way it came; the gateway is asked next."""
    amount_minor = link.held_minor
    link.start_refund(stamp, reason=reason)
    RefundCollection(link.obligation_id, link.payment_id, amount_minor, PAYOUT_FAILED).decide(streams, stamp)


def amount_of(link: PayoutLink) -> dict[str, int | str]:
    """Return what every message about a link says of its amount."""
    return {"amount": link.amount_minor, "currency": link.currency}


def ask_payee(streams: Streams, stamp: Stamp, link: PayoutLink) -> None:
    """Record that the payee is asked where to be paid, by a link."""
    tell_payee(streams, stamp, link, ENTER_DETAILS, expires_on=link.expires_on.isoformat())


def tell_payee(streams: Streams, stamp: Stamp, link: PayoutLink, kind: str, **more: str) -> None:
    """Record that the payee is told what has become of a link."""
    tell(
        streams,
        stamp,
        account_id=link.account_id,
        thing_id=link.payout_link_id,
        kind=kind,
        to=link.payee,
        channels=link.channels or None,  # type: ignore[arg-type]  # as issued: channels all
        detail={**amount_of(link), **more},
        index=link.attempt,
    )


def tell_creator(streams: Streams, stamp: Stamp, link: PayoutLink, kind: str) -> None:
    """Record that the creator is told what has become of a link."""
    tell(
        streams,
        stamp,
        account_id=link.account_id,
        thing_id=link.payout_link_id,
        kind=kind,
        to=None,
        detail=amount_of(link),
        index=link.attempt,
    )


def _one(facts: Sequence[Fact], *kinds: type[Fact]) -> Any:
    return next(fact for fact in facts if isinstance(fact, kinds))


@answer("payout-link/1")
def payout_link(facts: Sequence[Fact]) -> Answer:
    """Answer with a link that was issued."""
    fact: PayoutLinkIssued = _one(facts, PayoutLinkIssued)
    shape = {
        "id": fact.payout_link_id,
        "account_id": fact.account_id,
        "amount": fact.amount_minor,
        "currency": fact.currency,
        "status": "issued",
        "expires_on": fact.expires_on.isoformat(),
        "approval_required": fact.approval,
        "reference": fact.reference,
    }
    return Answer(201, shape)


@answer("payout-details/1")
def payout_details(facts: Sequence[Fact]) -> Answer:
    """Answer with the version that details got."""
    fact: DetailsSubmitted = _one(facts, DetailsSubmitted)
    return Answer(201, {"id": fact.payout_link_id, "version": fact.version})


@answer("payout-holder/1")
def payout_holder(facts: Sequence[Fact]) -> Answer:
    """Answer with what the bank said."""
    fact: HolderChecked = _one(facts, HolderChecked)
    return Answer(200, {"id": fact.payout_link_id, "version": fact.version, "holder_check": fact.match})


@answer("payout-approved/1")
def payout_approved(facts: Sequence[Fact]) -> Answer:
    """Answer with who approved which details."""
    fact: PayoutApproved = _one(facts, PayoutApproved)
    return Answer(200, {"id": fact.payout_link_id, "version": fact.version, "approved_by": fact.approved_by})


@answer("payout-rejected/1")
def payout_rejected(facts: Sequence[Fact]) -> Answer:
    """Answer with who rejected which details, and whether held money goes back."""
    fact: PayoutRejected = _one(facts, PayoutRejected)
    shape = {
        "id": fact.payout_link_id,
        "status": REFUNDING if fact.status == PAYOUT_FAILED else REJECTED,
        "version": fact.version,
        "rejected_by": fact.rejected_by,
    }
    return Answer(200, shape)


@answer("payout-pay/1")
def payout_pay(facts: Sequence[Fact]) -> Answer:
    """Answer with the payment that was started at the gateway; null when held money is paid out."""
    fact: FundingStarted | PayingStarted = _one(facts, FundingStarted, PayingStarted)
    shape: dict[str, Any] = {"id": fact.payout_link_id, "status": "paying", "version": fact.version}
    shape |= {"obligation_id": None, "payment_id": None}
    if isinstance(fact, FundingStarted):
        payment: PaymentStarted = _one(facts, PaymentStarted)
        shape |= {"status": "funding", "obligation_id": fact.obligation_id, "payment_id": payment.payment_id}
    return Answer(200, shape)


@answer("payout-refund/1")
def payout_refund(facts: Sequence[Fact]) -> Answer:
    """Answer with what goes back to the creator."""
    fact: PayoutRefundStarted = _one(facts, PayoutRefundStarted)
    return Answer(200, {"id": fact.payout_link_id, "status": REFUNDING, "amount": fact.amount_minor})


@answer("payout-ended/1")
def payout_ended(facts: Sequence[Fact]) -> Answer:
    """Answer with how a link ended."""
    fact: PayoutLinkCancelled | PayoutLinkExpired = _one(facts, PayoutLinkCancelled, PayoutLinkExpired)
    ended = CANCELLED if isinstance(fact, PayoutLinkCancelled) else EXPIRED
    return Answer(200, {"id": fact.payout_link_id, "status": ended})


__all__ = [
    "DETAILS_SUBMITTED", "VIA", "ApprovePayout", "CancelPayoutLink", "ExpirePayoutLink", "IssuePayoutLink",
    "PayPayoutLink", "RecordHolderCheck", "RefundPayoutLink", "RejectPayout", "SubmitPayoutDetails",
]  # fmt: skip
