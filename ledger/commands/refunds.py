"""Commands on refund requests: file, review, complete, reject, cancel, and the pay-out inside the review (SPEC 5.5).

A request is named by its own id alone; its account is read from the id. Answers carry the request after the command.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from aggregates import ids
from aggregates import refund as paid
from aggregates.account import Account
from aggregates.account.payouts import (
    RefundDestinationChanged,
    RefundPayoutFailed,
    RefundPayoutReturned,
    RefundPayoutStarted,
    RefundPayoutUnknown,
)
from aggregates.account.refund_facts import (
    RefundCancelled,
    RefundCompleted,
    RefundRejected,
    RefundRequested,
    RefundReviewed,
)
from aggregates.account.refund_terms import RefundPreview
from aggregates.errors import NotFound
from aggregates.fact import Fact, Stamp
from ledger.command import Answer, Streams, answer
from ledger.commands.origins import origin_of
from ledger.shapes import refund_lots_json


class RefundNotFound(NotFound):
    """There is no such refund request."""

    code = "refund_not_found"


@dataclass(frozen=True, slots=True)
class RequestRefund:
    """Ask for prepaid money back; it leaves the balance at once.

    Attributes:
        bank: code or name of the bank.
        destination: vault token of bank account and holder.
        holder_is_member: the holder is the member itself.
        reason: the customer's words, at most 100 bytes of CP949.
        attachments: opaque ids of stored files.
    """

    ANSWER: ClassVar[str] = "refund-request/1"

    account_id: str
    amount_minor: int
    bank: str
    destination: str
    holder_is_member: bool
    reason: str
    attachments: tuple[str, ...] = ()

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Account.RefundRequested`. Raises: as of `Account.request_refund`."""
        streams.account(self.account_id).request_refund(
            stamp,
            amount_minor=self.amount_minor,
            bank=self.bank,
            destination=self.destination,
            holder_is_member=self.holder_is_member,
            reason=self.reason,
            attachments=self.attachments,
        )


@dataclass(frozen=True, slots=True)
class ReviewRefund:
    """Take a request into review."""

    ANSWER: ClassVar[str] = "refund/1"

    refund_id: str
    reason: str | None = None

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Account.RefundReviewed`. Raises: NotFound; as of `Account.review_refund`."""
        account_of(streams, self.refund_id).review_refund(stamp, refund_id=self.refund_id, reason=self.reason)


@dataclass(frozen=True, slots=True)
class CompleteRefund:
    """Record that the payout was paid."""

    ANSWER: ClassVar[str] = "refund/1"

    refund_id: str
    reason: str | None = None

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Account.RefundCompleted`, and the request as it was paid on its own stream.

        Raises:
            NotFound: no such request.
            LedgerError: as of `Account.complete_refund`.
        """
        account = account_of(streams, self.refund_id)
        own = streams.stream(paid.Refund, self.refund_id)
        request = account.refunds.get(self.refund_id)
        account.complete_refund(stamp, refund_id=self.refund_id, reason=self.reason)
        assert request is not None, "a request that was completed was open"
        own.complete(stamp, refund_id=self.refund_id, currency=account.currency, request=request)


@dataclass(frozen=True, slots=True)
class RejectRefund:
    """Turn a reviewed request down; the money goes back."""

    ANSWER: ClassVar[str] = "refund/1"

    refund_id: str
    reason: str | None = None

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Account.RefundRejected`. Raises: NotFound; as of `Account.reject_refund`."""
        account_of(streams, self.refund_id).reject_refund(stamp, refund_id=self.refund_id, reason=self.reason)


@dataclass(frozen=True, slots=True)
class CancelRefund:
    """Withdraw a request; the money goes back.

    Attributes:
        by_customer: False when an operator does it for the customer, which is possible during the review too.
    """

    ANSWER: ClassVar[str] = "refund/1"

    refund_id: str
    reason: str | None = None
    by_customer: bool = True

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Account.RefundCancelled`. Raises: NotFound; as of `Account.cancel_refund`."""
        account_of(streams, self.refund_id).cancel_refund(
            stamp, refund_id=self.refund_id, by_customer=self.by_customer, reason=self.reason
        )


@dataclass(frozen=True, slots=True)
class StartPayout:
    """Approve the pay-out and record the intent before the bank is told."""

    ANSWER: ClassVar[str] = "refund-payout/1"

    refund_id: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Account.RefundPayoutStarted`. Raises: NotFound; as of `Account.start_payout`."""
        account_of(streams, self.refund_id).start_payout(stamp, refund_id=self.refund_id)


@dataclass(frozen=True, slots=True)
class LosePayout:
    """Record that the bank's answer was lost."""

    ANSWER: ClassVar[str] = "refund-payout/1"

    refund_id: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Account.RefundPayoutUnknown`. Raises: NotFound; as of `Account.lose_payout`."""
        account_of(streams, self.refund_id).lose_payout(stamp, refund_id=self.refund_id)


@dataclass(frozen=True, slots=True)
class FailPayout:
    """Take the bank's definite no."""

    ANSWER: ClassVar[str] = "refund-payout/1"

    refund_id: str
    reason_code: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Account.RefundPayoutFailed`. Raises: NotFound; as of `Account.fail_payout`."""
        account = account_of(streams, self.refund_id)
        account.fail_payout(stamp, refund_id=self.refund_id, reason_code=self.reason_code)


@dataclass(frozen=True, slots=True)
class ChangeRefundDestination:
    """Take another bank account from the customer after a failed or returned pay-out."""

    ANSWER: ClassVar[str] = "refund-payout/1"

    refund_id: str
    bank: str
    destination: str
    holder_is_member: bool

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Account.RefundDestinationChanged`. Raises: NotFound; as of `Account.change_refund_destination`."""
        account_of(streams, self.refund_id).change_refund_destination(
            stamp,
            refund_id=self.refund_id,
            bank=self.bank,
            destination=self.destination,
            holder_is_member=self.holder_is_member,
        )


