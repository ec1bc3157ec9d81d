"""The books of a whole year, checked by software that is not ours, and to the last won by our own rules."""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import pytest
from beancount import loader
from beancount.core.data import Transaction
from psycopg import AsyncConnection, sql

from aggregates.account import Account
from aggregates.fact import Fact
from aggregates.numbers import invoice_number
from ledger.database import connect_async
from projections import asof, invoice_queries, journal
from projections.exports.accounting import account_name
from projections.trial_balance import by_period
from tests.books.year import FIRST_DAY, LAST_DAY, MONTHS, PREPAID, SEED, Year, month_ends, whole_year
from tests.projections.exports.conftest import Library

pytestmark = pytest.mark.anyio

MonthEnds = dict[str, dict[str, int]]
"""Month -> account in plain-text accounting -> balance at its end; 0 is left out."""

needs_hledger = pytest.mark.skipif(
    shutil.which("hledger") is None and os.environ.get("HLEDGER_TESTS") != "required",
    reason="there is no hledger here: apt-get install hledger",
)


@pytest.fixture
async def conn(library: Library) -> AsyncIterator[AsyncConnection[Any]]:
    """A connection as the service has."""
    async with await connect_async(library.database.app) as connection:
        schema = sql.Identifier(library.database.schema)
        await connection.execute(sql.SQL("SET search_path = {}, pg_catalog").format(schema))
        yield connection


