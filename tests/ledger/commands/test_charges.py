"""Commands on charges: what they answer, and what a charge's own stream remembers once its account has forgotten it."""

from __future__ import annotations

import pytest

from aggregates.ids import child_id
from ledger.commands.charges import (
    CancelCharge,
    ChargeAccount,
    ChargeBack,
    FailChargeCancellation,
    FinishChargeCancellation,
    SettleReceivable,
    StartChargeCancellation,
)
from ledger.commands.spends import Spend
from ledger.commands.standing import OpenAccount
from tests.aggregates.scenario import kst
from tests.ledger.commands.book import Book


@pytest.fixture
def book() -> Book:
    return Book(at="2024-10-17 15:00")


@pytest.fixture
def account_id(book: Book) -> str:
    opened: str = book.ask(OpenAccount("Pine Street Bakery", "prepaid", "KRW", None, 0))["id"]
    return opened


def charged(book: Book, account_id: str, amount: int = 300_000) -> str:
    charge_id: str = book.ask(ChargeAccount(account_id, amount, "card", "pay-1"))["id"]
    return charge_id


def test_a_charge_answers_exactly_what_clients_rely_on(book: Book, account_id: str) -> None:
    answer = book.do(ChargeAccount(account_id, 12_222, "card", "pay-1"))

    assert answer.status == 201
    assert answer.body == {
        "id": child_id("chg", account_id, 2),
        "account_id": account_id,
        "amount": 12_222,
        "currency": "KRW",
        "method": "card",
        "status": "paid",
        "charged_on": "2024-10-17",
        "remaining": 12_222,
    }


def test_a_charge_that_happened_before_midnight_is_of_that_day(book: Book, account_id: str) -> None:
    answer = book.ask(ChargeAccount(account_id, 5_000, "transfer"), kst("2024-10-16 23:59:59"))

    assert (answer["charged_on"], answer["method"]) == ("2024-10-16", "transfer")


def test_a_virtual_account_answers_until_when_it_waits(book: Book, account_id: str) -> None:
    answer = book.do(ChargeAccount(account_id, 50_000, "virtual_account", "order-1"))

    assert answer.status == 201
    assert answer.body == {
        "id": child_id("chg", account_id, 2),
        "account_id": account_id,
        "amount": 50_000,
        "currency": "KRW",
        "method": "virtual_account",
        "status": "awaiting_deposit",
        "charged_on": None,
        "remaining": 0,
        "expires_on": "2024-10-24",
    }


@pytest.mark.parametrize(
    ("method", "enabled"), [("virtual_account", ("card",)), ("card", ("transfer",)), ("cash", None)]
)
def test_a_method_that_is_not_enabled_is_refused(
    book: Book, account_id: str, method: str, enabled: tuple[str, ...] | None
) -> None:
    attempt = ChargeAccount(account_id, 5_000, method, None)

    if enabled is not None:
        attempt = ChargeAccount(account_id, 5_000, method, None, enabled_methods=enabled)

    assert book.refusal(attempt).code == "method_not_enabled"


def test_a_cancellation_answers_fee_and_payout_and_is_remembered_for_good(book: Book, account_id: str) -> None:
    charge_id = charged(book, account_id)
    book.at("2024-11-06 10:00")

    answer = book.do(CancelCharge(account_id, charge_id))

    assert (answer.status, answer.body) == (
        200,
        {"id": charge_id, "status": "cancelled", "fee": 30_000, "payout": 270_000},
    )
    for again in (CancelCharge(account_id, charge_id), StartChargeCancellation(account_id, charge_id)):
        assert book.refusal(again).code == "charge_already_cancelled"
    assert book.refusal(ChargeBack(account_id, charge_id, 1_000)).code == "charge_already_cancelled"


def test_a_cancellation_in_two_steps_answers_pending_then_cancelled(book: Book, account_id: str) -> None:
    charge_id = charged(book, account_id)

    pending = book.ask(StartChargeCancellation(account_id, charge_id))
    cancelled = book.ask(FinishChargeCancellation(account_id, charge_id))

    assert pending == {"id": charge_id, "status": "cancel_pending", "fee": 0, "payout": 300_000}
    assert cancelled == {"id": charge_id, "status": "cancelled", "fee": 0, "payout": 300_000}
    assert book.refusal(FinishChargeCancellation(account_id, charge_id)).code == "charge_already_cancelled"


def test_a_cancellation_that_the_provider_refused_leaves_the_charge_paid(book: Book, account_id: str) -> None:
    charge_id = charged(book, account_id)
    book.do(StartChargeCancellation(account_id, charge_id))

    failed = book.ask(FailChargeCancellation(account_id, charge_id, "partial_cancel_unsupported"))

    assert failed == {
        "id": charge_id,
        "status": "paid",
        "fee": 0,
        "payout": 0,
        "code": "partial_cancel_unsupported",
    }
    assert book.ask(Spend(account_id, 300_000))["captured"] == 300_000


def test_a_virtual_account_cannot_be_cancelled(book: Book, account_id: str) -> None:
    charge_id = book.ask(ChargeAccount(account_id, 50_000, "virtual_account"))["id"]

    assert book.refusal(CancelCharge(account_id, charge_id)).code == "charge_method_not_cancellable"


def test_chargebacks_of_a_forgotten_charge_add_up(book: Book, account_id: str) -> None:
    charge_id = charged(book, account_id, 10_000)
    book.do(Spend(account_id, 4_000))

    first = book.ask(ChargeBack(account_id, charge_id, 7_000))
    refused = book.refusal(ChargeBack(account_id, charge_id, 3_001))
    settled = book.ask(SettleReceivable(account_id, 1_000, "bank-1"))

    assert first == {
        "id": charge_id,
        "account_id": account_id,
        "amount": 7_000,
        "currency": "KRW",
        "from_lot": 6_000,
        "shortfall": 1_000,
        "balance": 0,
        "member_receivable": 1_000,
    }
    assert (refused.code, refused.figures) == ("charge_back_exceeds_charge", {"left": 3_000})
    assert settled == {"amount": 1_000, "currency": "KRW", "reference": "bank-1", "member_receivable": 0}


def test_what_is_not_a_charge_of_this_account_is_not_found(book: Book, account_id: str) -> None:
    other = book.ask(OpenAccount("Hill Street Florist", "prepaid", "KRW", None, 0))["id"]
    charge_id = charged(book, account_id)
    spend_id = book.ask(Spend(account_id, 1_000))["id"]
    not_charges = (
        charge_id.replace(account_id[4:], other[4:]),
        child_id("chg", account_id, 99),
        spend_id.replace("spd_", "chg_"),
        child_id("chg", account_id, 1),
    )

    for charge_id in not_charges:
        for command in (
            CancelCharge(account_id, charge_id),
            StartChargeCancellation(account_id, charge_id),
            FinishChargeCancellation(account_id, charge_id),
            FailChargeCancellation(account_id, charge_id, "x"),
            ChargeBack(account_id, charge_id, 1_000),
        ):
            assert book.refusal(command).code == "charge_not_found"
