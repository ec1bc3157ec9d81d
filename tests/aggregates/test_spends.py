"""Spends: what is taken, in which order, what is refused first, and where returned money goes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from aggregates.account.lots import PARTS_MAX, LotPart, total
from aggregates.account.parts import SpendState
from aggregates.account.spend_facts import DifferenceRefunded, HoldExpired, SpendCaptured, SpendReturned, as_state
from aggregates.errors import LedgerError
from aggregates.fact import Stamp
from tests.aggregates.scenario import Scenario, kst

Attempt = Callable[[Scenario], object]


def give_back(scenario: Scenario, spend_id: str, spend: SpendState, amount: int) -> SpendState:
    return scenario.account.return_spend(scenario.stamp, spend_id=spend_id, spend=spend, amount_minor=amount)


def test_a_spend_takes_from_the_oldest_lots_first() -> None:
    scenario = Scenario()
    newer = scenario.charged(10_000, on="2024-10-20")
    older = scenario.charged(20_000, on="2024-09-01")

    spent = scenario.account.spend(scenario.stamp, amount_minor=25_000)

    assert [(part.charge_id, part.amount_minor) for part in spent.lots] == [(older, 20_000), (newer, 5_000)]
    assert spent.balance_minor == scenario.account.balance_minor == 5_000
    assert scenario.lots() == {newer: 5_000}


def test_lots_of_one_day_are_taken_in_the_order_they_were_recorded() -> None:
    scenario = Scenario()
    first, second = scenario.charged(1_000), scenario.charged(1_000)

    spent = scenario.account.spend(scenario.stamp, amount_minor=1_500)

    assert [(part.charge_id, part.amount_minor) for part in spent.lots] == [(first, 1_000), (second, 500)]


@pytest.mark.parametrize(("amount", "code"), [(9_789, None), (9_790, None), (9_791, "insufficient_funds")])
def test_a_prepaid_spend_is_bounded_by_the_balance(amount: int, code: str | None) -> None:
    scenario = Scenario()
    scenario.charged(9_790)

    if code is None:
        scenario.account.spend(scenario.stamp, amount_minor=amount)
        assert scenario.account.balance_minor == 9_790 - amount
    else:
        with pytest.raises(LedgerError) as refused:
            scenario.account.spend(scenario.stamp, amount_minor=amount)
        assert refused.value.code == code
        assert refused.value.figures == {"available": 9_790, "requested": 9_791}
        assert scenario.facts() == []


def refusing() -> Scenario:
    """An account on which every rule of a spend would refuse: each test row heals one more of them."""
    scenario = Scenario(at="2024-10-28 10:00")
    scenario.charged(1_000)
    scenario.account.member_receivable_minor = 400
    scenario.account.status = "closed"
    return scenario


def test_refusals_of_a_spend_come_in_the_order_of_the_rules() -> None:
    scenario = refusing()
    account = scenario.account
    stamp = scenario.happened("2024-08-31 23:59:59")
    open_month = scenario.happened("2024-09-01 00:00")

    def refusal(at: Stamp, amount: int = 2_000, cash: int = 500, member: str | None = "mem_kim") -> str:
        version = account.version
        with pytest.raises(LedgerError) as refused:
            account.spend(at, amount_minor=amount, member_id=member, cash_minor=cash)
        assert account.version == version
        return refused.value.code

    codes = [refusal(stamp, amount=0), refusal(stamp)]
    account.status = "frozen"
    codes.append(refusal(stamp))
    account.status = "open"
    codes.append(refusal(stamp))
    codes.append(refusal(open_month))
    account.member_receivable_minor = 0
    codes.append(refusal(open_month))
    limit(scenario, "mem_kim", 900)
    codes.append(refusal(open_month))
    limit(scenario, "mem_kim", None)
    codes.append(refusal(open_month))
    account.set_cash_limit(scenario.stamp, limit_minor=499, reason="contract")
    codes.append(refusal(open_month))
    account.set_cash_limit(scenario.stamp, limit_minor=500, reason="contract")
    codes.append(refusal(open_month))
    limit(scenario, "mem_kim", None, cash=True)
    codes.append(refusal(open_month))
    scenario.facts()
    account.spend(open_month, amount_minor=1_000, member_id="mem_kim", cash_minor=500)

    assert codes == [
        "invalid_amount",
        "account_closed",
        "account_frozen",
        "month_closed",
        "member_receivable_outstanding",
        "member_limit_not_granted",
        "member_limit_exceeded",
        "cash_not_permitted",
        "cash_limit_exceeded",
        "member_cash_not_permitted",
        "insufficient_funds",
    ]


def limit(scenario: Scenario, member_id: str, amount: int | None, cash: bool = False) -> None:
    scenario.account.set_member_limit(
        scenario.stamp,
        member_id=member_id,
        limit_minor=amount,
        granted=True,
        unlimited=amount is None,
        cash_convertible=cash,
    )
    scenario.facts()


def test_one_spend_may_take_from_as_many_lots_as_a_fact_may_name_and_no_more() -> None:
    scenario = Scenario()
    for _ in range(PARTS_MAX + 1):
        scenario.charged(1_000)

    with pytest.raises(LedgerError) as refused:
        scenario.account.spend(scenario.stamp, amount_minor=PARTS_MAX * 1_000 + 1)
    spent = scenario.account.spend(scenario.stamp, amount_minor=PARTS_MAX * 1_000)

    assert refused.value.code == "too_many_lots"
    assert refused.value.figures == {"maximum": PARTS_MAX * 1_000}
    assert len(spent.lots) == PARTS_MAX


def test_a_spend_beyond_the_lots_is_overdrawn_as_far_as_the_allowance_goes() -> None:
    scenario = Scenario(overdraft=300)
    charge = scenario.charged(200)

    with pytest.raises(LedgerError) as refused:
        scenario.account.spend(scenario.stamp, amount_minor=501)
    spent = scenario.account.spend(scenario.stamp, amount_minor=500)

    assert (refused.value.code, refused.value.figures["available"]) == ("insufficient_funds", 500)
    assert [(part.charge_id, part.amount_minor) for part in spent.lots] == [(charge, 200)]
    assert (spent.overdrawn_minor, spent.balance_minor) == (300, -300)
    assert scenario.account.available_minor("2024-10") == 0


def test_an_unlimited_overdraft_lets_a_balance_fall_without_a_figure_for_what_is_available() -> None:
    scenario = Scenario(overdraft=None)

    spent = scenario.account.spend(scenario.stamp, amount_minor=1_000_000)

    assert (spent.overdrawn_minor, spent.balance_minor, spent.lots) == (1_000_000, -1_000_000, ())
    assert scenario.account.available_minor("2024-10") is None


def test_a_frozen_lot_is_neither_available_nor_spent() -> None:
    scenario = Scenario()
    frozen = scenario.charged(5_000, on="2024-09-01")
    free = scenario.charged(3_000, on="2024-10-01")
    lot = scenario.account.lots.get(frozen, date(2024, 9, 1), "card")
    scenario.account.lots.freeze(lot, frozen=True)

    with pytest.raises(LedgerError) as refused:
        scenario.account.spend(scenario.stamp, amount_minor=3_001)
    spent = scenario.account.spend(scenario.stamp, amount_minor=3_000)

    assert refused.value.figures["available"] == 3_000
    assert [part.charge_id for part in spent.lots] == [free]
    assert scenario.lots() == {frozen: 5_000}


def test_returned_money_goes_back_to_its_lots_in_reverse_order_until_nothing_is_left() -> None:
    """SPEC R-076 with its own numbers."""
    scenario = Scenario()
    first = scenario.charged(20_000, on="2024-09-01")
    second = scenario.charged(10_000, on="2024-10-01")
    spent = scenario.account.spend(scenario.stamp, amount_minor=30_000)
    scenario.facts()

    after = give_back(scenario, spent.spend_id, as_state(spent), 12_000)
    after_more = give_back(scenario, spent.spend_id, after, 5_000)
    with pytest.raises(LedgerError) as refused:
        give_back(scenario, spent.spend_id, after_more, 14_000)

    returns = [fact for fact in scenario.facts() if isinstance(fact, SpendReturned)]
    assert [[(part.charge_id, part.amount_minor) for part in fact.returned_lots] for fact in returns] == [
        [(second, 10_000), (first, 2_000)],
        [(first, 5_000)],
    ]
    assert (refused.value.code, refused.value.figures["left"]) == ("return_exceeds_spend", 13_000)
    assert scenario.lots() == {first: 7_000, second: 10_000}
    assert [lot.charged_on for lot in scenario.account.lots] == [date(2024, 9, 1), date(2024, 10, 1)]


def test_a_return_repays_what_the_account_still_has_overdrawn_before_any_lot() -> None:
    scenario = Scenario(overdraft=10_000)
    charge = scenario.charged(5_000)
    spent = scenario.account.spend(scenario.stamp, amount_minor=5_000)
    scenario.account.spend(scenario.stamp, amount_minor=2_000)
    scenario.facts()

    after = give_back(scenario, spent.spend_id, as_state(spent), 5_000)

    (returned,) = scenario.facts()
    assert isinstance(returned, SpendReturned)
    assert returned.overdrawn_repaid_minor == 2_000
    assert [(part.charge_id, part.amount_minor) for part in returned.returned_lots] == [(charge, 3_000)]
    assert (after.lots, scenario.account.overdrawn_minor, scenario.account.balance_minor) == ((), 0, 3_000)


def test_the_overdrawn_part_of_a_spend_unwinds_first_because_it_was_taken_last() -> None:
    scenario = Scenario(overdraft=10_000)
    scenario.charged(5_000)
    spent = scenario.account.spend(scenario.stamp, amount_minor=8_000)

    after = give_back(scenario, spent.spend_id, as_state(spent), 4_000)

    assert (after.overdrawn_minor, total(after.lots)) == (0, 4_000)
    assert (scenario.account.overdrawn_minor, scenario.account.lots.total_minor) == (0, 1_000)


def test_money_whose_overdraft_a_charge_had_paid_becomes_a_lot_of_its_own_dated_as_the_spend() -> None:
    scenario = Scenario(overdraft=10_000, at="2024-10-20 10:00")
    spent = scenario.account.spend(scenario.stamp, amount_minor=3_000)
    later = scenario.at("2024-10-28 10:00").charged(5_000)

    give_back(scenario, spent.spend_id, as_state(spent), 3_000)

    own, charged = list(scenario.account.lots)
    assert own.charge_id.startswith("lot_")
    assert (own.charged_on, own.method, own.remaining_minor) == (date(2024, 10, 20), "returned", 3_000)
    assert (charged.charge_id, charged.remaining_minor) == (later, 2_000)
    assert scenario.account.balance_minor == 5_000


def test_a_hold_lasts_30_days_when_no_expiry_is_named() -> None:
    scenario = Scenario()
    scenario.charged(1_000)

    held = scenario.account.spend(scenario.stamp, amount_minor=600, capture=False)

    assert held.expires_at == scenario.now + timedelta(days=30)
    assert (held.held_minor, held.captured_minor) == (600, 0)
    assert (scenario.account.balance_minor, scenario.account.held_minor) == (400, 600)


def test_the_expiry_of_a_hold_must_lie_in_the_future_and_needs_a_hold() -> None:
    scenario = Scenario()
    scenario.charged(1_000)

    with pytest.raises(LedgerError) as past:
        scenario.account.spend(scenario.stamp, amount_minor=600, capture=False, expires_at=scenario.now)
    with pytest.raises(LedgerError) as useless:
        scenario.account.spend(scenario.stamp, amount_minor=600, expires_at=scenario.now + timedelta(days=1))

    assert (past.value.code, useless.value.code) == ("hold_expiry_not_in_future", "hold_expiry_without_hold")


@pytest.mark.parametrize(
    ("at", "capture", "expiry"),
    [
        ("2024-10-29 09:59:59", None, "hold_not_expired"),
        ("2024-10-29 10:00:00", "hold_expired", None),
        ("2024-10-29 10:00:01", "hold_expired", None),
    ],
)
def test_the_instant_of_expiry_decides_between_capture_and_giving_back(
    at: str, capture: str | None, expiry: str | None
) -> None:
    def outcome(attempt: Attempt) -> str | None:
        scenario = Scenario()
        scenario.charged(1_000)
        held = scenario.account.spend(
            scenario.stamp, amount_minor=600, capture=False, expires_at=kst("2024-10-29 10:00")
        )
        scenario.spend_id = held.spend_id  # type: ignore[attr-defined]
        scenario.at(at)
        try:
            attempt(scenario)
        except LedgerError as refused:
            return refused.code
        return None

    captured = outcome(
        lambda s: s.account.capture_spend(s.stamp, spend_id=s.spend_id, amount_minor=600)  # type: ignore[attr-defined]
    )
    expired = outcome(lambda s: s.account.expire_hold(s.stamp, spend_id=s.spend_id))  # type: ignore[attr-defined]

    assert (captured, expired) == (capture, expiry)


def test_an_expired_hold_gives_everything_held_back_to_its_lots() -> None:
    scenario = Scenario()
    charge = scenario.charged(1_000)
    held = scenario.account.spend(scenario.stamp, amount_minor=600, capture=False)
    scenario.account.capture_spend(scenario.stamp, spend_id=held.spend_id, amount_minor=100)
    scenario.facts()

    after = scenario.pass_days(30).account.expire_hold(scenario.stamp, spend_id=held.spend_id)

    (expired,) = scenario.facts()
    assert isinstance(expired, HoldExpired)
    assert (expired.amount_minor, expired.from_held_minor, expired.reason) == (500, 500, "hold_expired")
    assert (after.held_minor, after.captured_minor, after.returned_minor) == (0, 100, 500)
    assert scenario.lots() == {charge: 900}
    assert scenario.account.holds == {}


def test_a_late_job_that_finds_nothing_held_is_refused() -> None:
    scenario = Scenario()
    scenario.charged(1_000)
    held = scenario.account.spend(scenario.stamp, amount_minor=600, capture=False)
    scenario.account.capture_spend(scenario.stamp, spend_id=held.spend_id, amount_minor=600)

    with pytest.raises(LedgerError) as refused:
        scenario.pass_days(31).account.expire_hold(scenario.stamp, spend_id=held.spend_id)

    assert refused.value.code == "spend_not_held"


@pytest.mark.parametrize(("amount", "code"), [(599, None), (600, None), (601, "exceeds_held")])
def test_a_capture_is_bounded_by_what_is_held(amount: int, code: str | None) -> None:
    scenario = Scenario()
    scenario.charged(1_000)
    held = scenario.account.spend(scenario.stamp, amount_minor=600, capture=False)

    if code:
        with pytest.raises(LedgerError) as refused:
            scenario.account.capture_spend(scenario.stamp, spend_id=held.spend_id, amount_minor=amount)
        assert (refused.value.code, refused.value.figures["held"]) == (code, 600)
    else:
        after = scenario.account.capture_spend(scenario.stamp, spend_id=held.spend_id, amount_minor=amount)
        assert (after.held_minor, after.captured_minor) == (600 - amount, amount)
        assert scenario.account.held_minor == 600 - amount


def test_a_return_takes_from_held_first_and_then_from_captured() -> None:
    scenario = Scenario()
    scenario.charged(1_000)
    held = scenario.account.spend(scenario.stamp, amount_minor=1_000, capture=False)
    partly = scenario.account.capture_spend(scenario.stamp, spend_id=held.spend_id, amount_minor=700)
    scenario.facts()

    after = give_back(scenario, held.spend_id, partly, 500)

    (returned,) = scenario.facts()
    assert isinstance(returned, SpendReturned)
    assert (returned.from_held_minor, returned.from_captured_minor) == (300, 200)
    assert (after.held_minor, after.captured_minor, after.returned_minor) == (0, 500, 500)
    assert (scenario.account.held_minor, scenario.account.holds) == (0, {})


def test_a_choice_order_refunds_the_difference_of_each_choice_at_once() -> None:
    """SPEC P7, P8: two recipients, dearest item 29,700; one picks 9,900, the other is sent the item of 990."""
    scenario = Scenario()
    scenario.charged(59_400)
    order = scenario.account.spend(scenario.stamp, amount_minor=59_400, capture=False)
    scenario.facts()

    scenario.account.capture_spend(scenario.stamp, spend_id=order.spend_id, amount_minor=9_900)
    scenario.account.refund_difference(scenario.stamp, spend_id=order.spend_id, amount_minor=19_800)
    confirmed = scenario.account.capture_spend(
        scenario.stamp, spend_id=order.spend_id, amount_minor=990, release_difference=True
    )

    facts = scenario.facts()
    assert [type(fact) for fact in facts] == [SpendCaptured, DifferenceRefunded, SpendCaptured, DifferenceRefunded]
    assert [fact.amount_minor for fact in facts] == [9_900, 19_800, 990, 28_710]  # type: ignore[attr-defined]
    assert (confirmed.captured_minor, confirmed.returned_minor, confirmed.held_minor) == (10_890, 48_510, 0)
    assert scenario.account.balance_minor == 48_510


def test_a_difference_refund_is_bounded_by_what_is_held() -> None:
    scenario = Scenario()
    scenario.charged(1_000)
    held = scenario.account.spend(scenario.stamp, amount_minor=600, capture=False)
    scenario.account.capture_spend(scenario.stamp, spend_id=held.spend_id, amount_minor=500)

    with pytest.raises(LedgerError) as refused:
        scenario.account.refund_difference(scenario.stamp, spend_id=held.spend_id, amount_minor=101)

    assert (refused.value.code, refused.value.figures["held"]) == ("exceeds_held", 100)


def test_what_is_under_way_may_end_on_a_frozen_account() -> None:
    scenario = Scenario()
    scenario.charged(1_000)
    held = scenario.account.spend(scenario.stamp, amount_minor=600, capture=False)
    scenario.account.freeze(scenario.stamp, reason="suspicious pattern")

    after = scenario.account.capture_spend(scenario.stamp, spend_id=held.spend_id, amount_minor=200)
    give_back(scenario, held.spend_id, after, 400)

    assert (scenario.account.balance_minor, scenario.account.held_minor) == (800, 0)


def test_a_spend_is_always_held_plus_captured_plus_returned() -> None:
    scenario = Scenario()
    scenario.charged(10_000)
    held = scenario.account.spend(scenario.stamp, amount_minor=7_000, capture=False)
    spend = as_state(held)

    spend = scenario.account.capture_spend(scenario.stamp, spend_id=held.spend_id, amount_minor=3_000)
    spend = give_back(scenario, held.spend_id, spend, 1_500)
    spend = scenario.account.refund_difference(scenario.stamp, spend_id=held.spend_id, amount_minor=500)

    assert spend.amount_minor == spend.held_minor + spend.captured_minor + spend.returned_minor
    assert total(spend.lots) + spend.overdrawn_minor == spend.held_minor + spend.captured_minor


def test_returned_lots_name_the_first_charge_date_so_that_no_clock_restarts() -> None:
    scenario = Scenario()
    charge = scenario.charged(9_000, on="2024-08-01")
    spent = scenario.account.spend(scenario.stamp, amount_minor=9_000)
    scenario.facts()

    give_back(scenario, spent.spend_id, as_state(spent), 9_000)

    (returned,) = scenario.facts()
    assert isinstance(returned, SpendReturned)
    assert returned.returned_lots == (LotPart(charge, date(2024, 8, 1), "card", 9_000),)
