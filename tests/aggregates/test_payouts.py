"""Pay-outs: what the bank says of a refund, and what may be done until it has said it (SPEC R-081)."""

from __future__ import annotations

import pytest

from aggregates import ids
from aggregates.account.payouts import RefundPayoutReturned
from aggregates.errors import Conflict, Rejected
from aggregates.refund import Refund
from tests.aggregates.scenario import Scenario


def under_review() -> tuple[Scenario, str]:
    """100,000 won asked for on 2024-10-28 (50,000 of it fee-free), taken into review by Anna."""
    scenario = Scenario(at="2024-10-28 14:00")
    scenario.charged(120_000, on="2024-09-01", method="transfer")
    scenario.charged(50_000, on="2024-10-25", method="transfer")
    refund_id = scenario.account.request_refund(
        scenario.stamp,
        amount_minor=100_000,
        bank="Harbour Bank",
        destination="dst_1",
        holder_is_member=True,
        reason="no longer needed",
    ).refund_id
    scenario.by("key_anna", "anna").account.review_refund(scenario.stamp, refund_id=refund_id)
    return scenario, refund_id


def complete(scenario: Scenario, refund_id: str) -> Refund:
    """Complete a request, and remember on its own stream what the command would."""
    own = Refund.blank(ids.stream_id(refund_id))
    request = scenario.account.refunds[refund_id]
    scenario.account.complete_refund(scenario.stamp, refund_id=refund_id)
    own.complete(scenario.stamp, refund_id=refund_id, currency="KRW", request=request)
    return own


def come_back(scenario: Scenario, refund_id: str, own: Refund) -> RefundPayoutReturned:
    return scenario.account.return_payout(
        scenario.stamp, refund_id=refund_id, paid=own.completed, reason_code="no_such_account"
    )


def change(scenario: Scenario, refund_id: str) -> None:
    scenario.account.change_refund_destination(
        scenario.stamp, refund_id=refund_id, bank="Hill Bank", destination="dst_2", holder_is_member=True
    )


def test_a_lost_answer_is_resolved_by_the_banks_definite_yes() -> None:
    scenario, refund_id = under_review()
    started = scenario.account.start_payout(scenario.stamp, refund_id=refund_id)
    scenario.account.lose_payout(scenario.stamp, refund_id=refund_id)

    completed = scenario.by("job:payouts").account.complete_refund(scenario.stamp, refund_id=refund_id)

    assert started.approved_by == "anna"
    assert (completed.payout_minor, completed.completed_by) == (95_000, "job:payouts")


def test_after_a_failed_payout_only_a_new_bank_account_leads_on_and_another_person_approves_it() -> None:
    scenario, refund_id = under_review()
    account = scenario.account
    account.start_payout(scenario.stamp, refund_id=refund_id)
    account.fail_payout(scenario.stamp, refund_id=refund_id, reason_code="holder_mismatch")
    with pytest.raises(Conflict) as unchanged:
        account.start_payout(scenario.stamp, refund_id=refund_id)

    change(scenario.by("key_shop", "shop"), refund_id)

    assert unchanged.value.code == "wrong_refund_status"
    assert unchanged.value.figures == {
        "refund_status": "payout_failed",
        "possible_from": ["reviewing", "payout_returned"],
    }
    assert account.refunds[refund_id].destination == "dst_2"
    for actor, owner in (("key_anna", "anna"), ("key_shop", "shop")):
        with pytest.raises(Rejected) as refused:
            scenario.by(actor, owner).account.start_payout(scenario.stamp, refund_id=refund_id)
        assert refused.value.code == "second_approver_required"
    assert (
        scenario.by("key_boris", "boris").account.start_payout(scenario.stamp, refund_id=refund_id).payout_minor
        == 95_000
    )


def test_the_fee_stays_what_it_was_when_another_bank_account_is_paid_weeks_later() -> None:
    scenario, refund_id = under_review()
    scenario.account.start_payout(scenario.stamp, refund_id=refund_id)
    scenario.account.fail_payout(scenario.stamp, refund_id=refund_id, reason_code="holder_mismatch")
    change(scenario.at("2024-11-20 10:00").by("key_shop", "shop"), refund_id)

    completed = scenario.by("key_boris", "boris").account.complete_refund(scenario.stamp, refund_id=refund_id)

    assert (completed.fee_minor, completed.payout_minor) == (5_000, 95_000)


def test_a_returned_transfer_puts_the_request_under_review_again_with_fee_lots_and_dates() -> None:
    scenario, refund_id = under_review()
    asked = scenario.account.refunds[refund_id]
    own = complete(scenario, refund_id)
    scenario.at("2024-10-31 10:00")

    returned = come_back(scenario, refund_id, own)

    assert (returned.amount_minor, returned.fee_minor, returned.payout_minor) == (100_000, 5_000, 95_000)
    assert (returned.refund_pending_minor, scenario.account.balance_minor) == (100_000, 70_000)
    request = scenario.account.refunds[refund_id]
    assert (request.status, request.lots, request.requested_on) == ("payout_returned", asked.lots, asked.requested_on)
    assert (request.reviewed_by, request.fee_free_minor) == ("anna", 50_000)


