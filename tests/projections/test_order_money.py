"""The money of orders as the views of accounts, spends, limits, transactions and the books show it."""

from __future__ import annotations

from typing import Any

import pytest
from psycopg import AsyncConnection, Connection

from ledger.commands.order_voids import ApproveVoid, RecordVoided, RequestVoid
from ledger.commands.order_work import ChooseItem, RecordIssued, RecordMessages, RequestIssue, RequestMessages
from ledger.commands.orders import PlaceOrder
from ledger.shapes import current_account_json
from projections import accounts, journal, limits, spends, transactions
from tests.aggregates.orders import line, tokens
from tests.projections.conftest import Feed
from tests.projections.town import Town

pytestmark = pytest.mark.anyio


def choice_with_a_void(town: Town, account_id: str) -> dict[str, Any]:
    """Let a choice order for three be chosen by two, one of whose coupons is voided. Returns the order's answer."""
    order: dict[str, Any] = town.do(
        PlaceOrder(
            account_id, None, "autumn gift", "choice", (line(29_700), line(9_900)), "감사합니다", tokens(3), True
        )
    )
    order_id = order["id"]
    town.do(RequestMessages(order_id, 1, (0, 1, 2)))
    town.do(RecordMessages(order_id, 1, (0, 1, 2), (), ()))
    for recipient, item in ((0, 1), (1, 0)):
        town.do(ChooseItem(order_id, recipient, item))
        town.do(RequestIssue(order_id, recipient + 1, item, (recipient,)))
        town.do(RecordIssued(order_id, recipient + 1, (recipient,), ()))
    town.do(RequestVoid(order_id, (0,), "sent by mistake"))
    town.do(ApproveVoid(order_id, 1))
    town.do(RecordVoided(order_id, 1, (0,), ()))
    return order


async def test_a_void_beside_a_hold_is_shown_as_the_account_has_it(
    app: Connection[Any], feed: Feed, conn: AsyncConnection[Any]
) -> None:
    """SPEC R-034: 89,100 taken; 29,700 confirmed, 29,700 held for the third, 19,800 and 9,900 back."""
    town = Town()
    bakery = town.open()
    charge = town.charge(bakery, 100_000)
    order = choice_with_a_void(town, bakery)
    town.store(app)
    feed()

    account = town.account(bakery)
    shown = await accounts.one(conn, bakery, at=town.now)
    assert shown == current_account_json(account.figures(town.now), account.books, account.version)
    assert (shown["balance"], shown["held"]) == (40_600, 29_700)
    spend = await spends.one(conn, order["spend_id"])
    assert (spend["amount"], spend["held"], spend["captured"], spend["returned"], spend["status"]) == (
        89_100,
        29_700,
        29_700,
        29_700,
        "held",
    )
    assert spend["lots"] == [{"charge_id": charge, "amount": 59_400}]
    assert (spend["reference"], spend["expires_at"][:4]) == (order["number"], "9999")
    rows = (await transactions.page(conn, bakery)).items
    assert [(row["type"], row["amount"], row["reference"]) for row in rows[:3]] == [
        ("use_cancel", 9_900, order["number"]),
        ("difference_refund", 19_800, order["number"]),
        ("use", -89_100, order["number"]),
    ]
    books = {row["account"]: -row["balance"] for row in (await journal.trial_balance(conn))["accounts"]}
    assert (books["liability.prepaid_hold"], books["liability.coupon_payable"]) == (29_700, 29_700)


async def test_a_postpaid_order_uses_the_limit_as_far_as_it_is_not_returned(
    app: Connection[Any], feed: Feed, conn: AsyncConnection[Any]
) -> None:
    """SPEC R-043, R-084."""
    town = Town()
    hotel = town.open_postpaid(limit=100_000)
    choice_with_a_void(town, hotel)
    town.store(app)
    feed()

    shown = await limits.of(conn, hotel, at=town.now)

    assert (shown["used"], shown["remaining"]) == (59_400, 40_600)
    assert (await accounts.one(conn, hotel, at=town.now))["used_this_month"] == 59_400
    assert town.account(hotel).receivable_minor == 29_700


async def test_a_difference_refund_is_a_row_of_its_own_with_the_number_of_the_order(
    app: Connection[Any], feed: Feed, conn: AsyncConnection[Any]
) -> None:
    """SPEC 5.3: +20,498 comes back when the recipient picks 9,202 of at most 29,700."""
    town = Town()
    bakery = town.open()
    town.charge(bakery, 29_700)
    lines = (line(29_700), line(9_202))
    order = town.do(PlaceOrder(bakery, None, "autumn gift", "choice", lines, "감사합니다", tokens(1), True))
    town.do(RequestMessages(order["id"], 1, (0,)))
    town.do(RecordMessages(order["id"], 1, (0,), (), ()))
    town.do(ChooseItem(order["id"], 0, 1))
    town.do(RequestIssue(order["id"], 1, 1, (0,)))
    town.do(RecordIssued(order["id"], 1, (0,), ()))
    town.store(app)
    feed()

    (row, *_) = (await transactions.page(conn, bakery)).items

    assert (row["type"], row["amount"], row["balance"], row["reference"]) == (
        "difference_refund",
        20_498,
        20_498,
        order["number"],
    )
    assert row["detail"]["spend_id"] == order["spend_id"]
