"""The facts of a payment request, in the order of its life (SPEC 9). None holds a name, a number or a written word."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from aggregates.collecting.payment_request_parts import (
    ACCEPTED,
    EXPIRED,
    REJECTED,
    SENT,
    WITHDRAWN,
    Amendment,
    Terms,
)
from aggregates.fact import Fact, fact

if TYPE_CHECKING:
    from aggregates.collecting.payment_request import PaymentRequest


@fact("payment_request.sent")
class RequestSent(Fact):
    """Somebody is asked for money.

    Attributes:
        payment_request_id: public id ("prq_...").
        account_id: who asks.
        payer_account_id: the account that is asked; null = a person without one.
        contact: vault token of that person's name, phone and e-mail; null = an account is asked.
        terms: version 1 of what is asked for.
        currency: ISO 4217, that of the account.
        reference: the payee's own number; null when not given.
        expires_on: last KST day on which it can be answered.
    """

    payment_request_id: str
    account_id: str
    payer_account_id: str | None
    contact: str | None
    terms: Terms
    currency: str
    reference: str | None
    expires_on: date

    def apply(self, request: PaymentRequest) -> None:
        request.request_id = self.payment_request_id
        request.account_id = self.account_id
        request.payer_account_id = self.payer_account_id
        request.contact = self.contact
        request.currency = self.currency
        request.terms = self.terms
        request.version_number = 1
        request.expires_on = self.expires_on
        request.status = SENT


@fact("payment_request.revised")
class RequestRevised(Fact):
    """The payee asks for something else; the version before is kept and can no longer be accepted.

    Attributes:
        payment_request_id: public id.
        version: number of this one, from 2.
        terms: what is asked for now.
        expires_on: last KST day on which it can be answered.
    """

    payment_request_id: str
    version: int
    terms: Terms
    expires_on: date

    def apply(self, request: PaymentRequest) -> None:
        request.version_number = self.version
        request.terms = self.terms
        request.expires_on = self.expires_on


@fact("payment_request.bound")
class RequestBound(Fact):
    """Who has the link has shown to be the person that was asked, or one account to belong to that person.

    Attributes:
        payment_request_id: public id.
        payer_account_id: the account; null = the person alone, on the page.
        via: page or account.
    """

    payment_request_id: str
    payer_account_id: str | None
    via: str

    def apply(self, request: PaymentRequest) -> None:
        request.is_bound = True
        request.payer_account_id = self.payer_account_id


@fact("payment_request.accepted")
class RequestAccepted(Fact):
    """The counterparty owes what is asked for; an obligation is opened beside it.

    Attributes:
        payment_request_id: public id.
        version: which was accepted.
        obligation_id: what may be paid from now on.
        via: account, page or service.
    """

    payment_request_id: str
    version: int
    obligation_id: str
    via: str

    def apply(self, request: PaymentRequest) -> None:
        request.status = ACCEPTED
        request.obligation_id = self.obligation_id


@fact("payment_request.rejected")
class RequestRejected(Fact):
    """The counterparty says no.

    Attributes:
        payment_request_id: public id.
        version: which was rejected.
        code: why, one of the known reasons.
        text: vault token of what they wrote.
        via: account, page or service.
    """

    payment_request_id: str
    version: int
    code: str
    text: str
    via: str

    def apply(self, request: PaymentRequest) -> None:
        request.status = REJECTED


@fact("payment_request.withdrawn")
class RequestWithdrawn(Fact):
    """The payee does not ask any more.

    Attributes:
        payment_request_id: public id.
        version: the last one.
    """

    payment_request_id: str
    version: int

    def apply(self, request: PaymentRequest) -> None:
        request.status = WITHDRAWN


@fact("payment_request.expired")
class RequestExpired(Fact):
    """Nobody answered in time.

    Attributes:
        payment_request_id: public id.
        expires_on: the last KST day on which it could be answered.
    """

    payment_request_id: str
    expires_on: date

    def apply(self, request: PaymentRequest) -> None:
        request.status = EXPIRED


@fact("payment_request.amendment_proposed")
class AmendmentProposed(Fact):
    """One side wants an accepted request to be changed.

    Attributes:
        payment_request_id: public id.
        amendment: its number, from 1.
        side: who proposes: payee or payer.
        terms: what shall be asked for.
        via: account, page or service.
    """

    payment_request_id: str
    amendment: int
    side: str
    terms: Terms
    via: str

    def apply(self, request: PaymentRequest) -> None:
        request.amendments = self.amendment
        request.amendment = Amendment(self.amendment, self.side, self.terms)


@fact("payment_request.amended")
class RequestAmended(Fact):
    """The other side has agreed: this is what is owed now.

    Attributes:
        payment_request_id: public id.
        amendment: which.
        version: number of what is owed now.
        terms: what that is.
        via: account, page or service.
    """

    payment_request_id: str
    amendment: int
    version: int
    terms: Terms
    via: str

    def apply(self, request: PaymentRequest) -> None:
        request.amendment = None
        request.version_number = self.version
        request.terms = self.terms


@fact("payment_request.amendment_rejected")
class AmendmentRefused(Fact):
    """The other side does not want the change.

    Attributes:
        payment_request_id: public id.
        amendment: which.
        code: why, one of the known reasons.
        text: vault token of what they wrote.
        via: account, page or service.
    """

    payment_request_id: str
    amendment: int
    code: str
    text: str
    via: str

    def apply(self, request: PaymentRequest) -> None:
        request.amendment = None


@fact("payment_request.amendment_withdrawn")
class AmendmentTakenBack(Fact):
    """Who has proposed a change does not want it any more.

    Attributes:
        payment_request_id: public id.
        amendment: which.
        via: account, page or service.
    """

    payment_request_id: str
    amendment: int
    via: str

    def apply(self, request: PaymentRequest) -> None:
        request.amendment = None


@fact("payment_request.paid")
class RequestWasPaid(Fact):
    """All that is owed has settled or was confirmed by the payee, in the same commit.

    Attributes:
        payment_request_id, obligation_id: public ids.
        paid_on: KST date of what completed it.
        late_days: days after the due date; 0 = in time.
        overdue_from, overdue_to: first and last KST day on which it was overdue; null = it was paid in time.
    """

    payment_request_id: str
    obligation_id: str
    paid_on: date
    late_days: int
    overdue_from: date | None
    overdue_to: date | None

    def apply(self, request: PaymentRequest) -> None:
        request.paid_on = self.paid_on
        request.is_reversed = False


@fact("payment_request.reopened")
class RequestReopened(Fact):
    """Money that had paid it was taken back: it is to be paid again.

    Attributes:
        payment_request_id, obligation_id: public ids.
        attempt_id: the payment.
        code: why, a stable word.
    """

    payment_request_id: str
    obligation_id: str
    attempt_id: str
    code: str

    def apply(self, request: PaymentRequest) -> None:
        request.paid_on = None
        request.is_reversed = True
        request.reopenings += 1
        request.overdue_told = None


@fact("payment_request.fell_overdue")
class RequestFellOverdue(Fact):
    """The due date has passed and not all is paid; both sides are told in the same commit.

    Attributes:
        payment_request_id, obligation_id: public ids.
        due_on: the date that has passed.
        outstanding_minor: what is left.
        currency: ISO 4217.
    """

    payment_request_id: str
    obligation_id: str
    due_on: date
    outstanding_minor: int
    currency: str

    def apply(self, request: PaymentRequest) -> None:
        request.overdue_told = self.due_on
