"""Commands that spend, the spend they answer with, and the stream that takes over when nothing is held."""

from __future__ import annotations

import pytest

from aggregates.ids import child_id
from aggregates.spend import Spend as SettledSpend
from ledger.commands.charges import ChargeAccount
from ledger.commands.spends import CaptureSpend, ExpireHold, RefundDifference, ReturnSpend, Spend
from ledger.commands.standing import OpenAccount
from tests.ledger.commands.book import Book


@pytest.fixture
def book() -> Book:
    return Book()


@pytest.fixture
def account_id(book: Book) -> str:
    opened: str = book.ask(OpenAccount("Pine Street Bakery", "prepaid", "KRW", None, 0))["id"]
    book.do(ChargeAccount(opened, 20_000, "card", None))
    book.do(ChargeAccount(opened, 10_000, "card", None))
    return opened


def test_a_spend_answers_with_its_lots_and_the_balance(book: Book, account_id: str) -> None:
    answer = book.do(Spend(account_id, 25_000, "order-7"))

    assert answer.status == 201
    assert answer.body == {
        "id": child_id("spd", account_id, 4),
        "account_id": account_id,
        "amount": 25_000,
        "currency": "KRW",
        "held": 0,
        "captured": 25_000,
        "returned": 0,
        "status": "captured",
        "lots": [
            {"charge_id": child_id("chg", account_id, 2), "amount": 20_000},
            {"charge_id": child_id("chg", account_id, 3), "amount": 5_000},
        ],
        "overdrawn": 0,
        "member_id": None,
        "reference": "order-7",
        "spent_on": "2024-10-28",
        "expires_at": None,
        "balance": 5_000,
    }


def test_a_captured_spend_is_returned_bit_by_bit_until_13_000_are_left(book: Book, account_id: str) -> None:
    """SPEC R-076, over what only the spend's first fact and its own stream remember."""
    spend_id = book.ask(Spend(account_id, 30_000))["id"]

    first = book.do(ReturnSpend(account_id, spend_id, 12_000, "cheaper choice"))
    second = book.ask(ReturnSpend(account_id, spend_id, 5_000))
    refused = book.refusal(ReturnSpend(account_id, spend_id, 14_000))
    third = book.ask(ReturnSpend(account_id, spend_id, 13_000))

    assert (first.status, first.body["status"], first.body["returned"]) == (200, "partly_returned", 12_000)
    assert first.body["lots"] == [{"charge_id": child_id("chg", account_id, 2), "amount": 18_000}]
    assert (second["captured"], second["balance"]) == (13_000, 17_000)
    assert (refused.code, refused.figures["left"]) == ("return_exceeds_spend", 13_000)
    assert (third["status"], third["captured"], third["balance"]) == ("returned", 0, 30_000)
    assert book.refusal(ReturnSpend(account_id, spend_id, 1)).figures["left"] == 0


def test_a_hold_goes_to_its_own_stream_in_the_commit_that_ends_it(book: Book, account_id: str) -> None:
    held = book.ask(Spend(account_id, 10_000, capture=False))
    own_before = book.stream(SettledSpend, held["id"]).version

    partly = book.ask(CaptureSpend(account_id, held["id"], 4_000))
    own_between = book.stream(SettledSpend, held["id"]).version
    settled = book.ask(CaptureSpend(account_id, held["id"], 6_000))

    assert (held["status"], held["expires_at"]) == ("held", "2024-11-27T01:00:00.000000Z")
    assert (partly["status"], partly["held"], partly["captured"]) == ("held", 6_000, 4_000)
    assert (settled["status"], settled["captured"]) == ("captured", 10_000)
    assert (own_before, own_between, book.stream(SettledSpend, held["id"]).version) == (0, 0, 1)
    assert [fact.TOPIC for fact in book.facts[-2:]] == ["account.spend_captured", "spend.settled"]
    assert book.ask(ReturnSpend(account_id, held["id"], 10_000))["status"] == "returned"


