"""Commands about invoices: orders billed by the month of each coupon, answers, and the laws over random histories."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregates.account import Account
from aggregates.account.billing.months import month_of, next_month
from aggregates.account.billing.overdue import InvoiceOverdue
from aggregates.ids import stream_id
from aggregates.postings import chart, postings_of
from ledger.command import ANSWERS
from ledger.commands.invoices import (
    AdjustInvoice,
    IssueInvoice,
    LiftOverdueBlock,
    PayInvoices,
    PayOutCredit,
    PaySettlement,
)
from ledger.commands.spends import ReturnSpend, Spend
from ledger.commands.standing import OpenAccount, SwitchMode
from tests.aggregates.orders import line
from tests.aggregates.samples import sample
from tests.aggregates.scenario import kst
from tests.ledger.commands.book import Book
from tests.ledger.commands.shop import Shop

MISSING = "inv_000123456789abcdefg2"


def invoice(shop: Shop, month: str) -> dict[str, Any]:
    """Issue the invoice of a month at 00:10 of its first day, or now if that is over."""
    shop.now = max(shop.now, kst(f"{month}-01 00:10"))
    return shop.ask(IssueInvoice(shop.account_id, month))


def settled(made: dict[str, Any]) -> tuple[int, int, int]:
    return made["settlement_amount"], made["settlement_coupons"], made["carry_over"]


# -- orders -------------------------------------------------------------------------------------------------------


def test_cross_month_choice_order_is_billed_by_the_month_of_each_selection() -> None:
    """SPEC 6, cross-month: 59,400 from September's limit; October bills 9,900 (1), November 29,700 (1); 19,800 back."""
    shop = Shop(1_000_000, mode="postpaid", at="2024-09-29 12:00")
    order_id = shop.choice(29_700, 9_900, recipients=2)
    used = [dict(shop.account(shop.account_id).used)]
    shop.reached(order_id, 0, 1)
    shop.at("2024-09-30 12:00").picked(order_id, 0, 1)
    october = invoice(shop, "2024-10")
    shop.at("2024-10-02 12:00").picked(order_id, 1, 0)
    november = invoice(shop, "2024-11")
    used.append(dict(shop.account(shop.account_id).used))

    assert (settled(october), settled(november)) == ((9_900, 1, 0), (29_700, 1, 0))
    assert used == [{"2024-09": 59_400}, {"2024-09": 59_400 - 19_800}]


def test_a_voided_coupon_counts_for_the_month_in_which_it_was_issued_not_for_that_of_its_order() -> None:
    """SPEC R-090, 14: settlement(M) = issued coupons of M-1 that were not voided before it."""
    shop = Shop(1_000_000, mode="postpaid", at="2024-09-29 12:00")
    order_id = shop.place((line(9_900),), 3)
    shop.issued(order_id, 0, 1)
    invoice(shop, "2024-10")
    shop.at("2024-10-02 12:00").issued(order_id, 2)
    shop.reached(order_id, 0, 1, 2)
    shop.voided(order_id, 0)
    november = invoice(shop, "2024-11")
    shop.voided(order_id, 1, 2)
    december = invoice(shop, "2024-12")

    assert (november["billed_amount"], settled(november)) == (0, (9_900, 1, 9_900))
    assert (december["billed_amount"], settled(december)) == (0, (0, 0, 19_800))


def test_a_coupon_voided_in_the_month_of_its_issuance_is_never_billed() -> None:
    """SPEC R-090."""
    shop = Shop(1_000_000, mode="postpaid", at="2024-09-29 12:00")
    order_id = shop.place((line(9_900),), 2)
    shop.issued(order_id, 0)
    shop.at("2024-10-02 12:00").issued(order_id, 1)
    shop.reached(order_id, 0, 1)
    shop.voided(order_id, 1)
    october, _ = invoice(shop, "2024-10"), shop.at("2024-11-01 00:10")

    assert settled(october) == (9_900, 1, 0)
    assert shop.refusal(IssueInvoice(shop.account_id, "2024-11")).code == "nothing_to_invoice"


def test_an_overdue_invoice_stops_new_orders_and_not_what_is_under_way() -> None:
    """SPEC R-085."""
    shop = Shop(1_000_000, mode="postpaid", at="2024-09-29 12:00")
    order_id = shop.place((line(9_900),), 2)
    shop.issued(order_id, 0)
    invoice(shop, "2024-10")
    shop.at("2024-11-01 09:00")

    with pytest.raises(InvoiceOverdue):
        shop.place((line(9_900),))
    shop.issued(order_id, 1)
    shop.ask(LiftOverdueBlock(shop.account_id, "payment is promised"))
    shop.place((line(9_900),))


