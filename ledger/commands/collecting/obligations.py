"""Commands on obligations: pay, take what the gateway says of it, confirm, refund (SPEC R-101, R-102, R-116).

All money that is asked for comes in here, in one commit: the payment's result, the obligation's, the account's, and
what the source of the obligation adds. Functions that take `streams` are parts of decisions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any, ClassVar, Literal

from aggregates.account import standing
from aggregates.account.collections import PAYER_CREDIT
from aggregates.collecting.obligation import Obligation
from aggregates.collecting.obligation_facts import (
    ObligationConfirmed,
    ObligationRefunded,
    ObligationRefundFailed,
    ObligationRefundStarted,
    ObligationSettled,
)
from aggregates.collecting.obligation_parts import PREFIX, AttemptUnknown, ObligationNotFound, Source
from aggregates.dates import business_date
from aggregates.errors import Rejected, Unavailable
from aggregates.fact import Fact, Stamp
from aggregates.ids import drawn_child_id, parse
from aggregates.payment import VIRTUAL_ACCOUNT, Payment, PaymentStarted
from ledger.command import Answer, Streams, answer
from ledger.commands.billing_keys import known_key
from ledger.commands.collecting.sources import rules_of

Method = Literal["card", "transfer", "virtual_account"]

METHODS: tuple[Method, ...] = ("card", "transfer", "virtual_account")
"""By which an obligation can be paid at the gateway."""

DEPOSIT_DAYS = 7
"""How long a virtual account takes the money of an obligation; the first day is not counted (SPEC R-002, R-062)."""

EXPIRED = "expired"


class PaymentUnsettled(Unavailable):
    """The payment's own result, or that of its cancellation, is not recorded yet; ask again."""

    code = "payment_unsettled"


@dataclass(frozen=True, slots=True)
class StartCollection:
    """Start a payment of an obligation at the gateway.

    Attributes:
        via: what it is paid through, e.g. "link", "auto_pay", "forward", "api".
        billing_key_id: the registered card that is charged; None = the payer pays on the gateway's page.
        reference: the caller's own number; None when it has none.
        customer_id: the customer of a biller whose registered card that is; None = it is the account's own.
    """

    ANSWER: ClassVar[str] = "collection-payment/1"

    obligation_id: str
    amount_minor: int
    method: Method
    via: str
    billing_key_id: str | None = None
    reference: str | None = None
    customer_id: str | None = None

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Payment.Started`, `Obligation.AttemptStarted`, and what the source adds.

        Raises:
            ObligationNotFound, AccountIsClosed.
            BillingKeyNotFound, BillingKeyNotActive.
            LedgerError: as of the source's rules, then as of `Obligation.require_payable`.

        Source: SPEC R-116, R-124.
        """
        obligation = known_obligation(streams, self.obligation_id)
        account = streams.account(obligation.account_id)
        rules = rules_of(obligation)
        rules.load(streams, obligation)
        key = None if self.billing_key_id is None else known_key(streams, self.billing_key_id)
        standing.refuse_closed(account)
        if key is not None:
            key.require_chargeable(obligation.account_id, self.customer_id)
        rules.check(streams, obligation, stamp)
        obligation.require_payable(self.amount_minor)
        until = rules.deposit_until(streams, obligation)
        days = DEPOSIT_DAYS if until is None else max(0, (until - business_date(stamp.occurred_at)).days)
        payment_id, payment = streams.new_child(Payment, "pay", obligation.account_id)
        payment.start(
            stamp,
            payment_id=payment_id,
            account_id=obligation.account_id,
            amount_minor=self.amount_minor,
            currency=obligation.currency,
            method=self.method,
            reference=self.reference,
            deposit_days=min(days, DEPOSIT_DAYS),
            billing_key_id=self.billing_key_id,
            obligation_id=self.obligation_id,
        )
        obligation.start_attempt(stamp, attempt_id=payment_id, via=self.via, amount_minor=self.amount_minor)
        assert obligation.attempt is not None, "it was started in the line above"
        rules.attempted(streams, stamp, obligation, obligation.attempt)


@dataclass(frozen=True, slots=True)
class ExpireCollection:
    """Record that a virtual account of an obligation takes no money any more; what still comes is credit."""

    ANSWER: ClassVar[str] = "collection-expired/1"

    payment_id: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Payment.Failed` and `Obligation.AttemptEnded`.

        Raises:
            PaymentNotWaiting: it has its result.

        Source: SPEC R-062, R-131.
        """
        end_waiting(streams, stamp, streams.stream(Payment, self.payment_id), EXPIRED)


@dataclass(frozen=True, slots=True)
class ConfirmOutside:
    """Take the payee's own word that an obligation was paid outside of this ledger.

    Attributes:
        paid_on: KST date, not in the future.
        note: vault token of what the payee wrote; None = nothing.
    """

    ANSWER: ClassVar[str] = "obligation-confirmed/1"

    obligation_id: str
    amount_minor: int
    paid_on: date
    note: str | None = None

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Obligation.Confirmed`, and what the source adds; no money moves.

        Raises:
            ObligationNotFound.
            LedgerError: as of `StartCollection`.

        Source: SPEC R-101.
        """
        obligation = known_obligation(streams, self.obligation_id)
        rules = rules_of(obligation)
        rules.load(streams, obligation)
        rules.check_confirmation(streams, obligation, stamp)
        confirmed = obligation.confirm(stamp, amount_minor=self.amount_minor, paid_on=self.paid_on, note=self.note)
        rules.settled(streams, stamp, obligation, confirmed)


