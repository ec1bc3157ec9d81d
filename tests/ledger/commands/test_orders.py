"""Orders as a whole: placed, started, cancelled, dispatched; and that nobody else touches their money (SPEC 3)."""

from __future__ import annotations

import pytest

from aggregates.ids import child_id
from ledger.command import Command
from ledger.commands.limits import SetMemberLimit
from ledger.commands.order_work import RecordIssued, RequestIssue, RequestMessages
from ledger.commands.orders import CancelOrder, PlaceOrder, StartDispatch
from ledger.commands.spends import CaptureSpend, ExpireHold, RefundDifference, ReturnSpend, Spend
from ledger.commands.standing import CloseAccount, FreezeAccount
from tests.aggregates.orders import line, tokens
from tests.aggregates.scenario import kst
from tests.ledger.commands.shop import TITLE, Shop

COFFEE, CAKE = line(9_900, 10_000), line(4_950, 5_000)


def test_an_order_answers_with_all_that_was_ordered() -> None:
    shop = Shop(100_000, at="2024-10-28 16:36:59")

    answer = shop.do(
        PlaceOrder(shop.account_id, None, "202410281636 주문건", "general", (COFFEE, CAKE), TITLE, tokens(3), True)
    )

    assert answer.status == 201
    assert answer.body | {"lines": len(answer.body["lines"])} == {
        "id": child_id("ord", shop.account_id, 3),
        "number": "CB20241028C0001",
        "account_id": shop.account_id,
        "member_id": None,
        "spend_id": child_id("spd", shop.account_id, 3),
        "name": "202410281636 주문건",
        "kind": "general",
        "status": "sending",
        "lines": 2,
        "designated": None,
        "dispatch_title": TITLE,
        "ordered_at": "2024-10-28T07:36:59.000000Z",
        "ordered_on": "2024-10-28",
        "scheduled_at": None,
        "recipients": 3,
        "coupons": 6,
        "currency": "KRW",
        "list_amount": 45_000,
        "discount": 450,
        "amount": 44_550,
        "confirmed_amount": 0,
        "held": 44_550,
        "returned": 0,
        "counts": {"total": 3, "success": 0, "progress": 3, "failure": 0, "error": 0},
        "source": "order",
    }
    assert answer.body["lines"][0] == {
        "product_id": "prd_00000000000000cafe",
        "sku": "CLOUD-9900-30",
        "name": "Drip coffee",
        "brand": "Cloud Nine",
        "list_price": 10_000,
        "sale_price": 9_900,
        "validity_days": 30,
        "quantity": 1,
        "cash_convertible": False,
    }
    assert shop.balance() == 55_450


def test_the_designated_item_of_a_choice_is_the_dearest_unless_said() -> None:
    """SPEC P8."""
    shop = Shop()

    assert shop.order(shop.choice(990, 29_700, 9_900)).designated == 1
    assert shop.order(shop.choice(990, 29_700, 9_900, designated=0)).designated == 0


def test_orders_are_numbered_without_a_gap_whatever_is_refused_between() -> None:
    """SPEC 3.1."""
    shop = Shop(50_000)

    shop.place((COFFEE,))
    for _ in range(3):
        too_much = PlaceOrder(shop.account_id, None, "big", "general", (COFFEE,), TITLE, tokens(100), True)
        assert shop.code(too_much) == "insufficient_funds"
    second = shop.order(shop.place((COFFEE,)))

    assert second.number == "CB20241028C0002"


def test_an_order_is_within_the_members_limit_and_the_masters_balance() -> None:
    """SPEC 1.5, R-016: balance 422,748; A and B may 300,000 each; A orders 250,000; B's 200,000 fail on 172,748."""
    shop = Shop(422_748)
    for member in ("mem_a", "mem_b"):
        shop.do(SetMemberLimit(shop.account_id, member, 300_000, True, False, False))

    shop.place((line(250_000),), member_id="mem_a")
    refused = shop.refusal(
        PlaceOrder(shop.account_id, "mem_b", "gift", "general", (line(200_000),), TITLE, tokens(1), True)
    )
    over = shop.refusal(
        PlaceOrder(shop.account_id, "mem_a", "gift", "general", (line(50_001),), TITLE, tokens(1), True)
    )

    assert (refused.code, shop.balance()) == ("insufficient_funds", 172_748)
    assert (over.code, over.figures["remaining"]) == ("member_limit_exceeded", 50_000)
    assert shop.code(PlaceOrder(shop.account_id, "mem_c", "x", "general", (COFFEE,), TITLE, tokens(1), True)) == (
        "member_limit_not_granted"
    )


