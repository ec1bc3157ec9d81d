"""Limits of a month: postpaid credit, sub-members, cash-convertible goods; and the payment of what is owed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from aggregates.account.parts import SpendState
from aggregates.account.spend_facts import as_state
from aggregates.errors import LedgerError
from tests.aggregates.scenario import Scenario


def grant(scenario: Scenario, member_id: str, limit: int | str | None, cash: bool = False) -> object:
    return scenario.account.set_member_limit(
        scenario.stamp,
        member_id=member_id,
        limit_minor=limit if isinstance(limit, int) else None,
        granted=limit is not None,
        unlimited=limit == "unlimited",
        cash_convertible=cash,
    )


def spend(scenario: Scenario, amount: int, member_id: str | None = None, cash: int = 0) -> SpendState:
    return as_state(scenario.account.spend(scenario.stamp, amount_minor=amount, member_id=member_id, cash_minor=cash))


def test_granting_limits_deducts_nothing_and_the_balance_binds_in_the_end() -> None:
    """SPEC 1.5: balance 422,748; 300,000 for A and for B; A orders 250,000; B's 200,000 fails by the balance."""
    scenario = Scenario()
    scenario.charged(422_748)

    grant(scenario, "mem_a", 300_000)
    grant(scenario, "mem_b", 300_000)
    assert scenario.account.balance_minor == 422_748
    ordered = scenario.account.spend(scenario.stamp, amount_minor=250_000, member_id="mem_a")
    with pytest.raises(LedgerError) as refused:
        spend(scenario, 200_000, "mem_b")

    assert (ordered.balance_minor, ordered.member_used_minor) == (172_748, 250_000)
    assert refused.value.code == "insufficient_funds"
    assert refused.value.figures["available"] == 172_748
    with pytest.raises(LedgerError) as beyond:
        spend(scenario, 50_001, "mem_a")
    assert beyond.value.figures == {"limit": 300_000, "used": 250_000, "remaining": 50_000, "requested": 50_001}


@pytest.mark.parametrize(("limit", "code"), [(422_747, None), (422_748, None), (422_749, "member_limit_too_high")])
def test_a_member_limit_is_bounded_by_the_balance_when_it_is_set(limit: int, code: str | None) -> None:
    scenario = Scenario()
    scenario.charged(422_748)

    if code is None:
        grant(scenario, "mem_a", limit)
        assert scenario.account.members["mem_a"].limit_minor == limit
    else:
        with pytest.raises(LedgerError) as refused:
            grant(scenario, "mem_a", limit)
        assert (refused.value.code, refused.value.figures["maximum"]) == (code, 422_748)


@pytest.mark.parametrize(("limit", "code"), [(500_000, None), (500_001, "member_limit_too_high")])
def test_a_member_limit_of_a_postpaid_account_is_bounded_by_the_credit_limit(limit: int, code: str | None) -> None:
    scenario = Scenario(mode="postpaid", credit_limit=500_000)

    if code is None:
        grant(scenario, "mem_a", limit)
    else:
        with pytest.raises(LedgerError) as refused:
            grant(scenario, "mem_a", limit)
        assert refused.value.code == code


def test_a_member_limit_has_no_bound_when_the_overdraft_has_none() -> None:
    scenario = Scenario(overdraft=None)

    grant(scenario, "mem_a", 999_999_999)

    assert scenario.account.members["mem_a"].limit_minor == 999_999_999


def test_the_bound_of_a_member_limit_is_checked_only_when_it_is_set() -> None:
    scenario = Scenario()
    scenario.charged(10_000)
    grant(scenario, "mem_a", 10_000)

    spend(scenario, 9_000)
    spend(scenario, 1_000, "mem_a")

    assert scenario.account.member_used["mem_a"] == {"2024-10": 1_000}


@pytest.mark.parametrize(("amount", "code"), [(99_999, None), (100_000, None), (100_001, "member_limit_exceeded")])
def test_a_member_spends_up_to_its_limit(amount: int, code: str | None) -> None:
    scenario = Scenario()
    scenario.charged(500_000)
    grant(scenario, "mem_a", 100_000)

    if code is None:
        spend(scenario, amount, "mem_a")
    else:
        with pytest.raises(LedgerError) as refused:
            spend(scenario, amount, "mem_a")
        assert refused.value.code == code