@dataclass(frozen=True, slots=True)
class ReturnPayout:
    """Take back what the bank returned after the request was completed."""

    ANSWER: ClassVar[str] = "refund/1"

    refund_id: str
    reason_code: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Account.RefundPayoutReturned` and the request's own fact.

        Raises:
            NotFound: no such request.
            LedgerError: as of `Account.return_payout`.
        """
        account = account_of(streams, self.refund_id)
        own = streams.stream(paid.Refund, self.refund_id)
        returned = account.return_payout(
            stamp, refund_id=self.refund_id, paid=own.completed, reason_code=self.reason_code
        )
        own.return_payout(
            stamp,
            refund_id=self.refund_id,
            amount_minor=returned.amount_minor,
            payout_minor=returned.payout_minor,
            currency=returned.currency,
            code=self.reason_code,
        )


def account_of(streams: Streams, refund_id: str) -> Account:
    """Return the account on which a refund request was filed. Raises: RefundNotFound."""
    try:
        account = streams.account(ids.parse(refund_id, "rfd").account_id)
        if refund_id not in account.refunds:
            origin_of(streams, account, refund_id, "rfd", RefundRequested, RefundNotFound)
    except NotFound:
        raise RefundNotFound("there is no refund request with this id") from None
    return account


STATUS_AFTER: dict[type[Fact], str] = {
    RefundRequested: "requested",
    RefundReviewed: "reviewing",
    RefundCompleted: "completed",
    RefundRejected: "rejected",
    RefundCancelled: "cancelled",
    RefundPayoutStarted: "paying",
    RefundPayoutUnknown: "payout_unknown",
    RefundPayoutFailed: "payout_failed",
    RefundDestinationChanged: "reviewing",
    RefundPayoutReturned: "payout_returned",
}
"""What a request is after each fact (SPEC 5.5, R-081)."""


@answer("refund-request/1")
def refund_request(facts: Sequence[Fact]) -> Answer:
    """Answer with a new refund request and the terms that are pinned with it."""
    fact = facts[0]
    assert isinstance(fact, RefundRequested)
    return Answer(
        201,
        {
            **_refund_json(fact),
            "displayed_estimate": fact.displayed_estimate_minor,
            "requested_on": fact.requested_on.isoformat(),
            "bank": fact.bank,
            "holder_is_member": fact.holder_is_member,
            "second_approver_required": fact.second_approver_required,
            "rule": fact.fee_rule,
        },
    )


@answer("refund/1")
def refund(facts: Sequence[Fact]) -> Answer:
    """Answer with a refund request after a step of its life."""
    fact = facts[0]
    assert isinstance(
        fact,
        RefundReviewed | RefundCompleted | RefundRejected | RefundCancelled | RefundPayoutReturned,
    )
    return Answer(200, _refund_json(fact))


@answer("refund-payout/1")
def refund_payout(facts: Sequence[Fact]) -> Answer:
    """Answer with the state of a refund's pay-out."""
    fact = facts[0]
    assert isinstance(
        fact,
        RefundPayoutStarted | RefundPayoutUnknown | RefundPayoutFailed | RefundDestinationChanged,
    )
    return Answer(
        200,
        {
            "id": fact.refund_id,
            "account_id": ids.account_of(fact.refund_id),
            "amount": fact.amount_minor,
            "currency": fact.currency,
            "fee": fact.amount_minor - fact.payout_minor,
            "payout": fact.payout_minor,
            "status": STATUS_AFTER[type(fact)],
        },
    )


def preview_json(preview: RefundPreview) -> dict[str, Any]:
    """Return the terms of a refund that was not requested; `same_payout` names a smaller amount that pays as much."""
    return {
        "amount": preview.amount_minor,
        "currency": preview.currency,
        "displayed_estimate": preview.displayed_estimate_minor,
        "fee": preview.fee_minor,
        "payout": preview.payout_minor,
        "lots": refund_lots_json(preview.lots, preview.fee_free_minor),
        "same_payout": preview.same_payout_minor,
        "rule": preview.rule,
    }


def _refund_json(
    fact: RefundRequested | RefundReviewed | RefundCompleted | RefundRejected | RefundCancelled | RefundPayoutReturned,
) -> dict[str, Any]:
    return {
        "id": fact.refund_id,
        "account_id": ids.account_of(fact.refund_id),
        "amount": fact.amount_minor,
        "currency": fact.currency,
        "fee": fact.fee_minor,
        "payout": fact.payout_minor,
        "status": STATUS_AFTER[type(fact)],
        "lots": refund_lots_json(fact.lots, fact.fee_free_minor),
    }
