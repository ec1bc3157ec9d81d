"""Commands about an account's standing, and the account they answer with."""

from __future__ import annotations

from ledger.commands.charges import ChargeAccount
from ledger.commands.limits import SetCreditLimit
from ledger.commands.standing import CloseAccount, FreezeAccount, OpenAccount, UnfreezeAccount
from tests.ledger.commands.book import Book


def test_opening_a_prepaid_account_answers_with_it() -> None:
    book = Book()

    answer = book.do(OpenAccount("Pine Street Bakery", "prepaid", "KRW", None, 0))

    assert answer.status == 201
    assert answer.body == {
        "id": answer.body["id"],
        "name": "Pine Street Bakery",
        "mode": "prepaid",
        "currency": "KRW",
        "status": "open",
        "balance": 0,
        "held": 0,
        "refund_pending": 0,
        "available": 0,
        "overdraft_limit": 0,
        "credit_limit": None,
        "used_this_month": None,
        "remaining_limit": None,
        "version": 1,
    }


def test_what_is_available_is_null_when_the_overdraft_is_unlimited() -> None:
    book = Book()

    account = book.ask(OpenAccount("Harbour Books", "prepaid", "CZK", None, None))

    assert (account["overdraft_limit"], account["available"]) == ("unlimited", None)


def test_a_postpaid_account_shows_its_limit_and_no_balance() -> None:
    book = Book()

    account = book.ask(OpenAccount("Quiet Mill", "postpaid", "KRW", 500_000, 0))
    raised = book.do(SetCreditLimit(account["id"], 700_000, "larger contract"))

    assert (account["balance"], account["available"], account["remaining_limit"]) == (0, 500_000, 500_000)
    assert (raised.status, raised.body["credit_limit"], raised.body["available"], raised.body["version"]) == (
        200,
        700_000,
        700_000,
        2,
    )


def test_freezing_unfreezing_and_closing_answer_with_the_account() -> None:
    book = Book()
    account_id = book.ask(OpenAccount("Pine Street Bakery", "prepaid", "KRW", None, 0))["id"]

    frozen = book.do(FreezeAccount(account_id, "suspicious pattern"))
    unfrozen = book.do(UnfreezeAccount(account_id, "cleared"))
    closed = book.do(CloseAccount(account_id, "moved away"))

    assert [answer.status for answer in (frozen, unfrozen, closed)] == [200, 200, 200]
    assert [answer.body["status"] for answer in (frozen, unfrozen, closed)] == ["frozen", "open", "closed"]
    assert [answer.body["version"] for answer in (frozen, unfrozen, closed)] == [2, 3, 4]


def test_an_account_with_money_on_it_is_not_closed() -> None:
    book = Book()
    account_id = book.ask(OpenAccount("Pine Street Bakery", "prepaid", "KRW", None, 0))["id"]
    book.do(ChargeAccount(account_id, 1_000, "card", None))

    refused = book.refusal(CloseAccount(account_id, "moved away"))

    assert (refused.code, refused.figures) == ("account_not_empty", {"balance": 1_000})


def test_an_unknown_account_is_not_found() -> None:
    book = Book()

    assert book.refusal(FreezeAccount("acc_00zzzzzzzzzzzzzzzz", "r")).code == "not_found"
    assert book.refusal(FreezeAccount("nonsense", "r")).code == "not_found"