def test_a_scheduled_order_starts_at_its_time_and_not_before() -> None:
    shop = Shop()
    order_id = shop.place((COFFEE,), scheduled_at=kst("2024-11-01 09:00"))

    assert shop.at("2024-11-01 08:59:59").code(StartDispatch(order_id)) == "dispatch_not_due"
    assert shop.code(RequestIssue(order_id, 1, 0, (0,))) == "order_not_started"
    assert shop.code(RequestMessages(order_id, 1, (0,))) == "order_not_started"
    started = shop.at("2024-11-01 09:00").ask(StartDispatch(order_id))

    assert started == {"id": order_id, "account_id": shop.account_id, "status": "sending"}
    assert shop.code(StartDispatch(order_id)) == "order_not_scheduled"


def test_a_cancelled_scheduled_order_gives_7_826_back_to_its_lots_without_a_fee() -> None:
    """SPEC R-030, R-076."""
    shop = Shop(10_000)
    order_id = shop.place((line(3_913, quantity=2),), scheduled_at=kst("2024-11-01 09:00"))
    lots = [(lot.charge_id, lot.remaining_minor) for lot in shop.account(shop.account_id).lots]

    cancelled = shop.do(CancelOrder(order_id, "wrong date"))

    assert lots == [(child_id("chg", shop.account_id, 2), 2_174)]
    assert cancelled.body == {
        "id": order_id,
        "account_id": shop.account_id,
        "status": "cancelled",
        "reason": "wrong date",
        "amount": 7_826,
        "confirmed_amount": 0,
        "held": 0,
        "returned": 7_826,
    }
    assert [lot.remaining_minor for lot in shop.account(shop.account_id).lots] == [10_000]
    assert shop.code(CancelOrder(order_id)) == "order_not_scheduled"
    assert shop.at("2024-11-01 09:00").code(StartDispatch(order_id)) == "order_not_scheduled"


def test_only_a_scheduled_order_can_be_cancelled() -> None:
    """SPEC R-030: not while it is sent, and not after."""
    shop = Shop()
    order_id = shop.place((COFFEE,))

    assert shop.code(CancelOrder(order_id)) == "order_not_scheduled"
    shop.issued(order_id, 0)
    shop.reached(order_id, 0)
    assert shop.order(order_id).status == "dispatched"
    assert shop.code(CancelOrder(order_id)) == "order_not_scheduled"


def test_a_cancelled_postpaid_order_gives_its_limit_back() -> None:
    """SPEC R-030, R-084."""
    shop = Shop(100_000, mode="postpaid")
    order_id = shop.place((COFFEE,), recipients=10, scheduled_at=kst("2024-11-01 09:00"))
    used_before = shop.account(shop.account_id).used["2024-10"]

    shop.at("2024-10-31 10:00").do(CancelOrder(order_id))

    assert (used_before, shop.account(shop.account_id).used["2024-10"]) == (99_000, 0)


def test_nobody_else_takes_or_returns_the_money_of_an_order() -> None:
    shop = Shop(100_000)
    order_id = shop.place((COFFEE, CAKE))
    spend_id = shop.order(order_id).spend_id
    attempts: list[Command] = [
        CaptureSpend(shop.account_id, spend_id, 1),
        ReturnSpend(shop.account_id, spend_id, 1),
        RefundDifference(shop.account_id, spend_id, 1),
        ExpireHold(shop.account_id, spend_id),
    ]

    held = [shop.code(attempt) for attempt in attempts]
    shop.issued(order_id, 0)
    shop.issued(order_id, 0, line=1)
    settled = shop.code(attempts[1])

    assert held == ["spend_of_order"] * 4
    assert settled == "spend_of_order"
    assert shop.code(Spend(shop.account_id, 1, capture=False, expires_at=kst("9999-01-01 09:00"))) == (
        "hold_expiry_too_far"
    )


def test_a_frozen_account_orders_nothing_and_what_it_has_ordered_goes_on() -> None:
    """SPEC R-012 in spirit: money already taken is delivered."""
    shop = Shop()
    order_id = shop.place((COFFEE,))

    shop.do(FreezeAccount(shop.account_id, "under review"))

    assert shop.code(PlaceOrder(shop.account_id, None, "x", "general", (COFFEE,), TITLE, tokens(1), True)) == (
        "account_frozen"
    )
    assert shop.issued(order_id, 0)["confirmed_amount"] == 9_900
    assert shop.reached(order_id, 0)["counts"]["success"] == 1


def test_an_account_with_an_order_under_way_is_not_closed() -> None:
    shop = Shop(9_900)
    shop.place((COFFEE,))

    assert shop.code(CloseAccount(shop.account_id, "done")) == "account_not_empty"


@pytest.mark.parametrize("order_id", ["ord_00000000000000000000", "ord_x", "spd_000000000000000000003", ""])
def test_an_order_that_is_not_there(order_id: str) -> None:
    shop = Shop()

    assert shop.code(StartDispatch(order_id)) in ("order_not_found", "not_found")
    assert shop.code(RecordIssued(order_id, 1, (0,), ())) in ("order_not_found", "not_found")


def test_an_unknown_order_of_a_known_account_is_not_found() -> None:
    shop = Shop()

    assert shop.code(CancelOrder(child_id("ord", shop.account_id, 2))) == "order_not_found"
