"""The view `invoices`: rows that add up to what the account billed, open items, ages, and what is due when."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from psycopg import AsyncConnection, Connection

from aggregates.errors import LedgerError
from ledger.commands.invoices import AdjustInvoice, IssueInvoice, PayInvoices, PayOutCredit, PaySettlement
from ledger.commands.spends import ReturnSpend
from projections import invoice_queries
from tests.aggregates.scenario import kst
from tests.projections.conftest import Feed
from tests.projections.town import Town
from tests.projections.town_invoices import choice_over_two_months, void_both

pytestmark = pytest.mark.anyio

OCTOBER = date(2024, 10, 15)


async def test_an_order_over_two_months_has_one_row_in_each_invoice(
    app: Connection[Any], feed: Feed, conn: AsyncConnection[Any]
) -> None:
    """SPEC R-091, R-092, I7, I8: order amount repeats with its 2 coupons, the settlement amounts differ."""
    town = Town().at("2024-09-20 09:00")
    hotel = town.open_postpaid()
    order_id, spend_id = choice_over_two_months(town, hotel)
    town.store(app)
    feed()

    october = await invoice_queries.one(conn, hotel, "2024-10", today=OCTOBER)
    november = await invoice_queries.one(conn, hotel, "2024-11", today=date(2024, 11, 5))
    rows = [(await invoice_queries.rows(conn, each["id"])).items for each in (october, november)]
    all_rows = [row async for row in invoice_queries.all_rows(conn, october["id"])]

    assert (october["settlement_amount"], october["settlement_coupons"], october["number"]) == (
        9_900 + 4_832,
        2,
        "MCOM-1290000001",
    )
    assert october["period"] == {"from": "2024-09-01", "to": "2024-09-30"}
    assert (october["due_on"], october["status"], november["status"]) == ("2024-10-31", "open", "open")
    assert (november["settlement_amount"], november["settlement_coupons"]) == (29_700, 1)
    assert all_rows == rows[0]
    by_order = {row["order_id"]: row for row in rows[0]}
    plain = by_order[None]
    assert (plain["number"], plain["name"], plain["order_amount"], plain["order_coupons"]) == ("desk-7", None, 4_832, 1)
    assert by_order[order_id] == {
        "order_id": order_id,
        "spend_id": spend_id,
        "number": "CB20240929C0001",
        "name": "autumn gift",
        "ordered_at": "2024-09-29T03:00:00.000000Z",
        "order_amount": 59_400,
        "order_coupons": 2,
        "settlement_amount": 9_900,
        "settlement_coupons": 1,
        "carry_over": 0,
    }
    assert rows[1] == [{**by_order[order_id], "settlement_amount": 29_700}]


async def test_an_invoice_shows_its_carry_over_payments_and_corrections(
    app: Connection[Any], feed: Feed, conn: AsyncConnection[Any]
) -> None:
    """SPEC R-086, R-088, R-090: what was voided after its invoice is a row of the next one."""
    town = Town().at("2024-09-20 09:00")
    hotel = town.open_postpaid()
    order_id, _ = choice_over_two_months(town, hotel)
    october, november = town.account(hotel).billing.invoices
    town.do(PayInvoices(hotel, 20_000, ((october, 14_732), (november, 5_268)), "wire-1", "virtual_account"))
    town.do(AdjustInvoice(hotel, november, 20_000, "agreed"))
    void_both(town, order_id)
    town.spend(hotel, 50_000)
    town.at("2024-12-01 00:10").do(IssueInvoice(hotel, "2024-12"))
    town.store(app)
    feed()

    shown = await invoice_queries.one(conn, hotel, "2024-11", today=date(2024, 12, 2))
    december = await invoice_queries.one(conn, hotel, "2024-12", today=date(2024, 12, 2))
    page = await invoice_queries.rows(conn, december["id"], limit=1)
    rest = await invoice_queries.rows(conn, december["id"], cursor=page.next_cursor, limit=1)

    assert (shown["settlement_amount"], shown["adjusted"], shown["billed_amount"]) == (29_700, -9_700, 20_000)
    assert (shown["paid"], shown["outstanding"], shown["status"]) == (5_268, 14_732, "overdue")
    assert [(each["change"], each["reason"]) for each in shown["adjustments"]] == [(-9_700, "agreed")]
    assert [(each["amount"], each["method"], each["reference"]) for each in shown["payments"]] == [
        (5_268, "virtual_account", "wire-1")
    ]
    assert (december["carry_over"], december["carry_over_applied"], december["billed_amount"]) == (
        39_600,
        39_600,
        10_400,
    )
    assert rest.next_cursor is None
    assert [(row["order_id"], row["settlement_amount"], row["carry_over"]) for row in page.items + rest.items] == [
        (order_id, 0, 39_600),
        (None, 50_000, 0),
    ]


async def test_the_list_shows_three_months_and_up_to_five_years_back(
    app: Connection[Any], feed: Feed, conn: AsyncConnection[Any]
) -> None:
    """SPEC I5, I6, R-003, R-099: issued 2024-10-01, kept through 2029-10-01, gone on 2029-10-02."""
    town = Town().at("2024-09-20 09:00")
    hotel = town.open_postpaid()
    choice_over_two_months(town, hotel)
    town.store(app)
    feed()

    async def months(today: str, first: str | None = None, last: str | None = None) -> list[str]:
        page = await invoice_queries.page(conn, hotel, today=date.fromisoformat(today), from_month=first, to_month=last)
        return [item["month"] for item in page.items]

    assert await months("2024-12-31") == ["2024-11", "2024-10"]
    assert await months("2025-01-01") == ["2024-11"]
    assert await months("2025-01-01", first="2024-10", last="2024-10") == ["2024-10"]
    assert await months("2029-10-01", first="2024-10") == ["2024-11", "2024-10"]
    assert await months("2029-10-02", first="2024-10") == ["2024-11"]
    for first, last in (("2024-09", None), ("2024-12", "2024-11")):
        with pytest.raises(LedgerError) as refused:
            await months("2029-10-02", first, last)
        assert refused.value.code == "malformed"
    with pytest.raises(LedgerError) as gone:
        await invoice_queries.one(conn, hotel, "2024-10", today=date(2029, 10, 2))
    assert gone.value.code == "invoice_not_found"
    assert (await invoice_queries.one(conn, hotel, "2024-10", today=date(2029, 10, 1)))["month"] == "2024-10"


async def test_open_items_and_aged_receivables_tell_who_owes_what_since_when(
    app: Connection[Any], feed: Feed, conn: AsyncConnection[Any]
) -> None:
    town = Town().at("2024-09-20 09:00")
    hotel, inn = town.open_postpaid(), town.open_postpaid("Slow Water Inn")
    choice_over_two_months(town, hotel)
    october, november = town.account(hotel).billing.invoices
    town.at("2024-11-20 10:00").do(PayInvoices(hotel, 4_732, ((october, 4_732),), None))
    town.do(AdjustInvoice(hotel, november, 30_000, "late fee"))
    town.spend(inn, 7_000)
    town.at("2024-12-01 00:10").do(IssueInvoice(inn, "2024-12"))
    town.do(PaySettlement(inn, 7_000, None))
    town.store(app)
    feed()

    async def listed(status: str | None, today: str) -> list[tuple[str, int, str]]:
        page = await invoice_queries.open_items(conn, today=date.fromisoformat(today), status=status)
        return [(item["month"], item["outstanding"], item["status"]) for item in page.items]

    async def ages(day: str) -> list[tuple[str, list[int]]]:
        made = await invoice_queries.aged(conn, as_of=date.fromisoformat(day))
        names = ("outstanding", "overdue", *(name for name, _, _ in invoice_queries.BUCKETS))
        assert [sum(account[name] for account in made["accounts"]) for name in names] == [
            sum(total[name] for total in made["totals"]) for name in names
        ]
        return [(account["account_id"], [account[name] for name in names]) for account in made["accounts"]]

    assert await listed("unpaid", "2024-11-29") == [("2024-11", 30_000, "open"), ("2024-10", 10_000, "overdue")]
    assert await listed("overdue", "2024-11-29") == [("2024-10", 10_000, "overdue")]
    assert await listed("overdue", "2024-11-30") == [("2024-11", 30_000, "overdue"), ("2024-10", 10_000, "overdue")]
    assert await listed("paid", "2024-12-02") == [("2024-12", 0, "paid")]
    assert len(await listed(None, "2024-12-02")) == 3
    # 0-30, 31-60, 61-90, 90+ days since the day of issue; a past day is shown as it was.
    assert await ages("2024-10-31") == [(hotel, [14_732, 0, 14_732, 0, 0, 0])]
    assert await ages("2024-11-19") == [(hotel, [44_432, 14_732, 29_700, 14_732, 0, 0])]
    assert await ages("2024-11-20") == [(hotel, [40_000, 10_000, 30_000, 10_000, 0, 0])]
    assert await ages("2024-12-01") == [(hotel, [40_000, 40_000, 30_000, 0, 10_000, 0])]
    assert await ages("2025-02-01") == [(hotel, [40_000, 40_000, 0, 0, 0, 40_000])]


@pytest.mark.parametrize(
    ("at", "due"),
    [
        ("2024-10-01 00:09:59", []),
        ("2024-10-01 00:10:00", ["2024-10"]),
        ("2024-12-24 10:00", ["2024-10"]),
    ],
)
async def test_invoices_are_due_from_ten_past_midnight_on_the_first_and_the_earliest_month_first(
    app: Connection[Any], feed: Feed, conn: AsyncConnection[Any], at: str, due: list[str]
) -> None:
    """SPEC 14, R-089: 00:10 issue invoices; a missed month is caught up in order."""
    town = Town().at("2024-09-10 09:00")
    hotel, idle, prepaid = town.open_postpaid(), town.open_postpaid("Idle Inn"), town.open()
    town.charge(prepaid, 10_000)
    for account_id in (hotel, prepaid):
        town.spend(account_id, 4_832)
    held = town.spend(idle, 4_832, capture=False)
    town.at("2024-10-05 09:00").spend(hotel, 1_000)
    town.do(ReturnSpend(idle, held, 4_832, None))
    town.store(app)
    feed()

    found = await invoice_queries.due_invoices(conn, at=kst(at))

    assert found == [
        {"account_id": hotel, "month": month, "due_on": date.fromisoformat(f"{month}-31")} for month in due
    ]


async def test_what_is_billed_or_paid_out_is_due_no_more(
    app: Connection[Any], feed: Feed, conn: AsyncConnection[Any]
) -> None:
    """SPEC R-094, R-098."""
    town = Town().at("2024-09-10 09:00")
    hotel = town.open_postpaid()
    spent = town.spend(hotel, 4_832)
    town.at("2024-10-01 00:10").do(IssueInvoice(hotel, "2024-10"))
    town.do(PaySettlement(hotel, 4_832, None))
    town.do(ReturnSpend(hotel, spent, 4_832, None))
    town.store(app)
    feed()
    after_return = await invoice_queries.due_invoices(conn, at=kst("2024-11-01 00:10"))
    town.do(PayOutCredit(hotel, "over"))
    town.store(app)
    feed()

    assert after_return == [{"account_id": hotel, "month": "2024-11", "due_on": date(2024, 11, 29)}]
    assert await invoice_queries.due_invoices(conn, at=kst("2024-11-01 00:10") + timedelta(days=90)) == []