@pytest.fixture(scope="module")
def books(library: Library, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the exported books."""
    made = tmp_path_factory.mktemp("books")
    for form, name in (("beancount", "books.beancount"), ("hledger", "books.journal")):
        (made / name).write_bytes(library.export("journal", form)[0])
    return made


@pytest.fixture(scope="module")
def beancounted(books: Path) -> MonthEnds:
    """The balances at each month end, as beancount adds them up."""
    entries, errors, _ = loader.load_file(str(books / "books.beancount"))
    assert not errors
    moved: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for entry in entries:
        if isinstance(entry, Transaction):
            for posting in entry.postings:
                assert posting.units is not None
                assert posting.units.currency == "KRW"
                moved[f"{entry.date:%Y-%m}"][posting.account] += int(posting.units.number or 0)
    sums: Counter[str] = Counter()
    found: MonthEnds = {}
    for month in sorted(moved):
        for account, amount in moved[month].items():
            sums[account] += amount
        found[month] = {account: amount for account, amount in sums.items() if amount}
    return found


@pytest.fixture(scope="module")
def hledgered(books: Path) -> MonthEnds:
    """The balances at each month end, as hledger adds them up."""
    period = f"{FIRST_DAY}..{date(LAST_DAY.year + 1, 1, 1)}"
    run = _run("hledger", "-f", str(books / "books.journal"), "balance", "-H", "-M", "-E", "-N", "-p", period,
               "--flat", "-O", "csv")  # fmt: skip
    _, *lines = csv.reader(io.StringIO(run.stdout))
    found: MonthEnds = {month: {} for month in MONTHS}
    for account, *balances in lines:
        for month, text in zip(MONTHS, balances, strict=True):
            if amount := int(text.removesuffix(" KRW")):
                found[month][account] = amount
    return found


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, (command[0], run.stdout[-2_000:], run.stderr[-2_000:])
    return run


@cache
def _bean_check() -> str:
    """Return the program that stands beside this interpreter."""
    return str(Path(sys.executable).with_name("bean-check"))


def test_the_year_is_the_same_every_time(year: Year) -> None:
    again = whole_year()

    assert again.facts == year.facts
    assert SEED == 20250101


def test_the_year_holds_what_an_accountant_meets(year: Year) -> None:
    seen: Counter[type[Fact]] = Counter(type(fact) for fact in year.facts)

    assert len(year.accounts()) == 200
    wanted: dict[type[Fact], int] = {
        Account.Imported: 10,
        Account.Charged: 500,
        Account.Deposited: 100,
        Account.DepositParked: 10,
        Account.ChargeCancelled: 10,
        Account.ChargedBack: 10,
        Account.Spent: 2_000,
        Account.SpendCaptured: 200,
        Account.SpendReturned: 300,
        Account.DifferenceRefunded: 100,
        Account.HoldExpired: 100,
        Account.RefundCompleted: 30,
        Account.RefundRejected: 5,
        Account.RefundCancelled: 2,
        Account.TransferSent: 50,
        Account.AdjustmentApproved: 30,
        Account.InvoiceIssued: 500,
        Account.InvoiceAdjusted: 5,
        Account.SettlementPaid: 200,
        Account.OverdueBlockLifted: 10,
        Account.Collected: 200,
        Account.CollectionReversed: 20,
        Account.CollectionRefunded: 20,
        Account.WithdrawalPaid: 20,
        Account.WithdrawalReturned: 3,
        Account.PayoutFunded: 100,
        Account.PayoutPaid: 50,
        Account.PayoutReturned: 3,
        Account.PayoutRefunded: 10,
        Account.PayoutFundingReversed: 3,
    }
    assert {kind.TOPIC: seen[kind] for kind, at_least in wanted.items() if seen[kind] < at_least} == {}
    backdated = [fact for fact in year.facts if fact.occurred_at < fact.recorded_at]
    assert len(backdated) > 100


def test_bean_check_finds_no_fault(books: Path) -> None:
    run = _run(_bean_check(), str(books / "books.beancount"))

    assert run.stdout == run.stderr == ""


@needs_hledger
def test_hledger_check_finds_no_fault(books: Path) -> None:
    _run("hledger", "-f", str(books / "books.journal"), "check", "--strict", "ordereddates")


def test_bean_check_finds_a_line_that_was_altered(books: Path, tmp_path: Path) -> None:
    january, _, _ = (books / "books.beancount").read_text().partition("\n2025-02-01 ")
    first = january.index("account.charged")
    entry = january[first : january.index("\n2025", first)]
    debit, credit = re.findall(r"  -?[0-9]+ KRW", entry)
    altered = january.replace(entry, entry.replace(debit, f"{debit[:-4]}0 KRW").replace(credit, f"{credit[:-4]}0 KRW"))
    files = {tmp_path / "january.beancount": january, tmp_path / "altered.beancount": altered}
    for path, text in files.items():
        path.write_text(text + "\n")

    runs = [subprocess.run([_bean_check(), path], capture_output=True, text=True, check=False) for path in files]

    # The altered entry balances in itself, as a forged one would.
    assert [run.returncode for run in runs] == [0, 1]
    assert "Balance failed" in runs[1].stdout + runs[1].stderr


@needs_hledger
def test_both_programs_add_up_to_the_same_for_every_account_at_every_month_end(
    beancounted: MonthEnds, hledgered: MonthEnds
) -> None:
    assert hledgered == {month: beancounted[month] for month in MONTHS}


async def test_each_customers_books_are_the_same_in_beancount_and_over_the_api(
    conn: AsyncConnection[Any], year: Year, beancounted: MonthEnds
) -> None:
    """For every account at every month end."""
    shown: MonthEnds = {month: {} for month in MONTHS}
    for account in year.accounts():
        for month, balances in (await _periods(conn, account.account_id)).items():
            for name, amount in balances.items():
                shown[month][name] = shown[month].get(name, 0) + amount

    whole = await _periods(conn, None)
    for month in MONTHS:
        own = {name: amount for name, amount in shown[month].items() if amount}
        assert beancounted[month] == own
        assert sum(own.values()) == sum(whole[month].values()) == 0


async def _periods(conn: AsyncConnection[Any], account_id: str | None) -> MonthEnds:
    """Return the closing balances that `GET /v1/trial-balance/periods` shows, named as in plain-text accounting."""
    made = await by_period(conn, by="month", from_date=FIRST_DAY, to_date=LAST_DAY, account_id=account_id)
    return {
        period["period"]: {
            account_name(line["account"], account_id or ""): line["closing"] for line in period["accounts"]
        }
        for period in made["periods"]
    }


async def test_each_customers_balances_at_each_month_end_are_those_of_the_account(
    conn: AsyncConnection[Any], year: Year, beancounted: MonthEnds
) -> None:
    """`GET /v1/accounts/{id}?as_of=` against what beancount adds up."""
    for number, account in enumerate(year.accounts()):
        opened_name = {
            figure: account_name(of, account.account_id)
            for figure, of in (
                ("balance", "liability.prepaid"),
                ("held", "liability.prepaid_hold"),
                ("refund_pending", "liability.refund_payable"),
            )
        }
        of_books = {book: account_name(f"liability.{book}", account.account_id) for book in account.books}
        if number >= PREPAID:
            shown = await asof.account(conn, account.account_id, at=year.now, as_of=list(month_ends())[-1][1])
            assert {book: -beancounted[MONTHS[-1]].get(name, 0) for book, name in of_books.items()} == {
                book: shown[book] for book in of_books
            }
            assert not {opened_name["balance"], opened_name["refund_pending"]} & beancounted[MONTHS[-1]].keys()
            continue
        for month, at in month_ends():
            shown = await asof.account(conn, account.account_id, at=year.now, as_of=at)
            for figure, name in {**opened_name, **of_books}.items():
                assert shown[figure] == -beancounted[month].get(name, 0), (account.account_id, month, figure)


async def test_the_trial_balance_is_zero_at_every_month_end_and_at_the_last_position(
    conn: AsyncConnection[Any],
) -> None:
    made = await by_period(conn, by="month", from_date=FIRST_DAY, to_date=LAST_DAY)

    assert [period["period"] for period in made["periods"]] == list(MONTHS)
    for period in made["periods"]:
        assert [(total["opening"], total["closing"]) for total in period["totals"]] == [(0, 0)]
        assert [total["debit"] for total in period["totals"]] == [total["credit"] for total in period["totals"]]
    now = await journal.trial_balance(conn)
    assert [total["balance"] for total in now["totals"]] == [0]


async def test_invoices_add_up_to_the_coupons_issued_less_what_was_carried_over(
    conn: AsyncConnection[Any], library: Library, year: Year
) -> None:
    """To the won, for each customer and for all: from the facts of purchases, not from those of invoices."""
    rows = [orjson.loads(line) for line in library.export("invoices", "ndjson")[0].splitlines()]
    issued_in_all = billed_in_all = 0
    for account_id in year.postpaid:
        account = year.account(account_id)
        own = [fact for fact in year.facts if fact.originator_id == account.id]
        captured = sum(
            fact.captured_minor if isinstance(fact, Account.Spent) else fact.amount_minor
            for fact in own
            if isinstance(fact, (Account.Spent, Account.SpendCaptured))
        )
        returned = sum(
            fact.from_captured_minor
            for fact in own
            if isinstance(fact, (Account.SpendReturned, Account.DifferenceRefunded, Account.HoldExpired))
        )
        invoices = [fact for fact in own if isinstance(fact, Account.InvoiceIssued)]
        billed = sum(invoice.billed_minor for invoice in invoices)
        carried_at_the_end = invoices[-1].carried_minor if invoices else 0
        assert billed == captured - returned + carried_at_the_end
        settlements = sum(invoice.settlement_minor for invoice in invoices)
        assert billed == settlements - sum(invoice.applied_minor for invoice in invoices)
        exported = [row for row in rows if row["account_id"] == account_id]
        shown = await invoice_queries.page(conn, account_id, today=LAST_DAY, from_month="2025-01", to_month="2026-01")
        for items in (shown.items, exported):
            assert sum(item["settlement_amount"] for item in items) == settlements
            assert sum(item["carry_over_applied"] for item in items) == settlements - billed
        assert _figures(exported) == _figures(shown.items[::-1])
        adjusted = sum(fact.amount_minor for fact in own if isinstance(fact, Account.InvoiceAdjusted))
        assert sum(item["billed_amount"] for item in shown.items) == billed + adjusted
        paid = sum(fact.amount_minor for fact in own if isinstance(fact, Account.SettlementPaid))
        outstanding = sum(invoice.outstanding_minor for invoice in account.billing.invoices.values())
        assert billed + adjusted - paid == outstanding - account.billing.advance_minor
        issued_in_all += captured - returned
        billed_in_all += billed - carried_at_the_end
    assert issued_in_all == billed_in_all > 10_000_000


def _figures(items: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    names = ("number", "month", "due_on", "settlement_coupons", "adjusted", "billed_amount", "paid", "outstanding")
    return [tuple(item[name] for name in names) for item in items]


def test_invoices_at_a_position_are_as_they_were_then(library: Library, year: Year) -> None:
    """Adjusted and paid later, and not yet."""
    adjustments = [at for at, fact in enumerate(year.facts, start=1) if isinstance(fact, Account.InvoiceAdjusted)]
    payments = [at for at, fact in enumerate(year.facts, start=1) if isinstance(fact, Account.SettlementPaid)]
    for position in (adjustments[2], adjustments[2] - 1, payments[50], payments[50] - 1):
        rows = [orjson.loads(line) for line in library.export("invoices", "ndjson", position)[0].splitlines()]
        facts = year.facts[:position]
        issued = [fact for fact in facts if isinstance(fact, Account.InvoiceIssued)]
        changed: Counter[str] = Counter()
        paid = Counter({fact.invoice_id: fact.advance_applied_minor for fact in issued})
        for fact in facts:
            if isinstance(fact, Account.InvoiceAdjusted):
                changed[fact.invoice_id] += fact.amount_minor
            elif isinstance(fact, Account.SettlementPaid):
                paid.update({part.invoice_id: part.amount_minor for part in fact.invoices})
        assert [(row["invoice_id"], row["adjusted"], row["paid"]) for row in rows] == [
            (fact.invoice_id, changed[fact.invoice_id], paid[fact.invoice_id]) for fact in issued
        ]
        assert all(row["billed_amount"] - row["paid"] == row["outstanding"] >= 0 for row in rows)
        assert {row["number"] for row in rows} == {invoice_number(fact.number) for fact in issued}
