"""Facts of a pay-out link, from its issue to money paid out or given back (SPEC 11.2, R-135 to R-137).

Where the money stands say the account's facts beside them. Details are vault tokens: no number stands here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Literal

from aggregates.fact import Fact, fact

if TYPE_CHECKING:
    from aggregates.collecting.payout_link import PayoutLink

ISSUED, DETAILS_SUBMITTED, FUNDING, FUNDED, PAYING, PAID_OUT, PAYOUT_FAILED = (
    "issued", "details_submitted", "funding", "funded", "paying", "paid_out", "payout_failed",
)  # fmt: skip
EXPIRED, CANCELLED, REJECTED = "expired", "cancelled", "rejected"
REFUNDING, REFUNDED, REVERSED = "refunding", "refunded", "reversed"
"""What R-135 calls "refunded to the creator", on its way and done; and a funding that was taken back while held."""

STATES = (
    ISSUED, DETAILS_SUBMITTED, FUNDING, FUNDED, PAYING, PAID_OUT, PAYOUT_FAILED, EXPIRED, CANCELLED, REJECTED,
    REFUNDING, REFUNDED, REVERSED,
)  # fmt: skip

HolderCheck = Literal["full", "partial", "none"]
HOLDER_CHECKS: tuple[HolderCheck, ...] = ("full", "partial", "none")
"""How well the holder's name is that of the account."""


@dataclass(frozen=True, slots=True)
class Details:
    """Where money shall go, as the payee entered it.

    Attributes:
        version: number of the submission, from 1. kind: account or card. destination: vault token.
        holder_check: what the bank says of the holder's name; "" = it has not been asked, or has not answered.
        approved_by, rejected_by: the person who did; "" = nobody has.
    """

    version: int
    kind: str
    destination: str
    holder_check: str = ""
    approved_by: str = ""
    rejected_by: str = ""


@fact("payout_link.issued")
class PayoutLinkIssued(Fact):
    """Somebody shall be paid, and is asked where to.

    Attributes:
        payout_link_id: public id ("pol_...").
        account_id: whose money is paid out.
        amount_minor: what is paid.
        currency: that of the account.
        payee: vault token of the payee's name, phone and e-mail address.
        channels: by which the payee is told, in the order in which they are tried.
        expires_on: last KST day on which details are taken and payment can begin.
        approval: whether another person than the creator has to approve where the money goes.
        made_by: the person who issued it.
        reference: the creator's own number; null when not given.
    """

    payout_link_id: str
    account_id: str
    amount_minor: int
    currency: str
    payee: str
    channels: tuple[str, ...]
    expires_on: date
    approval: bool
    made_by: str
    reference: str | None

    def apply(self, link: PayoutLink) -> None:
        link.payout_link_id = self.payout_link_id
        link.account_id = self.account_id
        link.amount_minor = self.amount_minor
        link.currency = self.currency
        link.payee = self.payee
        link.channels = self.channels
        link.expires_on = self.expires_on
        link.approval = self.approval
        link.made_by = self.made_by
        link.status = ISSUED


@fact("payout_link.details_submitted")
class DetailsSubmitted(Fact):
    """The payee has entered where the money shall go; what was entered before does not count any more (SPEC R-137).

    Attributes:
        payout_link_id: public id.
        version: number of the submission, from 1.
        kind: account or card.
        destination: vault token of number, bank and holder.
    """

    payout_link_id: str
    version: int
    kind: str
    destination: str

    def apply(self, link: PayoutLink) -> None:
        link.details = Details(self.version, self.kind, self.destination)
        if link.status == ISSUED:
            link.status = DETAILS_SUBMITTED


