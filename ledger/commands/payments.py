"""Commands on payments that the ledger starts at a gateway: the intent, what the gateway says, what it takes back.

Only the first is a caller's; the others record the gateway's definite answers and are issued by the reaction that asks
it. What is not true yet is refused as unavailable, not as a rule: the same command is right a moment later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from aggregates.account.chargebacks import ChargedBack
from aggregates.account.charges import METHODS, check_charge
from aggregates.account.deposits import DEPOSIT_DAYS, Deposited, DepositParked
from aggregates.collecting.obligation_facts import ObligationReversed, ObligationSettled
from aggregates.errors import NotFound, Rejected
from aggregates.fact import Fact, Stamp
from aggregates.payment import (
    VIRTUAL_ACCOUNT,
    Payment,
    PaymentAccountIssued,
    PaymentFailed,
    PaymentSettled,
    PaymentStarted,
)
from ledger.command import ANSWERS, Answer, Streams, answer
from ledger.commands.billing_keys import known_key
from ledger.commands.charges import ChargeBack
from ledger.commands.collecting import obligations
from ledger.commands.collecting.obligations import PaymentUnsettled
from ledger.commands.deposits import take_deposit


class PaymentNotFound(NotFound):
    """There is no such payment."""

    code = "payment_not_found"


class BillingKeyForCards(Rejected):
    """A registered card pays by card and in no other way."""

    code = "billing_key_for_cards"


@dataclass(frozen=True, slots=True)
class StartPayment:
    """Start a payment at the gateway.

    Attributes:
        reference: the caller's own number; None when it has none.
        enabled_methods, maximum_minor: as of `ChargeAccount`.
        billing_key_id: the registered card that is charged; None = the customer pays.
    """

    ANSWER: ClassVar[str] = "payment/2"

    account_id: str
    amount_minor: int
    method: str
    reference: str | None = None
    enabled_methods: tuple[str, ...] = METHODS
    maximum_minor: int | None = None
    billing_key_id: str | None = None

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Payment.Started`.

        Raises:
            NotFound: no such account.
            LedgerError: as of `Account.charge`: nothing is asked of a customer that could not be booked.
            BillingKeyForCards, BillingKeyNotFound, BillingKeyNotActive.
        """
        account = streams.account(self.account_id)
        check_charge(
            account,
            amount_minor=self.amount_minor,
            method=self.method,
            enabled_methods=self.enabled_methods,
            maximum_minor=self.maximum_minor,
        )
        if self.billing_key_id is not None:
            if self.method != "card":
                raise BillingKeyForCards("billing_key_id is for payments by card")
            known_key(streams, self.billing_key_id).require_chargeable(self.account_id)
        payment_id, payment = streams.new_child(Payment, "pay", self.account_id)
        payment.start(
            stamp,
            payment_id=payment_id,
            account_id=self.account_id,
            amount_minor=self.amount_minor,
            currency=account.currency,
            method=self.method,
            reference=self.reference,
            deposit_days=DEPOSIT_DAYS,
            billing_key_id=self.billing_key_id,
        )


