"""Money of pay-out links: held when the creator's payment settles, paid once an attempt, held again when it fails.

The commands record the bank's definite answers and are issued by the reaction that asks it. `PayoutRules` is what a
pay-out link adds to the obligation by which its creator pays: nothing of it becomes a collection of the account.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from aggregates.account import Account
from aggregates.collecting.obligation import Obligation
from aggregates.collecting.obligation_facts import (
    ObligationAttemptEnded,
    ObligationConfirmed,
    ObligationRefunded,
    ObligationRefundFailed,
    ObligationReversed,
    ObligationSettled,
)
from aggregates.collecting.payout_link import (
    FUNDING,
    PAID_OUT,
    PAYING,
    PAYOUT_FAILED,
    REFUNDING,
    SOURCE,
    PayoutLink,
    transfer_key,
)
from aggregates.collecting.payout_link_facts import PaidOut, PayingStarted, PayoutFailed, PayoutLinkReturned
from aggregates.dates import business_date
from aggregates.errors import Conflict
from aggregates.fact import Fact, Stamp
from aggregates.payment import Payment
from ledger.command import Answer, Streams, answer
from ledger.commands.collecting.payout_links import ask_payee, known_link, tell_creator, tell_payee
from ledger.commands.collecting.sources import SourceRules, source

PAID, FAILED, REFUNDED, REVERSED = "payout.paid", "payout.failed", "payout.refunded", "payout.reversed"
"""What people are told."""

AMOUNT_MISMATCH = "amount_mismatch"


class PayoutFundedByItsLink(Conflict):
    """What a pay-out link is funded with is paid, and given back, by that link alone (SPEC R-137)."""

    code = "payout_funded_by_its_link"


@dataclass(frozen=True, slots=True)
class StartPayout:
    """Have the bank pay what was funded."""

    ANSWER: ClassVar[str] = "payout-step/1"

    payout_link_id: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `PayoutLink.PayingStarted`. Raises: PayoutLinkNotFound; as of `PayoutLink.start_paying`."""
        known_link(streams, self.payout_link_id).start_paying(stamp)


