"""Commands that move or correct balances, and what they answer with."""

from __future__ import annotations

from datetime import date

import pytest

from aggregates.ids import child_id
from ledger.commands.charges import ChargeAccount
from ledger.commands.standing import OpenAccount
from ledger.commands.transfers import (
    ApproveAdjustment,
    ImportMovement,
    RejectAdjustment,
    RequestAdjustment,
    Transfer,
)
from tests.ledger.commands.book import Book


@pytest.fixture
def book() -> Book:
    return Book()


def opened(book: Book, overdraft: int | None = 0) -> str:
    account_id: str = book.ask(OpenAccount("Pine Street Bakery", "prepaid", "KRW", None, overdraft))["id"]
    return account_id


def test_a_transfer_answers_with_both_movements(book: Book) -> None:
    sender, receiver = opened(book), opened(book)
    book.do(ChargeAccount(sender, 5_000, "card", None))

    answer = book.do(Transfer(sender, receiver, 3_000, "rent"))

    assert answer.status == 201
    assert answer.body == {
        "id": child_id("trf", sender, 3),
        "amount": 3_000,
        "currency": "KRW",
        "reference": "rent",
        "sent": {
            "account_id": sender,
            "amount": -3_000,
            "balance": 2_000,
            "lots": [{"charge_id": child_id("chg", sender, 2), "amount": 3_000}],
            "version": 3,
        },
        "received": {
            "id": child_id("trr", receiver, 2),
            "account_id": receiver,
            "amount": 3_000,
            "balance": 3_000,
            "lots": [{"charge_id": child_id("trr", receiver, 2), "amount": 3_000}],
            "version": 2,
        },
    }


def test_transfers_there_and_back_keep_the_dates_of_the_money(book: Book) -> None:
    one, other = opened(book), opened(book)
    book.do(ChargeAccount(one, 5_000, "card", None))
    book.pass_time(days=3)

    for _ in range(3):
        book.do(Transfer(one, other, 5_000))
        book.do(Transfer(other, one, 5_000))

    assert [(lot.charged_on, lot.method, lot.remaining_minor) for lot in book.account(one).lots] == [
        (date(2024, 10, 28), "card", 5_000)
    ]


def test_a_correction_is_asked_for_by_one_and_approved_by_another(book: Book) -> None:
    account_id = opened(book)

    asked = book.by("key_1", "person_kim").do(RequestAdjustment(account_id, 700, "double debit"))
    same = book.refusal(ApproveAdjustment(asked.body["id"]))
    approved = book.by("key_2", "person_lee").do(ApproveAdjustment(asked.body["id"]))
    again = book.refusal(RejectAdjustment(asked.body["id"], "too late"))

    shape = {"id": asked.body["id"], "account_id": account_id, "amount": 700, "currency": "KRW"}
    assert (asked.status, approved.status) == (201, 200)
    assert asked.body == {
        **shape,
        "status": "pending",
        "reason": "double debit",
        "made_by": "person_kim",
        "decided_by": None,
        "balance": None,
    }
    assert approved.body == {
        **shape,
        "status": "approved",
        "reason": "double debit",
        "made_by": "person_kim",
        "decided_by": "person_lee",
        "balance": 700,
    }
    assert (same.code, again.code) == ("same_person", "adjustment_already_decided")


def test_a_rejected_correction_moves_nothing(book: Book) -> None:
    account_id = opened(book)
    asked = book.ask(RequestAdjustment(account_id, 700, "double debit"))

    rejected = book.ask(RejectAdjustment(asked["id"], "not double"))

    assert (rejected["status"], rejected["decided_by"], rejected["reason"]) == ("rejected", "key_tester", "not double")
    assert book.account(account_id).balance_minor == 0


def test_an_unknown_correction_is_not_found(book: Book) -> None:
    account_id = opened(book)

    assert book.refusal(ApproveAdjustment(child_id("adj", account_id, 1))).code == "adjustment_not_found"
    assert book.refusal(ApproveAdjustment(child_id("adj", account_id, 9))).code == "adjustment_not_found"


def test_an_imported_movement_answers_with_the_balance(book: Book) -> None:
    account_id = opened(book, overdraft=None)

    answer = book.do(ImportMovement(account_id, -90_050, date(1995, 3, 24), "t-1", "withdrawal"))

    assert answer.status == 201
    assert answer.body == {
        "id": child_id("imp", account_id, 2),
        "account_id": account_id,
        "amount": -90_050,
        "currency": "KRW",
        "booked_on": "1995-03-24",
        "reference": "t-1",
        "balance": -90_050,
    }
