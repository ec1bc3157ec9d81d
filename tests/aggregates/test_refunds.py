"""Refund requests: which lots, which fee, who may do what when, and where the money goes when nothing is paid."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from aggregates import ids
from aggregates.account import refunds
from aggregates.account.lots import PARTS_MAX, LotPart
from aggregates.account.refund_facts import RefundRequested
from aggregates.account.refunds import cp949_bytes, preview
from aggregates.charge import Charge
from aggregates.errors import Conflict, LedgerError, Rejected
from ledger.mapper import STATE_BYTES_MAX, pack
from tests.aggregates.scenario import Scenario

HANGUL = "가"


def ask(scenario: Scenario, amount: int, **fields: Any) -> RefundRequested:
    asked: dict[str, Any] = {
        "bank": "Harbour Bank",
        "destination": "dst_1",
        "holder_is_member": True,
        "reason": "no longer needed",
    }
    return scenario.account.request_refund(scenario.stamp, amount_minor=amount, **{**asked, **fields})


def parts(lots: tuple[LotPart, ...]) -> list[tuple[str, int]]:
    return [(part.charge_id, part.amount_minor) for part in lots]


@pytest.mark.parametrize(
    ("lots", "amount", "taken", "fee_free", "fee", "payout", "estimate"),
    [
        (
            [("2024-09-01", 120_000), ("2024-10-25", 50_000)],
            100_000,
            [(1, 50_000), (0, 50_000)],
            50_000,
            5_000,
            95_000,
            90_000,
        ),
        ([("2024-10-25", 50_000)], 50_000, [(0, 50_000)], 50_000, 0, 50_000, 45_000),
        ([("2024-09-01", 300), ("2024-10-27", 1_200)], 1_500, [(1, 1_200), (0, 300)], 1_200, 300, 1_200, 500),
        ([("2024-10-21", 9_000)], 9_000, [(0, 9_000)], 9_000, 0, 9_000, 8_000),
        ([("2024-10-20", 9_000)], 9_000, [(0, 9_000)], 0, 1_000, 8_000, 8_000),
    ],
)
def test_the_mixed_lots_table_of_2024_10_28_holds_row_by_row(
    lots: list[tuple[str, int]],
    amount: int,
    taken: list[tuple[int, int]],
    fee_free: int,
    fee: int,
    payout: int,
    estimate: int,
) -> None:
    scenario = Scenario(at="2024-10-28 14:00")
    made = [scenario.charged(held, on=day) for day, held in lots]

    shown = preview(scenario.account, amount, scenario.now)
    requested = ask(scenario, amount)

    assert parts(requested.lots) == [(made[index], part) for index, part in taken]
    assert (requested.fee_free_minor, requested.fee_minor, requested.payout_minor) == (fee_free, fee, payout)
    assert requested.displayed_estimate_minor == estimate
    assert requested.fee_rule == shown.rule == "refund-fee/1"
    assert (shown.lots, shown.fee_minor, shown.payout_minor) == (requested.lots, fee, payout)


def test_a_request_takes_the_amount_from_the_balance_at_once() -> None:
    scenario = Scenario()
    scenario.charged(150_000)

    requested = ask(scenario, 100_000)

    assert (requested.balance_minor, requested.refund_pending_minor) == (50_000, 100_000)
    assert (scenario.account.balance_minor, scenario.account.refund_pending_minor) == (50_000, 100_000)
    assert scenario.account.refunds[requested.refund_id].status == "requested"


def test_fee_free_lots_go_first_oldest_of_them_first_then_older_lots_oldest_first() -> None:
    scenario = Scenario(at="2024-10-28 14:00")
    old2 = scenario.charged(1_000, on="2024-10-01")
    old1 = scenario.charged(1_000, on="2024-09-01")
    new2 = scenario.charged(1_000, on="2024-10-27")
    new1 = scenario.charged(1_000, on="2024-10-22")

    requested = ask(scenario, 3_500)

    assert parts(requested.lots) == [(new1, 1_000), (new2, 1_000), (old1, 1_000), (old2, 500)]
    assert requested.fee_free_minor == 2_000


@pytest.mark.parametrize(("amount", "code"), [(999, "refund_too_small"), (1_000, "refund_too_small"), (1_001, None)])
def test_a_refund_must_be_more_than_1000_won_even_of_fee_free_money(amount: int, code: str | None) -> None:
    scenario = Scenario()
    scenario.charged(50_000)

    if code is None:
        assert ask(scenario, amount).payout_minor == amount
    else:
        with pytest.raises(Rejected) as refused:
            ask(scenario, amount)
        assert refused.value.code == code
        assert refused.value.figures == {"above": 1_000}


def test_another_currency_bears_no_fee_and_has_no_minimum() -> None:
    scenario = Scenario(currency="CZK", at="2024-10-28 14:00")
    old = scenario.charged(500, on="2024-01-01")
    new = scenario.charged(500, on="2024-10-27")

    requested = ask(scenario, 700)

    assert parts(requested.lots) == [(old, 500), (new, 200)]
    assert (requested.fee_minor, requested.payout_minor, requested.displayed_estimate_minor) == (0, 700, 700)
    assert (requested.fee_free_minor, requested.fee_rule) == (700, "no-fee/1")


@pytest.mark.parametrize(
    ("reason", "length"),
    [("x" * 100, 100), ("x" * 101, 101), (HANGUL * 50, 100), (HANGUL * 50 + "x", 101), ("\N{GRINNING FACE}" * 50, 100)],
)
def test_a_reason_has_at_most_100_bytes_of_cp949(reason: str, length: int) -> None:
    scenario = Scenario()
    scenario.charged(50_000)

    assert cp949_bytes(reason) == length
    if length <= 100:
        assert ask(scenario, 5_000, reason=reason).reason == reason
    else:
        with pytest.raises(Rejected) as refused:
            ask(scenario, 5_000, reason=reason)
        assert refused.value.code == "reason_too_long"


def test_the_preview_warns_when_the_fee_free_lots_alone_would_pay_as_much() -> None:
    scenario = Scenario(at="2024-10-28 14:00")
    scenario.charged(300, on="2024-09-01")
    scenario.charged(1_200, on="2024-10-27")

    shown = preview(scenario.account, 1_500, scenario.now)

    assert (shown.payout_minor, shown.same_payout_minor) == (1_200, 1_200)
    assert preview(scenario.account, 1_200, scenario.now).same_payout_minor is None


@pytest.mark.parametrize(
    ("method", "on", "is_member", "required"),
    [
        ("card", "2024-07-27", True, True),
        ("card", "2024-07-26", True, False),
        ("transfer", "2024-10-27", True, False),
        ("virtual_account", "2024-10-27", True, False),
        ("transfer", "2024-10-27", False, True),
    ],
)
def test_young_card_money_and_another_holder_need_a_second_approver(
    method: str, on: str, is_member: bool, required: bool
) -> None:
    scenario = Scenario(at="2024-10-28 14:00")
    scenario.charged(50_000, on=on, method=method)

    assert ask(scenario, 5_000, holder_is_member=is_member).second_approver_required is required


def test_refusals_of_a_request_come_in_the_order_of_the_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refunds, "OPEN_REFUNDS_MAX", 0)
    scenario = Scenario()
    account = scenario.account
    for _ in range(PARTS_MAX + 1):
        scenario.charged(1_000)
    account.status, account.mode, account.member_receivable_minor = "closed", "postpaid", 1
    everything = account.balance_minor
    long, many = "x" * 101, ("file_1", "file_2", "file_3")

    def refusal(amount: int = 1_000, reason: str = long, attachments: tuple[str, ...] = many) -> str:
        with pytest.raises(LedgerError) as refused:
            ask(scenario, amount, reason=reason, attachments=attachments)
        assert scenario.facts() == []
        return refused.value.code

    def shared(amount: int = 1_000) -> str:
        """What the request and its preview refuse alike."""
        with pytest.raises(LedgerError) as refused:
            preview(account, amount, scenario.now)
        assert refusal(amount) == refused.value.code
        return refused.value.code

    assert shared(0) == "invalid_amount"
    assert shared() == "account_closed"
    account.status = "frozen"
    assert shared() == "prepaid_only"
    account.mode = "prepaid"
    assert shared() == "account_frozen"
    account.status = "open"
    assert shared() == "member_receivable_outstanding"
    account.member_receivable_minor = 0
    assert shared() == "refund_too_small"
    assert shared(everything + 1) == "insufficient_funds"
    assert shared(everything) == "too_many_lots"
    assert refusal(2_000) == "reason_too_long"
    assert refusal(2_000, reason="x") == "too_many_attachments"
    assert refusal(2_000, reason="x", attachments=()) == "too_many_open_refunds"


def test_a_request_over_too_many_lots_is_told_the_largest_amount_that_would_be_allowed() -> None:
    scenario = Scenario()
    for _ in range(PARTS_MAX + 1):
        scenario.charged(1_000)

    with pytest.raises(Rejected) as refused:
        ask(scenario, (PARTS_MAX + 1) * 1_000)

    assert refused.value.code == "too_many_lots"
    assert refused.value.figures == {"maximum": PARTS_MAX * 1_000}
    assert len(ask(scenario, PARTS_MAX * 1_000).lots) == PARTS_MAX


def test_the_largest_amount_that_lots_allow_is_accepted_and_fits_one_fact() -> None:
    scenario = Scenario(at="2024-10-28 14:00")
    for _ in range(PARTS_MAX + 1):
        scenario.charged(999_999_999_999, method="virtual_account")
    largest = PARTS_MAX * 999_999_999_999

    requested = ask(scenario, largest, reason=HANGUL * 50, attachments=("f" * 200, "f" * 200), holder_is_member=False)
    rejected_id = requested.refund_id
    scenario.account.review_refund(scenario.stamp, refund_id=rejected_id, reason="r" * 1_000)
    scenario.account.reject_refund(scenario.stamp, refund_id=rejected_id, reason="r" * 1_000)
    scenario.at("2024-10-29 14:00")
    ask(scenario, largest)

    assert len(requested.lots) == PARTS_MAX
    assert all(len(pack(fact)) < STATE_BYTES_MAX for fact in scenario.facts())


def test_several_requests_may_be_open_while_the_balance_covers_them() -> None:
    scenario = Scenario()
    scenario.charged(10_000)

    ask(scenario, 4_000), ask(scenario, 4_000)
    with pytest.raises(Rejected) as refused:
        ask(scenario, 2_001)

    assert refused.value.figures == {"available": 2_000, "requested": 2_001}
    assert scenario.account.refund_pending_minor == 8_000


def test_a_held_balance_and_an_overdraft_are_not_refundable() -> None:
    scenario = Scenario(overdraft=100_000)
    scenario.charged(10_000)
    scenario.account.spend(scenario.stamp, amount_minor=7_000, capture=False)

    with pytest.raises(Rejected) as refused:
        ask(scenario, 3_001)

    assert refused.value.figures == {"available": 3_000, "requested": 3_001}


def test_a_frozen_lot_is_neither_counted_nor_taken() -> None:
    scenario = Scenario(at="2024-10-28 14:00")
    account = scenario.account
    frozen = account.charge(scenario.stamp, amount_minor=50_000, method="card", reference=None)
    free = scenario.charged(5_000)
    own = Charge.blank(ids.stream_id(frozen.charge_id))
    account.start_charge_cancellation(scenario.stamp, charge=frozen, past=own)

    requested = ask(scenario, 5_000)
    account.finish_charge_cancellation(scenario.stamp, charge_id=frozen.charge_id, past=own)

    assert parts(requested.lots) == [(free, 5_000)]
    assert account.balance_minor == account.lots.total_minor == 0


# --- from request to resolution (SPEC 5.5) ---------------------------------------------------------------------------


def reviewed(scenario: Scenario, amount: int = 100_000, **fields: Any) -> str:
    refund_id = ask(scenario, amount, **fields).refund_id
    scenario.by("key_anna", "anna").account.review_refund(scenario.stamp, refund_id=refund_id)
    return refund_id


def mixed() -> Scenario:
    """The first row of the mixed lots table."""
    scenario = Scenario(at="2024-10-28 14:00")
    scenario.charged(120_000, on="2024-09-01", method="transfer")
    scenario.charged(50_000, on="2024-10-25", method="transfer")
    return scenario


def test_a_completed_refund_of_100000_pays_95000_and_earns_5000() -> None:
    scenario = mixed()
    refund_id = reviewed(scenario)

    completed = scenario.account.complete_refund(scenario.stamp, refund_id=refund_id)

    assert (completed.amount_minor, completed.payout_minor, completed.fee_minor) == (100_000, 95_000, 5_000)
    assert scenario.account.refund_pending_minor == 0
    assert scenario.account.balance_minor == 70_000
    assert scenario.account.refunds == {}


@pytest.mark.parametrize("how", ["reject", "cancel"])
def test_money_that_is_not_paid_goes_back_to_its_lots_in_reverse_order(how: str) -> None:
    scenario = mixed()
    before = scenario.lots()
    refund_id = reviewed(scenario)
    account = scenario.account

    if how == "reject":
        resolved: Any = account.reject_refund(scenario.stamp, refund_id=refund_id)
    else:
        resolved = account.cancel_refund(scenario.stamp, refund_id=refund_id, by_customer=False)

    assert [part.amount_minor for part in resolved.returned_lots] == [50_000, 50_000]
    assert [part.charged_on.isoformat() for part in resolved.returned_lots] == ["2024-09-01", "2024-10-25"]
    assert scenario.lots() == before
    assert (account.balance_minor, account.refund_pending_minor) == (170_000, 0)


def test_returned_money_pays_what_was_overdrawn_meanwhile_first() -> None:
    scenario = Scenario(at="2024-10-28 14:00", overdraft=100_000)
    first = scenario.charged(30_000, on="2024-09-01", method="transfer")
    scenario.charged(20_000, on="2024-09-02", method="transfer")
    refund_id = reviewed(scenario, 50_000)
    scenario.account.spend(scenario.stamp, amount_minor=35_000)

    rejected = scenario.account.reject_refund(scenario.stamp, refund_id=refund_id)

    assert rejected.overdrawn_repaid_minor == 35_000
    assert [part.amount_minor for part in rejected.returned_lots] == [15_000]
    assert rejected.balance_minor == 15_000
    assert scenario.account.overdrawn_minor == 0
    assert first not in scenario.lots()


Step = Callable[[Scenario, str], object]


def _review(scenario: Scenario, refund_id: str) -> object:
    return scenario.account.review_refund(scenario.stamp, refund_id=refund_id)


def _complete(scenario: Scenario, refund_id: str) -> object:
    return scenario.account.complete_refund(scenario.stamp, refund_id=refund_id)


def _reject(scenario: Scenario, refund_id: str) -> object:
    return scenario.account.reject_refund(scenario.stamp, refund_id=refund_id)


def _customer_cancels(scenario: Scenario, refund_id: str) -> object:
    return scenario.account.cancel_refund(scenario.stamp, refund_id=refund_id, by_customer=True)


def _operator_cancels(scenario: Scenario, refund_id: str) -> object:
    return scenario.account.cancel_refund(scenario.stamp, refund_id=refund_id, by_customer=False)


def _start(scenario: Scenario, refund_id: str) -> object:
    return scenario.account.start_payout(scenario.stamp, refund_id=refund_id)


def _lose(scenario: Scenario, refund_id: str) -> object:
    return scenario.account.lose_payout(scenario.stamp, refund_id=refund_id)


def _fail(scenario: Scenario, refund_id: str) -> object:
    return scenario.account.fail_payout(scenario.stamp, refund_id=refund_id, reason_code="holder_mismatch")


def _change(scenario: Scenario, refund_id: str) -> object:
    return scenario.account.change_refund_destination(
        scenario.stamp, refund_id=refund_id, bank="Hill Bank", destination="dst_2", holder_is_member=True
    )


STEPS: dict[str, Step] = {
    "review": _review,
    "complete": _complete,
    "reject": _reject,
    "customer cancels": _customer_cancels,
    "operator cancels": _operator_cancels,
    "start": _start,
    "lose": _lose,
    "fail": _fail,
    "change": _change,
}

PATHS: dict[str, list[str]] = {
    "requested": [],
    "reviewing": ["review"],
    "paying": ["review", "start"],
    "payout_unknown": ["review", "start", "lose"],
    "payout_failed": ["review", "start", "fail"],
    "completed": ["review", "complete"],
    "rejected": ["review", "reject"],
    "cancelled": ["customer cancels"],
}

WRONG, FLIGHT, FINAL = "wrong_refund_status", "payout_in_flight", "refund_resolved"

TABLE: dict[str, dict[str, str]] = {
    "requested": {
        "review": "reviewing", "complete": WRONG, "reject": WRONG, "customer cancels": "gone",
        "operator cancels": "gone", "start": WRONG, "lose": WRONG, "fail": WRONG, "change": WRONG,
    },
    "reviewing": {
        "review": WRONG, "complete": "gone", "reject": "gone", "customer cancels": "refund_under_review",
        "operator cancels": "gone", "start": "paying", "lose": WRONG, "fail": WRONG, "change": WRONG,
    },
    "paying": {
        "review": FLIGHT, "complete": "gone", "reject": FLIGHT, "customer cancels": FLIGHT, "operator cancels": FLIGHT,
        "start": FLIGHT, "lose": "payout_unknown", "fail": "payout_failed", "change": FLIGHT,
    },
    "payout_unknown": {
        "review": FLIGHT, "complete": "gone", "reject": FLIGHT, "customer cancels": FLIGHT, "operator cancels": FLIGHT,
        "start": FLIGHT, "lose": FLIGHT, "fail": "payout_failed", "change": FLIGHT,
    },
    "payout_failed": {
        "review": WRONG, "complete": WRONG, "reject": "gone", "customer cancels": "refund_under_review",
        "operator cancels": "gone", "start": WRONG, "lose": WRONG, "fail": WRONG, "change": "reviewing",
    },
    "completed": dict.fromkeys(STEPS, FINAL),
    "rejected": dict.fromkeys(STEPS, FINAL),
    "cancelled": dict.fromkeys(STEPS, FINAL),
}  # fmt: skip
"""State -> step -> the state after it ("gone" = resolved), or the code of the refusal."""


@pytest.mark.parametrize(("state", "step"), [(state, step) for state in TABLE for step in STEPS])
def test_every_step_from_every_state_ends_as_the_table_says(state: str, step: str) -> None:
    scenario = mixed()
    refund_id = ask(scenario, 100_000).refund_id
    for before in PATHS[state]:
        STEPS[before](scenario, refund_id)
    scenario.facts()
    expected = TABLE[state][step]

    try:
        STEPS[step](scenario, refund_id)
        request = scenario.account.refunds.get(refund_id)
        outcome = "gone" if request is None else request.status
    except Conflict as refused:
        outcome = refused.code
        assert scenario.facts() == []

    assert outcome == expected


def test_a_closed_account_takes_no_money_back_from_a_request() -> None:
    scenario = mixed()
    refund_id = reviewed(scenario)
    scenario.account.status = "closed"

    for step in (_reject, _operator_cancels):
        with pytest.raises(Conflict) as refused:
            step(scenario, refund_id)
        assert refused.value.code == "account_closed"


def test_a_frozen_account_ends_what_is_under_way() -> None:
    scenario = mixed()
    refund_id = ask(scenario, 100_000).refund_id
    scenario.account.freeze(scenario.stamp, reason="under investigation")

    _review(scenario, refund_id)
    _complete(scenario, refund_id)

    assert scenario.account.refunds == {}


# --- four eyes (SPEC R-080) ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["complete", "start"])
@pytest.mark.parametrize(
    ("actor", "owner", "accepted"),
    [
        ("key_anna", "anna", False),
        ("key_anna_2", "anna", False),
        ("key_boris", "boris", True),
    ],
)
def test_where_a_second_approver_is_required_two_keys_of_one_person_are_one_person(
    step: str, actor: str, owner: str, accepted: bool
) -> None:
    scenario = mixed()
    refund_id = reviewed(scenario, holder_is_member=False)
    scenario.by(actor, owner)

    if accepted:
        STEPS[step](scenario, refund_id)
    else:
        with pytest.raises(Rejected) as refused:
            STEPS[step](scenario, refund_id)
        assert refused.value.code == "second_approver_required"


def test_without_a_known_person_the_principal_is_the_person() -> None:
    scenario = mixed()
    refund_id = ask(scenario, 100_000, holder_is_member=False).refund_id
    _review(scenario.by("key_anna"), refund_id)

    with pytest.raises(Rejected):
        _complete(scenario, refund_id)
    _complete(scenario.by("key_boris"), refund_id)

    assert scenario.account.refunds == {}


def test_where_no_second_approver_is_required_one_person_may_do_both() -> None:
    scenario = mixed()

    _complete(scenario, reviewed(scenario))

    assert scenario.account.refunds == {}


def test_whether_a_second_approver_is_required_is_fixed_when_it_is_requested() -> None:
    scenario = Scenario(at="2024-10-28 14:00")
    scenario.charged(50_000, on="2024-07-27")
    refund_id = reviewed(scenario, 5_000)
    scenario.at("2024-12-24 14:00")

    with pytest.raises(Rejected):
        _complete(scenario, refund_id)


# --- filing again (SPEC R-075) ---------------------------------------------------------------------------------------


def day7() -> Scenario:
    """9,000 won charged on 2024-10-21; 2024-10-28 is its last fee-free day."""
    scenario = Scenario(at="2024-10-28 14:00")
    scenario.charged(9_000, on="2024-10-21", method="transfer")
    return scenario


@pytest.mark.parametrize(
    ("refiled_at", "fee"), [("2024-11-01 10:00", 0), ("2024-11-08 23:59:59", 0), ("2024-11-09 00:00:00", 1_000)]
)
def test_filing_again_within_7_days_of_a_rejection_keeps_the_first_date(refiled_at: str, fee: int) -> None:
    scenario = day7()
    refund_id = reviewed(scenario, 9_000)
    scenario.at("2024-11-01 09:00").account.reject_refund(scenario.stamp, refund_id=refund_id)

    again = ask(scenario.at(refiled_at), 9_000)

    assert (again.fee_minor, again.fee_free_minor) == (fee, 0 if fee else 9_000)
    assert again.requested_on.isoformat() == refiled_at[:10]
    assert [day.isoformat() for day in again.judged_on] == ([] if fee else ["2024-10-28"])


def test_filing_again_after_ones_own_cancellation_starts_anew() -> None:
    scenario = day7()
    refund_id = ask(scenario, 9_000).refund_id
    scenario.at("2024-10-29 09:00").account.cancel_refund(scenario.stamp, refund_id=refund_id, by_customer=True)

    assert ask(scenario, 9_000).fee_minor == 1_000


def test_filing_again_within_7_days_of_a_failed_payout_keeps_the_first_date() -> None:
    scenario = day7()
    refund_id = reviewed(scenario, 9_000)
    _start(scenario, refund_id)
    _fail(scenario.at("2024-11-01 09:00"), refund_id)
    _operator_cancels(scenario, refund_id)

    assert ask(scenario.at("2024-11-08 10:00"), 9_000).fee_minor == 0


def test_the_first_date_survives_a_second_rejection_however_late() -> None:
    scenario = day7()
    first = reviewed(scenario, 9_000)
    _reject(scenario.at("2024-10-30 09:00"), first)
    again = reviewed(scenario.at("2024-11-06 09:00"), 9_000)
    _reject(scenario.at("2024-12-20 09:00"), again)

    third = ask(scenario.at("2024-12-27 09:00"), 9_000)

    assert third.fee_minor == 0
    assert [day.isoformat() for day in third.judged_on] == ["2024-10-28"]


def test_only_the_lots_of_the_rejected_request_keep_their_date() -> None:
    scenario = day7()
    other = scenario.charged(9_000, on="2024-10-20", method="transfer")
    first = reviewed(scenario, 9_000)
    _reject(scenario.at("2024-10-30 09:00"), first)

    again = ask(scenario.at("2024-11-01 09:00"), 18_000)

    assert [day.isoformat() for day in again.judged_on] == ["2024-10-28", "2024-11-01"]
    assert again.lots[1].charge_id == other
    assert again.fee_free_minor == 9_000


def test_kept_dates_are_forgotten_when_they_are_over() -> None:
    scenario = day7()
    _reject(scenario, reviewed(scenario, 9_000))
    assert scenario.account.refile

    ask(scenario.at("2024-12-01 09:00"), 2_000)

    assert scenario.account.refile == {}