def test_a_member_without_a_limit_cannot_spend_and_an_unlimited_one_is_bounded_by_the_master_alone() -> None:
    scenario = Scenario()
    scenario.charged(1_000)

    with pytest.raises(LedgerError) as never_granted:
        spend(scenario, 1, "mem_a")
    grant(scenario, "mem_a", "unlimited")
    spend(scenario, 400, "mem_a")
    with pytest.raises(LedgerError) as beyond:
        spend(scenario, 601, "mem_a")
    grant(scenario, "mem_a", None)
    with pytest.raises(LedgerError) as withdrawn:
        spend(scenario, 1, "mem_a")

    assert never_granted.value.code == withdrawn.value.code == "member_limit_not_granted"
    assert beyond.value.code == "insufficient_funds"
    assert scenario.account.member_used["mem_a"] == {"2024-10": 400}


def test_a_limit_of_zero_is_granted_but_leaves_nothing() -> None:
    scenario = Scenario()
    scenario.charged(1_000)
    grant(scenario, "mem_a", 0)

    with pytest.raises(LedgerError) as refused:
        spend(scenario, 1, "mem_a")

    assert (refused.value.code, refused.value.figures["remaining"]) == ("member_limit_exceeded", 0)


def test_a_limit_lowered_below_its_use_leaves_zero_and_never_less() -> None:
    scenario = Scenario()
    scenario.charged(100_000)
    grant(scenario, "mem_a", 50_000)
    spend(scenario, 30_000, "mem_a")

    lowered = scenario.account.set_member_limit(
        scenario.stamp, member_id="mem_a", limit_minor=20_000, granted=True, unlimited=False, cash_convertible=False
    )

    assert (lowered.used_minor, lowered.remaining_minor) == (30_000, 0)


@pytest.mark.parametrize(
    ("limit", "granted", "unlimited"), [(None, True, False), (1, False, False), (1, True, True), (None, False, True)]
)
def test_the_words_of_a_member_limit_must_fit_together(limit: int | None, granted: bool, unlimited: bool) -> None:
    scenario = Scenario()

    with pytest.raises(LedgerError) as refused:
        scenario.account.set_member_limit(
            scenario.stamp,
            member_id="mem_a",
            limit_minor=limit,
            granted=granted,
            unlimited=unlimited,
            cash_convertible=False,
        )

    assert refused.value.code == "malformed"


def test_a_member_limit_starts_anew_at_midnight_of_the_first_in_seoul() -> None:
    scenario = Scenario(at="2024-10-31 23:59:59")
    scenario.charged(100_000)
    grant(scenario, "mem_a", 10_000)
    spend(scenario, 10_000, "mem_a")

    with pytest.raises(LedgerError) as before:
        spend(scenario, 1, "mem_a")
    scenario.at("2024-11-01 00:00:00")
    spend(scenario, 10_000, "mem_a")

    assert before.value.code == "member_limit_exceeded"
    assert scenario.account.member_used["mem_a"] == {"2024-10": 10_000, "2024-11": 10_000}


def test_the_postpaid_limit_starts_anew_on_the_first_without_any_fact() -> None:
    """SPEC I1: 500,000/500,000 of one month, and again on the 1st."""
    scenario = Scenario(mode="postpaid", credit_limit=500_000, at="2024-10-31 23:59:59")
    spend(scenario, 500_000)

    with pytest.raises(LedgerError) as before:
        spend(scenario, 1)
    version = scenario.account.version
    figures = scenario.at("2024-11-01 00:00").account.figures(scenario.now)

    assert before.value.code == "limit_exceeded"
    assert before.value.figures == {"limit": 500_000, "used": 500_000, "remaining": 0, "requested": 1}
    assert (figures.used_this_month_minor, figures.remaining_limit_minor, figures.available_minor) == (
        0,
        500_000,
        500_000,
    )
    assert scenario.account.version == version


@pytest.mark.parametrize(("amount", "code"), [(499_999, None), (500_000, None), (500_001, "limit_exceeded")])
def test_a_postpaid_spend_is_bounded_by_what_the_month_leaves(amount: int, code: str | None) -> None:
    scenario = Scenario(mode="postpaid", credit_limit=500_000)

    if code is None:
        spent = scenario.account.spend(scenario.stamp, amount_minor=amount)
        assert (spent.balance_minor, spent.lots, spent.month_used_minor) == (0, (), amount)
        assert scenario.account.receivable_minor == amount
    else:
        with pytest.raises(LedgerError) as refused:
            spend(scenario, amount)
        assert refused.value.code == code


