"""What holds for every history: views agree with the fold, however facts arrive, and the books balance everywhere."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from psycopg import AsyncConnection, Connection

from aggregates import ids
from aggregates.account import Account
from aggregates.billing_key import BillingKey
from aggregates.dates import billing_month, business_date
from aggregates.fact import FACTS, Fact
from ledger.shapes import current_account_json, lots_json
from projections import (
    accounts,
    adjustments,
    asof,
    charges,
    journal,
    limits,
    payments,
    payout_links,
    payouts,
    spends,
    transactions,
)
from projections.adjustments import Adjustments
from projections.charges import Charges
from projections.connections import Connect
from projections.limits import Limits
from projections.movements import BOOKS, MOVING, PREPAID
from projections.paging import Page
from projections.rebuild import check_views
from projections.refund_requests import RefundRequests
from projections.registry import ALL_VIEWS
from projections.spends import Spends
from projections.statement import statement
from projections.tracking import VIEWS
from tests.projections.conftest import Feed, live_rows, rows_by_batches
from tests.projections.town import Town, busy_town, chance_town
from tests.projections.town_collections import payout_links as links_of
from tests.projections.town_payments import all_payments

pytestmark = pytest.mark.anyio

HISTORIES = ["busy", 1, 2, 3]


def history(name: str | int) -> Town:
    return busy_town() if isinstance(name, str) else chance_town(name, 250)


@pytest.fixture(params=HISTORIES)
def town(request: pytest.FixtureRequest, app: Connection[Any], feed: Feed) -> Town:
    made = history(request.param)
    made.store(app)
    feed()
    return made


async def all_items(ask: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor = None
    while True:
        page: Page = await ask(cursor)
        items += page.items
        cursor = page.next_cursor
        if cursor is None:
            return items


async def test_every_account_is_shown_as_its_own_fold_has_it(town: Town, conn: AsyncConnection[Any]) -> None:
    shown = await all_items(lambda cursor: accounts.page(conn, at=town.now, cursor=cursor, limit=2))

    assert shown == [
        current_account_json(each.figures(town.now), each.books, each.version) for each in reversed(town.accounts())
    ]


async def test_open_lots_are_those_of_the_fold_in_its_order(town: Town, conn: AsyncConnection[Any]) -> None:
    for each in town.accounts():
        shown = await all_items(lambda cursor, id=each.account_id: charges.lots(conn, id, cursor=cursor, limit=3))

        assert [
            (lot["charge_id"], lot["charged_on"], lot["method"], lot["remaining"], lot["frozen"]) for lot in shown
        ] == [
            (lot.charge_id, lot.charged_on.isoformat(), lot.method, lot.remaining_minor, lot.frozen)
            for lot in each.lots
        ]


async def test_held_spends_are_those_of_the_fold(town: Town, conn: AsyncConnection[Any]) -> None:
    for each in town.accounts():
        shown = await all_items(lambda cursor, id=each.account_id: spends.page(conn, id, cursor=cursor, limit=7))

        held = {spend["id"]: (spend["held"], spend["lots"]) for spend in shown if spend["held"]}
        assert held == {id: (hold.held_minor, lots_json(hold.lots)) for id, hold in each.holds.items()}
        assert all(spend["amount"] == spend["held"] + spend["captured"] + spend["returned"] for spend in shown)


async def test_pending_adjustments_are_those_of_the_fold(town: Town, conn: AsyncConnection[Any]) -> None:
    for each in town.accounts():
        pending = await all_items(
            lambda cursor, id=each.account_id: adjustments.page(conn, id, status="pending", cursor=cursor, limit=2)
        )

        assert [(row["id"], row["amount"], row["made_by"], row["reason"]) for row in pending] == [
            (adjustment_id, waits.amount_minor, waits.made_by, waits.reason)
            for adjustment_id, waits in reversed(each.adjustments.items())
        ]


async def test_payments_are_those_of_the_fold(town: Town, conn: AsyncConnection[Any]) -> None:
    assert all_payments(town), "there is something to look at"
    for each in town.accounts():
        shown = await all_items(lambda cursor, id=each.account_id: payments.page(conn, id, cursor=cursor, limit=3))

        own = [payment for payment in all_payments(town) if payment.account_id == each.account_id]
        states = {"expired": "waiting_for_deposit"}  # what became of the charge is not the payment's own state
        assert {
            row["id"]: (row["amount"], row["method"], states.get(row["status"], row["status"]), row["charge_id"] or "")
            for row in shown
        } == {
            payment.payment_id: (payment.amount_minor, payment.method, payment.status, payment.charge_id)
            for payment in own
        }


async def test_registered_cards_are_those_of_the_fold(town: Town, conn: AsyncConnection[Any]) -> None:
    cards = {key.billing_key_id: key.status for key in town.streams.values() if isinstance(key, BillingKey)}
    shown: dict[str, str] = {}
    for each in town.accounts():
        listed = await all_items(lambda cursor, id=each.account_id: payments.billing_keys(conn, id, cursor=cursor))
        shown |= {card["id"]: card["status"] for card in listed}

    assert shown == cards
    open_ones = await payments.open_billing_keys(conn, limit=1_000)
    assert {row["billing_key_id"] for row in open_ones} == {
        id for id, status in cards.items() if status in ("requested", "removed")
    }


async def test_what_the_gateway_is_asked_for_is_what_is_open_on_payments_and_charges(
    town: Town, conn: AsyncConnection[Any]
) -> None:
    pending = await payments.pending(conn, limit=1_000)
    cancels = await payments.open_cancels(conn, limit=1_000)

    of_payments = {payment.charge_id for payment in all_payments(town)}
    assert {row["payment_id"] for row in pending} == {
        payment.payment_id for payment in all_payments(town) if payment.status == "pending"
    }
    assert {(row["charge_id"], row["cancel_minor"]) for row in cancels} == {
        (charge_id, cancel.payout_minor)
        for each in town.accounts()
        for charge_id, cancel in each.cancels.items()
        if charge_id in of_payments
    }


async def test_what_the_bank_is_asked_for_is_what_is_open_on_refund_requests(
    town: Town, conn: AsyncConnection[Any]
) -> None:
    under_way = await payouts.under_way(conn, limit=1_000)

    assert {(row["refund_id"], row["status"], row["destination"], row["payout_minor"]) for row in under_way} == {
        (refund_id, refund.status, refund.destination, refund.payout_minor)
        for each in town.accounts()
        for refund_id, refund in each.refunds.items()
        if refund.status in ("paying", "payout_unknown")
    }


async def test_limits_are_those_of_the_fold(town: Town, conn: AsyncConnection[Any]) -> None:
    month = billing_month(business_date(town.now))
    for each in town.accounts():
        shown = await limits.of(conn, each.account_id, at=town.now)

        figures = each.figures(town.now)
        assert shown["month"] == month
        assert shown["limit"] == figures.credit_limit_minor
        assert shown["used"] == figures.used_this_month_minor
        assert shown["remaining"] == figures.remaining_limit_minor
        assert {member["member_id"]: member["used"] for member in shown["members"]} == {
            member_id: each.member_used.get(member_id, {}).get(month, 0) for member_id in each.members
        }
        assert (shown["cash"] or {}).get("limit") == each.cash_limit_minor
        if shown["cash"]:
            assert shown["cash"]["used"] == each.cash_used.get(month, 0)


async def test_each_transaction_moves_the_balance_of_its_book_by_its_amount(
    town: Town, conn: AsyncConnection[Any]
) -> None:
    for each in town.accounts():
        shown = await all_items(lambda cursor, id=each.account_id: transactions.page(conn, id, cursor=cursor, limit=50))
        balances = dict.fromkeys(BOOKS, 0)
        has_been_reversed = False

        for row in reversed(shown):
            if row["book"] == PREPAID and each.mode == "postpaid":
                continue
            balances[row["book"]] += row["amount"]
            assert row["balance"] == balances[row["book"]]
            # What was collected can be taken back, or become the payer's again, after it has left: then, and only then,
            # the account owes it.
            has_been_reversed = has_been_reversed or (
                row["type"] == "collection_reversal" or row["detail"].get("method") == "payer_credit"
            )
            assert row["book"] == PREPAID or row["balance"] >= 0 or (row["book"] == "collections" and has_been_reversed)

        assert balances == {PREPAID: each.balance_minor, **each.books}
        for book in BOOKS:
            of_book = await all_items(
                lambda cursor, id=each.account_id, book=book: transactions.page(
                    conn, id, book=book, cursor=cursor, limit=50
                )
            )
            assert of_book == [row for row in shown if row["book"] == book]


async def test_the_statement_of_each_book_ties_out(town: Town, conn: AsyncConnection[Any]) -> None:
    for each in town.accounts():
        for book in BOOKS[1:]:
            middle = business_date(town.now) - timedelta(days=30)
            parts = ((date(2020, 1, 1), middle), (middle + timedelta(days=1), date(2030, 1, 1)))

            first, last = [
                await statement(conn, each.account_id, from_date=start, to_date=end, book=book) for start, end in parts
            ]

            assert (first["opening_balance"], first["closing_balance"]) == (0, last["opening_balance"])
            assert last["closing_balance"] == each.books[book]
            for part in (first, last):
                moved = sum(row["amount"] for row in part["rows"])
                assert part["opening_balance"] + moved == part["closing_balance"]
                assert part["book"] == book


async def test_pay_out_links_are_those_of_the_fold_and_hold_what_the_account_holds(
    town: Town, conn: AsyncConnection[Any]
) -> None:
    for each in town.accounts():
        shown = await all_items(lambda cursor, id=each.account_id: payout_links.page(conn, id, cursor=cursor, limit=20))
        own = [link for link in links_of(town) if link.account_id == each.account_id]

        assert {row["id"]: (row["status"], row["held"], row["owing"], row["attempts"]) for row in shown} == {
            link.payout_link_id: (link.status, link.held_minor, link.owing_minor, link.attempt) for link in own
        }
        assert sum(link.held_minor for link in own) == each.payout_hold_minor


async def test_the_trial_balance_is_zero_at_every_position(town: Town, conn: AsyncConnection[Any]) -> None:
    for position in range(len(town.facts) + 1):
        shown = await journal.trial_balance(conn, position=position)

        assert shown["position"] == position
        assert all(total["balance"] == 0 for total in shown["totals"])


async def test_the_books_show_what_the_accounts_have(town: Town, conn: AsyncConnection[Any]) -> None:
    shown = await journal.trial_balance(conn)

    balances = {row["account"]: -row["balance"] for row in shown["accounts"]}
    prepaid = [each for each in town.accounts() if each.mode == "prepaid"]
    assert balances.get("liability.prepaid", 0) == sum(each.balance_minor for each in prepaid)
    assert balances.get("liability.prepaid_hold", 0) == sum(each.held_minor for each in prepaid)
    assert balances.get("liability.refund_payable", 0) == sum(each.refund_pending_minor for each in prepaid)
    for book in BOOKS[1:]:
        assert balances.get(f"liability.{book}", 0) == sum(each.books[book] for each in town.accounts())
    owing = sum(each.member_receivable_minor for each in town.accounts())
    assert -balances.get("asset.member_receivable", 0) == owing


async def test_an_account_at_a_version_is_what_its_fold_was_then(town: Town, conn: AsyncConnection[Any]) -> None:
    for each in town.accounts():
        then: Account | None = None
        own: list[Fact] = [fact for fact in town.facts if fact.originator_id == each.id]
        for fact in own:
            then = fact.mutate(then)
            assert then is not None
            shown = await asof.account(conn, each.account_id, at=town.now, at_version=fact.originator_version)

            assert shown == current_account_json(then.figures(town.now), then.books, fact.originator_version)


@pytest.mark.parametrize("name", ["busy", 3])
def test_no_row_depends_on_how_facts_are_batched(
    name: str | int, app: Connection[Any], project: Connection[Any]
) -> None:
    history(name).store(app)

    for each in ALL_VIEWS:
        by_one = rows_by_batches(project, each, 1)
        assert by_one == rows_by_batches(project, each, 7)
        assert by_one == rows_by_batches(project, each, 2000)


def test_a_view_built_anew_has_the_same_rows(town: Town, project: Connection[Any], connect_project: Connect) -> None:
    before = live_rows(project)

    checked = check_views(connect_project, ALL_VIEWS)

    assert [(each.view, each.position, each.differences) for each in checked] == [
        (name, len(town.facts), 0) for name in VIEWS
    ]
    assert sum(each.rows for each in checked) == sum(map(len, before.values()))
    assert live_rows(project) == before


def kinds_with(field: str) -> set[type[Fact]]:
    own = {kind for topic, kind in FACTS.items() if topic.startswith("account.")}
    return {kind for kind in own if field in kind.__dataclass_fields__}


def test_every_fact_that_carries_a_balance_is_a_movement_or_known_to_move_none() -> None:
    assert kinds_with("balance_minor") - MOVING == {Account.SpendCaptured}
    assert kinds_with("balance_minor") >= MOVING


def test_no_fact_about_a_thing_is_overlooked_by_the_view_of_that_thing() -> None:
    assert kinds_with("spend_id") == Spends.TAKES
    of_collections = {Account.CollectionRefundStarted, Account.CollectionRefundEnded}
    assert kinds_with("refund_id") - of_collections == RefundRequests.TAKES
    assert kinds_with("adjustment_id") == Adjustments.TAKES
    assert kinds_with("charge_id") | kinds_with("deposit_id") <= Charges.TAKES
    assert kinds_with("month") - {Account.InvoiceIssued} <= Limits.TAKES
    lots_unchanged = {
        Account.SpendCaptured,
        Account.RefundReviewed,
        Account.RefundCompleted,
        Account.RefundPayoutReturned,
    }
    assert kinds_with("lots") - Charges.TAKES == lots_unchanged


async def test_an_unknown_account_has_no_rows(conn: AsyncConnection[Any], feed: Feed) -> None:
    nobody = ids.account_id(0, b"nobody-here")

    assert await transactions.page(conn, nobody) == Page([], None)
    assert await charges.lots(conn, nobody) == Page([], None)