@fact("payout_link.holder_checked")
class HolderChecked(Fact):
    """The bank has said whose account it is; the creator is shown it before paying (SPEC R-135).

    Attributes:
        payout_link_id: public id.
        version: of the details.
        match: full, partial or none: how well the holder's name is that of the account.
    """

    payout_link_id: str
    version: int
    match: str

    def apply(self, link: PayoutLink) -> None:
        if link.details is not None and link.details.version == self.version:
            link.details = replace(link.details, holder_check=self.match)


@fact("payout_link.approved")
class PayoutApproved(Fact):
    """Another person than the creator has approved where the money goes.

    Attributes:
        payout_link_id: public id.
        version: of the details that were approved.
        approved_by: the person.
    """

    payout_link_id: str
    version: int
    approved_by: str

    def apply(self, link: PayoutLink) -> None:
        if link.details is not None and link.details.version == self.version:
            link.details = replace(link.details, approved_by=self.approved_by)


@fact("payout_link.rejected")
class PayoutRejected(Fact):
    """Another person than the creator has refused to have it paid to these details.

    Attributes:
        payout_link_id: public id.
        version: of the details that were refused.
        rejected_by: the person.
        reason: why, in that person's words.
        status: of the link after it: rejected = it is over, nothing was paid for it; payout_failed = money is held,
            and goes back to the creator next.
    """

    payout_link_id: str
    version: int
    rejected_by: str
    reason: str
    status: str

    def apply(self, link: PayoutLink) -> None:
        link.status = self.status
        if link.details is not None and link.details.version == self.version:
            link.details = replace(link.details, rejected_by=self.rejected_by)


@fact("payout_link.funding_started")
class FundingStarted(Fact):
    """The creator pays for it at the gateway; from now on nobody changes where the money goes (SPEC R-137).

    Attributes:
        payout_link_id: public id.
        version: of the details that are paid to.
        obligation_id: public id of what the creator pays.
        confirmed_by: the person who pressed pay.
    """

    payout_link_id: str
    version: int
    obligation_id: str
    confirmed_by: str

    def apply(self, link: PayoutLink) -> None:
        link.status = FUNDING
        link.obligation_id = self.obligation_id


@fact("payout_link.funding_failed")
class FundingFailed(Fact):
    """The creator's payment brought nothing; it can be paid again.

    Attributes:
        payout_link_id: public id.
        code: why, a stable word.
    """

    payout_link_id: str
    code: str

    def apply(self, link: PayoutLink) -> None:
        link.status = DETAILS_SUBMITTED


@fact("payout_link.funded")
class PayoutLinkFunded(Fact):
    """The creator's payment has settled: the money is held.

    Attributes:
        payout_link_id: public id.
        payment_id: of the payment.
        held_minor: what is held.
    """

    payout_link_id: str
    payment_id: str
    held_minor: int

    def apply(self, link: PayoutLink) -> None:
        link.status = FUNDED
        link.payment_id = self.payment_id
        link.held_minor = self.held_minor


@fact("payout_link.paying_started")
class PayingStarted(Fact):
    """The bank shall pay; it is told next, under a key that names this attempt.

    Attributes:
        payout_link_id: public id.
        attempt: number of the attempt, from 1.
        version: of the details that are paid to.
        destination: vault token of where to.
        amount_minor: what is paid.
        currency: that of the account.
        confirmed_by: the person who let it be paid from held money; null = it follows the funding.
    """

    payout_link_id: str
    attempt: int
    version: int
    destination: str
    amount_minor: int
    currency: str
    confirmed_by: str | None

    def apply(self, link: PayoutLink) -> None:
        link.status = PAYING
        link.attempt = self.attempt
        link.tried_version = self.version


@fact("payout_link.paid_out")
class PaidOut(Fact):
    """The bank has paid.

    Attributes:
        payout_link_id: public id.
        attempt: which attempt.
        paid_on: KST date.
    """

    payout_link_id: str
    attempt: int
    paid_on: date

    def apply(self, link: PayoutLink) -> None:
        link.status = PAID_OUT
        link.held_minor -= link.amount_minor


