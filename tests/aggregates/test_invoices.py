"""Invoices of postpaid accounts: what a month comes to, carry-over, corrections, payments, overdue, and the switch."""

from __future__ import annotations

from datetime import date
from typing import Any

import orjson
import pytest

from aggregates.account import Account
from aggregates.account.billing.invoices import InvoiceAdjusted, InvoiceIssued
from aggregates.account.billing.payments import SettlementPaid
from aggregates.account.parts import MonthPart, SpendState
from aggregates.account.snapshot import AccountSnapshot
from aggregates.account.spend_facts import as_state
from aggregates.account.spends import NEVER
from aggregates.calendar import BusinessCalendar
from aggregates.errors import LedgerError
from aggregates.numbers import Numbers, invoice_number
from tests.aggregates.scenario import Scenario, replayed

BANKS = BusinessCalendar()


class Customer(Scenario):
    """A postpaid customer with a limit that never matters, and the series of invoices."""

    def __init__(self, at: str = "2024-09-10 10:00") -> None:
        super().__init__(mode="postpaid", credit_limit=10_000_000, at=at)
        self.numbers = Numbers.blank(self.account.id)
        self.bought: dict[str, SpendState] = {}

    def buy(self, amount: int) -> str:
        """Buy something that is issued at once. Returns the spend's id."""
        spent = self.account.spend(self.stamp, amount_minor=amount)
        self.bought[spent.spend_id] = as_state(spent)
        return spent.spend_id

    def void(self, spend_id: str, amount: int) -> None:
        """Give captured money back."""
        self.bought[spend_id] = self.account.return_spend(
            self.stamp, spend_id=spend_id, spend=self.bought[spend_id], amount_minor=amount
        )

    def invoice(self, month: str, due_on: str | None = None) -> InvoiceIssued:
        """Issue the invoice of a month."""
        due = date.fromisoformat(due_on) if due_on else BANKS.last_of_month(date.fromisoformat(f"{month}-01"))
        return self.account.issue_invoice(self.stamp, month=month, due_on=due, numbers=self.numbers)

    def pay(self, *parts: tuple[str, int], amount: int | None = None) -> Any:
        """Pay parts of invoices."""
        whole = sum(part for _, part in parts) if amount is None else amount
        return self.account.pay_invoices(self.stamp, amount_minor=whole, parts=parts, reference="BANK-1")

    def refused(self, attempt: Any) -> LedgerError:
        """Return what an attempt is refused with; nothing may have changed."""
        before = self.account.dump()
        with pytest.raises(LedgerError) as refusal:
            attempt()
        assert self.account.dump() == before
        return refusal.value


def figures(issued: InvoiceIssued) -> tuple[int, int, int, int]:
    return issued.settlement_minor, issued.applied_minor, issued.billed_minor, issued.carried_minor


# -- what a month comes to ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settlement", "carry_over", "billed", "carried"),
    [(4_832, 0, 4_832, 0), (69_000, 9_900, 59_100, 0), (4_832, 9_900, 0, 5_068)],
)
def test_billed_is_settlement_less_carry_over_and_the_rest_is_carried(
    settlement: int, carry_over: int, billed: int, carried: int
) -> None:
    """SPEC 6, worked examples; R-086, R-093."""
    customer = Customer(at="2024-08-10 10:00")
    earlier = customer.buy(9_900)
    customer.at("2024-09-01 00:10").invoice("2024-09")
    if carry_over:
        customer.void(earlier, carry_over)
    customer.buy(settlement)

    issued = customer.at("2024-10-01 00:10").invoice("2024-10")

    assert figures(issued) == (settlement, min(carry_over, settlement), billed, carried)
    assert (issued.outstanding_minor, issued.coupons) == (billed, 1)
    assert (issued.issued_on, issued.due_on) == (date(2024, 10, 1), date(2024, 10, 31))
    assert (invoice_number(issued.number), issued.number) == ("MCOM-1290000002", customer.numbers.last)


def test_what_is_carried_is_taken_off_the_next_invoice() -> None:
    """SPEC R-093."""
    customer = Customer(at="2024-08-10 10:00")
    earlier = customer.buy(9_900)
    september = customer.at("2024-09-01 00:10").invoice("2024-09")
    customer.pay((september.invoice_id, 9_900))
    customer.void(earlier, 9_900)
    customer.buy(4_832)
    customer.at("2024-10-01 00:10").invoice("2024-10")
    customer.buy(6_000)

    issued = customer.at("2024-11-01 00:10").invoice("2024-11")

    assert figures(issued) == (6_000, 5_068, 932, 0)


