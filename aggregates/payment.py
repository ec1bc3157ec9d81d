"""A payment that the ledger itself starts at a gateway: from the intent to what it settles as (SPEC 5.1, 9 to 11).

The intent is recorded first, the gateway is asked afterwards, and what it says is recorded here; the money itself is a
charge on the account, or counts for an obligation, in the same commit. What others take back later is a matter of that.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Self
from uuid import UUID

from aggregates.dates import business_date, last_day_within
from aggregates.errors import Conflict
from aggregates.fact import Fact, Stamp, Stream, fact, stream_class

VIRTUAL_ACCOUNT = "virtual_account"

GIVEN_UP = "given_up"
"""Why a payment failed whose payer wants to pay otherwise."""


@fact("payment.started")
class PaymentStarted(Fact):
    """A payment shall be taken at the gateway; nothing has moved, and nothing was asked yet.

    Attributes:
        payment_id: public id, and the gateway's key.
        account_id: whose account it shall be put on.
        amount_minor: > 0.
        currency: that of the account.
        method: card, transfer or virtual_account.
        reference: the caller's own number; None when not given.
        expires_on: last KST day on which its virtual account takes money; None for other methods.
        billing_key_id: the registered card that is charged; null = the customer pays on the gateway's page.
        obligation_id: what it pays for; null = it is a charge of the account.
    """

    VERSION = 3

    payment_id: str
    account_id: str
    amount_minor: int
    currency: str
    method: str
    reference: str | None
    expires_on: date | None
    billing_key_id: str | None
    obligation_id: str | None

    @staticmethod
    def upcast_v1_v2(state: dict[str, Any]) -> None:
        """Nothing was charged by a billing key before."""
        state["billing_key_id"] = None

    @staticmethod
    def upcast_v2_v3(state: dict[str, Any]) -> None:
        """Every payment was a charge before."""
        state["obligation_id"] = None

    def apply(self, payment: Payment) -> None:
        payment.payment_id = self.payment_id
        payment.account_id = self.account_id
        payment.amount_minor = self.amount_minor
        payment.currency = self.currency
        payment.method = self.method
        payment.obligation_id = self.obligation_id
        payment.expires_on = self.expires_on
        payment.started_at = self.occurred_at


@fact("payment.account_issued")
class PaymentAccountIssued(Fact):
    """The gateway gave the customer an account to pay in to; what it pays for waits for the deposit.

    Attributes:
        payment_id: public id.
        charge_id: the charge that waits; null = it pays for an obligation.
        destination: vault token of the virtual account's number.
        expires_on: last KST day on which its deposit is booked.
    """

    VERSION = 2

    payment_id: str
    charge_id: str | None
    destination: str
    expires_on: date

    @staticmethod
    def upcast_v1_v2(_state: dict[str, Any]) -> None:
        """Every payment had its charge before; the fields are as they were."""

    def apply(self, payment: Payment) -> None:
        payment.status = "waiting_for_deposit"
        payment.charge_id = self.charge_id or ""
        payment.has_account = True


@fact("payment.give_up_asked")
class PaymentGiveUpAsked(Fact):
    """Its payer wants to pay otherwise: the gateway is asked next to close the virtual account.

    Attributes:
        payment_id: public id.
    """

    payment_id: str

    def apply(self, payment: Payment) -> None:
        payment.giving_up = True


@fact("payment.settled")
class PaymentSettled(Fact):
    """The gateway has the money: it is a charge on the account, or counts for an obligation, in the same commit.

    Attributes:
        payment_id: public id.
        charge_id: the charge; null = it pays for an obligation.
        amount_minor: what was paid.
        currency: that of the account.
        paid_on: KST date of the payment.
    """

    VERSION = 2

    payment_id: str
    charge_id: str | None
    amount_minor: int
    currency: str
    paid_on: date

    @staticmethod
    def upcast_v1_v2(_state: dict[str, Any]) -> None:
        """Every payment was a charge before; the fields are as they were."""

    def apply(self, payment: Payment) -> None:
        payment.status = "paid"
        payment.charge_id = self.charge_id or ""


@fact("payment.failed")
class PaymentFailed(Fact):
    """The gateway definitely does not have the money, or has given back what could not be booked.

    Attributes:
        payment_id: public id.
        amount_minor: what should have been paid.
        currency: that of the account.
        code: why: declined, unanswered, expired, given_up, or the rule that kept the money from being booked.
    """

    payment_id: str
    amount_minor: int
    currency: str
    code: str

    def apply(self, payment: Payment) -> None:
        payment.status = "failed"
        payment.closed_at = self.occurred_at if self.code == GIVEN_UP else None


class PaymentNotPending(Conflict):
    """The payment has had its definite result."""

    code = "payment_not_pending"


class PaymentNotWaiting(Conflict):
    """The payment has no virtual account that takes money."""

    code = "payment_not_waiting"


@stream_class("payment")
class Payment(Stream):
    """One payment at the gateway.

    Attributes:
        payment_id, account_id, amount_minor, currency, method: as started. started_at: when.
        status: pending, waiting_for_deposit, paid or failed.
        charge_id: its charge; "" before there is one, and of what pays for an obligation.
        obligation_id: what it pays for; None = it is a charge. has_account: whether it has a virtual account.
        expires_on: last KST day on which that takes money; None for other methods.
        giving_up: whether its payer wants to pay otherwise. closed_at: since when it is given up; None = it is not.
    """

    __slots__ = (
        "account_id", "amount_minor", "charge_id", "closed_at", "currency", "expires_on", "giving_up", "has_account",
        "method", "obligation_id", "payment_id", "started_at", "status",
    )  # fmt: skip

    Started = PaymentStarted
    GiveUpAsked = PaymentGiveUpAsked
    AccountIssued = PaymentAccountIssued
    Settled = PaymentSettled
    Failed = PaymentFailed

    def __init__(self, id: UUID) -> None:
        super().__init__(id)
        self.payment_id = ""
        self.account_id = ""
        self.amount_minor = 0
        self.currency = ""
        self.method = ""
        self.started_at: datetime | None = None
        self.status = "pending"
        self.charge_id = ""
        self.expires_on: date | None = None
        self.has_account = self.giving_up = False
        self.closed_at: datetime | None = None
        self.obligation_id: str | None = None

    def start(
        self,
        stamp: Stamp,
        *,
        payment_id: str,
        account_id: str,
        amount_minor: int,
        currency: str,
        method: str,
        reference: str | None,
        deposit_days: int,
        billing_key_id: str | None = None,
        obligation_id: str | None = None,
    ) -> PaymentStarted:
        """Record the intent; the account has said that such a charge may be made.

        Args:
            deposit_days: how many days a virtual account takes its deposit.
            billing_key_id: the registered card that is charged; None = the customer pays.
            obligation_id: what it pays for; None = it becomes a charge.

        Source: SPEC C1, C2, R-060..R-062, R-116.
        """
        today = business_date(stamp.occurred_at)
        started: PaymentStarted = self.record(
            PaymentStarted,
            stamp,
            payment_id=payment_id,
            account_id=account_id,
            amount_minor=amount_minor,
            currency=currency,
            method=method,
            reference=reference,
            expires_on=last_day_within(today, deposit_days) if method == VIRTUAL_ACCOUNT else None,
            billing_key_id=billing_key_id,
            obligation_id=obligation_id,
        )
        return started

    def issue_account(
        self, stamp: Stamp, *, charge_id: str | None, destination: str, expires_on: date
    ) -> PaymentAccountIssued:
        """Record where the customer pays in, of a charge beside `account.deposit_awaited`. `require_pending` before."""
        issued: PaymentAccountIssued = self.record(
            PaymentAccountIssued,
            stamp,
            payment_id=self.payment_id,
            charge_id=charge_id,
            destination=destination,
            expires_on=expires_on,
        )
        return issued

    def settle(self, stamp: Stamp, *, charge_id: str | None, paid_on: date) -> PaymentSettled:
        """Record beside what it pays for that the gateway has the money. Check `require_pending` before."""
        settled: PaymentSettled = self.record(
            PaymentSettled,
            stamp,
            payment_id=self.payment_id,
            charge_id=charge_id,
            amount_minor=self.amount_minor,
            currency=self.currency,
            paid_on=paid_on,
        )
        return settled

    def fail(self, stamp: Stamp, *, reason_code: str) -> PaymentFailed:
        """Record the gateway's definite no.

        Args:
            reason_code: why, e.g. declined.

        Raises:
            PaymentNotPending: it has its result already.
        """
        self.require_pending()
        return self.expire(stamp, reason_code)

    def ask_give_up(self, stamp: Stamp) -> PaymentGiveUpAsked:
        """Record that its payer wants to pay otherwise.

        Raises:
            PaymentNotWaiting: it waits for no deposit, or is being given up already.
        """
        self.require_waiting()
        if self.giving_up:
            raise PaymentNotWaiting("the payment is being given up already")
        asked: PaymentGiveUpAsked = self.record(PaymentGiveUpAsked, stamp, payment_id=self.payment_id)
        return asked

    def takes(self, at: datetime) -> bool:
        """Say whether money that arrived at an instant came while its virtual account was open."""
        in_days = self.expires_on is not None and business_date(at) <= self.expires_on
        return in_days and (self.closed_at is None or at < self.closed_at)

    def expire(self, stamp: Stamp, reason_code: str = "expired") -> PaymentFailed:
        """Record that no deposit makes this payment any more. Check `require_waiting` before."""
        failed: PaymentFailed = self.record(
            PaymentFailed,
            stamp,
            payment_id=self.payment_id,
            amount_minor=self.amount_minor,
            currency=self.currency,
            code=reason_code,
        )
        return failed

    def copy(self) -> Self:
        """Return an independent copy."""
        twin = type(self)(self.id)
        for name in (*Stream.__slots__, *Payment.__slots__):
            setattr(twin, name, getattr(self, name))
        twin.pending = list(self.pending)
        return twin

    def require_pending(self) -> None:
        """Refuse anything on a payment that has its result. Raises: PaymentNotPending."""
        if self.status != "pending":
            raise PaymentNotPending("the payment is not pending; it has had its result")

    def require_waiting(self) -> None:
        """Refuse anything but what waits for its deposit. Raises: PaymentNotWaiting."""
        if self.status != "waiting_for_deposit":
            raise PaymentNotWaiting("the payment waits for no deposit; it has had its result")

    def require_account(self) -> None:
        """Refuse a deposit where there is no virtual account. Raises: PaymentNotWaiting."""
        if not self.has_account:
            raise PaymentNotWaiting("the payment has no virtual account that takes money")