class RefundNotByGateway(Rejected):
    """What a direct debit brought has no way back through the gateway: its payer has it back by a transfer."""

    code = "refund_not_by_gateway"


@dataclass(frozen=True, slots=True)
class RefundCollection:
    """Give money of a payment back to its payer: first what is credit, then what has counted.

    Attributes:
        reason: a stable word of the caller's.
    """

    ANSWER: ClassVar[str] = "collection-refund/1"

    obligation_id: str
    payment_id: str
    amount_minor: int
    reason: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Obligation.RefundStarted`, and set the money aside on the account; the gateway is asked next.

        Raises:
            ObligationNotFound.
            RefundNotByGateway: it came by direct debit.
            LedgerError: as of the source's rules, `Obligation.refund_parts` and `Account.start_collection_refund`.

        Source: SPEC R-102, 10.3.
        """
        obligation = known_obligation(streams, self.obligation_id)
        account = streams.account(obligation.account_id)
        rules = rules_of(obligation)
        rules.load(streams, obligation)
        rules.check_refund(streams, obligation, self.payment_id, self.amount_minor)
        paid = obligation.payments.get(self.payment_id)
        if paid is not None and paid.method not in METHODS:
            raise RefundNotByGateway(f"what came by {paid.method} cannot go back through the gateway")
        _, applied = obligation.refund_parts(self.payment_id, self.amount_minor)
        seed = sha256(f"{self.obligation_id}:{obligation.version + 1}".encode()).digest()
        refund_id = drawn_child_id("rfc", obligation.account_id, seed)
        if rules.CREDITS == "collections":
            account.start_collection_refund(
                stamp, obligation_id=self.obligation_id, refund_id=refund_id, amount_minor=applied
            )
        obligation.start_refund(
            stamp,
            attempt_id=self.payment_id,
            refund_id=refund_id,
            amount_minor=self.amount_minor,
            reason=self.reason,
        )


@dataclass(frozen=True, slots=True)
class FinishCollectionRefund:
    """Take the gateway's word that the money has gone back."""

    ANSWER: ClassVar[str] = "collection-refunded/1"

    obligation_id: str
    payment_id: str
    refund_id: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Obligation.Refunded` and what the account's two balances lose.

        Raises:
            LedgerError: as of the source's rules. AttemptUnknown: no such refund is under way.
        """
        obligation = known_obligation(streams, self.obligation_id)
        account = streams.account(obligation.account_id)
        rules = rules_of(obligation)
        rules.load(streams, obligation)
        rules.check_refunded(streams, obligation, self.payment_id)
        method = _method(obligation, self.payment_id)
        refunded = obligation.finish_refund(stamp, attempt_id=self.payment_id, refund_id=self.refund_id)
        if rules.CREDITS == "collections":
            named = _named(obligation, self.payment_id, method)
            account.end_collection_refund(
                stamp,
                obligation_id=self.obligation_id,
                refund_id=self.refund_id,
                amount_minor=refunded.applied_minor,
            )
            account.move_collected(stamp, "collections", "refunded", **named, amount_minor=refunded.applied_minor)
            account.move_collected(stamp, "payer_credit", "refunded", **named, amount_minor=refunded.over_minor)
        rules.refunded(streams, stamp, obligation, refunded)


@dataclass(frozen=True, slots=True)
class FailCollectionRefund:
    """Take the gateway's word that the money has not gone back."""

    ANSWER: ClassVar[str] = "collection-refunded/1"

    obligation_id: str
    payment_id: str
    refund_id: str
    reason_code: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Obligation.RefundFailed`, set the money free, and what the source adds. Raises: AttemptUnknown."""
        obligation = known_obligation(streams, self.obligation_id)
        account = streams.account(obligation.account_id)
        paid = obligation.payments.get(self.payment_id)
        rules = rules_of(obligation)
        rules.load(streams, obligation)
        failed = obligation.fail_refund(
            stamp, attempt_id=self.payment_id, refund_id=self.refund_id, code=self.reason_code
        )
        if paid is not None and rules.CREDITS == "collections":
            account.end_collection_refund(
                stamp,
                obligation_id=self.obligation_id,
                refund_id=self.refund_id,
                amount_minor=paid.refund_applied_minor,
            )
        rules.refund_failed(streams, stamp, obligation, failed)


def open_obligation(
    streams: Streams,
    stamp: Stamp,
    *,
    account_id: str,
    source: Source,
    source_id: str,
    due_minor: int | None,
    due_on: date | None = None,
    parts: bool = False,
    minimum_minor: int = 1,
    maximum_minor: int | None = None,
    index: int = 0,
) -> Obligation:
    """Open an obligation of an account; the account was asked for before.

    Args:
        index: which of several that one command opens.
    """
    obligation_id, obligation = streams.new_child(Obligation, PREFIX, account_id, index)
    obligation.open(
        stamp,
        obligation_id=obligation_id,
        account_id=account_id,
        source=source,
        source_id=source_id,
        currency=streams.account(account_id).currency,
        due_minor=due_minor,
        due_on=due_on,
        parts=parts,
        minimum_minor=minimum_minor,
        maximum_minor=maximum_minor,
    )
    return obligation


def known_obligation(streams: Streams, obligation_id: str) -> Obligation:
    """Return an obligation. Raises: ObligationNotFound."""
    parse(obligation_id, PREFIX)
    return streams.known(Obligation, obligation_id, ObligationNotFound)


def change_due(
    streams: Streams, stamp: Stamp, obligation: Obligation, *, due_minor: int | None, due_on: date | None
) -> None:
    """Change what is due; credit that the payer has here counts for what is more now (SPEC R-102, R-143).

    What has settled beyond what is due now is the payer's credit from here on.

    Ask for the account before. Raises: AttemptInFlight, as of `Obligation.change`.
    """
    account = streams.account(obligation.account_id)
    going = sum(paid.refund_over_minor for paid in obligation.payments.values())
    missing = 0 if due_minor is None else max(0, due_minor - obligation.paid_minor)
    credit = min(obligation.credit_minor - going, missing)
    free = obligation.freed_by(due_minor)
    obligation.change(stamp, due_minor=due_minor, due_on=due_on, credit_minor=credit - free)
    if free:
        named = _named(obligation, obligation.obligation_id, PAYER_CREDIT)
        account.move_collected(stamp, "collections", "refunded", **named, amount_minor=free)
        account.move_collected(stamp, "payer_credit", "settled", **named, amount_minor=free)
    if credit:
        account.apply_payer_credit(
            stamp,
            obligation_id=obligation.obligation_id,
            source=obligation.source,
            source_id=obligation.source_id,
            amount_minor=credit,
        )


def settle_attempt(
    streams: Streams,
    stamp: Stamp,
    obligation: Obligation,
    *,
    attempt_id: str,
    via: str,
    method: str,
    amount_minor: int,
    paid_on: date,
    counts: bool = True,
    on_account: bool = True,
) -> ObligationSettled:
    """Record money that has settled, on the obligation, the account and where the source wants it.

    Args:
        counts: whether it may count for what is due; False = all of it is the payer's credit.
        on_account: False = the caller records it on the account itself, for many obligations at once.

    The account and what `load` of the source's rules asks for are asked for before the first fact.
    """
    account = streams.account(obligation.account_id)
    rules = rules_of(obligation)
    rules.load(streams, obligation)
    applied = rules.split(streams, obligation, amount_minor) if counts else 0
    settled = obligation.settle(
        stamp,
        attempt_id=attempt_id,
        via=via,
        method=method,
        amount_minor=amount_minor,
        applied_minor=applied,
        paid_on=paid_on,
    )
    if on_account and rules.CREDITS == "collections":
        named = _named(obligation, attempt_id, method)
        account.move_collected(stamp, "collections", "settled", **named, amount_minor=applied)
        account.move_collected(stamp, "payer_credit", "settled", **named, amount_minor=amount_minor - applied)
    rules.settled(streams, stamp, obligation, settled)
    return settled


def end_waiting(streams: Streams, stamp: Stamp, payment: Payment, code: str) -> None:
    """Record that the virtual account of an obligation's payment takes no money any more. Raises: PaymentNotWaiting."""
    obligation = known_obligation(streams, payment.obligation_id or "")
    rules_of(obligation).load(streams, obligation)
    payment.require_waiting()
    payment.expire(stamp, code)
    end_attempt(streams, stamp, obligation, payment.payment_id, code)


def end_attempt(streams: Streams, stamp: Stamp, obligation: Obligation, attempt_id: str, code: str) -> None:
    """Record that an attempt brought nothing; one that is not under way any more is passed over.

    (Then nothing is written to the obligation: so the commit holds it to be as it was read. Another process may have
    started the attempt after it was.)
    """
    if obligation.attempt is None or obligation.attempt.attempt_id != attempt_id:
        streams.held(Obligation, obligation.obligation_id)
        return
    rules_of(obligation).ended(
        streams, stamp, obligation, obligation.end_attempt(stamp, attempt_id=attempt_id, code=code)
    )


def reverse_attempt(
    streams: Streams, stamp: Stamp, obligation: Obligation, *, attempt_id: str, amount_minor: int, code: str
) -> None:
    """Record that settled money was taken back. Raises: as of `Obligation.reverse`. Source: SPEC R-101, 14."""
    account = streams.account(obligation.account_id)
    rules = rules_of(obligation)
    rules.load(streams, obligation)
    method = _method(obligation, attempt_id)
    taken = obligation.reverse(stamp, attempt_id=attempt_id, amount_minor=amount_minor, code=code)
    if rules.CREDITS == "collections":
        named = _named(obligation, attempt_id, method)
        account.move_collected(stamp, "collections", "reversed", **named, amount_minor=taken.applied_minor)
        account.move_collected(stamp, "payer_credit", "reversed", **named, amount_minor=taken.over_minor)
    rules.reversed(streams, stamp, obligation, taken)


def settle_payment(streams: Streams, stamp: Stamp, payment: Payment) -> None:
    """Take the gateway's word that it has the money of an obligation's payment. `Payment.require_pending` before."""
    obligation = known_obligation(streams, payment.obligation_id or "")
    paid_on = business_date(stamp.occurred_at)
    streams.account(obligation.account_id)
    rules_of(obligation).load(streams, obligation)
    via = _via(obligation, payment.payment_id)
    payment.settle(stamp, charge_id=None, paid_on=paid_on)
    settle_attempt(
        streams,
        stamp,
        obligation,
        attempt_id=payment.payment_id,
        via=via,
        method=payment.method,
        amount_minor=payment.amount_minor,
        paid_on=paid_on,
    )


def fail_payment(streams: Streams, stamp: Stamp, payment: Payment, reason_code: str) -> None:
    """Take the gateway's definite no. Raises: PaymentNotPending."""
    obligation = known_obligation(streams, payment.obligation_id or "")
    rules_of(obligation).load(streams, obligation)
    payment.fail(stamp, reason_code=reason_code)
    end_attempt(streams, stamp, obligation, payment.payment_id, reason_code)


def take_deposit(streams: Streams, stamp: Stamp, payment: Payment, amount_minor: int) -> None:
    """Take money that arrived on the virtual account of an obligation's payment.

    It counts when it is what was asked for, and came before the account expired or was given up, however late it is
    told. Everything else is the payer's credit, and the payee decides (SPEC R-062, R-131).
    """
    obligation = known_obligation(streams, payment.obligation_id or "")
    paid_on = business_date(stamp.occurred_at)
    streams.account(obligation.account_id)
    rules_of(obligation).load(streams, obligation)
    is_expected = payment.takes(stamp.occurred_at) and payment.status != "paid" and amount_minor == payment.amount_minor
    via = _via(obligation, payment.payment_id)
    if is_expected:
        payment.settle(stamp, charge_id=None, paid_on=paid_on)
    elif payment.status == "waiting_for_deposit":
        payment.expire(stamp, "deposit_mismatch")
    settle_attempt(
        streams,
        stamp,
        obligation,
        attempt_id=payment.payment_id,
        via=via,
        method=VIRTUAL_ACCOUNT,
        amount_minor=amount_minor,
        paid_on=paid_on,
        counts=is_expected,
    )


def reverse_payment(streams: Streams, stamp: Stamp, payment: Payment, amount_minor: int) -> None:
    """Take the gateway's word that money of an obligation's payment was taken back.

    Raises:
        PaymentUnsettled: a refund of it has no result yet; ask again.
        AttemptUnknown: less of it is left.
    """
    obligation = known_obligation(streams, payment.obligation_id or "")
    paid = obligation.payments.get(payment.payment_id)
    if paid is not None and paid.refund_id:
        raise PaymentUnsettled("a refund of the payment has no definite result yet; ask again", 1)
    reverse_attempt(
        streams, stamp, obligation, attempt_id=payment.payment_id, amount_minor=amount_minor, code="chargeback"
    )


def _via(obligation: Obligation, attempt_id: str) -> str:
    attempt = obligation.attempt
    return attempt.via if attempt is not None and attempt.attempt_id == attempt_id else obligation.source


def _method(obligation: Obligation, attempt_id: str) -> str:
    paid = obligation.payments.get(attempt_id)
    if paid is None:
        raise AttemptUnknown("no such payment has settled here")
    return paid.method


def _named(obligation: Obligation, payment_id: str, method: str) -> dict[str, Any]:
    return {
        "obligation_id": obligation.obligation_id,
        "source": obligation.source,
        "source_id": obligation.source_id,
        "payment_id": payment_id,
        "method": method,
    }


def collection_payment_json(
    payment_id: str, *, obligation_id: str, amount_minor: int, currency: str, method: str, status: str
) -> dict[str, Any]:
    """Return a payment of an obligation in the shape of the HTTP face."""
    return {
        "id": payment_id,
        "obligation_id": obligation_id,
        "amount": amount_minor,
        "currency": currency,
        "method": method,
        "status": status,
    }


@answer("collection-payment/1")
def collection_payment(facts: Sequence[Fact]) -> Answer:
    """Answer with a payment that was started: what becomes of it, its resource tells."""
    fact = next(fact for fact in facts if isinstance(fact, PaymentStarted))
    shape = collection_payment_json(
        fact.payment_id,
        obligation_id=fact.obligation_id or "",
        amount_minor=fact.amount_minor,
        currency=fact.currency,
        method=fact.method,
        status="pending",
    )
    return Answer(201, shape)


@answer("collection-expired/1")
def collection_expired(facts: Sequence[Fact]) -> Answer:
    """Answer with a payment whose virtual account takes no money any more."""
    fact = next(fact for fact in facts if isinstance(fact, Payment.Failed))
    return Answer(200, {"id": fact.payment_id, "status": "failed", "code": fact.code})


@answer("obligation-confirmed/1")
def obligation_confirmed(facts: Sequence[Fact]) -> Answer:
    """Answer with what was confirmed, and what is left."""
    fact = next(fact for fact in facts if isinstance(fact, ObligationConfirmed))
    shape = {
        "obligation_id": fact.obligation_id,
        "amount": fact.amount_minor,
        "outstanding": fact.outstanding_minor,
        "currency": fact.currency,
        "paid_on": fact.paid_on.isoformat(),
    }
    return Answer(201, shape)


@answer("collection-refund/1")
def collection_refund(facts: Sequence[Fact]) -> Answer:
    """Answer with a refund that was started."""
    fact = next(fact for fact in facts if isinstance(fact, ObligationRefundStarted))
    shape = {
        "id": fact.refund_id,
        "obligation_id": fact.obligation_id,
        "payment_id": fact.attempt_id,
        "amount": fact.amount_minor,
        "currency": fact.currency,
        "reason": fact.reason,
        "status": "pending",
    }
    return Answer(201, shape)


@answer("collection-refunded/1")
def collection_refunded(facts: Sequence[Fact]) -> Answer:
    """Answer with how a refund ended."""
    fact = next(fact for fact in facts if isinstance(fact, ObligationRefunded | ObligationRefundFailed))
    is_done = isinstance(fact, ObligationRefunded)
    return Answer(200, {"id": fact.refund_id, "status": "refunded" if is_done else "failed"})