def test_a_void_before_the_invoice_is_left_out_and_one_after_it_is_carried_over() -> None:
    """SPEC R-090."""
    customer = Customer()
    first, second = customer.buy(9_900), customer.buy(9_900)
    customer.void(first, 9_900)
    october = customer.at("2024-10-01 00:10").invoice("2024-10")
    customer.at("2024-10-15 12:00").void(second, 9_900)
    november = customer.at("2024-11-01 00:10").invoice("2024-11")

    assert (figures(october), october.coupons) == ((9_900, 0, 9_900, 0), 1)
    assert (figures(november), november.months) == ((0, 0, 0, 9_900), ())


@pytest.mark.parametrize(
    ("captured", "month"),
    [("2024-09-30 23:59:59", "2024-10"), ("2024-10-01 00:00:00", "2024-11")],
)
def test_the_recorded_instant_in_seoul_decides_the_month(captured: str, month: str) -> None:
    """SPEC R-089, R-004."""
    customer = Customer(at=captured)
    customer.account.spend(customer.happened("2024-09-20 12:00"), amount_minor=9_900)
    customer.at("2024-11-01 00:10")

    if month == "2024-11":
        assert customer.refused(lambda: customer.invoice("2024-10")).code == "nothing_to_invoice"
    assert customer.invoice(month).settlement_minor == 9_900


def test_a_late_job_changes_no_amount() -> None:
    """SPEC R-089: voids are taken as of the first instant of the month, whenever the job runs."""
    punctual, late = Customer(), Customer()
    for customer in (punctual, late):
        customer.at("2024-09-10 10:00").bought.clear()
        coupon = customer.buy(69_000)
        if customer is punctual:
            customer.at("2024-10-01 00:10").invoice("2024-10")
        customer.at("2024-10-01 00:05").void(coupon, 9_900)
        customer.at("2024-10-02 09:00").buy(4_832)
        customer.at("2024-11-03 00:10")
    billed = late.invoice("2024-10")

    assert figures(billed) == (69_000, 0, 69_000, 0)
    assert (billed.issued_on, billed.due_on) == (date(2024, 10, 1), date(2024, 10, 31))
    assert figures(late.invoice("2024-11")) == figures(punctual.invoice("2024-11")) == (4_832, 4_832, 0, 5_068)


def test_months_that_were_missed_are_billed_with_the_next_invoice() -> None:
    """SPEC R-089: everything recorded before the month that no invoice has billed."""
    customer = Customer()
    customer.buy(4_832)
    customer.at("2024-10-05 10:00").buy(1_000)

    issued = customer.at("2024-11-01 00:10").invoice("2024-11")

    assert (issued.settlement_minor, issued.coupons, issued.months) == (5_832, 2, ("2024-09", "2024-10"))
    assert customer.refused(lambda: customer.invoice("2024-10")).code == "invoice_exists"


def test_a_hold_captured_over_two_months_is_billed_by_month_and_returned_from_the_newest() -> None:
    """SPEC I2, I4, R-084, R-089: ordered is not issued; each capture bills with its own month."""
    customer = Customer(at="2024-09-29 12:00")
    held = customer.account.spend(customer.stamp, amount_minor=59_400, capture=False, expires_at=NEVER)
    capture = customer.account.capture_spend
    capture(customer.at("2024-09-30 12:00").stamp, spend_id=held.spend_id, amount_minor=9_900, coupons=1)
    customer.account.refund_difference(customer.stamp, spend_id=held.spend_id, amount_minor=19_800)
    october = customer.at("2024-10-01 00:10").invoice("2024-10")
    after = capture(customer.at("2024-10-02 12:00").stamp, spend_id=held.spend_id, amount_minor=29_700, coupons=1)

    assert after.captured_in == (MonthPart("2024-09", 9_900, 1), MonthPart("2024-10", 29_700, 1))
    returned = customer.account.return_captured(
        customer.stamp, spend_id=held.spend_id, spend=after, amount_minor=30_000
    )
    november = customer.at("2024-11-01 00:10").invoice("2024-11")

    assert (october.settlement_minor, october.coupons) == (9_900, 1)
    assert returned.captured_in == (MonthPart("2024-09", 9_600, 1),)
    assert customer.refused(lambda: customer.invoice("2024-11")).code == "invoice_exists"
    assert (figures(november), november.coupons) == ((0, 0, 0, 300), 0)