# -- answers ------------------------------------------------------------------------------------------------------


def test_each_command_answers_with_what_it_did() -> None:
    book = Book(at="2024-09-10 10:00")
    account_id = book.ask(OpenAccount("Quiet Mill", "postpaid", "KRW", 500_000, 0))["id"]
    spent = book.ask(Spend(account_id, 69_000))
    made = book.at("2024-10-01 00:10").do(IssueInvoice(account_id, "2024-10"))
    invoice_id = made.body["id"]
    adjusted = book.ask(AdjustInvoice(account_id, invoice_id, 59_100, "agreed"))
    part = book.do(PayInvoices(account_id, 9_100, ((invoice_id, 9_100),), "BANK-1", "virtual_account"))
    lifted = book.at("2024-11-01 10:00").ask(LiftOverdueBlock(account_id, "promised"))
    rest = book.ask(PaySettlement(account_id, 50_000, None))
    book.ask(ReturnSpend(account_id, spent["id"], 9_900))
    paid_out = book.do(PayOutCredit(account_id, "becomes prepaid", "BANK-2"))
    switched = book.ask(SwitchMode(account_id, "prepaid", None, 0, 0, "asked for"))

    assert (made.status, made.body) == (
        201,
        {
            "id": invoice_id,
            "account_id": account_id,
            "number": "MCOM-1290000001",
            "month": "2024-10",
            "issued_on": "2024-10-01",
            "due_on": "2024-10-31",
            "currency": "KRW",
            "settlement_amount": 69_000,
            "settlement_coupons": 1,
            "carry_over": 0,
            "carry_over_applied": 0,
            "carried_over": 0,
            "billed_amount": 69_000,
            "paid": 0,
            "outstanding": 69_000,
        },
    )
    assert (adjusted["change"], adjusted["billed_amount"], adjusted["outstanding"]) == (-9_900, 59_100, 59_100)
    assert part.status == 201
    assert part.body["invoices"] == [{"invoice_id": invoice_id, "amount": 9_100, "outstanding": 50_000}]
    assert (part.body["method"], part.body["advance"], part.body["receivable"]) == ("virtual_account", 0, 50_000)
    assert (lifted["invoices"], lifted["outstanding"]) == ([invoice_id], 50_000)
    assert rest["invoices"][0]["outstanding"] == rest["receivable"] == 0
    assert (paid_out.status, paid_out.body["amount"], paid_out.body["carry_over"]) == (201, 9_900, 9_900)
    assert (switched["mode"], switched["credit_limit"], switched["available"]) == ("prepaid", None, 0)


def test_an_invoice_that_the_account_never_had_is_not_found() -> None:
    book = Book(at="2024-09-10 10:00")
    account_id = book.ask(OpenAccount("Quiet Mill", "postpaid", "KRW", 500_000, 0))["id"]
    spent = book.ask(Spend(account_id, 100))

    codes = [
        book.refusal(AdjustInvoice(account_id, invoice_id, 1, "r")).code
        for invoice_id in (MISSING, spent["id"].replace("spd", "inv"))
    ]
    codes.append(book.refusal(PayInvoices(account_id, 1, ((MISSING, 1),))).code)
    codes.append(book.refusal(PayInvoices(account_id, 1, ((MISSING, 1),) * 101)).code)

    assert codes == ["invoice_not_found", "invoice_not_found", "invoice_not_found", "malformed"]


def test_a_payment_from_before_there_were_invoices_is_answered_as_it_was() -> None:
    """A replay gives the same bytes, years later."""
    paid = sample(Account.SettlementPaid, settlement_id="stl_000123456789abcdefg2")

    answer = ANSWERS["settlement/1"]([paid])

    assert list(answer.body) == ["id", "account_id", "amount", "currency", "reference", "receivable"]


# -- laws ---------------------------------------------------------------------------------------------------------


@dataclass
class Coupon:
    """What the model knows of one issued coupon, or of one plain purchase."""

    price: int
    issued: str
    voided: str | None = None