def test_a_release_goes_to_the_month_whose_limit_was_used() -> None:
    """SPEC 6 and R-084: ordered 09-29 for 59,400; 9,900 chosen on 09-30, 29,700 on 10-02; 19,800 back to September."""
    scenario = Scenario(mode="postpaid", credit_limit=500_000, at="2024-09-29 10:00")
    order = scenario.account.spend(scenario.stamp, amount_minor=59_400, capture=False)

    scenario.at("2024-09-30 10:00")
    scenario.account.capture_spend(scenario.stamp, spend_id=order.spend_id, amount_minor=9_900)
    scenario.account.refund_difference(scenario.stamp, spend_id=order.spend_id, amount_minor=19_800)
    scenario.at("2024-10-02 10:00")
    scenario.account.capture_spend(scenario.stamp, spend_id=order.spend_id, amount_minor=29_700)

    assert scenario.account.used == {"2024-09": 39_600}
    assert scenario.account.receivable_minor == 39_600
    assert scenario.account.available_minor("2024-10") == 500_000


def test_a_return_releases_the_month_of_the_spend_and_a_closed_month_only_records_it() -> None:
    scenario = Scenario(mode="postpaid", credit_limit=500_000, at="2024-09-10 10:00")
    grant(scenario, "mem_a", 100_000)
    first = scenario.account.spend(scenario.stamp, amount_minor=30_000, member_id="mem_a")
    second = scenario.account.spend(scenario.stamp, amount_minor=20_000, member_id="mem_a")

    scenario.at("2024-10-31 23:59:59")
    scenario.account.return_spend(scenario.stamp, spend_id=first.spend_id, spend=as_state(first), amount_minor=30_000)
    in_time = scenario.facts()[-1]
    scenario.at("2024-11-01 00:00:00")
    scenario.account.return_spend(scenario.stamp, spend_id=second.spend_id, spend=as_state(second), amount_minor=20_000)
    too_late = scenario.facts()[-1]

    assert (in_time.month_used_minor, in_time.member_used_minor) == (20_000, 20_000)  # type: ignore[attr-defined]
    assert (too_late.month_used_minor, too_late.member_used_minor) == (None, None)  # type: ignore[attr-defined]
    assert (scenario.account.receivable_minor, scenario.account.used.get("2024-11", 0)) == (0, 0)


def test_a_spend_reported_late_uses_the_limit_of_its_own_month() -> None:
    scenario = Scenario(mode="postpaid", credit_limit=500_000, at="2024-11-02 09:00")

    scenario.account.spend(scenario.happened("2024-10-31 23:59:59"), amount_minor=400_000)
    spend(scenario, 300_000)

    assert scenario.account.used == {"2024-10": 400_000, "2024-11": 300_000}


@pytest.mark.parametrize(("happened", "code"), [("2024-10-01 00:00:00", None), ("2024-09-30 23:59:59", "month_closed")])
def test_only_the_current_and_the_previous_month_can_be_spent_into(happened: str, code: str | None) -> None:
    scenario = Scenario(mode="postpaid", at="2024-11-30 23:59:59")

    if code is None:
        scenario.account.spend(scenario.happened(happened), amount_minor=1)
    else:
        with pytest.raises(LedgerError) as refused:
            scenario.account.spend(scenario.happened(happened), amount_minor=1)
        assert (refused.value.code, refused.value.figures["earliest_month"]) == (code, "2024-10")


def test_an_old_prepaid_spend_of_the_master_meets_no_month() -> None:
    scenario = Scenario()
    scenario.charged(1_000)

    spent = scenario.account.spend(scenario.happened("2023-01-01 12:00"), amount_minor=1_000)

    assert spent.month == "2023-01"


def test_months_that_are_closed_leave_the_state() -> None:
    scenario = Scenario(mode="postpaid", at="2024-08-15 10:00")
    for day in ("2024-08-15", "2024-09-15", "2024-10-15", "2024-11-15"):
        spend(scenario.at(f"{day} 10:00"), 100)

    assert scenario.account.used == {"2024-10": 100, "2024-11": 100}


@pytest.mark.parametrize(("amount", "code"), [(100_000, None), (100_001, "cash_limit_exceeded")])
def test_cash_convertible_goods_need_a_permission_with_a_monthly_limit(amount: int, code: str | None) -> None:
    scenario = Scenario()
    scenario.charged(500_000)
    with pytest.raises(LedgerError) as unpermitted:
        spend(scenario, 500, cash=1)
    scenario.account.set_cash_limit(scenario.stamp, limit_minor=100_000, reason="contract")

    if code is None:
        spend(scenario, 200_000, cash=amount)
        assert scenario.account.cash_used == {"2024-10": 100_000}
    else:
        with pytest.raises(LedgerError) as refused:
            spend(scenario, 200_000, cash=amount)
        assert (refused.value.code, refused.value.figures["remaining"]) == (code, 100_000)
    assert unpermitted.value.code == "cash_not_permitted"