def test_cross_month_choice_order_bills_each_selection_with_its_own_month() -> None:
    """SPEC 6, cross-month: October 9,900 (1), November 29,700 (1), and 19,800 of the limit released to September."""
    customer = Customer(at="2024-09-29 12:00")
    held = customer.account.spend(customer.stamp, amount_minor=59_400, capture=False, expires_at=NEVER)
    customer.at("2024-09-30 12:00")
    customer.account.capture_spend(customer.stamp, spend_id=held.spend_id, amount_minor=9_900)
    customer.account.refund_difference(customer.stamp, spend_id=held.spend_id, amount_minor=19_800)
    october = customer.at("2024-10-01 00:10").invoice("2024-10")
    customer.at("2024-10-02 12:00")
    customer.account.capture_spend(customer.stamp, spend_id=held.spend_id, amount_minor=29_700)
    november = customer.at("2024-11-01 00:10").invoice("2024-11")

    assert [(each.settlement_minor, each.coupons) for each in (october, november)] == [(9_900, 1), (29_700, 1)]
    assert customer.account.used == {"2024-09": 39_600}


# -- when there is an invoice -------------------------------------------------------------------------------------


def test_an_invoice_is_refused_before_its_month_begins_and_once_it_is_issued() -> None:
    """SPEC I3."""
    customer = Customer()
    customer.buy(4_832)
    early = customer.at("2024-09-30 23:59:59").refused(lambda: customer.invoice("2024-10"))
    customer.at("2024-10-01 00:00:00").invoice("2024-10")
    again = customer.refused(lambda: customer.invoice("2024-10"))

    assert (early.code, early.figures["earliest"]) == ("invoice_not_due", "2024-09-30T15:00:00.000000Z")
    assert (again.code, again.figures["billed_through"]) == ("invoice_exists", "2024-10")


def test_no_activity_makes_no_invoice_and_a_carry_over_is_shown_once() -> None:
    """SPEC R-094."""
    customer = Customer()
    coupon = customer.buy(9_900)
    customer.at("2024-10-01 00:10").invoice("2024-10")
    idle = customer.at("2024-11-01 00:10").refused(lambda: customer.invoice("2024-11"))
    customer.at("2024-11-20 10:00").void(coupon, 9_900)
    shown = customer.at("2024-12-01 00:10").invoice("2024-12")
    again = customer.at("2025-01-01 00:10").refused(lambda: customer.invoice("2025-01"))

    assert (idle.code, again.code) == ("nothing_to_invoice", "nothing_to_invoice")
    assert (figures(shown), shown.outstanding_minor, shown.invoice_id in customer.account.billing.invoices) == (
        (0, 0, 0, 9_900),
        0,
        False,
    )


@pytest.mark.parametrize(
    ("month", "due_on"),
    [("2024-09", "2024-09-30"), ("2024-10", "2024-10-31"), ("2024-11", "2024-11-29"), ("2025-01", "2025-01-31")],
)
def test_the_due_date_is_the_last_business_day_of_the_month(month: str, due_on: str) -> None:
    """SPEC R-087."""
    customer = Customer(at="2024-08-10 10:00")
    customer.buy(4_832)

    assert customer.at(f"{month}-01 00:10").invoice(month).due_on == date.fromisoformat(due_on)


@pytest.mark.parametrize(("month", "due_on"), [("2024-13", None), ("24-10", None), ("2024-10", "2024-09-30")])
def test_a_month_or_due_date_that_cannot_be_is_malformed(month: str, due_on: str | None) -> None:
    customer = Customer()
    customer.buy(1)
    customer.at("2024-10-01 00:10")

    def attempt() -> InvoiceIssued:
        due = date.fromisoformat(due_on or "2024-10-31")
        return customer.account.issue_invoice(customer.stamp, month=month, due_on=due, numbers=customer.numbers)

    assert customer.refused(attempt).code == "malformed"


