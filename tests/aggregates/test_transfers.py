"""Transfers between accounts, corrections by two persons, and imported history."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from aggregates.account.lots import LotPart
from aggregates.account.transfers import TransferReceived
from aggregates.errors import LedgerError
from tests.aggregates.scenario import Scenario


def refusal(attempt: Callable[[], object]) -> str:
    with pytest.raises(LedgerError) as refused:
        attempt()
    return refused.value.code


def two(**options: object) -> tuple[Scenario, Scenario]:
    return Scenario(number=1, **options), Scenario(number=2)  # type: ignore[arg-type]


def test_a_transfer_moves_money_and_its_dates_to_the_other_account() -> None:
    sender, receiver = two()
    sender.charged(3_000, on="2024-09-01", method="transfer")
    sender.charged(2_000, on="2024-10-01")
    sender.charged(2_000, on="2024-10-01")

    sent = sender.account.transfer(sender.stamp, to=receiver.account, amount_minor=6_000, reference="rent")

    (received,) = receiver.facts()
    assert isinstance(received, TransferReceived)
    assert received.lots == (
        LotPart(received.receipt_id, date(2024, 9, 1), "transfer", 3_000),
        LotPart(received.receipt_id, date(2024, 10, 1), "card", 3_000),
    )
    assert received.transfer_id == sent.transfer_id
    assert (sender.account.balance_minor, receiver.account.balance_minor) == (1_000, 6_000)
    assert receiver.account.lots.total_minor == 6_000


def test_what_the_sender_overdraws_arrives_dated_on_the_day_of_the_transfer() -> None:
    sender, receiver = two(overdraft=5_000)
    sender.charged(1_000, on="2024-09-01")

    sender.account.transfer(sender.stamp, to=receiver.account, amount_minor=4_000)

    assert [(lot.charged_on, lot.method, lot.remaining_minor) for lot in receiver.account.lots] == [
        (date(2024, 9, 1), "card", 1_000),
        (date(2024, 10, 28), "account_transfer", 3_000),
    ]
    assert (sender.account.balance_minor, sender.account.overdrawn_minor) == (-3_000, 3_000)


def test_what_the_receiver_has_overdrawn_is_paid_first_and_by_the_oldest_money() -> None:
    sender, receiver = Scenario(number=1), Scenario(number=2, overdraft=2_000)
    receiver.account.spend(receiver.stamp, amount_minor=2_000)
    receiver.facts()
    sender.charged(1_500, on="2024-09-01")
    sender.charged(1_500, on="2024-10-01")

    sender.account.transfer(sender.stamp, to=receiver.account, amount_minor=3_000)

    (received,) = receiver.facts()
    assert isinstance(received, TransferReceived)
    assert received.overdrawn_paid_minor == 2_000
    assert [(part.charged_on, part.amount_minor) for part in received.lots] == [(date(2024, 10, 1), 1_000)]
    assert (receiver.account.overdrawn_minor, receiver.account.balance_minor) == (0, 1_000)


def test_refusals_of_a_transfer_come_in_the_order_of_the_rules() -> None:
    sender, receiver = two()
    foreign = Scenario(number=3, currency="CZK")
    postpaid = Scenario(number=4, mode="postpaid")
    sender.charged(1_000)
    stamp, account, other = sender.stamp, sender.account, receiver.account
    account.status, other.status = "closed", "closed"
    account.member_receivable_minor = 1

    def attempt(to: Scenario = receiver, amount: int = 1_001) -> str:
        return refusal(lambda: account.transfer(stamp, to=to.account, amount_minor=amount))

    codes = [attempt(sender, 0), attempt(sender), attempt()]
    account.status = "frozen"
    codes.append(attempt())
    account.status = "open"
    codes.append(attempt())
    other.status = "frozen"
    codes.append(attempt())
    other.status = "open"
    codes += [refusal(lambda: postpaid.account.transfer(stamp, to=other, amount_minor=1)), attempt(postpaid)]
    codes += [attempt(foreign), attempt()]
    account.member_receivable_minor = 0
    codes.append(attempt())

    assert codes == [
        "invalid_amount",
        "same_account",
        "account_closed",
        "account_frozen",
        "account_closed",
        "account_frozen",
        "prepaid_only",
        "prepaid_only",
        "currency_mismatch",
        "member_receivable_outstanding",
        "insufficient_funds",
    ]
    assert (account.version, other.version) == (2, 1)


def test_a_correction_moves_money_only_when_another_person_approves_it() -> None:
    scenario = Scenario().by("key_1", owner="person_kim")
    asked = scenario.account.request_adjustment(scenario.stamp, amount_minor=700, reason="double debit")
    before = scenario.account.balance_minor

    same = refusal(
        lambda: scenario.account.approve_adjustment(
            scenario.by("key_2", owner="person_kim").stamp, adjustment_id=asked.adjustment_id
        )
    )
    approved = scenario.account.approve_adjustment(
        scenario.by("key_3", owner="person_lee").stamp, adjustment_id=asked.adjustment_id
    )

    assert (before, same) == (0, "same_person")
    assert (approved.made_by, approved.approved_by, approved.balance_minor) == ("person_kim", "person_lee", 700)
    assert approved.lots == (LotPart(asked.adjustment_id, date(2024, 10, 28), "adjustment", 700),)
    assert scenario.account.adjustments == {}


def test_without_a_person_the_principals_themselves_must_differ() -> None:
    scenario = Scenario().by("key_1")
    asked = scenario.account.request_adjustment(scenario.stamp, amount_minor=700, reason="double debit")

    same = refusal(lambda: scenario.account.approve_adjustment(scenario.stamp, adjustment_id=asked.adjustment_id))
    scenario.account.approve_adjustment(scenario.by("key_2").stamp, adjustment_id=asked.adjustment_id)

    assert same == "same_person"


@pytest.mark.parametrize(("amount", "code"), [(-1_000, None), (-1_001, "insufficient_funds")])
def test_a_correction_downwards_needs_the_money_when_it_is_approved(amount: int, code: str | None) -> None:
    scenario = Scenario()
    charge = scenario.charged(1_000)
    asked = scenario.account.request_adjustment(scenario.stamp, amount_minor=amount, reason="credited twice")
    scenario.by("key_other")

    if code:
        assert refusal(lambda: approve(scenario, asked.adjustment_id)) == code
        assert list(scenario.account.adjustments) == [asked.adjustment_id]
    else:
        approve(scenario, asked.adjustment_id)
        assert (scenario.account.balance_minor, scenario.lots()) == (0, {})
        assert charge


def approve(scenario: Scenario, adjustment_id: str) -> None:
    scenario.account.approve_adjustment(scenario.stamp, adjustment_id=adjustment_id)


def test_a_correction_is_decided_once() -> None:
    scenario = Scenario()
    asked = scenario.account.request_adjustment(scenario.stamp, amount_minor=5, reason="r")
    rejected = scenario.account.reject_adjustment(scenario.stamp, adjustment_id=asked.adjustment_id, reason="mistake")

    again = refusal(lambda: approve(scenario.by("key_other"), asked.adjustment_id))

    assert (again, rejected.rejected_by) == ("adjustment_already_decided", "key_tester")
    assert scenario.account.balance_minor == 0


@pytest.mark.parametrize("amount", [0, 10**15, -(10**15)])
def test_a_signed_amount_is_neither_zero_nor_out_of_bounds(amount: int) -> None:
    scenario = Scenario(overdraft=None)

    assert {
        refusal(lambda: scenario.account.request_adjustment(scenario.stamp, amount_minor=amount, reason="r")),
        refusal(
            lambda: scenario.account.import_movement(
                scenario.stamp, amount_minor=amount, booked_on=date(1995, 1, 1), reference="1"
            )
        ),
    } == {"invalid_amount"}


def test_an_imported_credit_has_no_minimum_and_keeps_its_date() -> None:
    """SPEC 14: imported credit 700, debit 300."""
    scenario = Scenario()

    credit = scenario.account.import_movement(
        scenario.stamp, amount_minor=700, booked_on=date(1995, 3, 24), reference="t-1", text="transfer in"
    )
    debit = scenario.account.import_movement(
        scenario.stamp, amount_minor=-300, booked_on=date(1995, 3, 25), reference="t-2"
    )

    assert credit.lots == (LotPart(credit.import_id, date(1995, 3, 24), "imported", 700),)
    assert debit.lots == (LotPart(credit.import_id, date(1995, 3, 24), "imported", 300),)
    assert (credit.balance_minor, debit.balance_minor) == (700, 400)


@pytest.mark.parametrize(
    ("overdraft", "amount", "code"),
    [(0, -701, "insufficient_funds"), (300, -1_000, None), (300, -1_001, "insufficient_funds"), (None, -9_000, None)],
)
def test_an_imported_debit_may_overdraw_as_far_as_the_allowance_goes(
    overdraft: int | None, amount: int, code: str | None
) -> None:
    scenario = Scenario(overdraft=overdraft)
    scenario.account.import_movement(scenario.stamp, amount_minor=700, booked_on=date(1995, 3, 24), reference="t-1")

    def debit() -> object:
        return scenario.account.import_movement(
            scenario.stamp, amount_minor=amount, booked_on=date(1995, 3, 25), reference="t-2"
        )

    if code:
        assert refusal(debit) == code
    else:
        debit()
        assert scenario.account.balance_minor == 700 + amount
        assert scenario.account.overdrawn_minor == -(700 + amount)


def test_an_imported_credit_pays_what_is_overdrawn_before_it_becomes_a_lot() -> None:
    scenario = Scenario(overdraft=None)
    scenario.account.import_movement(scenario.stamp, amount_minor=-500, booked_on=date(1995, 1, 1), reference="t-1")

    credit = scenario.account.import_movement(
        scenario.stamp, amount_minor=700, booked_on=date(1995, 1, 2), reference="t-2"
    )

    assert (credit.overdrawn_minor, [part.amount_minor for part in credit.lots]) == (500, [200])
    assert (scenario.account.overdrawn_minor, scenario.account.balance_minor) == (0, 200)


def test_a_balance_stays_inside_what_a_column_can_count() -> None:
    sender = Scenario(number=1, overdraft=None)
    receiver = Scenario(number=2)
    receiver.account.balance_minor = 10**18 - 5

    sender.account.transfer(sender.stamp, to=receiver.account, amount_minor=5)
    above = refusal(lambda: sender.account.transfer(sender.stamp, to=receiver.account, amount_minor=1))
    sender.account.balance_minor = -(10**18) + 5
    below = refusal(lambda: sender.account.spend(sender.stamp, amount_minor=6))

    assert (above, below) == ("balance_out_of_range", "balance_out_of_range")
