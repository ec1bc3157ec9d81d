"""Issuance: coupons in batches, what failed and what is not known, and the money of each (SPEC 3.5, R-031, R-044)."""

from __future__ import annotations

import pytest

from aggregates.ids import child_id
from ledger.commands.charges import ChargeAccount
from ledger.commands.order_work import RecordIssued, RequestIssue
from tests.aggregates.orders import line
from tests.ledger.commands.shop import Shop

COFFEE, CAKE = line(9_900, 10_000), line(4_950, 5_000)


@pytest.fixture
def shop() -> Shop:
    return Shop(100_000)


def test_a_coupon_is_paid_when_it_is_issued(shop: Shop) -> None:
    order_id = shop.place((COFFEE, CAKE), recipients=3)

    answer = shop.issued(order_id, 0, 1, 2)

    assert answer == {
        "id": order_id,
        "batch": 1,
        "issued": 3,
        "failed": 0,
        "reopened": 0,
        "unsettled": 0,
        "amount": 44_550,
        "confirmed_amount": 29_700,
        "held": 14_850,
        "returned": 0,
        "counts": {"total": 3, "success": 0, "progress": 3, "failure": 0, "error": 0},
    }
    assert shop.states(order_id) == ["issued", "open"] * 3


def test_a_failed_coupon_returns_its_price_at_once_to_the_lots_it_came_from() -> None:
    """SPEC R-031, R-076: 20,000 of L1 and 10,000 of L2 taken; 12,000 back are L2 10,000 and L1 2,000."""
    shop = Shop(20_000)
    shop.do(ChargeAccount(shop.account_id, 10_000, "card", None))
    order_id = shop.place((line(18_000), line(12_000)))

    answer = shop.failed(order_id, 0, line=1)

    assert (answer["returned"], answer["held"]) == (12_000, 18_000)
    first, second = child_id("chg", shop.account_id, 2), child_id("chg", shop.account_id, 3)
    assert {lot.charge_id: lot.remaining_minor for lot in shop.account(shop.account_id).lots} == {
        first: 2_000,
        second: 10_000,
    }


def test_what_the_issuer_does_not_know_yet_stays_open_and_is_never_a_failure(shop: Shop) -> None:
    """SPEC R-031, R-045: two of four answers are known; the others come later, each once."""
    order_id = shop.place((COFFEE,), recipients=4)
    batch = shop.issue(order_id, 0, 1, 2, 3)

    first = shop.ask(RecordIssued(order_id, batch, (0,), (3,), "discontinued"))
    again = shop.code(RecordIssued(order_id, batch, (0,), ()))
    other = shop.code(RecordIssued(order_id, batch, (1,), (3,)))
    second = shop.ask(RecordIssued(order_id, batch, (1, 2), ()))

    assert (first["unsettled"], first["held"], first["returned"]) == (2, 19_800, 9_900)
    assert (again, other) == ("recipient_not_in_batch", "recipient_not_in_batch")
    assert (second["unsettled"], second["held"], second["confirmed_amount"]) == (0, 0, 29_700)
    assert shop.code(RecordIssued(order_id, batch, (1,), ())) == "batch_not_open"


def test_a_recipient_of_whom_every_coupon_failed_is_an_error(shop: Shop) -> None:
    """SPEC 3.4: and the order goes on with the others."""
    order_id = shop.place((COFFEE, CAKE), recipients=2)
    shop.failed(order_id, 0)
    shop.issued(order_id, 1)

    one_of_two = shop.counts(order_id)
    shop.issued(order_id, 1, line=1)
    shop.failed(order_id, 0, line=1)

    assert one_of_two == (2, 0, 0, 0)
    assert shop.counts(order_id) == (1, 0, 0, 1)
    assert shop.reached(order_id, 1)["counts"] == {"total": 2, "success": 1, "progress": 0, "failure": 0, "error": 1}
    assert shop.order(order_id).status == "dispatched"
    assert shop.money(order_id) == (0, 14_850, 14_850)