def test_a_prepaid_or_closed_account_gets_no_invoice() -> None:
    prepaid, closed = Scenario(), Customer()
    closed.account.close(closed.stamp, reason="over")

    codes = []
    for account in (prepaid.account, closed.account):
        with pytest.raises(LedgerError) as refused:
            account.issue_invoice(
                prepaid.stamp, month="2024-09", due_on=date(2024, 9, 30), numbers=Numbers.blank(account.id)
            )
        codes.append(refused.value.code)

    assert codes == ["postpaid_only", "account_closed"]


# -- corrections and payments -------------------------------------------------------------------------------------


def billed(amount: int = 59_100) -> tuple[Customer, str]:
    """Return a customer with one open invoice."""
    customer = Customer()
    customer.buy(amount)
    return customer, customer.at("2024-10-01 00:10").invoice("2024-10").invoice_id


def test_an_operator_changes_the_billed_amount_with_a_reason_and_the_settlement_stays() -> None:
    """SPEC I9, R-086: settlement amount immutable, billed = settlement - carry-over +/- adjustments."""
    customer, invoice_id = billed()

    lowered = customer.account.adjust_invoice(
        customer.stamp, invoice_id=invoice_id, billed_minor=50_000, reason="agreed"
    )

    assert (lowered.amount_minor, lowered.billed_minor, lowered.outstanding_minor) == (-9_100, 50_000, 50_000)
    assert (lowered.receivable_minor, lowered.reason) == (50_000, "agreed")


@pytest.mark.parametrize(("amount", "code"), [(20_000, None), (19_999, "billed_below_paid"), (-1, "invalid_amount")])
def test_the_billed_amount_cannot_be_less_than_what_is_paid(amount: int, code: str | None) -> None:
    """SPEC R-086."""
    customer, invoice_id = billed()
    customer.pay((invoice_id, 20_000))

    def adjust() -> InvoiceAdjusted:
        return customer.account.adjust_invoice(
            customer.stamp, invoice_id=invoice_id, billed_minor=amount, reason="agreed"
        )

    if code is None:
        assert adjust().outstanding_minor == 0
        assert customer.account.billing.invoices == {}
    else:
        assert customer.refused(adjust).code == code


def test_part_payments_are_fine_and_the_last_one_settles_the_invoice() -> None:
    """SPEC R-088, 14 (settlement payment 59,100)."""
    customer, invoice_id = billed(59_100)

    first = customer.pay((invoice_id, 59_000))
    too_much = customer.refused(lambda: customer.pay((invoice_id, 101)))
    last = customer.pay((invoice_id, 100))
    closed = customer.refused(lambda: customer.pay((invoice_id, 1)))

    assert [part.outstanding_minor for paid in (first, last) for part in paid.invoices] == [100, 0]
    assert (too_much.code, too_much.figures["outstanding"]) == ("payment_exceeds_invoice", 100)
    assert (closed.code, last.receivable_minor) == ("invoice_settled", 0)


def test_one_payment_over_several_invoices_is_taken_whole_or_not_at_all() -> None:
    """SPEC R-088."""
    customer, october = billed(4_832)
    customer.buy(69_000)
    november = customer.at("2024-11-01 00:10").invoice("2024-11").invoice_id

    refusals = [
        customer.refused(lambda: customer.pay((october, 4_832), (november, 69_001))),
        customer.refused(lambda: customer.pay((october, 4_832), (november, 60_000), amount=64_833)),
        customer.refused(lambda: customer.pay((october, 1), (october, 2))),
        customer.refused(lambda: customer.pay(amount=1)),
    ]
    paid = customer.pay((october, 4_832), (november, 60_000))

    assert [each.code for each in refusals] == [
        "payment_exceeds_invoice",
        "payment_parts_differ",
        "malformed",
        "malformed",
    ]
    assert (paid.amount_minor, paid.advance_minor, paid.receivable_minor) == (64_832, 0, 9_000)
    assert list(customer.account.billing.invoices) == [november]