class Years:
    """A shop over many months, and a model that knows each coupon by itself."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.shop = Shop(10**12, mode="postpaid", at="2024-01-03 09:00")
        self.coupons: dict[tuple[str, int], Coupon] = {}
        self.waiting: list[tuple[str, int]] = []
        self.invoices: list[dict[str, Any]] = []
        self.billed_through = ""

    @property
    def month(self) -> str:
        return month_of(self.shop.now)

    def order(self) -> None:
        recipients = self.random.randint(1, 4)
        order_id = self.shop.place((line(self.random.choice([990, 3_913, 9_900])),), recipients)
        self.waiting += [(order_id, recipient) for recipient in range(recipients)]

    def issue(self) -> None:
        if self.waiting:
            order_id, recipient = self.waiting.pop(self.random.randrange(len(self.waiting)))
            self.shop.issued(order_id, recipient)
            self.shop.reached(order_id, recipient)
            price = self.shop.order(order_id).price_of(recipient)
            self.coupons[order_id, recipient] = Coupon(price, self.month)

    def buy(self) -> None:
        amount = self.random.randint(1, 50_000)
        spend_id = self.shop.ask(Spend(self.shop.account_id, amount))["id"]
        self.coupons[spend_id, -1] = Coupon(amount, self.month)

    def void(self) -> None:
        live = [key for key, coupon in self.coupons.items() if coupon.voided is None]
        if live:
            key = self.random.choice(live)
            if key[1] < 0:
                self.shop.ask(ReturnSpend(self.shop.account_id, key[0], self.coupons[key].price))
            else:
                self.shop.voided(*key)
            self.coupons[key].voided = self.month

    def pay(self) -> None:
        billing = self.account.billing
        if billing.invoices:
            invoice_id, open_ = self.random.choice(list(billing.invoices.items()))
            amount = self.random.randint(1, open_.outstanding_minor)
            if self.random.random() < 0.5:
                amount = open_.outstanding_minor
            self.shop.ask(PayInvoices(self.shop.account_id, amount, ((invoice_id, amount),)))

    @property
    def account(self) -> Account:
        return self.shop.account(self.shop.account_id)

    def pass_time(self) -> None:
        """Go on; invoices are issued in order, on the day or a few days late."""
        before = self.month
        self.shop.now += timedelta(hours=self.random.choice([1, 20, 100, 300]))
        late = timedelta(hours=self.random.choice([0, 0, 50]))
        while before < month_of(self.shop.now - late):
            before = next_month(before)
            self.bill(before)

    def bill(self, month: str) -> None:
        """Issue an invoice, and hold it against what the coupons say."""
        now, rest = self.shop.now, self.account.billing.carried_minor
        self.shop.now = max(now, kst(f"{month}-01 00:10"))
        settlement = [
            coupon.price
            for coupon in self.coupons.values()
            if self.billed_through <= coupon.issued < month and coupon.voided != coupon.issued
        ]
        new = sum(
            coupon.price
            for coupon in self.coupons.values()
            if coupon.voided and self.billed_through <= coupon.voided < month and coupon.issued < coupon.voided
        )
        command = IssueInvoice(self.shop.account_id, month)
        if not settlement and not new:
            assert self.shop.refusal(command).code == "nothing_to_invoice"
        else:
            made = self.shop.ask(command)
            self.invoices.append(made)
            assert settled(made) == (sum(settlement), len(settlement), rest + new)
            assert made["billed_amount"] == max(0, sum(settlement) - rest - new)
            self.billed_through = month
        if self.account.billing.overdue(self.shop.now.date()):
            self.shop.ask(LiftOverdueBlock(self.shop.account_id, "promised"))


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_invoices_add_up_to_what_was_captured_less_what_came_back_and_what_is_carried(seed: int) -> None:
    """SPEC 14: sum of invoices = captured - returned - carry-over, to the won; the trial balance is 0."""
    years = Years(seed)
    steps = [years.order, years.issue, years.issue, years.buy, years.void, years.pay, years.pass_time, years.pass_time]

    for _ in range(120):
        with suppress(InvoiceOverdue):
            years.random.choice(steps)()

    account, billing = years.account, years.account.billing
    captured = sum(coupon.price for coupon in years.coupons.values())
    returned = sum(coupon.price for coupon in years.coupons.values() if coupon.voided)
    billed = sum(each["billed_amount"] for each in years.invoices)
    assert billed + billing.unbilled_minor - billing.carry_over_minor == captured - returned
    sums: Counter[str] = Counter()
    for fact in years.shop.facts:
        for posting in postings_of(fact):
            sums[posting.account] += posting.amount_minor
    assert sum(sums.values()) == 0
    assert sums[chart.UNBILLED_RECEIVABLE] == billing.unbilled_minor
    assert sums[chart.TRADE_RECEIVABLE] == billing.trade_receivable_minor
    assert sums[chart.BANK] == billed - billing.outstanding_minor
    assert account.receivable_minor == captured - returned - sums[chart.BANK]
    assert [each["number"] for each in years.invoices] == [
        f"MCOM-129{number:07d}" for number in range(1, len(years.invoices) + 1)
    ]
    again: Any = None
    for fact in years.shop.facts:
        if fact.originator_id == stream_id(years.shop.account_id):
            again = fact.mutate(again)
    assert again.dump() == account.dump()