@dataclass(frozen=True, slots=True)
class FinishPayout:
    """Take the bank's word that it has paid. attempt: which pay-out."""

    ANSWER: ClassVar[str] = "payout-step/1"

    payout_link_id: str
    attempt: int

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Account.PayoutPaid` and `PayoutLink.PaidOut`, and that both people are told.

        Raises:
            PayoutLinkNotFound. WrongPayoutStatus: that attempt has its result.

        Source: SPEC R-135.
        """
        link = known_link(streams, self.payout_link_id)
        account = streams.account(link.account_id)
        link.require_attempt(self.attempt, PAYING)
        account.pay_payout(
            stamp,
            payout_link_id=link.payout_link_id,
            transfer=transfer_key(link.payout_link_id, self.attempt),
            amount_minor=link.amount_minor,
            paid_on=business_date(stamp.occurred_at),
        )
        link.pay_out(stamp, attempt=self.attempt)
        tell_creator(streams, stamp, link, PAID)
        tell_payee(streams, stamp, link, PAID)


@dataclass(frozen=True, slots=True)
class FailPayoutAttempt:
    """Take the bank's definite no. attempt: which pay-out. code: why."""

    ANSWER: ClassVar[str] = "payout-step/1"

    payout_link_id: str
    attempt: int
    code: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `PayoutLink.PayoutFailed`: the money stays held, and the payee is asked for other details.

        Raises:
            PayoutLinkNotFound. WrongPayoutStatus: that attempt has its result.

        Source: SPEC R-135.
        """
        link = known_link(streams, self.payout_link_id)
        account = streams.account(link.account_id)
        if link.owing_minor:
            streams.held(Account, link.account_id)
        link.fail_payout(stamp, attempt=self.attempt, code=self.code)
        _held_again(streams, stamp, link, account)


@dataclass(frozen=True, slots=True)
class ReturnPaidPayout:
    """Take the bank's word that a pay-out has come back. attempt: which. code: why."""

    ANSWER: ClassVar[str] = "payout-step/1"

    payout_link_id: str
    attempt: int
    code: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Account.PayoutReturned` and `PayoutLink.PayoutReturned`: the money is held again.

        Raises:
            PayoutLinkNotFound. WrongPayoutStatus: that pay-out was not paid, or has come back.

        Source: SPEC R-135.
        """
        link = known_link(streams, self.payout_link_id)
        account = streams.account(link.account_id)
        link.require_attempt(self.attempt, PAID_OUT)
        account.return_paid_payout(
            stamp,
            payout_link_id=link.payout_link_id,
            transfer=transfer_key(link.payout_link_id, self.attempt),
            amount_minor=link.amount_minor,
            reason_code=self.code,
            returned_on=business_date(stamp.occurred_at),
        )
        link.return_payout(stamp, attempt=self.attempt, code=self.code)
        _held_again(streams, stamp, link, account)


@source(SOURCE)
class PayoutRules(SourceRules):
    """What a pay-out link adds to the obligation by which its creator pays."""

    CREDITS: ClassVar[Literal["collections", "payout_hold"]] = "payout_hold"

    def load(self, streams: Streams, obligation: Obligation) -> None:
        """Ask for the link, the account and the payments that have settled.

        What the link says decides where money goes, also where nothing is written to it: so it is held.
        """
        streams.held(PayoutLink, obligation.source_id)
        streams.account(obligation.account_id)
        for payment_id in obligation.payments:
            streams.stream(Payment, payment_id)

    def check(self, streams: Streams, obligation: Obligation, stamp: Stamp) -> None:
        """Refuse a payment that its link has not started. Raises: PayoutFundedByItsLink."""
        if _link(streams, obligation).status != FUNDING:
            raise PayoutFundedByItsLink("a pay-out link is paid through the link alone")

    def check_confirmation(self, streams: Streams, obligation: Obligation, stamp: Stamp) -> None:
        """Refuse anybody's word: only money that has settled can be held. Raises: PayoutFundedByItsLink."""
        raise PayoutFundedByItsLink("a pay-out link is funded by money that has settled, and by nobody's word")

    def check_refund(self, streams: Streams, obligation: Obligation, payment_id: str, amount_minor: int) -> None:
        """Refuse to give back what is held, unless the link does. Raises: PayoutFundedByItsLink."""
        paid = obligation.payments.get(payment_id)
        is_credit = paid is not None and amount_minor <= paid.over_minor
        if not is_credit and _link(streams, obligation).status != REFUNDING:
            raise PayoutFundedByItsLink("what is held for a pay-out link goes back through the link alone")

    def check_refunded(self, streams: Streams, obligation: Obligation, payment_id: str) -> None:
        """Refuse a result that the link does not wait for, before anything is recorded. Raises: WrongPayoutStatus."""
        paid = obligation.payments.get(payment_id)
        if paid is not None and paid.refund_applied_minor:
            _link(streams, obligation).require(REFUNDING)

    def ended(self, streams: Streams, stamp: Stamp, obligation: Obligation, fact: ObligationAttemptEnded) -> None:
        """The creator's payment brought nothing: it can be paid again."""
        link = _link(streams, obligation)
        if link.status == FUNDING:
            link.fail_funding(stamp, code=fact.code)

    def split(self, streams: Streams, obligation: Obligation, amount_minor: int) -> int:
        """Return what of an arriving amount is held: what its link has started."""
        return super().split(streams, obligation, amount_minor) if _link(streams, obligation).status == FUNDING else 0

    def settled(
        self, streams: Streams, stamp: Stamp, obligation: Obligation, fact: ObligationSettled | ObligationConfirmed
    ) -> None:
        """Hold what the creator has paid; what nothing was due for goes back by itself."""
        assert isinstance(fact, ObligationSettled), "nobody confirms the funding of a pay-out link"
        link, account = _link(streams, obligation), streams.account(obligation.account_id)
        if fact.applied_minor:
            account.fund_payout(
                stamp,
                payout_link_id=link.payout_link_id,
                obligation_id=obligation.obligation_id,
                payment_id=fact.attempt_id,
                via=fact.via,
                method=fact.method,
                amount_minor=fact.applied_minor,
                paid_on=fact.paid_on,
            )
            link.fund(stamp, payment_id=fact.attempt_id, amount_minor=fact.applied_minor)
        elif link.status == FUNDING and obligation.attempt is None:
            # Another amount came in than was asked for: it goes back, and the creator may pay again.
            link.fail_funding(stamp, code=AMOUNT_MISMATCH)
        named = _named(obligation, fact.attempt_id, fact.method)
        account.move_collected(stamp, "payer_credit", "settled", **named, amount_minor=fact.over_minor)

    def reversed(self, streams: Streams, stamp: Stamp, obligation: Obligation, fact: ObligationReversed) -> None:
        """Take it from what is held; what is on its way or gone is owed by the account."""
        link, account = _link(streams, obligation), streams.account(obligation.account_id)
        method = streams.stream(Payment, fact.attempt_id).method
        if fact.applied_minor:
            account.reverse_payout_funding(
                stamp,
                payout_link_id=link.payout_link_id,
                obligation_id=obligation.obligation_id,
                payment_id=fact.attempt_id,
                method=method,
                amount_minor=fact.applied_minor,
                from_hold_minor=link.held_against(fact.applied_minor),
                reason_code=fact.code,
            )
            link.reverse_funding(stamp, amount_minor=fact.applied_minor, code=fact.code)
            tell_creator(streams, stamp, link, REVERSED)
        named = _named(obligation, fact.attempt_id, method)
        account.move_collected(stamp, "payer_credit", "reversed", **named, amount_minor=fact.over_minor)

    def refunded(self, streams: Streams, stamp: Stamp, obligation: Obligation, fact: ObligationRefunded) -> None:
        """The creator has the money back."""
        link, account = _link(streams, obligation), streams.account(obligation.account_id)
        method = streams.stream(Payment, fact.attempt_id).method
        if fact.applied_minor:
            account.refund_payout(
                stamp,
                payout_link_id=link.payout_link_id,
                obligation_id=obligation.obligation_id,
                payment_id=fact.attempt_id,
                refund=fact.refund_id,
                method=method,
                amount_minor=fact.applied_minor,
            )
            link.finish_refund(stamp, amount_minor=fact.applied_minor)
            tell_creator(streams, stamp, link, REFUNDED)
        named = _named(obligation, fact.attempt_id, method)
        account.move_collected(stamp, "payer_credit", "refunded", **named, amount_minor=fact.over_minor)

    def refund_failed(
        self, streams: Streams, stamp: Stamp, obligation: Obligation, fact: ObligationRefundFailed
    ) -> None:
        """The gateway has not given it back: it stays held."""
        link = _link(streams, obligation)
        if link.status == REFUNDING and link.payment_id == fact.attempt_id:
            link.fail_refund(stamp, code=fact.code)


