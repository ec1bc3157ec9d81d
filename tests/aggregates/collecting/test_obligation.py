"""An obligation: what may be started, what settles, what comes back, and that its figures always add up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregates.collecting.obligation import Obligation
from aggregates.collecting.obligation_parts import (
    AmountNotAllowed,
    AttemptInFlight,
    AttemptUnknown,
    ObligationClosed,
    ObligationPaid,
    RefundExceedsPayment,
    RefundOpen,
)
from aggregates.errors import LedgerError
from aggregates.fact import Stamp

AT = datetime(2024, 11, 2, 1, 0, tzinfo=UTC)
STAMP = Stamp(AT, AT, "key_1", "req_1")
DUE_ON = date(2024, 11, 30)


def opened(due_minor: int | None = 1_000_000, *, parts: bool = True, minimum: int = 1) -> Obligation:
    obligation = Obligation(UUID(int=1))
    obligation.open(
        STAMP,
        obligation_id="obl_1",
        account_id="acc_1",
        source="request",
        source_id="prq_1",
        currency="KRW",
        due_minor=due_minor,
        due_on=DUE_ON,
        parts=parts,
        minimum_minor=minimum,
    )
    return obligation


def pay(obligation: Obligation, amount_minor: int, attempt_id: str = "pay_1", paid_on: date = DUE_ON) -> None:
    obligation.start_attempt(STAMP, attempt_id=attempt_id, via="request", amount_minor=amount_minor)
    settle(obligation, amount_minor, attempt_id, paid_on)


def settle(obligation: Obligation, amount_minor: int, attempt_id: str, paid_on: date = DUE_ON) -> None:
    obligation.settle(
        STAMP,
        attempt_id=attempt_id,
        via="request",
        method="card",
        amount_minor=amount_minor,
        applied_minor=obligation.split(amount_minor)[0],
        paid_on=paid_on,
    )


def test_the_worked_example_of_a_request_of_1_000_000_paid_in_two_parts() -> None:
    obligation = opened()

    pay(obligation, 400_000, "pay_1", date(2024, 11, 20))
    assert (obligation.paid_minor, obligation.outstanding_minor, obligation.is_paid) == (400_000, 600_000, False)

    pay(obligation, 600_000, "pay_2", date(2024, 12, 2))
    assert (obligation.paid_minor, obligation.outstanding_minor, obligation.is_paid) == (1_000_000, 0, True)


def test_started_is_not_paid() -> None:
    obligation = opened()

    obligation.start_attempt(STAMP, attempt_id="pay_1", via="link", amount_minor=1_000_000)

    assert (obligation.paid_minor, obligation.outstanding_minor, obligation.is_paid) == (0, 1_000_000, False)


def test_r_116_one_attempt_at_a_time_whichever_way() -> None:
    obligation = opened()
    obligation.start_attempt(STAMP, attempt_id="pay_1", via="auto_pay", amount_minor=400_000)

    with pytest.raises(AttemptInFlight):
        obligation.start_attempt(STAMP, attempt_id="pay_2", via="forward", amount_minor=400_000)

    obligation.end_attempt(STAMP, attempt_id="pay_1", code="declined")
    obligation.start_attempt(STAMP, attempt_id="pay_2", via="forward", amount_minor=400_000)


def test_r_102_what_comes_in_beyond_what_is_due_is_credit() -> None:
    obligation = opened(50_000)

    settle(obligation, 50_500, "pay_1")

    assert (obligation.paid_minor, obligation.credit_minor, obligation.outstanding_minor) == (50_000, 500, 0)


def test_r_124_what_settles_second_is_credit_as_a_whole() -> None:
    obligation = opened(50_000)
    settle(obligation, 50_000, "pay_1")

    settle(obligation, 50_000, "pay_2")

    assert (obligation.paid_minor, obligation.credit_minor) == (50_000, 50_000)


def test_r_131_what_was_under_way_when_it_closed_counts_and_what_comes_later_does_not() -> None:
    obligation = opened(50_000)
    obligation.start_attempt(STAMP, attempt_id="pay_1", via="link", amount_minor=50_000)
    obligation.close(STAMP, reason="expired")

    settle(obligation, 50_000, "pay_1")
    settle(obligation, 700, "pay_2")

    assert (obligation.paid_minor, obligation.credit_minor) == (50_000, 700)


def test_r_101_a_reversal_opens_what_is_due_again_and_takes_credit_first() -> None:
    obligation = opened(50_000)
    settle(obligation, 50_500, "pay_1")

    taken = obligation.reverse(STAMP, attempt_id="pay_1", amount_minor=50_500, code="chargeback")

    assert (taken.over_minor, taken.applied_minor, taken.outstanding_minor) == (500, 50_000, 50_000)
    assert (obligation.paid_minor, obligation.credit_minor, obligation.reversed_minor) == (0, 0, 50_000)
    pay(obligation, 50_000, "pay_2")
    assert obligation.is_paid


def test_a_refund_does_not_ask_for_the_money_again() -> None:
    obligation = opened(50_000)
    settle(obligation, 50_500, "pay_1")

    obligation.start_refund(STAMP, attempt_id="pay_1", refund_id="rfc_1", amount_minor=20_500, reason="overpaid")
    gone = obligation.finish_refund(STAMP, attempt_id="pay_1", refund_id="rfc_1")

    assert (gone.over_minor, gone.applied_minor) == (500, 20_000)
    assert (obligation.outstanding_minor, obligation.refunded_minor, obligation.credit_minor) == (0, 20_000, 0)
    with pytest.raises(RefundExceedsPayment) as refused:
        obligation.start_refund(STAMP, attempt_id="pay_1", refund_id="rfc_2", amount_minor=30_001, reason="more")
    assert refused.value.figures["maximum"] == 30_000


def test_a_refund_that_fails_leaves_everything_as_it_was() -> None:
    obligation = opened(50_000)
    settle(obligation, 50_000, "pay_1")
    obligation.start_refund(STAMP, attempt_id="pay_1", refund_id="rfc_1", amount_minor=50_000, reason="closed")

    with pytest.raises(RefundOpen):
        obligation.start_refund(STAMP, attempt_id="pay_1", refund_id="rfc_2", amount_minor=1, reason="closed")
    with pytest.raises(RefundOpen):
        obligation.reverse(STAMP, attempt_id="pay_1", amount_minor=50_000, code="chargeback")
    obligation.fail_refund(STAMP, attempt_id="pay_1", refund_id="rfc_1", code="partial_cancel_unsupported")

    assert (obligation.paid_minor, obligation.refunded_minor) == (50_000, 0)
    assert obligation.payments["pay_1"].left_minor == 50_000


def test_r_143_credit_counts_for_what_becomes_due() -> None:
    obligation = opened(0)
    settle(obligation, 700, "pay_1")

    obligation.change(STAMP, due_minor=500, due_on=DUE_ON, credit_minor=500)

    assert (obligation.paid_minor, obligation.credit_minor, obligation.outstanding_minor) == (500, 200, 0)
    assert (obligation.payments["pay_1"].applied_minor, obligation.payments["pay_1"].over_minor) == (500, 200)


def test_r_102_what_was_paid_beyond_a_lower_amount_is_credit_the_newest_payments_first() -> None:
    obligation = opened(1_000)
    pay(obligation, 300, "pay_1")
    obligation.confirm(STAMP, amount_minor=200, paid_on=DUE_ON, note=None)
    pay(obligation, 400, "pay_2")

    freed = [obligation.freed_by(due) for due in (None, 900, 899, 450, 200, 0)]
    obligation.change(STAMP, due_minor=450, due_on=DUE_ON, credit_minor=-450)

    # What was confirmed moved no money here: none of it can become credit.
    assert freed == [0, 0, 1, 450, 700, 700]
    assert (obligation.paid_minor, obligation.credit_minor, obligation.outstanding_minor) == (450, 450, 0)
    assert [(paid.applied_minor, paid.over_minor) for paid in obligation.payments.values()] == [(250, 50), (0, 400)]


@pytest.mark.parametrize(
    ("due", "parts", "minimum", "amount", "allowed"),
    [
        (50_000, False, 1, 50_000, True),
        (50_000, False, 1, 49_999, False),
        (50_000, False, 1, 50_001, False),
        (50_000, True, 10_000, 10_000, True),
        (50_000, True, 10_000, 9_999, False),
        (50_000, True, 10_000, 50_001, False),
        (5_000, True, 10_000, 5_000, True),
        (None, False, 1_000, 1_000, True),
        (None, False, 1_000, 999, False),
    ],
)
def test_r_102_r_133_what_one_payment_may_bring(
    due: int | None, parts: bool, minimum: int, amount: int, allowed: bool
) -> None:
    obligation = opened(due, parts=parts, minimum=minimum)

    if allowed:
        obligation.require_payable(amount)
    else:
        with pytest.raises(AmountNotAllowed):
            obligation.require_payable(amount)


def _unpaid(_: Obligation) -> None:
    pass


def _pending(obligation: Obligation) -> None:
    obligation.start_attempt(STAMP, attempt_id="pay_1", via="link", amount_minor=1_000_000)


def _paid(obligation: Obligation) -> None:
    settle(obligation, 1_000_000, "pay_1")


def _refunding(obligation: Obligation) -> None:
    _paid(obligation)
    obligation.start_refund(STAMP, attempt_id="pay_1", refund_id="rfc_1", amount_minor=1, reason="closed")


def _closed(obligation: Obligation) -> None:
    obligation.close(STAMP, reason="withdrawn")


STEPS: dict[str, Callable[[Obligation], object]] = {
    "start": lambda o: o.start_attempt(STAMP, attempt_id="pay_2", via="link", amount_minor=1_000_000),
    "end": lambda o: o.end_attempt(STAMP, attempt_id="pay_1", code="declined"),
    "confirm": lambda o: o.confirm(STAMP, amount_minor=1_000_000, paid_on=DUE_ON, note=None),
    "reverse": lambda o: o.reverse(STAMP, attempt_id="pay_1", amount_minor=1, code="chargeback"),
    "refund": lambda o: o.start_refund(STAMP, attempt_id="pay_1", refund_id="rfc_9", amount_minor=1, reason="closed"),
    "refunded": lambda o: o.finish_refund(STAMP, attempt_id="pay_1", refund_id="rfc_1"),
    "close": lambda o: o.close(STAMP, reason="withdrawn"),
}
FORBIDDEN: dict[tuple[Callable[[Obligation], None], str], type[LedgerError]] = {
    (_unpaid, "end"): AttemptUnknown,
    (_unpaid, "reverse"): AttemptUnknown,
    (_unpaid, "refund"): AttemptUnknown,
    (_unpaid, "refunded"): AttemptUnknown,
    (_pending, "start"): AttemptInFlight,
    (_pending, "confirm"): AttemptInFlight,
    (_pending, "reverse"): AttemptUnknown,
    (_pending, "refund"): AttemptUnknown,
    (_pending, "refunded"): AttemptUnknown,
    (_paid, "start"): ObligationPaid,
    (_paid, "end"): AttemptUnknown,
    (_paid, "confirm"): ObligationPaid,
    (_paid, "refunded"): AttemptUnknown,
    (_refunding, "start"): ObligationPaid,
    (_refunding, "end"): AttemptUnknown,
    (_refunding, "confirm"): ObligationPaid,
    (_refunding, "reverse"): RefundOpen,
    (_refunding, "refund"): RefundOpen,
    (_closed, "start"): ObligationClosed,
    (_closed, "end"): AttemptUnknown,
    (_closed, "confirm"): ObligationClosed,
    (_closed, "reverse"): AttemptUnknown,
    (_closed, "refund"): AttemptUnknown,
    (_closed, "refunded"): AttemptUnknown,
    (_closed, "close"): ObligationClosed,
}


@pytest.mark.parametrize("state", [_unpaid, _pending, _paid, _refunding, _closed])
@pytest.mark.parametrize("step", STEPS)
def test_each_step_is_taken_or_forbidden_in_each_state(state: Callable[[Obligation], None], step: str) -> None:
    obligation = opened(parts=False)
    state(obligation)
    version = obligation.version
    refusal = FORBIDDEN.get((state, step))

    if refusal is None:
        STEPS[step](obligation)
        assert obligation.version == version + 1
    else:
        with pytest.raises(refusal):
            STEPS[step](obligation)
        assert obligation.version == version


@given(st.integers(1, 9_999), st.lists(st.tuples(st.sampled_from("srfbc"), st.integers(1, 9_999)), max_size=30))
def test_what_arrived_is_always_what_counts_and_what_is_credit_and_what_went(
    due: int, steps: list[tuple[str, int]]
) -> None:
    obligation = opened(due)
    arrived = gone = 0
    for number, (step, amount) in enumerate(steps):
        attempt_id = next(iter(obligation.payments), "")
        left = obligation.payments[attempt_id].left_minor if attempt_id else 0
        try:
            if step == "s":
                settle(obligation, amount, f"pay_{number}")
                arrived += amount
            elif step == "r":
                obligation.reverse(STAMP, attempt_id=attempt_id, amount_minor=min(amount, left), code="chargeback")
                gone += min(amount, left)
            elif step == "f":
                refund = {"attempt_id": attempt_id, "refund_id": "rfc_1"}
                obligation.start_refund(STAMP, **refund, amount_minor=min(amount, left), reason="more")
                obligation.finish_refund(STAMP, **refund)
                gone += min(amount, left)
            elif step == "b":
                more = min(obligation.credit_minor, amount)
                assert obligation.due_minor is not None
                due_minor = max(obligation.due_minor, obligation.paid_minor) + more
                obligation.change(STAMP, due_minor=due_minor, due_on=DUE_ON, credit_minor=more)
            else:
                obligation.close(STAMP, reason="withdrawn")
        except LedgerError:
            continue
        kept = sum(paid.applied_minor + paid.over_minor for paid in obligation.payments.values())
        assert kept == arrived - gone
        assert obligation.credit_minor == sum(paid.over_minor for paid in obligation.payments.values())
        assert obligation.paid_minor - obligation.refunded_minor + obligation.credit_minor == kept
        assert min(obligation.paid_minor, obligation.credit_minor, obligation.outstanding_minor or 0) >= 0
