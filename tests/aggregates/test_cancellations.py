"""Cancelling a charge: until when, at what fee, and everything that stands in the way."""

from __future__ import annotations

from datetime import date

import pytest

from aggregates import ids
from aggregates.account.charges import Charged
from aggregates.account.deposits import DepositAwaited
from aggregates.account.parts import PendingCancel
from aggregates.charge import Charge
from aggregates.errors import Conflict, LedgerError, Rejected
from tests.aggregates.scenario import Scenario


def paid(scenario: Scenario, amount: int, on: str = "2024-10-17 15:00", method: str = "card") -> tuple[Charged, Charge]:
    charged = scenario.account.charge(scenario.happened(on), amount_minor=amount, method=method, reference=None)
    scenario.facts()
    return charged, Charge.blank(ids.stream_id(charged.charge_id))


@pytest.mark.parametrize(
    ("at", "fee"),
    [
        ("2024-10-17 15:00", 0),
        ("2024-10-24 23:59:59", 0),
        ("2024-10-25 00:00:00", 30_000),
        ("2025-01-18 23:59:59", 30_000),
    ],
)
def test_a_charge_of_2024_10_17_is_cancelled_free_until_10_24_and_less_a_fee_until_2025_01_18(
    at: str, fee: int
) -> None:
    scenario = Scenario(at="2025-02-01 09:00")
    charged, own = paid(scenario, 300_000)

    cancelled = scenario.account.cancel_charge(scenario.happened(at), charge=charged, past=own)

    assert (cancelled.fee_minor, cancelled.payout_minor) == (fee, 300_000 - fee)
    assert cancelled.fee_rule == "charge-cancel/1"
    assert scenario.account.balance_minor == cancelled.balance_minor == 0
    assert scenario.lots() == {}


def test_a_charge_of_2024_10_17_is_refused_on_2025_01_19() -> None:
    scenario = Scenario(at="2025-01-19 00:00")
    charged, own = paid(scenario, 300_000)

    with pytest.raises(Rejected) as refused:
        scenario.account.cancel_charge(scenario.stamp, charge=charged, past=own)

    assert refused.value.code == "cancel_window_closed"
    assert refused.value.figures == {"cancellable_until": "2025-01-18"}


def test_an_untouched_charge_of_300000_cancelled_on_day_20_gives_back_270000() -> None:
    scenario = Scenario(at="2024-11-06 10:00")
    charged, own = paid(scenario, 300_000)

    cancelled = scenario.account.cancel_charge(scenario.stamp, charge=charged, past=own)

    assert (cancelled.amount_minor, cancelled.fee_minor, cancelled.payout_minor) == (300_000, 30_000, 270_000)


@pytest.mark.parametrize(
    ("amount", "day", "fee", "code"),
    [
        (1_000, "2024-10-24", 0, None),
        (1_000, "2024-10-25", None, "charge_too_small_to_cancel"),
        (1_001, "2024-10-25", 1_000, None),
        (10_000, "2024-10-25", 1_000, None),
        (10_001, "2024-10-25", 1_000, None),
        (12_345, "2024-10-25", 1_234, None),
    ],
)
def test_after_day_7_the_fee_is_that_of_a_refund_and_1000_won_or_less_cannot_be_cancelled(
    amount: int, day: str, fee: int | None, code: str | None
) -> None:
    scenario = Scenario(at=f"{day} 12:00")
    charged, own = paid(scenario, amount)

    if code is None:
        cancelled = scenario.account.cancel_charge(scenario.stamp, charge=charged, past=own)
        assert (cancelled.fee_minor, cancelled.payout_minor) == (fee, amount - (fee or 0))
    else:
        with pytest.raises(Conflict) as refused:
            scenario.account.cancel_charge(scenario.stamp, charge=charged, past=own)
        assert refused.value.code == code


def test_another_currency_is_cancelled_without_a_fee_to_the_last_day() -> None:
    scenario = Scenario(currency="CZK", at="2025-01-18 12:00")
    charged, own = paid(scenario, 100)

    cancelled = scenario.account.cancel_charge(scenario.stamp, charge=charged, past=own)

    assert (cancelled.fee_minor, cancelled.payout_minor, cancelled.fee_rule) == (0, 100, "no-fee/1")


