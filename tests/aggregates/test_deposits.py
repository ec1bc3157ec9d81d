"""Virtual accounts: what is booked, what is parked, and what becomes of parked money."""

from __future__ import annotations

import pytest

from aggregates import ids
from aggregates.account import deposits
from aggregates.account.deposits import DepositAwaited, Deposited, DepositParked
from aggregates.account.standing import BALANCE_MINOR_MAX
from aggregates.charge import Charge
from aggregates.errors import Conflict, LedgerError
from tests.aggregates.scenario import Scenario


def issued(scenario: Scenario, amount: int = 50_000) -> tuple[DepositAwaited, Charge]:
    awaited = scenario.account.await_deposit(scenario.stamp, amount_minor=amount, reference="order-1")
    scenario.facts()
    return awaited, Charge.blank(ids.stream_id(awaited.charge_id))


def arrive(
    scenario: Scenario, awaited: DepositAwaited, own: Charge, amount: int, at: str | None = None
) -> Deposited | DepositParked:
    """Let money arrive, and remember on the charge's own stream what the command would."""
    stamp = scenario.stamp if at is None else scenario.happened(at)
    taken = scenario.account.deposit(stamp, awaited=awaited, past=own, amount_minor=amount)
    if isinstance(taken, Deposited):
        own.deposit(
            stamp,
            charge_id=taken.charge_id,
            amount_minor=amount,
            currency="KRW",
            charged_on=taken.charged_on,
            remaining_minor=taken.remaining_minor,
        )
    return taken


def test_a_virtual_account_waits_and_moves_nothing() -> None:
    scenario = Scenario(at="2024-10-28 10:00")

    awaited, _ = issued(scenario)

    assert (awaited.issued_on.isoformat(), awaited.expires_on.isoformat()) == ("2024-10-28", "2024-11-04")
    assert scenario.account.balance_minor == 0
    assert scenario.account.awaited[awaited.charge_id].amount_minor == 50_000


def test_a_deposit_of_50000_pays_the_charge_on_the_day_it_arrived() -> None:
    scenario = Scenario(at="2024-10-28 10:00")
    awaited, own = issued(scenario)
    scenario.at("2024-10-30 10:00")

    taken = arrive(scenario, awaited, own, 50_000)

    assert isinstance(taken, Deposited)
    assert (taken.charged_on.isoformat(), taken.remaining_minor, taken.balance_minor) == ("2024-10-30", 50_000, 50_000)
    assert taken.reference == "order-1"
    assert scenario.lots() == {awaited.charge_id: 50_000}
    assert scenario.account.awaited == {}


@pytest.mark.parametrize(
    ("at", "why"),
    [("2024-11-04 00:00:00", None), ("2024-11-04 23:59:59", None), ("2024-11-05 00:00:00", "after_expiry")],
)
def test_a_virtual_account_expires_at_24_of_its_seventh_day(at: str, why: str | None) -> None:
    scenario = Scenario(at="2024-10-28 10:00")
    awaited, own = issued(scenario)
    scenario.at("2024-11-20 10:00")

    taken = arrive(scenario, awaited, own, 50_000, at)

    assert (taken.why if isinstance(taken, DepositParked) else None) == why


@pytest.mark.parametrize("at", ["2024-11-04 23:59:59", "2024-11-05 00:00:00"])
def test_whether_a_job_has_recorded_the_expiry_changes_nothing(at: str) -> None:
    outcomes = []
    for job_ran in (False, True):
        scenario = Scenario(at="2024-10-28 10:00")
        awaited, own = issued(scenario)
        scenario.at("2024-11-05 00:05")
        if job_ran:
            scenario.account.expire_deposit(scenario.stamp, charge_id=awaited.charge_id)
        taken = arrive(scenario, awaited, own, 50_000, at)
        outcomes.append((type(taken), scenario.account.balance_minor))

    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize("amount", [49_999, 50_001, 1])
def test_an_amount_that_is_not_exact_is_parked_and_the_charge_still_waits(amount: int) -> None:
    scenario = Scenario()
    awaited, own = issued(scenario)

    parked = arrive(scenario, awaited, own, amount)

    assert isinstance(parked, DepositParked)
    assert (parked.why, parked.amount_minor, parked.expected_minor) == ("amount_mismatch", amount, 50_000)
    assert (parked.charge_status, parked.charged_on, parked.charge_remaining_minor) == ("awaiting_deposit", None, 0)
    assert scenario.account.balance_minor == 0
    assert isinstance(arrive(scenario, awaited, own, 50_000), Deposited)


def test_a_second_deposit_is_parked_and_tells_what_is_left_of_the_charge() -> None:
    scenario = Scenario(at="2024-10-28 10:00")
    awaited, own = issued(scenario)
    arrive(scenario, awaited, own, 50_000)
    scenario.account.spend(scenario.stamp, amount_minor=20_000)
    scenario.at("2024-12-01 10:00")

    parked = arrive(scenario, awaited, own, 50_000)

    assert isinstance(parked, DepositParked)
    assert (parked.why, parked.charge_status, parked.charge_remaining_minor) == ("already_paid", "paid", 30_000)
    assert parked.charged_on is not None
    assert parked.charged_on.isoformat() == "2024-10-28"
    assert scenario.account.balance_minor == 30_000