def _link(streams: Streams, obligation: Obligation) -> PayoutLink:
    return streams.stream(PayoutLink, obligation.source_id)


def _named(obligation: Obligation, payment_id: str, method: str) -> dict[str, Any]:
    return {
        "obligation_id": obligation.obligation_id,
        "source": obligation.source,
        "source_id": obligation.source_id,
        "payment_id": payment_id,
        "method": method,
    }


def _held_again(streams: Streams, stamp: Stamp, link: PayoutLink, account: Account) -> None:
    """Let money that is held again pay what a reversal of its funding left owing; tell people of the rest."""
    owing_minor = min(link.held_minor, link.owing_minor, account.member_receivable_minor)
    if owing_minor:
        account.apply_payout_hold(stamp, payout_link_id=link.payout_link_id, amount_minor=owing_minor)
        link.apply_hold(stamp, amount_minor=owing_minor)
    tell_creator(streams, stamp, link, FAILED)
    if link.status == PAYOUT_FAILED:
        ask_payee(streams, stamp, link)


@answer("payout-step/1")
def payout_step(facts: Sequence[Fact]) -> Answer:
    """Answer with what became of an attempt."""
    fact = next(fact for fact in facts if isinstance(fact, tuple(_STATUS_AFTER)))
    named: Any = fact
    return Answer(200, {"id": named.payout_link_id, "status": _STATUS_AFTER[type(fact)], "attempt": named.attempt})


_STATUS_AFTER: dict[type[Fact], str] = {
    PayingStarted: PAYING,
    PaidOut: PAID_OUT,
    PayoutFailed: PAYOUT_FAILED,
    PayoutLinkReturned: PAYOUT_FAILED,
}