@dataclass(frozen=True, slots=True)
class IssuePaymentAccount:
    """Take the virtual account that the gateway gave: a charge waits for its deposit.

    Attributes:
        destination: vault token of its number.
    """

    ANSWER: ClassVar[str] = "payment-account/1"

    payment_id: str
    destination: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Payment.AccountIssued`, and of a charge `Account.DepositAwaited`.

        Raises:
            NotFound: no such payment. PaymentNotPending: it has its result.
            LedgerError: as of `Account.await_deposit`.
        """
        payment = payment_of(streams, self.payment_id)
        account = streams.account(payment.account_id)
        payment.require_pending()
        if payment.obligation_id is not None:
            assert payment.expires_on is not None, "only what waits for a deposit has a virtual account"
            payment.issue_account(stamp, charge_id=None, destination=self.destination, expires_on=payment.expires_on)
            return
        awaited = account.await_deposit(stamp, amount_minor=payment.amount_minor, reference=self.payment_id)
        payment.issue_account(
            stamp, charge_id=awaited.charge_id, destination=self.destination, expires_on=awaited.expires_on
        )


@dataclass(frozen=True, slots=True)
class SettlePayment:
    """Take the gateway's word that it has the money of a card or a bank transfer."""

    ANSWER: ClassVar[str] = "payment-settled/1"

    payment_id: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Payment.Settled` and `Account.Charged`, or what counts for the obligation.

        Raises:
            NotFound: no such payment. PaymentNotPending: it has its result.
            LedgerError: as of `Account.charge`.
        """
        payment = payment_of(streams, self.payment_id)
        account = streams.account(payment.account_id)
        payment.require_pending()
        if payment.obligation_id is not None:
            obligations.settle_payment(streams, stamp, payment)
            return
        charged = account.charge(
            stamp, amount_minor=payment.amount_minor, method=payment.method, reference=self.payment_id
        )
        payment.settle(stamp, charge_id=charged.charge_id, paid_on=charged.charged_on)


@dataclass(frozen=True, slots=True)
class FailPayment:
    """Take the gateway's definite no."""

    ANSWER: ClassVar[str] = "payment-failed/1"

    payment_id: str
    reason_code: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Payment.Failed`, and the end of an obligation's attempt. Raises: NotFound; as of `Payment.fail`."""
        payment = payment_of(streams, self.payment_id)
        if payment.obligation_id is not None:
            obligations.fail_payment(streams, stamp, payment, self.reason_code)
            return
        payment.fail(stamp, reason_code=self.reason_code)


@dataclass(frozen=True, slots=True)
class TakePaymentDeposit:
    """Take money that the gateway says has arrived on a payment's virtual account: booked, or parked."""

    ANSWER: ClassVar[str] = "payment-deposit/1"

    payment_id: str
    amount_minor: int

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record as `DepositCharge` does, and `Payment.Settled` where the money was booked.

        Raises:
            NotFound: no such payment. PaymentNotWaiting: it has no virtual account.
            LedgerError: as of `Account.deposit`.
        """
        payment = payment_of(streams, self.payment_id)
        payment.require_account()
        if payment.obligation_id is not None:
            obligations.take_deposit(streams, stamp, payment, self.amount_minor)
            return
        taken = take_deposit(streams, stamp, payment.account_id, payment.charge_id, self.amount_minor)
        if isinstance(taken, Deposited):
            payment.settle(stamp, charge_id=taken.charge_id, paid_on=taken.charged_on)


@dataclass(frozen=True, slots=True)
class TakePaymentBack:
    """Take the gateway's word that money of a payment was taken back: a chargeback, or its own cancellation."""

    ANSWER: ClassVar[str] = "payment-taken-back/1"

    payment_id: str
    amount_minor: int

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record as `ChargeBack` does, or that what was due is open again.

        Raises:
            NotFound: no such payment.
            PaymentUnsettled: the payment itself, or a cancellation of its charge, has no result yet.
            LedgerError: as of `Account.charge_back`.

        Source: SPEC R-064.
        """
        payment = payment_of(streams, self.payment_id)
        account = streams.account(payment.account_id)
        if payment.status != "paid" or payment.charge_id in account.cancels:
            raise PaymentUnsettled("the payment has no definite result yet; ask again", 1)
        if payment.obligation_id is not None:
            obligations.reverse_payment(streams, stamp, payment, self.amount_minor)
            return
        ChargeBack(payment.account_id, payment.charge_id, self.amount_minor).decide(streams, stamp)


def payment_of(streams: Streams, payment_id: str) -> Payment:
    """Return a payment. Raises: PaymentNotFound."""
    return streams.known(Payment, payment_id, PaymentNotFound)


def payment_json(
    payment_id: str,
    *,
    account_id: str,
    amount_minor: int,
    currency: str,
    method: str,
    reference: str | None,
    status: str,
    charge_id: str | None,
    expires_on: str | None,
    code: str | None,
) -> dict[str, Any]:
    """Return a payment in the shape of the HTTP face."""
    return {
        "id": payment_id,
        "account_id": account_id,
        "amount": amount_minor,
        "currency": currency,
        "method": method,
        "reference": reference,
        "status": status,
        "charge_id": charge_id,
        "expires_on": expires_on,
        "code": code,
    }


@answer("payment/1")
def payment(facts: Sequence[Fact]) -> Answer:
    """Answer with a payment that was started: what becomes of it, its resource tells."""
    fact = facts[0]
    assert isinstance(fact, PaymentStarted)
    return Answer(201, _started(fact))


@answer("payment/2")
def payment_of_card(facts: Sequence[Fact]) -> Answer:
    """Answer as to payment/1, with the registered card that is charged."""
    fact = facts[0]
    assert isinstance(fact, PaymentStarted)
    return Answer(201, {**_started(fact), "billing_key_id": fact.billing_key_id})


def _started(fact: PaymentStarted) -> dict[str, Any]:
    return payment_json(
        fact.payment_id,
        account_id=fact.account_id,
        amount_minor=fact.amount_minor,
        currency=fact.currency,
        method=fact.method,
        reference=fact.reference,
        status="pending",
        charge_id=None,
        expires_on=None if fact.expires_on is None else fact.expires_on.isoformat(),
        code=None,
    )


@answer("payment-account/1")
def payment_account(facts: Sequence[Fact]) -> Answer:
    """Answer with a payment that waits for its deposit."""
    fact = _of(facts, PaymentAccountIssued)
    return Answer(200, {"id": fact.payment_id, "status": "waiting_for_deposit", "charge_id": fact.charge_id})


@answer("payment-settled/1")
def payment_settled(facts: Sequence[Fact]) -> Answer:
    """Answer with a payment that is a charge now."""
    fact = _of(facts, PaymentSettled)
    return Answer(200, {"id": fact.payment_id, "status": "paid", "charge_id": fact.charge_id})


@answer("payment-failed/1")
def payment_failed(facts: Sequence[Fact]) -> Answer:
    """Answer with a payment that was not taken."""
    fact = _of(facts, PaymentFailed)
    return Answer(200, {"id": fact.payment_id, "status": "failed", "code": fact.code})


@answer("payment-deposit/1")
def payment_deposit(facts: Sequence[Fact]) -> Answer:
    """Answer as to a deposit on a charge, or with what of the money counts for the obligation."""
    for fact in facts:
        if isinstance(fact, ObligationSettled):
            shape = {"id": fact.attempt_id, "counts": fact.applied_minor, "credit": fact.over_minor}
            return Answer(200, shape)
    taken = [fact for fact in facts if isinstance(fact, Deposited | DepositParked)]
    return ANSWERS["deposit/1"](taken)


@answer("payment-taken-back/1")
def payment_taken_back(facts: Sequence[Fact]) -> Answer:
    """Answer as to a chargeback, or with what is due again."""
    for fact in facts:
        if isinstance(fact, ObligationReversed):
            return Answer(200, {"id": fact.attempt_id, "amount": fact.amount_minor, "due": fact.outstanding_minor})
    return ANSWERS["charge-back/1"]([_of(facts, ChargedBack)])


def _of(facts: Sequence[Fact], kind: Any) -> Any:
    """Return the only fact of a kind among those of a command."""
    (fact,) = (fact for fact in facts if isinstance(fact, kind))
    return fact


__all__ = [
    "VIRTUAL_ACCOUNT", "BillingKeyForCards", "FailPayment", "IssuePaymentAccount", "PaymentNotFound",
    "PaymentUnsettled", "SettlePayment", "StartPayment", "TakePaymentBack", "TakePaymentDeposit", "payment_json",
    "payment_of",
]  # fmt: skip