def test_a_capture_may_release_the_difference_in_the_same_commit(book: Book, account_id: str) -> None:
    """SPEC P7: 29,700 held, 9,900 chosen, 19,800 back at once."""
    held = book.ask(Spend(account_id, 29_700, capture=False))

    settled = book.ask(CaptureSpend(account_id, held["id"], 9_900, "difference_refund"))

    assert (settled["captured"], settled["returned"], settled["held"]) == (9_900, 19_800, 0)
    assert (settled["status"], settled["balance"]) == ("partly_returned", 20_100)
    assert [fact.TOPIC for fact in book.facts[-3:]] == [
        "account.spend_captured",
        "account.difference_refunded",
        "spend.settled",
    ]


def test_a_capture_that_leaves_nothing_to_release_is_a_capture(book: Book, account_id: str) -> None:
    held = book.ask(Spend(account_id, 9_900, capture=False))

    settled = book.ask(CaptureSpend(account_id, held["id"], 9_900, "difference_refund"))

    assert (settled["status"], settled["returned"]) == ("captured", 0)


def test_an_unknown_release_is_malformed(book: Book, account_id: str) -> None:
    held = book.ask(Spend(account_id, 9_900, capture=False))

    assert book.refusal(CaptureSpend(account_id, held["id"], 900, "everything")).code == "malformed"


def test_a_return_that_ends_a_hold_settles_the_spend(book: Book, account_id: str) -> None:
    held = book.ask(Spend(account_id, 10_000, capture=False))

    returned = book.ask(ReturnSpend(account_id, held["id"], 10_000))

    assert (returned["status"], returned["balance"]) == ("returned", 30_000)
    assert book.refusal(ReturnSpend(account_id, held["id"], 1)).code == "return_exceeds_spend"


def test_a_difference_refund_answers_with_what_is_still_held(book: Book, account_id: str) -> None:
    held = book.ask(Spend(account_id, 10_000, capture=False))

    after = book.ask(RefundDifference(account_id, held["id"], 2_500))

    assert (after["status"], after["held"], after["returned"], after["balance"]) == ("held", 7_500, 2_500, 22_500)


def test_a_forgotten_hold_is_given_back_when_its_time_is_over(book: Book, account_id: str) -> None:
    held = book.ask(Spend(account_id, 10_000, capture=False))

    early = book.refusal(ExpireHold(account_id, held["id"]))
    expired = book.pass_time(days=30).ask(ExpireHold(account_id, held["id"]))
    twice = book.refusal(ExpireHold(account_id, held["id"]))

    assert (early.code, twice.code) == ("hold_not_expired", "spend_not_held")
    assert (expired["status"], expired["balance"]) == ("returned", 30_000)


@pytest.mark.parametrize("command", [CaptureSpend, ReturnSpend, RefundDifference])
def test_a_spend_is_found_only_on_its_own_account(book: Book, account_id: str, command: type) -> None:
    other = book.ask(OpenAccount("Harbour Books", "prepaid", "KRW", None, 0))["id"]
    mine = book.ask(Spend(account_id, 100, capture=False))["id"]

    def code(on: str, spend_id: str) -> str:
        return book.refusal(command(on, spend_id, 10)).code

    assert code(other, mine) == "spend_not_found"
    assert code(account_id, child_id("spd", account_id, 2)) == "spend_not_found"
    assert code(account_id, child_id("spd", account_id, 99)) == "spend_not_found"
    assert code(account_id, child_id("spd", account_id, 32**12)) == "spend_not_found"
    assert code(account_id, "spd_nonsense") == "not_found"


def test_a_capture_of_a_spend_taken_at_once_finds_nothing_held(book: Book, account_id: str) -> None:
    spend_id = book.ask(Spend(account_id, 100))["id"]

    assert book.refusal(CaptureSpend(account_id, spend_id, 10)).code == "spend_not_held"
