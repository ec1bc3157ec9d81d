"""Commands on virtual accounts: what a deposit answers when it is booked and when it is parked."""

from __future__ import annotations

from typing import Any

import pytest

from aggregates.ids import child_id
from ledger.commands.charges import CancelCharge, ChargeAccount, ChargeBack
from ledger.commands.deposits import CreditParkedDeposit, DepositCharge, ExpireDeposit, ReturnParkedDeposit
from ledger.commands.spends import Spend
from ledger.commands.standing import OpenAccount
from tests.aggregates.scenario import kst
from tests.ledger.commands.book import Book


@pytest.fixture
def book() -> Book:
    return Book(at="2024-10-28 10:00")


@pytest.fixture
def account_id(book: Book) -> str:
    opened: str = book.ask(OpenAccount("Pine Street Bakery", "prepaid", "KRW", None, 0))["id"]
    return opened


@pytest.fixture
def charge_id(book: Book, account_id: str) -> str:
    issued: str = book.ask(ChargeAccount(account_id, 50_000, "virtual_account", "order-1"))["id"]
    return issued


def body(account_id: str, charge_id: str, **fields: Any) -> dict[str, Any]:
    return {
        "id": charge_id,
        "account_id": account_id,
        "amount": 50_000,
        "currency": "KRW",
        "method": "virtual_account",
        **fields,
    }


def test_the_exact_deposit_answers_a_paid_charge(book: Book, account_id: str, charge_id: str) -> None:
    answer = book.do(DepositCharge(account_id, charge_id, 50_000), kst("2024-10-30 09:00"))

    assert answer.status == 200
    assert answer.body == body(account_id, charge_id, status="paid", charged_on="2024-10-30", remaining=50_000)
    assert book.account(account_id).balance_minor == 50_000


def test_a_mismatch_answers_the_charge_as_it_stands_and_what_was_parked(
    book: Book, account_id: str, charge_id: str
) -> None:
    answer = book.ask(DepositCharge(account_id, charge_id, 49_999))

    assert answer == body(
        account_id,
        charge_id,
        status="awaiting_deposit",
        charged_on=None,
        remaining=0,
        expires_on="2024-11-04",
        parked_deposit={"id": child_id("dep", account_id, 3), "amount": 49_999, "why": "amount_mismatch"},
    )


def test_a_late_deposit_answers_an_expired_charge(book: Book, account_id: str, charge_id: str) -> None:
    answer = book.at("2024-11-05 00:00").ask(DepositCharge(account_id, charge_id, 50_000))

    assert (answer["status"], answer["expires_on"]) == ("expired", "2024-11-04")
    assert answer["parked_deposit"]["why"] == "after_expiry"


def test_a_second_deposit_answers_the_paid_charge_and_what_is_left_of_it(
    book: Book, account_id: str, charge_id: str
) -> None:
    book.do(DepositCharge(account_id, charge_id, 50_000))
    book.do(Spend(account_id, 50_000))

    answer = book.ask(DepositCharge(account_id, charge_id, 50_000))

    assert answer == body(
        account_id,
        charge_id,
        status="paid",
        charged_on="2024-10-28",
        remaining=0,
        parked_deposit={"id": child_id("dep", account_id, 5), "amount": 50_000, "why": "already_paid"},
    )


def test_a_deposit_that_happened_in_time_is_booked_after_its_expiry_was_recorded(
    book: Book, account_id: str, charge_id: str
) -> None:
    book.at("2024-11-05 00:05")
    expired = book.ask(ExpireDeposit(account_id, charge_id))

    answer = book.ask(DepositCharge(account_id, charge_id, 50_000), kst("2024-11-04 23:59:59"))

    assert expired == body(
        account_id, charge_id, status="expired", charged_on=None, remaining=0, expires_on="2024-11-04"
    )
    assert (answer["status"], answer["charged_on"]) == ("paid", "2024-11-04")
    assert book.refusal(ExpireDeposit(account_id, charge_id)).code == "deposit_not_awaited"


def test_parked_money_is_credited_or_returned_once(book: Book, account_id: str, charge_id: str) -> None:
    parked = [book.ask(DepositCharge(account_id, charge_id, amount))["parked_deposit"]["id"] for amount in (700, 800)]

    credited = book.ask(CreditParkedDeposit(account_id, parked[0], "payer confirmed"))
    returned = book.ask(ReturnParkedDeposit(account_id, parked[1], "wrong payer"))

    assert credited == {
        "id": parked[0],
        "account_id": account_id,
        "amount": 700,
        "currency": "KRW",
        "status": "credited",
        "charged_on": "2024-10-28",
        "remaining": 700,
        "reason": "payer confirmed",
    }
    assert returned == {
        "id": parked[1],
        "account_id": account_id,
        "amount": 800,
        "currency": "KRW",
        "status": "returned",
        "charged_on": None,
        "remaining": 0,
        "reason": "wrong payer",
    }
    for command in (CreditParkedDeposit, ReturnParkedDeposit):
        for deposit_id in parked:
            assert book.refusal(command(account_id, deposit_id, "again")).code == "deposit_not_parked"


def test_a_paid_virtual_account_can_be_charged_back_but_not_cancelled(
    book: Book, account_id: str, charge_id: str
) -> None:
    assert book.refusal(ChargeBack(account_id, charge_id, 50_000)).code == "charge_not_paid"
    book.do(DepositCharge(account_id, charge_id, 50_000))

    assert book.refusal(CancelCharge(account_id, charge_id)).code == "charge_method_not_cancellable"
    assert book.ask(ChargeBack(account_id, charge_id, 50_000))["from_lot"] == 50_000


def test_what_is_no_virtual_account_and_what_was_never_parked_is_not_found(
    book: Book, account_id: str, charge_id: str
) -> None:
    card = book.ask(ChargeAccount(account_id, 5_000, "card"))["id"]
    no_deposit = child_id("dep", account_id, 3)

    assert book.refusal(DepositCharge(account_id, card, 5_000)).code == "charge_not_found"
    assert book.refusal(ExpireDeposit(account_id, card)).code == "charge_not_found"
    assert book.refusal(CreditParkedDeposit(account_id, no_deposit, "x")).code == "deposit_not_found"
    assert book.refusal(ReturnParkedDeposit(account_id, no_deposit, "x")).code == "deposit_not_found"
    assert book.refusal(ExpireDeposit(account_id, charge_id)).code == "deposit_window_open"
