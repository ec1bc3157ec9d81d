"""Commands on refund requests: what each step answers, and what is remembered of a request that was paid."""

from __future__ import annotations

from typing import Any

import pytest

from aggregates.account.refunds import preview
from aggregates.ids import child_id
from ledger.command import Command
from ledger.commands.charges import ChargeAccount
from ledger.commands.refunds import (
    CancelRefund,
    ChangeRefundDestination,
    CompleteRefund,
    FailPayout,
    LosePayout,
    RejectRefund,
    RequestRefund,
    ReturnPayout,
    ReviewRefund,
    StartPayout,
    preview_json,
)
from ledger.commands.standing import OpenAccount
from tests.aggregates.scenario import kst
from tests.ledger.commands.book import Book


@pytest.fixture
def book() -> Book:
    return Book(at="2024-10-28 14:00")


@pytest.fixture
def account_id(book: Book) -> str:
    """The first row of the mixed lots table: 120,000 of 2024-09-01, 50,000 of 2024-10-25."""
    opened: str = book.ask(OpenAccount("Pine Street Bakery", "prepaid", "KRW", None, 0))["id"]
    book.do(ChargeAccount(opened, 120_000, "card"), kst("2024-09-01 12:00"))
    book.do(ChargeAccount(opened, 50_000, "transfer"), kst("2024-10-25 12:00"))
    return opened


@pytest.fixture
def refund_id(book: Book, account_id: str) -> str:
    asked: str = book.ask(request(account_id))["id"]
    return asked


def request(account_id: str, amount: int = 100_000) -> RequestRefund:
    return RequestRefund(account_id, amount, "Harbour Bank", "dst_1", True, "no longer needed", ("file_1",))


def body(account_id: str, status: str) -> dict[str, Any]:
    return {
        "id": child_id("rfd", account_id, 4),
        "account_id": account_id,
        "amount": 100_000,
        "currency": "KRW",
        "fee": 5_000,
        "payout": 95_000,
        "status": status,
        "lots": [
            {"charge_id": child_id("chg", account_id, 3), "amount": 50_000, "fee_free": True},
            {"charge_id": child_id("chg", account_id, 2), "amount": 50_000, "fee_free": False},
        ],
    }


def test_a_request_answers_its_pinned_terms(book: Book, account_id: str) -> None:
    answer = book.do(request(account_id))

    assert answer.status == 201
    assert answer.body == {
        **body(account_id, "requested"),
        "displayed_estimate": 90_000,
        "requested_on": "2024-10-28",
        "bank": "Harbour Bank",
        "holder_is_member": True,
        "second_approver_required": True,
        "rule": "refund-fee/1",
    }


def test_a_preview_says_what_the_request_will_say(book: Book, account_id: str) -> None:
    shown = preview_json(preview(book.account(account_id), 100_000, book.now))
    pinned = book.ask(request(account_id))

    assert {name: pinned[name] for name in ("amount", "fee", "payout", "lots", "displayed_estimate", "rule")} == {
        name: shown[name] for name in ("amount", "fee", "payout", "lots", "displayed_estimate", "rule")
    }
    assert shown["same_payout"] is None


def test_a_request_is_reviewed_and_completed_by_two_persons(book: Book, account_id: str, refund_id: str) -> None:
    reviewed = book.by("key_anna", "anna").do(ReviewRefund(refund_id))
    refused = book.refusal(CompleteRefund(refund_id))
    completed = book.by("key_boris", "boris").do(CompleteRefund(refund_id, "paid by hand"))

    assert (reviewed.status, reviewed.body) == (200, body(account_id, "reviewing"))
    assert refused.code == "second_approver_required"
    assert (completed.status, completed.body) == (200, body(account_id, "completed"))
    for command in (ReviewRefund, CompleteRefund, RejectRefund, CancelRefund):
        assert book.refusal(command(refund_id)).code == "refund_resolved"


def test_a_rejected_and_a_cancelled_request_give_the_money_back(book: Book, account_id: str, refund_id: str) -> None:
    book.do(ReviewRefund(refund_id))
    rejected = book.ask(RejectRefund(refund_id, "account of another person"))
    again = book.ask(request(account_id))["id"]
    cancelled = book.ask(CancelRefund(again))

    assert rejected == body(account_id, "rejected")
    assert cancelled["status"] == "cancelled"
    assert book.account(account_id).balance_minor == 170_000


def test_a_customer_cancels_before_the_review_and_an_operator_during_it(book: Book, refund_id: str) -> None:
    book.do(ReviewRefund(refund_id))

    refused = book.refusal(CancelRefund(refund_id, by_customer=True))
    cancelled = book.ask(CancelRefund(refund_id, "asked by telephone", by_customer=False))

    assert refused.code == "refund_under_review"
    assert cancelled["status"] == "cancelled"


def test_a_payout_tells_its_state_at_each_step(book: Book, account_id: str, refund_id: str) -> None:
    book.by("key_anna", "anna").do(ReviewRefund(refund_id))
    book.by("key_boris", "boris")

    states = [
        book.ask(command)
        for command in (
            StartPayout(refund_id),
            LosePayout(refund_id),
            FailPayout(refund_id, "holder_mismatch"),
            ChangeRefundDestination(refund_id, "Hill Bank", "dst_2", True),
        )
    ]

    assert [state["status"] for state in states] == ["paying", "payout_unknown", "payout_failed", "reviewing"]
    assert states[0] == {
        "id": refund_id,
        "account_id": account_id,
        "amount": 100_000,
        "currency": "KRW",
        "fee": 5_000,
        "payout": 95_000,
        "status": "paying",
    }


def test_a_payout_that_comes_back_is_under_review_again_and_can_be_paid_and_come_back_again(
    book: Book, account_id: str, refund_id: str
) -> None:
    book.by("key_anna", "anna").do(ReviewRefund(refund_id))
    book.by("key_boris", "boris")
    assert book.refusal(ReturnPayout(refund_id, "closed")).code == "refund_not_completed"

    for _ in range(2):
        book.do(CompleteRefund(refund_id))
        returned = book.ask(ReturnPayout(refund_id, "closed"))
        assert returned == body(account_id, "payout_returned")
        assert book.refusal(ReturnPayout(refund_id, "closed")).code == "refund_not_completed"

    assert book.account(account_id).refund_pending_minor == 100_000


def test_what_is_no_refund_request_is_not_found(book: Book, account_id: str) -> None:
    unknown_account = "rfd_" + "0" * 18 + "4"
    for refund_id in (child_id("rfd", account_id, 2), child_id("rfd", account_id, 99), unknown_account, "rfd_nonsense"):
        commands: tuple[Command, ...] = (
            ReviewRefund(refund_id),
            CompleteRefund(refund_id),
            RejectRefund(refund_id),
            CancelRefund(refund_id),
            StartPayout(refund_id),
            LosePayout(refund_id),
            FailPayout(refund_id, "x"),
            ChangeRefundDestination(refund_id, "Hill Bank", "dst_2", True),
            ReturnPayout(refund_id, "x"),
        )
        assert [book.refusal(command).code for command in commands] == ["refund_not_found"] * len(commands)