def test_the_cash_convertible_part_of_a_spend_comes_back_last() -> None:
    scenario = Scenario()
    scenario.charged(10_000)
    scenario.account.set_cash_limit(scenario.stamp, limit_minor=10_000, reason="contract")
    spent = scenario.account.spend(scenario.stamp, amount_minor=10_000, cash_minor=4_000)

    after = scenario.account.return_spend(
        scenario.stamp, spend_id=spent.spend_id, spend=as_state(spent), amount_minor=6_000
    )
    assert scenario.account.cash_used == {"2024-10": 4_000}
    scenario.account.return_spend(scenario.stamp, spend_id=spent.spend_id, spend=after, amount_minor=1_500)

    assert scenario.account.cash_used == {"2024-10": 2_500}


def test_the_permission_for_cash_convertible_goods_can_be_withdrawn() -> None:
    scenario = Scenario()
    scenario.charged(1_000)
    scenario.account.set_cash_limit(scenario.stamp, limit_minor=500, reason="contract")

    withdrawn = scenario.account.set_cash_limit(scenario.stamp, limit_minor=None, reason="contract ended")
    with pytest.raises(LedgerError) as refused:
        spend(scenario, 100, cash=1)

    assert withdrawn.remaining_minor is None
    assert refused.value.code == "cash_not_permitted"


def test_a_credit_limit_holds_from_now_on_and_may_lie_below_its_use() -> None:
    scenario = Scenario(mode="postpaid", credit_limit=500_000)
    spend(scenario, 300_000)

    lowered = scenario.account.set_credit_limit(scenario.stamp, amount_minor=200_000, reason="late payer")

    assert (lowered.previous_minor, lowered.figures.remaining_limit_minor) == (500_000, 0)
    assert lowered.figures == scenario.account.figures(scenario.now)
    with pytest.raises(LedgerError) as refused:
        spend(scenario, 1)
    assert refused.value.code == "limit_exceeded"


@pytest.mark.parametrize(
    ("amount", "code"), [(59_099, None), (59_100, None), (59_101, "settlement_exceeds_receivable")]
)
def test_a_settlement_is_bounded_by_what_is_owed(amount: int, code: str | None) -> None:
    """SPEC 14: a settlement payment of 59,100."""
    scenario = Scenario(mode="postpaid")
    spend(scenario, 59_100)

    if code is None:
        paid = scenario.account.pay_settlement(scenario.stamp, amount_minor=amount)
        assert paid.receivable_minor == scenario.account.receivable_minor == 59_100 - amount
    else:
        with pytest.raises(LedgerError) as refused:
            scenario.account.pay_settlement(scenario.stamp, amount_minor=amount)
        assert (refused.value.code, refused.value.figures["receivable"]) == (code, 59_100)


def test_a_hold_is_not_owed_until_it_is_captured() -> None:
    scenario = Scenario(mode="postpaid")
    held = scenario.account.spend(scenario.stamp, amount_minor=10_000, capture=False)
    before = scenario.account.receivable_minor

    scenario.account.capture_spend(scenario.stamp, spend_id=held.spend_id, amount_minor=4_000)

    assert (before, scenario.account.receivable_minor, scenario.account.held_minor) == (0, 4_000, 6_000)


def test_what_was_paid_and_then_returned_stands_as_a_credit_for_the_next_settlement() -> None:
    scenario = Scenario(mode="postpaid")
    spent = scenario.account.spend(scenario.stamp, amount_minor=9_900)
    scenario.account.pay_settlement(scenario.stamp, amount_minor=9_900)

    scenario.account.return_spend(scenario.stamp, spend_id=spent.spend_id, spend=as_state(spent), amount_minor=9_900)
    after_return = scenario.account.receivable_minor
    spend(scenario, 4_832)

    assert (after_return, scenario.account.receivable_minor) == (-9_900, -5_068)


@pytest.mark.parametrize("mode", ["prepaid", "postpaid"])
def test_what_belongs_to_one_mode_is_refused_in_the_other(mode: str) -> None:
    scenario = Scenario(mode=mode)
    account, stamp = scenario.account, scenario.stamp
    attempts: dict[str, list[Callable[[], object]]] = {
        "prepaid": [
            lambda: account.set_credit_limit(stamp, amount_minor=1, reason="r"),
            lambda: account.pay_settlement(stamp, amount_minor=1),
        ],
        "postpaid": [
            lambda: account.request_adjustment(stamp, amount_minor=1, reason="r"),
            lambda: account.import_movement(stamp, amount_minor=1, booked_on=stamp.occurred_at.date(), reference="1"),
        ],
    }

    codes = set()
    for attempt in attempts[mode]:
        with pytest.raises(LedgerError) as refused:
            attempt()
        codes.add(refused.value.code)

    assert codes == {"postpaid_only" if mode == "prepaid" else "prepaid_only"}
