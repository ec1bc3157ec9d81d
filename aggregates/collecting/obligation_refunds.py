"""Refunds of what was paid of an obligation: one of a payment at a time, and first what the payer has as credit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aggregates.collecting.obligation_facts import ObligationRefunded, ObligationRefundFailed, ObligationRefundStarted
from aggregates.collecting.obligation_parts import AttemptUnknown, Paid, RefundExceedsPayment, RefundOpen
from aggregates.fact import Stamp

if TYPE_CHECKING:
    from aggregates.collecting.obligation import Obligation


def start_refund(
    obligation: Obligation, stamp: Stamp, *, attempt_id: str, refund_id: str, amount_minor: int, reason: str
) -> ObligationRefundStarted:
    """Record that money of a payment shall go back. Raises: as `refund_parts`."""
    over, applied = refund_parts(obligation, attempt_id, amount_minor)
    started: ObligationRefundStarted = obligation.record(
        ObligationRefundStarted,
        stamp,
        obligation_id=obligation.obligation_id,
        attempt_id=attempt_id,
        refund_id=refund_id,
        amount_minor=amount_minor,
        applied_minor=applied,
        over_minor=over,
        currency=obligation.currency,
        reason=reason,
    )
    return started


def refund_parts(obligation: Obligation, attempt_id: str, amount_minor: int) -> tuple[int, int]:
    """Return what of a refund is credit, which goes first, and what has counted.

    Raises:
        AttemptUnknown: no such payment has settled. RefundOpen: a refund of it is under way.
        RefundExceedsPayment: more than what is left of it.
    """
    paid = obligation.payments.get(attempt_id)
    if paid is None:
        raise AttemptUnknown("no such payment has settled here")
    if paid.refund_id:
        raise RefundOpen("a refund of this payment has no result yet")
    if not 1 <= amount_minor <= paid.left_minor:
        raise RefundExceedsPayment(
            f"amount must be 1 to {paid.left_minor}", maximum=paid.left_minor, amount=amount_minor
        )
    over = min(amount_minor, paid.over_minor)
    return over, amount_minor - over


def finish_refund(obligation: Obligation, stamp: Stamp, *, attempt_id: str, refund_id: str) -> ObligationRefunded:
    """Record that the money has gone back. Raises: AttemptUnknown: no such refund is under way."""
    paid = _going(obligation, attempt_id, refund_id)
    refunded: ObligationRefunded = obligation.record(
        ObligationRefunded,
        stamp,
        obligation_id=obligation.obligation_id,
        attempt_id=attempt_id,
        refund_id=refund_id,
        amount_minor=paid.refund_applied_minor + paid.refund_over_minor,
        applied_minor=paid.refund_applied_minor,
        over_minor=paid.refund_over_minor,
        currency=obligation.currency,
    )
    return refunded


def fail_refund(
    obligation: Obligation, stamp: Stamp, *, attempt_id: str, refund_id: str, code: str
) -> ObligationRefundFailed:
    """Record that the money has not gone back. Raises: as `finish_refund`."""
    _going(obligation, attempt_id, refund_id)
    failed: ObligationRefundFailed = obligation.record(
        ObligationRefundFailed,
        stamp,
        obligation_id=obligation.obligation_id,
        attempt_id=attempt_id,
        refund_id=refund_id,
        code=code,
    )
    return failed


def _going(obligation: Obligation, attempt_id: str, refund_id: str) -> Paid:
    paid = obligation.payments.get(attempt_id)
    if paid is None or paid.refund_id != refund_id:
        raise AttemptUnknown("no such refund is under way")
    return paid
