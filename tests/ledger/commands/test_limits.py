"""Commands about limits and settlements, and what they answer with."""

from __future__ import annotations

import pytest

from ledger.commands.charges import ChargeAccount
from ledger.commands.invoices import PaySettlement
from ledger.commands.limits import SetCashLimit, SetMemberLimit
from ledger.commands.spends import Spend
from ledger.commands.standing import OpenAccount
from tests.ledger.commands.book import Book


@pytest.mark.parametrize(
    ("limit", "granted", "unlimited", "shown"),
    [
        (50_000, True, False, {"limit": 50_000, "used": 0, "remaining": 50_000}),
        (None, True, True, {"limit": "unlimited", "used": 0, "remaining": None}),
        (None, False, False, {"limit": None, "used": 0, "remaining": 0}),
    ],
)
def test_a_member_limit_answers_with_limit_use_and_rest(
    limit: int | None, granted: bool, unlimited: bool, shown: dict[str, object]
) -> None:
    book = Book()
    account_id = book.ask(OpenAccount("Pine Street Bakery", "prepaid", "KRW", None, 0))["id"]
    book.do(ChargeAccount(account_id, 50_000, "card", None))

    answer = book.do(SetMemberLimit(account_id, "mem_a", limit, granted, unlimited, False))

    assert answer.status == 200
    assert answer.body == {"member_id": "mem_a", "month": "2024-10", **shown, "cash_convertible": False}


def test_a_member_limit_changed_in_the_month_shows_what_is_used() -> None:
    book = Book()
    account_id = book.ask(OpenAccount("Pine Street Bakery", "prepaid", "KRW", None, 0))["id"]
    book.do(ChargeAccount(account_id, 422_748, "card", None))
    book.do(SetMemberLimit(account_id, "mem_a", 300_000, True, False, False))
    book.do(Spend(account_id, 100_000, None, "mem_a"))

    shown = book.ask(SetMemberLimit(account_id, "mem_a", 90_000, True, False, True))

    assert (shown["limit"], shown["used"], shown["remaining"], shown["cash_convertible"]) == (90_000, 100_000, 0, True)


def test_a_cash_limit_answers_with_limit_use_and_rest() -> None:
    book = Book()
    account_id = book.ask(OpenAccount("Pine Street Bakery", "prepaid", "KRW", None, 0))["id"]
    book.do(ChargeAccount(account_id, 50_000, "card", None))
    book.do(SetCashLimit(account_id, 30_000, "contract"))
    book.do(Spend(account_id, 20_000, cash_minor=10_000))

    raised = book.do(SetCashLimit(account_id, 40_000, "larger contract"))
    withdrawn = book.ask(SetCashLimit(account_id, None, "contract ended"))

    assert raised.status == 200
    assert raised.body == {"month": "2024-10", "limit": 40_000, "used": 10_000, "remaining": 30_000}
    assert withdrawn == {"month": "2024-10", "limit": None, "used": 10_000, "remaining": None}


def test_a_settlement_answers_with_what_is_still_owed() -> None:
    book = Book()
    account_id = book.ask(OpenAccount("Quiet Mill", "postpaid", "KRW", 500_000, 0))["id"]
    book.do(Spend(account_id, 69_000))

    answer = book.do(PaySettlement(account_id, 59_100, "bank-1"))

    assert answer.status == 201
    assert answer.body == {
        "id": answer.body["id"],
        "account_id": account_id,
        "amount": 59_100,
        "currency": "KRW",
        "reference": "bank-1",
        "receivable": 9_900,
        "method": "transfer",
        "invoices": [],
        "advance": 59_100,
    }
    assert answer.body["id"].startswith("stl_")