def test_why_money_is_parked_is_said_by_the_first_reason() -> None:
    scenario = Scenario(at="2024-10-28 10:00")
    awaited, own = issued(scenario)
    account = scenario.account
    account.status, account.balance_minor = "closed", BALANCE_MINOR_MAX
    own.deposited_on = awaited.issued_on
    scenario.at("2024-11-05 00:00")

    def why(amount: int = 1) -> str:
        parked = account.copy().deposit(scenario.stamp, awaited=awaited, past=own, amount_minor=amount)
        assert isinstance(parked, DepositParked)
        return parked.why

    assert why() == "already_paid"
    own.deposited_on = None
    assert why() == "account_closed"
    account.status = "open"
    assert why() == "after_expiry"
    scenario.at("2024-11-04 23:59")
    assert why() == "amount_mismatch"
    assert why(50_000) == "balance_out_of_range"


@pytest.mark.parametrize("status", ["frozen", "closed"])
def test_money_that_arrived_is_never_refused(status: str) -> None:
    scenario = Scenario()
    awaited, own = issued(scenario)
    scenario.account.status = status

    taken = arrive(scenario, awaited, own, 50_000)

    assert isinstance(taken, Deposited if status == "frozen" else DepositParked)


def test_a_deposit_pays_what_is_overdrawn_first() -> None:
    scenario = Scenario(overdraft=10_000)
    awaited, own = issued(scenario)
    scenario.account.spend(scenario.stamp, amount_minor=8_000)

    taken = arrive(scenario, awaited, own, 50_000)

    assert isinstance(taken, Deposited)
    assert (taken.overdrawn_paid_minor, taken.remaining_minor, taken.balance_minor) == (8_000, 42_000, 42_000)


@pytest.mark.parametrize(("amount", "code"), [(999, "charge_below_minimum"), (1_000, None), (0, "invalid_amount")])
def test_a_virtual_account_keeps_the_rules_of_a_charge(amount: int, code: str | None) -> None:
    scenario = Scenario()

    if code is None:
        assert (
            scenario.account.await_deposit(scenario.stamp, amount_minor=amount, reference=None).amount_minor == amount
        )
    else:
        with pytest.raises(LedgerError) as refused:
            scenario.account.await_deposit(scenario.stamp, amount_minor=amount, reference=None)
        assert refused.value.code == code


def test_only_so_many_virtual_accounts_wait_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deposits, "AWAITED_MAX", 2)
    scenario = Scenario()
    issued(scenario), issued(scenario)

    with pytest.raises(Conflict) as refused:
        issued(scenario)

    assert refused.value.code == "too_many_awaited_deposits"


def test_an_expiry_is_recorded_once_and_not_before_the_last_day_is_over() -> None:
    scenario = Scenario(at="2024-10-28 10:00")
    awaited, _ = issued(scenario)
    account = scenario.account

    with pytest.raises(Conflict) as early:
        account.expire_deposit(scenario.happened("2024-11-04 23:59:59"), charge_id=awaited.charge_id)
    expired = account.expire_deposit(scenario.happened("2024-11-05 00:00:00"), charge_id=awaited.charge_id)
    with pytest.raises(Conflict) as again:
        account.expire_deposit(scenario.happened("2024-11-05 00:00:00"), charge_id=awaited.charge_id)

    assert early.value.code == "deposit_window_open"
    assert early.value.figures == {"expires_on": "2024-11-04"}
    assert (expired.amount_minor, expired.expires_on.isoformat()) == (50_000, "2024-11-04")
    assert again.value.code == "deposit_not_awaited"
    assert account.awaited == {}


def test_parked_money_is_credited_as_a_lot_of_that_day_whatever_its_amount() -> None:
    scenario = Scenario(at="2024-10-28 10:00", overdraft=10_000)
    awaited, own = issued(scenario)
    parked = arrive(scenario, awaited, own, 999)
    assert isinstance(parked, DepositParked)
    scenario.account.spend(scenario.stamp, amount_minor=400)
    scenario.at("2024-10-31 10:00")

    credited = scenario.account.credit_parked_deposit(
        scenario.stamp, deposit_id=parked.deposit_id, reason="payer confirmed"
    )

    assert credited.charged_on.isoformat() == "2024-10-31"
    assert (credited.overdrawn_paid_minor, credited.remaining_minor, credited.balance_minor) == (400, 599, 599)
    assert scenario.lots() == {parked.deposit_id: 599}
    assert scenario.account.parked == {}


def test_parked_money_is_decided_about_once() -> None:
    scenario = Scenario()
    awaited, own = issued(scenario)
    parked = arrive(scenario, awaited, own, 999)
    assert isinstance(parked, DepositParked)
    account, stamp = scenario.account, scenario.stamp

    returned = account.return_parked_deposit(stamp, deposit_id=parked.deposit_id, reason="wrong payer")

    assert returned.amount_minor == 999
    assert account.balance_minor == 0
    for attempt in (account.return_parked_deposit, account.credit_parked_deposit):
        with pytest.raises(Conflict) as refused:
            attempt(stamp, deposit_id=parked.deposit_id, reason="again")
        assert refused.value.code == "deposit_not_parked"


def test_on_a_closed_account_parked_money_can_only_go_back() -> None:
    scenario = Scenario(at="2024-10-28 10:00")
    awaited, own = issued(scenario)
    scenario.at("2024-11-05 10:00")
    scenario.account.expire_deposit(scenario.stamp, charge_id=awaited.charge_id)
    scenario.account.close(scenario.stamp, reason="moved away")
    parked = arrive(scenario, awaited, own, 50_000)
    assert isinstance(parked, DepositParked)
    assert parked.charge_status == "expired"

    with pytest.raises(Conflict) as refused:
        scenario.account.credit_parked_deposit(scenario.stamp, deposit_id=parked.deposit_id, reason="late")
    scenario.account.return_parked_deposit(scenario.stamp, deposit_id=parked.deposit_id, reason="late")

    assert refused.value.code == "account_closed"
    assert scenario.account.parked == {}
