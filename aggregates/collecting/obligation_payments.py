"""What is paid of an obligation: what may be started, what has settled or was confirmed, and what was taken back.

At most one attempt is under way at a time. That it was started is no payment; money that has settled is never refused.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from aggregates.collecting.obligation_facts import (
    ObligationAttempted,
    ObligationAttemptEnded,
    ObligationConfirmed,
    ObligationReversed,
    ObligationSettled,
)
from aggregates.collecting.obligation_parts import (
    AMOUNT_MAX,
    AmountNotAllowed,
    AttemptInFlight,
    AttemptUnknown,
    ObligationClosed,
    ObligationPaid,
    RefundOpen,
)
from aggregates.fact import Stamp

if TYPE_CHECKING:
    from aggregates.collecting.obligation import Obligation


def require_payable(obligation: Obligation, amount_minor: int) -> None:
    """Refuse a payment that may not be started.

    Raises:
        ObligationClosed: it is not asked for any more.
        ObligationPaid: nothing is left.
        AttemptInFlight: somebody is paying already (SPEC R-116, R-124).
        AmountNotAllowed: the amount is not what may be paid (SPEC R-102, R-133).
    """
    if obligation.closed:
        raise ObligationClosed("this is not asked for any more and cannot be paid", reason=obligation.closed)
    outstanding = obligation.outstanding_minor
    if outstanding == 0:
        raise ObligationPaid("nothing is left to pay")
    if obligation.attempt is not None:
        raise AttemptInFlight("a payment is under way; wait until it has its result")
    if outstanding is None:
        minimum, maximum = obligation.minimum_minor, obligation.maximum_minor or AMOUNT_MAX
    elif obligation.parts:
        minimum, maximum = min(obligation.minimum_minor, outstanding), outstanding
    else:
        minimum = maximum = outstanding
    if not minimum <= amount_minor <= maximum:
        text = f"amount must be {minimum}" if minimum == maximum else f"amount must be {minimum} to {maximum}"
        raise AmountNotAllowed(text, minimum=minimum, maximum=maximum, amount=amount_minor)


def start_attempt(
    obligation: Obligation, stamp: Stamp, *, attempt_id: str, via: str, amount_minor: int
) -> ObligationAttempted:
    """Record that a payment is under way. Raises: as `require_payable`."""
    require_payable(obligation, amount_minor)
    started: ObligationAttempted = obligation.record(
        ObligationAttempted,
        stamp,
        obligation_id=obligation.obligation_id,
        attempt_id=attempt_id,
        via=via,
        amount_minor=amount_minor,
    )
    return started


def end_attempt(obligation: Obligation, stamp: Stamp, *, attempt_id: str, code: str) -> ObligationAttemptEnded:
    """Record that a payment brought nothing. Raises: AttemptUnknown: it is not the one under way."""
    if obligation.attempt is None or obligation.attempt.attempt_id != attempt_id:
        raise AttemptUnknown("this payment is not under way")
    ended: ObligationAttemptEnded = obligation.record(
        ObligationAttemptEnded, stamp, obligation_id=obligation.obligation_id, attempt_id=attempt_id, code=code
    )
    return ended


def split(obligation: Obligation, amount_minor: int) -> tuple[int, int]:
    """Return what of an arriving amount would count for what is due, and what would be the payer's credit.

    Where the payer decides, all of it counts; of what is closed, only what was under way before.
    """
    outstanding = obligation.outstanding_minor
    if obligation.closed and obligation.attempt is None:
        return 0, amount_minor
    applied = amount_minor if outstanding is None else min(amount_minor, outstanding)
    return applied, amount_minor - applied


def settle(
    obligation: Obligation,
    stamp: Stamp,
    *,
    attempt_id: str,
    via: str,
    method: str,
    amount_minor: int,
    applied_minor: int,
    paid_on: date,
) -> ObligationSettled:
    """Record money that has settled, beside what the account says. It is never refused: the money is there.

    Args:
        applied_minor: what of it counts, as `split` or a rule of the source's says.
    """
    outstanding = obligation.outstanding_minor
    settled: ObligationSettled = obligation.record(
        ObligationSettled,
        stamp,
        obligation_id=obligation.obligation_id,
        attempt_id=attempt_id,
        via=via,
        method=method,
        amount_minor=amount_minor,
        applied_minor=applied_minor,
        over_minor=amount_minor - applied_minor,
        outstanding_minor=None if outstanding is None else max(0, outstanding - applied_minor),
        currency=obligation.currency,
        paid_on=paid_on,
    )
    return settled


def confirm(
    obligation: Obligation, stamp: Stamp, *, amount_minor: int, paid_on: date, note: str | None
) -> ObligationConfirmed:
    """Record the payee's word that it was paid elsewhere (SPEC R-101).

    Raises:
        ObligationClosed, ObligationPaid, AttemptInFlight, AmountNotAllowed: as `require_payable`.
    """
    require_payable(obligation, amount_minor)
    outstanding = obligation.outstanding_minor
    confirmed: ObligationConfirmed = obligation.record(
        ObligationConfirmed,
        stamp,
        obligation_id=obligation.obligation_id,
        amount_minor=amount_minor,
        outstanding_minor=None if outstanding is None else outstanding - amount_minor,
        currency=obligation.currency,
        paid_on=paid_on,
        note=note,
    )
    return confirmed


def reverse(
    obligation: Obligation, stamp: Stamp, *, attempt_id: str, amount_minor: int, code: str
) -> ObligationReversed:
    """Record that settled money was taken back: first what was credit, then what had counted.

    Raises:
        AttemptUnknown: no such payment has settled, or less of it is left.
        RefundOpen: a refund of it has no result yet; ask again.
    """
    paid = obligation.payments.get(attempt_id)
    if paid is not None and paid.refund_id:
        raise RefundOpen("a refund of this payment has no result yet; ask again")
    if paid is None or amount_minor > paid.left_minor:
        raise AttemptUnknown("no such money has settled, or less of it is left")
    over = min(amount_minor, paid.over_minor, obligation.credit_minor)
    applied = amount_minor - over
    outstanding = (
        None if obligation.due_minor is None else max(0, obligation.due_minor - (obligation.paid_minor - applied))
    )
    taken: ObligationReversed = obligation.record(
        ObligationReversed,
        stamp,
        obligation_id=obligation.obligation_id,
        attempt_id=attempt_id,
        amount_minor=amount_minor,
        applied_minor=applied,
        over_minor=over,
        outstanding_minor=outstanding,
        currency=obligation.currency,
        code=code,
    )
    return taken
