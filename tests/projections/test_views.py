"""What readers see of each noun: given commands, whole rows."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from psycopg import AsyncConnection, Connection

from aggregates.dates import rfc3339
from aggregates.errors import Malformed, NotFound
from ledger.commands.charges import CancelCharge, ChargeBack, StartChargeCancellation
from ledger.commands.deposits import DepositCharge
from ledger.commands.limits import SetCreditLimit, SetMemberLimit
from ledger.commands.refunds import CompleteRefund, RejectRefund, RequestRefund, ReviewRefund
from ledger.commands.spends import CaptureSpend, ReturnSpend
from ledger.commands.standing import FreezeAccount
from ledger.commands.transfers import (
    ApproveAdjustment,
    ImportMovement,
    RejectAdjustment,
    RequestAdjustment,
    Transfer,
)
from projections import accounts, adjustments, charges, journal, limits, refund_requests, spends, transactions
from tests.projections.conftest import Feed
from tests.projections.town import Town, kst

pytestmark = pytest.mark.anyio


@pytest.fixture
def town() -> Town:
    return Town().at("2024-10-28 10:00")


class Shown:
    """Stores what happened and feeds the views."""

    def __init__(self, town: Town, app: Connection[Any], feed: Feed) -> None:
        self._town, self._app, self._feed = town, app, feed

    def __call__(self) -> int:
        last = self._town.store(self._app)
        self._feed()
        return last


@pytest.fixture
def shown(town: Town, app: Connection[Any], feed: Feed) -> Shown:
    return Shown(town, app, feed)


async def test_an_account_is_shown_with_what_is_held_pending_and_available(
    town: Town, shown: Shown, conn: AsyncConnection[Any]
) -> None:
    bakery = town.open(overdraft=500)
    town.charge(bakery, 100_000)
    town.spend(bakery, 30_000, capture=False)
    town.do(RequestRefund(bakery, 20_000, "Tree Bank", "dst_1", True, "closing"))
    town.do(FreezeAccount(bakery, "asked for"))
    shown()

    assert await accounts.one(conn, bakery, at=town.now) == {
        "id": bakery,
        "name": "Pine Street Bakery",
        "mode": "prepaid",
        "currency": "KRW",
        "status": "frozen",
        "balance": 50_000,
        "held": 30_000,
        "refund_pending": 20_000,
        "available": 50_500,
        "overdraft_limit": 500,
        "credit_limit": None,
        "used_this_month": None,
        "remaining_limit": None,
        "version": 5,
        "collections": 0,
        "payer_credit": 0,
        "payout_hold": 0,
    }


async def test_the_used_limit_of_a_postpaid_account_is_that_of_the_month_asked_for(
    town: Town, shown: Shown, conn: AsyncConnection[Any]
) -> None:
    hotel = town.open_postpaid(limit=500_000)
    town.spend(hotel, 59_400)
    shown()

    october = await accounts.one(conn, hotel, at=kst("2024-10-31 23:59:59"))
    november = (await accounts.page(conn, at=kst("2024-11-01 00:00"))).items[0]

    assert (october["used_this_month"], october["remaining_limit"], october["balance"]) == (59_400, 440_600, 0)
    assert (november["used_this_month"], november["remaining_limit"]) == (0, 500_000)


async def test_money_frozen_by_a_pending_cancellation_is_not_available(
    town: Town, shown: Shown, conn: AsyncConnection[Any]
) -> None:
    bakery = town.open()
    frozen = town.charge(bakery, 12_222)
    town.charge(bakery, 5_000)
    town.do(StartChargeCancellation(bakery, frozen))
    shown()

    account = await accounts.one(conn, bakery, at=town.now)

    assert (account["balance"], account["available"]) == (17_222, 5_000)
    assert [lot["frozen"] for lot in (await charges.lots(conn, bakery)).items] == [True, False]
    assert (await charges.one(conn, frozen))["status"] == "cancel_pending"


async def test_accounts_are_found_by_their_exact_name_newest_first(
    town: Town, shown: Shown, conn: AsyncConnection[Any]
) -> None:
    first, _, third = town.open("Pine"), town.open("Pine Street"), town.open("Pine")
    shown()

    page = await accounts.page(conn, at=town.now, name="Pine", limit=1)
    rest = await accounts.page(conn, at=town.now, name="Pine", limit=1, cursor=page.next_cursor)

    assert [account["id"] for account in page.items + rest.items] == [third, first]
    assert rest.next_cursor is None
    with pytest.raises(NotFound):
        await accounts.one(conn, "acc_00nobody", at=town.now)


async def test_transactions_are_signed_movements_with_the_balance_after_each(
    town: Town, shown: Shown, conn: AsyncConnection[Any]
) -> None:
    bakery, florist = town.open(), town.open("Blue Kite Florist")
    charge = town.charge(bakery, 100_000, reference="pay-7")
    spend = town.spend(bakery, 59_400, reference="order-7", capture=False)
    town.do(CaptureSpend(bakery, spend, 9_900, "difference_refund"))
    town.do(ReturnSpend(bakery, spend, 900, "void"))
    refund = town.do(RequestRefund(bakery, 20_000, "Tree Bank", "dst_1", True, "closing"))["id"]
    town.do(ReviewRefund(refund))
    town.do(RejectRefund(refund, "wrong papers"))
    town.do(Transfer(bakery, florist, 1_000, "rent"))
    shown()

    page = await transactions.page(conn, bakery)

    assert [(row["type"], row["amount"], row["balance"], row["reference"]) for row in page.items] == [
        ("transfer", -1_000, 90_000, "rent"),
        ("refund_return", 20_000, 91_000, None),
        ("refund", -20_000, 71_000, None),
        ("use_cancel", 900, 91_000, "order-7"),
        ("difference_refund", 49_500, 90_100, "order-7"),
        ("use", -59_400, 40_600, "order-7"),
        ("charge", 100_000, 100_000, "pay-7"),
    ]
    assert page.items[-1] == {
        "position": 3,
        "occurred_at": "2024-10-28T01:00:00.000000Z",
        "business_date": "2024-10-28",
        "book": "prepaid",
        "type": "charge",
        "amount": 100_000,
        "balance": 100_000,
        "currency": "KRW",
        "reference": "pay-7",
        "detail": {"charge_id": charge, "method": "card"},
    }
    assert (await transactions.page(conn, florist)).items[0]["amount"] == 1_000


async def test_an_imported_movement_keeps_its_own_business_date(
    town: Town, shown: Shown, conn: AsyncConnection[Any]
) -> None:
    old = town.open(overdraft=None, currency="CZK")
    town.do(ImportMovement(old, -70_050, date(1995, 3, 24), "row-9", "cash"), happened="1995-03-24")
    shown()

    row = (await transactions.page(conn, old)).items[0]

    assert (row["business_date"], row["amount"], row["balance"], row["currency"]) == (
        "1995-03-24",
        -70_050,
        -70_050,
        "CZK",
    )
    assert row["reference"] == "row-9"
    assert row["detail"]["text"] == "cash"


async def test_a_chargeback_takes_only_what_its_lot_still_holds(
    town: Town, shown: Shown, conn: AsyncConnection[Any]
) -> None:
    bakery = town.open()
    charge = town.charge(bakery, 10_000)
    town.spend(bakery, 4_000)
    town.do(ChargeBack(bakery, charge, 10_000))
    shown()

    row = (await transactions.page(conn, bakery)).items[0]

    assert (row["type"], row["amount"], row["balance"]) == ("charge_cancel", -6_000, 0)
    assert row["detail"] == {"charge_id": charge, "method": "card", "charged_back": 10_000, "shortfall": 4_000}
    assert (await charges.one(conn, charge))["charged_back"] == 10_000


async def test_a_charge_shows_its_state_and_what_is_left_of_it(
    town: Town, shown: Shown, conn: AsyncConnection[Any]
) -> None:
    bakery = town.open()
    cancelled = town.charge(bakery, 300_000)
    partly = town.charge(bakery, 12_222, "transfer", "pay-2")
    town.at("2024-11-17 10:00")
    town.do(CancelCharge(bakery, cancelled))
    town.spend(bakery, 222)
    awaited = town.charge(bakery, 50_000, "virtual_account")
    shown()

    page = await charges.page(conn, bakery)

    assert [(row["id"], row["status"], row["remaining"]) for row in page.items] == [
        (awaited, "awaiting_deposit", 0),
        (partly, "paid", 12_000),
        (cancelled, "cancelled", 0),
    ]
    assert page.items[2]["fee"] == 30_000
    assert page.items[2]["payout"] == 270_000
    assert page.items[0]["charged_on"] is None
    assert page.items[0]["expires_on"] == "2024-11-24"
    assert [row["id"] for row in (await charges.page(conn, bakery, status="awaiting_deposit")).items] == [awaited]
    with pytest.raises(NotFound):
        await charges.one(conn, "chg_none")


async def test_a_virtual_account_is_due_from_midnight_after_its_last_day(
    town: Town, shown: Shown, conn: AsyncConnection[Any]
) -> None:
    bakery = town.open()
    awaited = town.charge(bakery, 50_000, "virtual_account")
    paid = town.charge(bakery, 60_000, "virtual_account")
    town.do(DepositCharge(bakery, paid, 60_000))
    shown()

    assert await charges.due_deposits(conn, at=kst("2024-11-04 23:59:59")) == []
    assert await charges.due_deposits(conn, at=kst("2024-11-05 00:00:00")) == [
        {"account_id": bakery, "charge_id": awaited, "expires_on": date(2024, 11, 4)}
    ]


async def test_a_deposit_that_matches_nothing_is_listed_until_it_is_decided(
    town: Town, shown: Shown, conn: AsyncConnection[Any]
) -> None:
    bakery = town.open()
    awaited = town.charge(bakery, 50_000, "virtual_account")
    town.do(DepositCharge(bakery, awaited, 49_999))
    shown()

    parked = (await charges.parked(conn)).items

    assert [(row["charge_id"], row["amount"], row["expected"], row["why"], row["status"]) for row in parked] == [
        (awaited, 49_999, 50_000, "amount_mismatch", "parked")
    ]
    assert (await charges.parked(conn, account_id=town.open())).items == []


async def test_returned_money_goes_back_to_its_lots_in_reverse_order(
    town: Town, shown: Shown, conn: AsyncConnection[Any]
) -> None:
    bakery = town.open()
    first, second = town.charge(bakery, 20_000), town.charge(bakery, 10_000)
    spend = town.spend(bakery, 30_000)
    town.do(ReturnSpend(bakery, spend, 12_000))
    shown()

    lots = (await charges.lots(conn, bakery)).items

    assert [(lot["charge_id"], lot["amount"], lot["remaining"]) for lot in lots] == [
        (first, 20_000, 2_000),
        (second, 10_000, 10_000),
    ]


async def test_a_spend_shows_what_is_held_captured_and_returned(
    town: Town, shown: Shown, conn: AsyncConnection[Any]
) -> None:
    bakery = town.open()
    charge = town.charge(bakery, 100_000)
    spend = town.spend(bakery, 59_400, reference="order-1", capture=False, expires_at=kst("2024-11-04 00:00"))
    town.do(CaptureSpend(bakery, spend, 9_900))
    shown()

    assert await spends.one(conn, spend) == {
        "id": spend,
        "account_id": bakery,
        "amount": 59_400,
        "held": 49_500,
        "captured": 9_900,
        "returned": 0,
        "currency": "KRW",
        "status": "held",
        "lots": [{"charge_id": charge, "amount": 59_400}],
        "overdrawn": 0,
        "member_id": None,
        "reference": "order-1",
        "expires_at": rfc3339(kst("2024-11-04 00:00")),
        "occurred_at": rfc3339(town.now),
        "position": 3,
    }
    with pytest.raises(NotFound):
        await spends.one(conn, "spd_none")


async def test_a_hold_is_due_from_the_instant_it_expires_until_nothing_of_it_is_held(
    town: Town, shown: Shown, conn: AsyncConnection[Any]
) -> None:
    bakery = town.open()
    town.charge(bakery, 100_000)
    late = town.spend(bakery, 100, capture=False, expires_at=kst("2024-11-02 00:00"))
    early = town.spend(bakery, 200, capture=False, expires_at=kst("2024-11-01 00:00"))
    gone = town.spend(bakery, 300, capture=False, expires_at=kst("2024-11-01 00:00"))
    town.do(ReturnSpend(bakery, gone, 300))
    shown()

    assert await spends.due_holds(conn, at=kst("2024-10-31 23:59:59")) == []
    first = {"account_id": bakery, "spend_id": early, "expires_at": kst("2024-11-01 00:00")}
    assert await spends.due_holds(conn, at=kst("2024-11-01 00:00")) == [first]
    both = await spends.due_holds(conn, at=kst("2024-11-30 00:00"))
    assert [row["spend_id"] for row in both] == [early, late]
    assert await spends.due_holds(conn, at=kst("2024-11-30 00:00"), limit=1) == [first]


async def test_a_refund_request_shows_its_pinned_fee_and_every_state(
    town: Town, shown: Shown, conn: AsyncConnection[Any]
) -> None:
    bakery, florist = town.open(), town.open("Blue Kite Florist")
    town.at("2024-09-01 10:00")
    old = town.charge(bakery, 120_000)
    town.at("2024-10-25 10:00")
    new = town.charge(bakery, 50_000)
    town.charge(florist, 5_000)
    town.at("2024-10-28 10:00")
    refund = town.do(RequestRefund(bakery, 100_000, "Tree Bank", "dst_1", True, "closing", ("fil_1",)))["id"]
    other = town.do(RequestRefund(florist, 2_000, "Tree Bank", "dst_2", True, "closing"))["id"]
    shown()
    requested = await refund_requests.one(conn, refund)
    town.do(ReviewRefund(refund, "looks right"))
    town.owner = "Lee"
    town.do(CompleteRefund(refund, "paid"))
    shown()

    completed = await refund_requests.one(conn, refund)

    assert requested == {
        "id": refund,
        "account_id": bakery,
        "amount": 100_000,
        "currency": "KRW",
        "fee": 5_000,
        "payout": 95_000,
        "displayed_estimate": 90_000,
        "status": "requested",
        "lots": [
            {"charge_id": new, "amount": 50_000, "fee_free": True},
            {"charge_id": old, "amount": 50_000, "fee_free": False},
        ],
        "requested_on": "2024-10-28",
        "bank": "Tree Bank",
        "destination": "dst_1",
        "holder_is_member": True,
        "second_approver_required": requested["second_approver_required"],
        "attachments": ["fil_1"],
        "request_reason": "closing",
        "reason": None,
        "code": None,
        "occurred_at": rfc3339(kst("2024-10-28 10:00")),
        "position": 6,
    }
    assert (completed["status"], completed["reason"]) == ("completed", "paid")
    assert [row["id"] for row in (await refund_requests.page(conn)).items] == [other, refund]
    assert [row["id"] for row in (await refund_requests.page(conn, bakery)).items] == [refund]
    assert [row["id"] for row in (await refund_requests.page(conn, status="requested")).items] == [other]
    with pytest.raises(NotFound):
        await refund_requests.one(conn, "rfd_none")


async def test_an_adjustment_waits_in_the_list_until_another_person_has_decided(
    town: Town, shown: Shown, conn: AsyncConnection[Any]
) -> None:
    bakery, florist = town.open(), town.open("Blue Kite Florist")
    approved = town.do(RequestAdjustment(bakery, 1_500, "goodwill"))["id"]
    rejected = town.do(RequestAdjustment(bakery, -700, "charged twice"))["id"]
    waits = town.do(RequestAdjustment(florist, 300, "rounding"))["id"]
    shown()
    before = (await adjustments.page(conn, status="pending")).items
    town.owner = "Lee"
    town.do(ApproveAdjustment(approved))
    town.do(RejectAdjustment(rejected, "only once"))
    shown()

    after = (await adjustments.page(conn)).items

    assert [row["id"] for row in before] == [waits, rejected, approved]
    assert before[1] == {
        "id": rejected,
        "account_id": bakery,
        "amount": -700,
        "currency": "KRW",
        "status": "pending",
        "reason": "charged twice",
        "made_by": "Kim",
        "decided_by": None,
        "balance": None,
        "request_reason": "charged twice",
        "occurred_at": rfc3339(town.now),
        "position": 4,
    }
    assert after == [
        before[0],
        {**before[1], "status": "rejected", "decided_by": "Lee", "reason": "only once"},
        {**before[2], "status": "approved", "decided_by": "Lee", "balance": 1_500},
    ]
    assert [row["id"] for row in (await adjustments.page(conn, status="pending")).items] == [waits]
    assert [row["id"] for row in (await adjustments.page(conn, bakery)).items] == [rejected, approved]
    first = await adjustments.page(conn, bakery, limit=1)
    assert [row["id"] for row in first.items] == [rejected]
    rest = await adjustments.page(conn, bakery, limit=1, cursor=first.next_cursor)
    assert ([row["id"] for row in rest.items], rest.next_cursor) == ([approved], None)
    with pytest.raises(Malformed):
        await adjustments.page(conn, florist, cursor=first.next_cursor)


async def test_limits_name_limit_used_and_remaining_apart(town: Town, shown: Shown, conn: AsyncConnection[Any]) -> None:
    hotel = town.open_postpaid(limit=500_000)
    town.do(SetMemberLimit(hotel, "mem_a", 300_000, True, False, False))
    town.do(SetMemberLimit(hotel, "mem_b", None, False, False, False))
    spend = town.spend(hotel, 250_000, member_id="mem_a")
    town.do(ReturnSpend(hotel, spend, 50_000))
    town.do(SetCreditLimit(hotel, 150_000, "lower"))
    shown()

    assert await limits.of(conn, hotel, at=town.now) == {
        "month": "2024-10",
        "limit": 150_000,
        "used": 200_000,
        "remaining": 0,
        "members": [
            {
                "member_id": "mem_a",
                "month": "2024-10",
                "limit": 300_000,
                "used": 200_000,
                "remaining": 100_000,
                "cash_convertible": False,
                "spent": 200_000,
            },
            {
                "member_id": "mem_b",
                "month": "2024-10",
                "limit": None,
                "used": 0,
                "remaining": 0,
                "cash_convertible": False,
                "spent": 0,
            },
        ],
        "cash": None,
    }
    next_month = await limits.of(conn, hotel, at=kst("2024-11-01 00:00"))
    assert (next_month["used"], next_month["remaining"], next_month["members"][0]["used"]) == (0, 150_000, 0)


async def test_the_journal_shows_each_fact_as_a_balanced_entry(
    town: Town, shown: Shown, conn: AsyncConnection[Any]
) -> None:
    bakery = town.open()
    town.charge(bakery, 12_222)
    town.at("2024-10-29 00:00")
    town.spend(bakery, 3_913)
    shown()

    page = await journal.page(conn)

    assert [entry["topic"] for entry in page.items] == ["account.spent", "account.charged"]
    assert page.items[1] == {
        "position": 2,
        "occurred_at": rfc3339(kst("2024-10-28 10:00")),
        "business_date": "2024-10-28",
        "topic": "account.charged",
        "account_id": bakery,
        "version": 2,
        "currency": "KRW",
        "lines": [
            {"account": "asset.gateway_receivable.card", "debit": 12_222, "credit": 0},
            {"account": "liability.prepaid", "debit": 0, "credit": 12_222},
        ],
    }
    on_29th = await journal.page(conn, from_date=date(2024, 10, 29))
    assert [entry["position"] for entry in on_29th.items] == [3]
    until_28th = await journal.page(conn, to_date=date(2024, 10, 28), account="liability.prepaid")
    assert [entry["position"] for entry in until_28th.items] == [2]
    by_account = await journal.page(conn, account="asset.gateway_receivable.card", limit=1)
    assert [len(entry["lines"]) for entry in by_account.items] == [2]
    assert by_account.next_cursor is None


async def test_the_trial_balance_of_a_past_position_is_that_of_then(
    town: Town, shown: Shown, conn: AsyncConnection[Any]
) -> None:
    bakery = town.open()
    for _ in range(1_500):
        town.charge(bakery, 1_000)
    last = shown()

    before = await journal.trial_balance(conn, position=1_101)
    now = await journal.trial_balance(conn)
    beyond = await journal.trial_balance(conn, position=10**9)

    assert before == {
        "position": 1_101,
        "accounts": [
            {
                "account": "asset.gateway_receivable.card",
                "currency": "KRW",
                "debit": 1_100_000,
                "credit": 0,
                "balance": 1_100_000,
            },
            {
                "account": "liability.prepaid",
                "currency": "KRW",
                "debit": 0,
                "credit": 1_100_000,
                "balance": -1_100_000,
            },
        ],
        "totals": [{"currency": "KRW", "debit": 1_100_000, "credit": 1_100_000, "balance": 0}],
    }
    assert now["totals"][0]["debit"] == 1_500_000
    assert beyond == now
    assert now["position"] == last


@pytest.mark.parametrize("limit", [0, 201, -1])
async def test_a_page_has_1_to_200_items(limit: int, conn: AsyncConnection[Any]) -> None:
    with pytest.raises(Malformed, match="limit must be 1 to 200"):
        await journal.page(conn, limit=limit)


async def test_a_cursor_belongs_to_its_list_and_filter(town: Town, shown: Shown, conn: AsyncConnection[Any]) -> None:
    bakery, florist = town.open(), town.open("Blue Kite Florist")
    for _ in range(3):
        town.charge(bakery, 1_000)
    shown()
    cursor = (await transactions.page(conn, bakery, limit=1)).next_cursor

    assert cursor is not None
    assert len((await transactions.page(conn, bakery, cursor=cursor)).items) == 2
    for wrong in (cursor[:-4], "x", "", "é", "bnVsbA=="):
        with pytest.raises(Malformed, match="next_cursor"):
            await transactions.page(conn, bakery, cursor=wrong)
    with pytest.raises(Malformed):
        await transactions.page(conn, florist, cursor=cursor)
    with pytest.raises(Malformed):
        await spends.page(conn, bakery, cursor=cursor)
    with pytest.raises(Malformed):
        await charges.lots(conn, bakery, cursor=cursor)