def test_an_order_of_which_nothing_could_be_issued_is_dispatched_and_all_of_it_returned(shop: Shop) -> None:
    """SPEC R-044, 3.3."""
    order_id = shop.place((COFFEE,), recipients=2)

    shop.failed(order_id, 0, 1)

    assert shop.order(order_id).status == "dispatched"
    assert shop.money(order_id) == (0, 0, 19_800)
    assert shop.balance() == 100_000


def test_a_postpaid_failure_releases_the_limit_and_is_not_owed() -> None:
    """SPEC R-031, R-043, R-084: in the month of the order."""
    shop = Shop(100_000, mode="postpaid")
    order_id = shop.place((COFFEE,), recipients=3)

    shop.at("2024-11-01 00:10").issued(order_id, 0)
    shop.failed(order_id, 1, 2)

    account = shop.account(shop.account_id)
    assert (account.used["2024-10"], account.used.get("2024-11", 0)) == (9_900, 0)
    assert (account.receivable_minor, account.balance_minor) == (9_900, 0)


def test_each_unit_of_a_quantity_is_a_coupon_of_its_own(shop: Shop) -> None:
    """SPEC R-022: one of two coupons of 3,913 fails."""
    order_id = shop.place((line(3_913, quantity=2), CAKE))

    shop.issued(order_id, 0, unit=0)
    shop.failed(order_id, 0, unit=1)
    shop.issued(order_id, 0, line=1)

    assert shop.states(order_id) == ["issued", "issue_failed", "issued"]
    assert shop.money(order_id) == (0, 3_913 + 4_950, 3_913)


@pytest.mark.parametrize(
    ("batch", "line_", "unit", "recipients", "code"),
    [
        (1, 0, 0, (), "malformed"),
        (1, 0, 0, (0, 0), "malformed"),
        (1, 0, 0, (-1,), "malformed"),
        (1, 0, 0, (600,), "malformed"),
        (1, 0, 0, tuple(range(501)), "malformed"),
        (1, 2, 0, (0,), "malformed"),
        (1, -1, 0, (0,), "malformed"),
        (1, 0, 1, (0,), "malformed"),
        (0, 0, 0, (0,), "batch_out_of_turn"),
        (2, 0, 0, (0,), "batch_out_of_turn"),
        (1, 0, 0, tuple(range(500)), None),
    ],
)
def test_what_a_batch_may_be(batch: int, line_: int, unit: int, recipients: tuple[int, ...], code: str | None) -> None:
    shop = Shop(10_000_000)
    order_id = shop.place((COFFEE, CAKE), recipients=600)
    command = RequestIssue(order_id, batch, line_, recipients, unit)

    assert (shop.do(command).status if code is None else shop.code(command)) == (code or 200)


def test_a_coupon_is_asked_for_once(shop: Shop) -> None:
    order_id = shop.place((COFFEE,), recipients=3)
    shop.issue(order_id, 0)
    shop.issued(order_id, 1)
    shop.failed(order_id, 2)

    codes = [shop.code(RequestIssue(order_id, 4, 0, (recipient,))) for recipient in range(3)]

    assert codes == ["coupon_not_issuable"] * 3
    assert shop.refusal(RequestIssue(order_id, 3, 0, (0,))).figures["expected"] == 4


@pytest.mark.parametrize(
    ("issued", "failed", "code"),
    [
        ((), (), "malformed"),
        ((0,), (0,), "malformed"),
        ((0, 0), (), "malformed"),
        ((0, 2), (), "recipient_not_in_batch"),
        ((), (9,), "recipient_not_in_batch"),
    ],
)
def test_a_result_is_about_the_recipients_of_its_batch(
    shop: Shop, issued: tuple[int, ...], failed: tuple[int, ...], code: str
) -> None:
    order_id = shop.place((COFFEE,), recipients=3)
    batch = shop.issue(order_id, 0, 1)

    assert shop.code(RecordIssued(order_id, batch, issued, failed)) == code
    assert shop.code(RecordIssued(order_id, 7, (0,), ())) == "batch_not_open"