@fact("payout_link.payout_failed")
class PayoutFailed(Fact):
    """The bank definitely has not paid, or too little is held any more; the money stays held (SPEC R-135).

    Attributes:
        payout_link_id: public id.
        attempt: which attempt; 0 = none was made.
        code: why, a stable word.
    """

    payout_link_id: str
    attempt: int
    code: str

    def apply(self, link: PayoutLink) -> None:
        link.status = PAYOUT_FAILED


@fact("payout_link.payout_returned")
class PayoutLinkReturned(Fact):
    """The bank has sent the money back days later; it is held again (SPEC R-135).

    Attributes:
        payout_link_id: public id.
        attempt: which attempt.
        code: why, a stable word.
    """

    payout_link_id: str
    attempt: int
    code: str

    def apply(self, link: PayoutLink) -> None:
        link.status = PAYOUT_FAILED
        link.held_minor += link.amount_minor


@fact("payout_link.refund_started")
class PayoutRefundStarted(Fact):
    """The creator wants the held money back; the gateway is asked next.

    Attributes:
        payout_link_id: public id.
        amount_minor: what is held and goes back.
        reason: why, in the creator's words.
    """

    payout_link_id: str
    amount_minor: int
    reason: str

    def apply(self, link: PayoutLink) -> None:
        link.status = REFUNDING


@fact("payout_link.refund_failed")
class PayoutRefundFailed(Fact):
    """The gateway has not given the money back; it stays held.

    Attributes:
        payout_link_id: public id.
        code: why, a stable word.
    """

    payout_link_id: str
    code: str

    def apply(self, link: PayoutLink) -> None:
        link.status = PAYOUT_FAILED


@fact("payout_link.refunded")
class PayoutLinkRefunded(Fact):
    """The creator has the money back.

    Attributes:
        payout_link_id: public id.
        amount_minor: what went back.
    """

    payout_link_id: str
    amount_minor: int

    def apply(self, link: PayoutLink) -> None:
        link.status = REFUNDED
        link.held_minor -= self.amount_minor


@fact("payout_link.funding_reversed")
class FundingReversed(Fact):
    """Others took the creator's payment back.

    Attributes:
        payout_link_id: public id.
        amount_minor: what was taken = from_hold_minor + what the account owes now.
        from_hold_minor: what of it was still held.
        code: why, a stable word.
        status: of the link after it: reversed = nothing is held any more; payout_failed = less is held than shall be
            paid; else as before, because the money is on its way or gone.
    """

    payout_link_id: str
    amount_minor: int
    from_hold_minor: int
    code: str
    status: str

    def apply(self, link: PayoutLink) -> None:
        link.status = self.status
        link.held_minor -= self.from_hold_minor
        link.owing_minor += self.amount_minor - self.from_hold_minor


@fact("payout_link.hold_applied")
class HoldApplied(Fact):
    """Money that is held again has paid what the reversal of its funding left owing.

    Attributes:
        payout_link_id: public id.
        amount_minor: what it paid.
        status: of the link after it: reversed = nothing is held any more; else as before.
    """

    payout_link_id: str
    amount_minor: int
    status: str

    def apply(self, link: PayoutLink) -> None:
        link.status = self.status
        link.held_minor -= self.amount_minor
        link.owing_minor -= self.amount_minor


@fact("payout_link.expired")
class PayoutLinkExpired(Fact):
    """Its last day is over, and nothing was paid.

    Attributes:
        payout_link_id: public id.
    """

    payout_link_id: str

    def apply(self, link: PayoutLink) -> None:
        link.status = EXPIRED


@fact("payout_link.cancelled")
class PayoutLinkCancelled(Fact):
    """The creator has withdrawn it.

    Attributes:
        payout_link_id: public id.
        reason: why, in the creator's words.
    """

    payout_link_id: str
    reason: str

    def apply(self, link: PayoutLink) -> None:
        link.status = CANCELLED