@pytest.mark.parametrize("spent", [1, 4_000, 5_000])
def test_a_charge_of_which_anything_is_spent_or_held_cannot_be_cancelled(spent: int) -> None:
    scenario = Scenario(at="2024-10-18 10:00")
    charged, own = paid(scenario, 5_000)
    scenario.account.spend(scenario.stamp, amount_minor=spent, capture=False)

    with pytest.raises(Conflict) as refused:
        scenario.account.cancel_charge(scenario.stamp, charge=charged, past=own)

    assert refused.value.code == "charge_spent"
    assert refused.value.figures == {"charged": 5_000, "remaining": 5_000 - spent}


def test_a_charge_that_paid_an_overdraft_is_not_wholly_unspent() -> None:
    scenario = Scenario(at="2024-10-18 10:00", overdraft=1_000)
    scenario.account.spend(scenario.stamp, amount_minor=400)
    charged, own = paid(scenario, 5_000)

    with pytest.raises(Conflict) as refused:
        scenario.account.cancel_charge(scenario.stamp, charge=charged, past=own)

    assert refused.value.code == "charge_spent"


def test_a_charge_that_was_wholly_returned_to_its_lot_can_be_cancelled() -> None:
    scenario = Scenario(at="2024-10-18 10:00")
    charged, own = paid(scenario, 5_000)
    spent = scenario.account.spend(scenario.stamp, amount_minor=2_000, capture=False)
    scenario.account.return_spend(
        scenario.stamp, spend_id=spent.spend_id, spend=scenario.account.holds[spent.spend_id], amount_minor=2_000
    )

    assert scenario.account.cancel_charge(scenario.stamp, charge=charged, past=own).payout_minor == 5_000


def test_a_cancelled_charge_is_not_cancelled_again() -> None:
    scenario = Scenario(at="2024-10-18 10:00")
    charged, own = paid(scenario, 5_000)
    scenario.account.cancel_charge(scenario.stamp, charge=charged, past=own)
    own.cancel(
        scenario.stamp, charge_id=charged.charge_id, amount_minor=5_000, currency="KRW", fee_minor=0, payout_minor=5_000
    )

    for attempt in (scenario.account.cancel_charge, scenario.account.start_charge_cancellation):
        with pytest.raises(Conflict) as refused:
            attempt(scenario.stamp, charge=charged, past=own)
        assert refused.value.code == "charge_already_cancelled"


def test_refusals_of_a_cancellation_come_in_the_order_of_the_rules() -> None:
    scenario = Scenario(at="2024-10-18 10:00")
    charged, own = paid(scenario, 1_001)
    account = scenario.account
    refund = account.request_refund(
        scenario.stamp,
        amount_minor=1_001,
        bank="Harbour Bank",
        destination="dst_1",
        holder_is_member=True,
        reason="done",
    )
    scenario.facts()
    awaited = account.await_deposit(scenario.stamp, amount_minor=5_000, reference=None)
    small, small_own = paid(scenario, 1_000)
    account.spend(scenario.stamp, amount_minor=1)
    untouched, untouched_own = paid(scenario, 1_000)
    account.own("cancels")[charged.charge_id] = PendingCancel(
        1_001, 0, 1_001, "card", charged.charged_on, "charge-cancel/1"
    )
    account.status, account.member_receivable_minor = "closed", 1
    own.cancelled, own.charged_back_minor = True, 1
    scenario.at("2025-01-19 00:00").facts()

    def refusal(charge: Charged | DepositAwaited = charged, past: Charge = own) -> str:
        codes = set()
        for attempt in (account.cancel_charge, account.start_charge_cancellation):
            with pytest.raises(LedgerError) as refused:
                attempt(scenario.stamp, charge=charge, past=past)
            codes.add(refused.value.code)
        assert scenario.facts() == []
        return codes.pop() if len(codes) == 1 else f"different: {codes}"

    assert refusal(awaited) == "account_closed"
    account.status = "frozen"
    assert refusal(awaited) == "account_frozen"
    account.status = "open"
    assert refusal(awaited) == "charge_method_not_cancellable"
    assert refusal() == "charge_already_cancelled"
    own.cancelled = False
    assert refusal() == "charge_charged_back"
    own.charged_back_minor = 0
    assert refusal() == "charge_cancel_pending"
    account.cancels.clear()
    assert refusal() == "cancel_window_closed"
    scenario.at("2025-01-18 23:59")
    assert refusal() == "member_receivable_outstanding"
    account.member_receivable_minor = 0
    assert refusal() == "refund_pending_on_charge"
    account.cancel_refund(scenario.stamp, refund_id=refund.refund_id, by_customer=True)
    scenario.facts()
    assert refusal(small, small_own) == "charge_spent"
    assert refusal(untouched, untouched_own) == "charge_too_small_to_cancel"
    assert account.cancel_charge(scenario.stamp, charge=charged, past=own).payout_minor == 1