def test_a_returned_refund_may_be_paid_again_given_back_or_sent_elsewhere() -> None:
    for step in ("pay", "reject", "cancel", "change"):
        scenario, refund_id = under_review()
        come_back(scenario, refund_id, complete(scenario, refund_id))
        account, stamp = scenario.account, scenario.stamp

        if step == "pay":
            account.start_payout(stamp, refund_id=refund_id)
        elif step == "reject":
            account.reject_refund(stamp, refund_id=refund_id)
        elif step == "cancel":
            account.cancel_refund(stamp, refund_id=refund_id, by_customer=False)
        else:
            change(scenario, refund_id)

        expected = {"pay": "paying", "change": "reviewing"}.get(step)
        request = account.refunds.get(refund_id)
        assert (request.status if request else None) == expected
        assert account.balance_minor == (170_000 if expected is None else 70_000)


def test_a_customer_cannot_cancel_a_returned_refund_alone() -> None:
    scenario, refund_id = under_review()
    come_back(scenario, refund_id, complete(scenario, refund_id))

    with pytest.raises(Conflict) as refused:
        scenario.account.cancel_refund(scenario.stamp, refund_id=refund_id, by_customer=True)

    assert refused.value.code == "refund_under_review"


def test_only_a_paid_refund_can_come_back_and_only_once() -> None:
    scenario, refund_id = under_review()
    own = Refund.blank(ids.stream_id(refund_id))
    with pytest.raises(Conflict) as unpaid:
        come_back(scenario, refund_id, own)
    own = complete(scenario, refund_id)
    come_back(scenario, refund_id, own)
    own.return_payout(
        scenario.stamp, refund_id=refund_id, amount_minor=100_000, payout_minor=95_000, currency="KRW", code="x"
    )

    with pytest.raises(Conflict) as twice:
        come_back(scenario, refund_id, own)

    assert unpaid.value.code == twice.value.code == "refund_not_completed"


def test_a_refund_that_came_back_can_be_completed_again_and_come_back_again() -> None:
    scenario, refund_id = under_review()
    for _ in range(2):
        own = complete(scenario, refund_id)
        come_back(scenario, refund_id, own)

    assert scenario.account.refund_pending_minor == 100_000


def test_filing_again_after_a_returned_transfer_keeps_the_first_date() -> None:
    scenario = Scenario(at="2024-10-28 14:00")
    scenario.charged(9_000, on="2024-10-21", method="transfer")
    refund_id = scenario.account.request_refund(
        scenario.stamp, amount_minor=9_000, bank="Harbour Bank", destination="dst_1", holder_is_member=True, reason="x"
    ).refund_id
    scenario.account.review_refund(scenario.stamp, refund_id=refund_id)
    own = complete(scenario, refund_id)
    come_back(scenario.at("2024-11-01 10:00"), refund_id, own)
    scenario.account.reject_refund(scenario.stamp, refund_id=refund_id)

    again = scenario.at("2024-11-08 10:00").account.request_refund(
        scenario.stamp, amount_minor=9_000, bank="Harbour Bank", destination="dst_1", holder_is_member=True, reason="x"
    )

    assert again.fee_minor == 0


def test_money_that_the_bank_sends_back_is_taken_on_a_closed_account_and_can_be_paid_out_again() -> None:
    scenario = Scenario(at="2024-10-28 14:00")
    scenario.charged(50_000, method="transfer")
    refund_id = scenario.account.request_refund(
        scenario.stamp, amount_minor=50_000, bank="Harbour Bank", destination="dst_1", holder_is_member=True, reason="x"
    ).refund_id
    scenario.account.review_refund(scenario.stamp, refund_id=refund_id)
    own = complete(scenario, refund_id)
    scenario.account.close(scenario.stamp, reason="moved away")

    come_back(scenario, refund_id, own)
    change(scenario.by("key_shop", "shop"), refund_id)
    paid = scenario.by("key_boris", "boris").account.complete_refund(scenario.stamp, refund_id=refund_id)

    assert (paid.payout_minor, paid.refund_pending_minor) == (50_000, 0)


def test_own_streams_copy_and_replay_to_the_same() -> None:
    scenario, refund_id = under_review()
    own = complete(scenario, refund_id)

    twin = own.copy()
    again = Refund.blank(own.id)
    for fact in own.collect_events():
        again = fact.mutate(again)

    assert twin.completed == own.completed == again.completed
    assert (twin.version, again.version) == (1, 1)