def test_a_payment_that_names_no_invoice_pays_the_oldest_first_and_the_rest_is_an_advance() -> None:
    """SPEC R-088: what is paid before it is billed is taken by the next invoice."""
    customer, october = billed(4_832)
    customer.buy(69_000)
    november = customer.at("2024-11-01 00:00").invoice("2024-11").invoice_id
    customer.account.lift_overdue_block(customer.stamp, reason="promised")
    customer.buy(10_000)

    paid = customer.account.pay_settlement(customer.stamp, amount_minor=80_000)
    december = customer.at("2024-12-01 00:10").invoice("2024-12")

    assert [(part.invoice_id, part.amount_minor) for part in paid.invoices] == [(october, 4_832), (november, 69_000)]
    assert (paid.advance_minor, paid.receivable_minor) == (6_168, 3_832)
    assert (december.billed_minor, december.advance_applied_minor, december.outstanding_minor) == (10_000, 6_168, 3_832)
    assert december.advance_minor == 0


@pytest.mark.parametrize(("amount", "code"), [(14_832, None), (14_833, "settlement_exceeds_receivable")])
def test_a_payment_that_names_no_invoice_is_at_most_what_is_open_and_unbilled(amount: int, code: str | None) -> None:
    customer, _ = billed(4_832)
    customer.buy(10_000)

    def pay() -> SettlementPaid:
        return customer.account.pay_settlement(customer.stamp, amount_minor=amount)

    assert pay().receivable_minor == 0 if code is None else customer.refused(pay).code == code


# -- overdue ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("now", "code"), [("2024-10-31 23:59:59", None), ("2024-11-01 00:00:00", "invoice_overdue")])
def test_new_orders_are_refused_from_the_day_after_the_due_date(now: str, code: str | None) -> None:
    """SPEC R-085, R-087."""
    customer, _ = billed(59_100)
    customer.at(now)

    if code is None:
        assert customer.buy(1)
    else:
        refusal = customer.refused(lambda: customer.buy(1))
        assert (refusal.code, refusal.figures["outstanding"], refusal.figures["due_on"]) == (code, 59_100, "2024-10-31")


def test_a_payment_or_an_operator_lifts_the_block_and_the_next_overdue_invoice_blocks_again() -> None:
    """SPEC R-085: on by default, an operator may lift it with a reason."""
    customer, october = billed(59_100)
    early = customer.refused(lambda: customer.account.lift_overdue_block(customer.stamp, reason="promised"))
    customer.buy(4_832)
    customer.at("2024-11-01 00:10").invoice("2024-11")

    lifted = customer.account.lift_overdue_block(customer.stamp, reason="payment is promised")
    customer.buy(1_000)
    again = customer.at("2024-11-30 00:00:00").refused(lambda: customer.buy(1))
    customer.account.pay_settlement(customer.stamp, amount_minor=59_100 + 4_832)
    customer.buy(1)

    assert (early.code, again.code) == ("nothing_overdue", "invoice_overdue")
    assert (lifted.invoices, lifted.outstanding_minor, lifted.reason) == ((october,), 59_100, "payment is promised")
    assert again.figures["outstanding"] == 4_832


def test_what_is_under_way_goes_on_while_an_invoice_is_overdue() -> None:
    """SPEC R-085 stops new orders alone."""
    customer, _ = billed(59_100)
    held = customer.account.spend(customer.stamp, amount_minor=9_900, capture=False, expires_at=NEVER)
    customer.at("2024-11-05 10:00")

    captured = customer.account.capture_spend(customer.stamp, spend_id=held.spend_id, amount_minor=9_900)

    assert captured.captured_minor == 9_900


# -- the switch of mode -------------------------------------------------------------------------------------------


def switch(account: Account, scenario: Scenario, mode: str, *, orders: int = 0) -> Any:
    limit = 500_000 if mode == "postpaid" else None
    return account.switch_mode(
        scenario.stamp,
        mode=mode,
        credit_limit_minor=limit,
        overdraft_limit_minor=0,
        orders_under_way=orders,
        reason="contract",
    )