def test_a_cancellation_under_way_freezes_the_lot_until_the_definite_result() -> None:
    scenario = Scenario(at="2024-11-06 10:00")
    charged, own = paid(scenario, 300_000)
    account = scenario.account
    other, _ = paid(scenario, 5_000, on="2024-11-06")

    started = account.start_charge_cancellation(scenario.stamp, charge=charged, past=own)

    assert (started.fee_minor, started.payout_minor) == (30_000, 270_000)
    assert account.balance_minor == 305_000
    assert account.available_minor("2024-11") == 5_000
    with pytest.raises(LedgerError) as unspendable:
        account.spend(scenario.stamp, amount_minor=5_001)
    assert unspendable.value.code == "insufficient_funds"
    with pytest.raises(LedgerError) as unrefundable:
        account.request_refund(
            scenario.stamp,
            amount_minor=5_001,
            bank="Harbour Bank",
            destination="dst_1",
            holder_is_member=True,
            reason="x",
        )
    assert unrefundable.value.figures == {"available": 5_000, "requested": 5_001}
    assert [part.charge_id for part in account.spend(scenario.stamp, amount_minor=5_000).lots] == [other.charge_id]
    with pytest.raises(Conflict) as twice:
        account.start_charge_cancellation(scenario.stamp, charge=charged, past=own)
    assert twice.value.code == "charge_cancel_pending"


def test_a_definite_yes_cancels_at_the_fee_of_the_day_it_was_asked_for() -> None:
    scenario = Scenario(at="2024-10-24 23:50")
    charged, own = paid(scenario, 300_000)
    scenario.account.start_charge_cancellation(scenario.stamp, charge=charged, past=own)
    scenario.at("2024-10-25 00:10")

    cancelled = scenario.account.finish_charge_cancellation(scenario.stamp, charge_id=charged.charge_id, past=own)

    assert (cancelled.fee_minor, cancelled.payout_minor, cancelled.balance_minor) == (0, 300_000, 0)
    assert scenario.account.cancels == {}
    assert scenario.account.lots.frozen_minor == scenario.account.lots.total_minor == 0


def test_a_definite_no_frees_the_lot_and_leaves_the_refund_open() -> None:
    scenario = Scenario(at="2024-11-06 10:00")
    charged, own = paid(scenario, 300_000)
    scenario.account.start_charge_cancellation(scenario.stamp, charge=charged, past=own)

    failed = scenario.account.fail_charge_cancellation(
        scenario.stamp, charge_id=charged.charge_id, past=own, reason_code="partial_cancel_unsupported"
    )

    assert failed.code == "partial_cancel_unsupported"
    assert scenario.account.available_minor("2024-11") == 300_000
    assert scenario.account.cancels == {}
    requested = scenario.account.request_refund(
        scenario.stamp,
        amount_minor=300_000,
        bank="Harbour Bank",
        destination="dst_1",
        holder_is_member=True,
        reason="x",
    )
    assert requested.payout_minor == 270_000


def test_what_is_not_under_way_can_neither_finish_nor_fail() -> None:
    scenario = Scenario(at="2024-11-06 10:00")
    charged, own = paid(scenario, 300_000)
    account, charge_id = scenario.account, charged.charge_id

    with pytest.raises(Conflict) as finish:
        account.finish_charge_cancellation(scenario.stamp, charge_id=charge_id, past=own)
    with pytest.raises(Conflict) as fail:
        account.fail_charge_cancellation(scenario.stamp, charge_id=charge_id, past=own, reason_code="x")
    own.cancelled = True
    with pytest.raises(Conflict) as finished:
        account.finish_charge_cancellation(scenario.stamp, charge_id=charge_id, past=own)

    assert finish.value.code == fail.value.code == "charge_cancel_not_pending"
    assert finished.value.code == "charge_already_cancelled"


def test_a_frozen_account_may_end_a_cancellation_that_is_under_way() -> None:
    scenario = Scenario(at="2024-10-18 10:00")
    charged, own = paid(scenario, 5_000)
    scenario.account.start_charge_cancellation(scenario.stamp, charge=charged, past=own)
    scenario.account.freeze(scenario.stamp, reason="under investigation")

    cancelled = scenario.account.finish_charge_cancellation(scenario.stamp, charge_id=charged.charge_id, past=own)

    assert cancelled.balance_minor == 0
    assert charged.charged_on == date(2024, 10, 17)