def test_the_mode_changes_only_on_clean_books_and_figures_name_what_is_not() -> None:
    """SPEC R-098."""
    customer, invoice_id = billed(59_100)
    coupon = customer.buy(9_900)

    first = customer.refused(lambda: switch(customer.account, customer, "prepaid", orders=1))
    customer.pay((invoice_id, 59_100))
    november = customer.at("2024-11-01 00:10").invoice("2024-11").invoice_id
    customer.void(coupon, 9_900)
    owing = customer.refused(lambda: customer.account.pay_out_credit(customer.stamp, reason="over"))
    customer.pay((november, 9_900))
    second = customer.refused(lambda: switch(customer.account, customer, "prepaid"))
    paid_out = customer.account.pay_out_credit(customer.stamp, reason="over")
    switched = switch(customer.account, customer, "prepaid")

    assert first.code == "mode_switch_blocked"
    assert first.figures == {"orders": 1, "unbilled": 9_900, "open_invoices": 1}
    assert (owing.code, owing.figures["outstanding"]) == ("credit_is_owed", 9_900)
    assert second.figures == {"carry_over": 9_900}
    assert (paid_out.amount_minor, paid_out.carry_over_minor, paid_out.receivable_minor) == (9_900, 9_900, 0)
    assert (switched.mode, switched.previous, switched.figures.mode) == ("prepaid", "postpaid", "prepaid")
    assert switched.figures == customer.account.figures(customer.now)
    assert customer.refused(lambda: switch(customer.account, customer, "prepaid")).code == "mode_is_set"


def test_a_prepaid_account_becomes_postpaid_with_a_limit_once_nothing_is_on_it() -> None:
    """SPEC R-098."""
    scenario = Scenario()
    scenario.charged(5_000)
    with pytest.raises(LedgerError) as blocked:
        switch(scenario.account, scenario, "postpaid")
    spent = scenario.account.spend(scenario.stamp, amount_minor=5_000)
    with pytest.raises(LedgerError) as limitless:
        scenario.account.switch_mode(
            scenario.stamp,
            mode="postpaid",
            credit_limit_minor=None,
            overdraft_limit_minor=0,
            orders_under_way=0,
            reason="contract",
        )

    switched = switch(scenario.account, scenario, "postpaid")
    scenario.account.return_spend(scenario.stamp, spend_id=spent.spend_id, spend=as_state(spent), amount_minor=2_000)

    assert blocked.value.figures == {"balance": 5_000}
    assert limitless.value.code == "credit_limit_required"
    assert (switched.figures.available_minor, switched.figures.credit_limit_minor) == (500_000, 500_000)
    # Prepaid money that comes back after the switch is credit on the next invoice.
    assert (scenario.account.balance_minor, scenario.account.billing.carry_over_minor) == (0, 2_000)


def test_postpaid_money_that_comes_back_after_the_switch_is_balance() -> None:
    """SPEC R-098."""
    customer, invoice_id = billed(9_900)
    customer.pay((invoice_id, 9_900))
    switch(customer.account, customer, "prepaid")

    customer.void(next(iter(customer.bought)), 4_000)

    assert (customer.account.balance_minor, customer.account.receivable_minor) == (4_000, 0)
    assert [lot.remaining_minor for lot in customer.account.lots] == [4_000]


# -- the state ----------------------------------------------------------------------------------------------------


def test_settled_invoices_and_billed_months_leave_the_account() -> None:
    customer, invoice_id = billed(9_900)
    plain = Customer().account.billing

    customer.pay((invoice_id, 9_900))

    billing = customer.account.billing
    assert (billing.unbilled, billing.invoices, billing.carry_over) == ({}, {}, {})
    assert (billing.billed_through, plain.dump()) == ("2024-10", {})


def test_a_snapshot_keeps_what_is_billed_and_what_is_not_and_an_older_one_is_not_read() -> None:
    customer, _ = billed(59_100)
    coupon = customer.buy(9_900)
    customer.at("2024-11-01 00:10").void(coupon, 900)
    account = customer.account
    account.lift_overdue_block(customer.stamp, reason="promised")
    facts = [*customer.opening, *customer.facts()]

    state = orjson.loads(orjson.dumps(AccountSnapshot.take(account).state))
    restored = Account.restore(account.id, account.version, state)

    assert restored.dump() == replayed(facts).dump() == account.dump() == account.copy().dump()
    assert restored.billing == account.billing
    assert AccountSnapshot.is_current(state)
    assert not AccountSnapshot.is_current({name: part for name, part in state.items() if name != "shape"})


def test_an_account_without_postpaid_money_shares_one_empty_part() -> None:
    scenario = Scenario()
    scenario.charged(10_000)
    scenario.account.spend(scenario.stamp, amount_minor=5_000)

    assert scenario.account.billing is Scenario().account.billing
    assert scenario.account.billing.dump() == {}
