"""Commands of reconciliation: files once, matches once, parked money decided once, books that agree with the bank."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from aggregates.account import bank_deposits
from aggregates.account.billing.payments import PaymentPartsDiffer
from aggregates.errors import NotFound
from aggregates.ids import child_id, named_id
from aggregates.postings import postings_of
from aggregates.reconciliation.counterpart import ItemMatched
from aggregates.reconciliation.files import FileKnown, LinesChanged
from aggregates.reconciliation.remittance import RemittanceIsReceived
from aggregates.reconciliation.tally import (
    AmountsDiffer,
    LineNotFound,
    LineNotMatched,
    LineNotOpen,
    LineNotParked,
    NothingToMatch,
)
from ledger.commands.charges import CancelCharge, ChargeAccount
from ledger.commands.invoices import PaySettlement
from ledger.commands.matching import ItemNotFound, MatchLine, ParkLine, UnmatchLine
from ledger.commands.parked_money import CreditParkedMoney, PayWithParkedMoney, ReturnParkedMoney
from ledger.commands.source_files import remittance_name, tally_name
from ledger.commands.spends import Spend
from ledger.commands.standing import OpenAccount
from tests.ledger.commands.book import Book
from tests.ledger.reconcile.files import BANK, PROVIDER, bank_file, bank_row, provider_file, provider_row, take

DAY = "2024-10-28"
WHY = "The customer told us on the phone"


@pytest.fixture
def book() -> Book:
    return Book(at=f"{DAY} 10:00")


@pytest.fixture
def account_id(book: Book) -> str:
    opened: str = book.ask(OpenAccount("Pine Street Bakery", "prepaid", "KRW", None, 0))["id"]
    return opened


def line_of(source: str, number: int = 1, day: str = DAY) -> str:
    tally_id = named_id("tly", 0, tally_name(source, date.fromisoformat(day)))
    return child_id("lin", tally_id, number)


BANK_LINE = line_of("example-bank")
CARD_LINE = line_of("example-provider")
REMITTANCE = named_id("rmt", 0, remittance_name("example-provider", "R1"))


def charged(book: Book, account_id: str, amount: int = 12_222, reference: str | None = "order-1") -> str:
    """Charge an account by card; return the item that this is at the provider."""
    charge_id: str = book.ask(ChargeAccount(account_id, amount, "card", reference))["id"]
    return f"itm_{charge_id[4:]}"


def balances(book: Book) -> dict[str, int]:
    """Return the books by ledger account, without those at zero."""
    sums: dict[str, int] = {}
    for fact in book.facts:
        for posting in postings_of(fact):
            sums[posting.account] = sums.get(posting.account, 0) + posting.amount_minor
    return {account: amount for account, amount in sums.items() if amount}


def test_a_file_is_taken_with_what_it_says(book: Book) -> None:
    answer = take(book, bank_file(bank_row(DAY, "B1", 59_100), bank_row("2024-10-29", "B2", -95_000)), BANK)

    assert answer.status == 201
    told = answer.body
    assert (told["source"], told["side"], told["rows"], told["new"], told["known"]) == ("example-bank", "bank", 2, 2, 0)
    assert (told["first_day"], told["last_day"]) == (DAY, "2024-10-29")
    assert (told["amount_in"], told["amount_out"]) == (59_100, -95_000)


def test_the_same_file_twice_is_nothing(book: Book) -> None:
    content = bank_file(bank_row(DAY, "B1", 59_100))
    taken = take(book, content, BANK)
    before = len(book.facts)

    with pytest.raises(FileKnown) as known:
        take(book, content, BANK)

    assert known.value.figures == {"file_id": taken.body["id"]}
    assert len(book.facts) == before


def test_a_longer_file_brings_only_the_lines_that_were_not_known(book: Book) -> None:
    first, second, third = (bank_row(DAY, f"B{number}", 1_000 * number) for number in (1, 2, 3))
    take(book, bank_file(first, second), BANK)

    told = take(book, bank_file(second, third, first, third), BANK).body

    assert (told["rows"], told["new"], told["known"], told["new_in"]) == (4, 1, 3, 3_000)
    assert [fact.lines[0].no for fact in book.facts if fact.TOPIC == "tally.lines_taken"] == [1, 3]  # type: ignore[attr-defined]


def test_a_file_that_says_something_else_of_a_known_line_is_refused_whole(book: Book) -> None:
    take(book, bank_file(bank_row(DAY, "B1", 59_100)), BANK)
    before = len(book.facts)

    with pytest.raises(LinesChanged) as changed:
        take(book, bank_file(bank_row(DAY, "B0", 500), bank_row(DAY, "B1", 59_101)), BANK)
    with pytest.raises(LinesChanged):
        take(book, bank_file(bank_row(DAY, "B7", 1), bank_row(DAY, "B7", 2)), BANK)

    assert (changed.value.figures["rows"], len(book.facts)) == (["3"], before)


def test_many_lines_of_a_day_come_in_facts_of_a_hundred(book: Book) -> None:
    take(book, bank_file(*(bank_row(DAY, f"B{number}", number) for number in range(1, 252))), BANK)

    assert [len(fact.lines) for fact in book.facts if fact.TOPIC == "tally.lines_taken"] == [100, 100, 51]  # type: ignore[attr-defined]


def test_a_providers_line_is_matched_with_the_charge_it_is(book: Book, account_id: str) -> None:
    item = charged(book, account_id)
    take(book, provider_file(provider_row(DAY, "T1", 12_222, "order-1")), PROVIDER)

    answer = book.do(MatchLine(CARD_LINE, (item,), None, "reference"))

    assert (answer.status, answer.body["status"], answer.body["items"]) == (200, "matched", [item])
    assert balances(book) == {"asset.gateway_receivable.card": 12_222, "liability.prepaid": -12_222}


def test_nothing_is_matched_twice(book: Book, account_id: str) -> None:
    item, other = charged(book, account_id), charged(book, account_id, reference="order-2")
    take(book, provider_file(provider_row(DAY, "T1", 12_222), provider_row(DAY, "T2", 12_222)), PROVIDER)
    book.do(MatchLine(CARD_LINE, (item,), None, "reference"))

    with pytest.raises(ItemMatched) as matched:
        book.do(MatchLine(line_of("example-provider", 2), (item,), reason=WHY))
    with pytest.raises(LineNotOpen):
        book.do(MatchLine(CARD_LINE, (other,), reason=WHY))

    assert matched.value.figures == {"line_id": CARD_LINE}


@pytest.mark.parametrize(
    ("items", "remittance", "refusal"),
    [
        ((), None, NothingToMatch),
        (("first", "first"), None, NothingToMatch),
        (("first",), "rmt", NothingToMatch),
        ((), "rmt", NothingToMatch),
        (("first",), None, AmountsDiffer),
        (("opened",), None, ItemNotFound),
        (("itm_01zzzzzzzzzzzzzzzz9",), None, NotFound),
    ],
)
def test_what_a_line_cannot_stand_for_is_refused(
    book: Book, account_id: str, items: tuple[str, ...], remittance: str | None, refusal: type[Exception]
) -> None:
    known = {"first": charged(book, account_id, 12_221), "opened": child_id("itm", account_id, 1)}
    row = provider_row(DAY, "T1", 12_222, remittance="R1")
    take(book, provider_file(row), PROVIDER)
    named = tuple(known.get(item, item) for item in items)

    with pytest.raises(refusal):
        book.do(MatchLine(CARD_LINE, named, REMITTANCE if remittance else None, reason=WHY))


def test_a_provider_is_not_the_bank(book: Book, account_id: str) -> None:
    item = charged(book, account_id)
    take(book, bank_file(bank_row(DAY, "B1", 12_222)), BANK)

    with pytest.raises(NothingToMatch) as refused:
        book.do(MatchLine(BANK_LINE, (item,), reason=WHY))

    assert refused.value.figures == {"side": "bank"}


def test_one_line_may_stand_for_several_things_that_make_its_amount(book: Book, account_id: str) -> None:
    items = (charged(book, account_id, 7_000), charged(book, account_id, 5_222))
    take(book, provider_file(provider_row(DAY, "T1", 12_222)), PROVIDER)

    assert book.ask(MatchLine(CARD_LINE, items, reason=WHY))["items"] == list(items)


def test_a_cancellation_is_matched_with_the_line_that_says_so(book: Book, account_id: str) -> None:
    item = charged(book, account_id)
    charge_id = f"chg_{item[4:]}"
    book.do(CancelCharge(account_id, charge_id))
    cancelled = child_id("itm", account_id, book.account(account_id).version)
    take(book, provider_file(provider_row(DAY, "T2", -12_222, charge_id)), PROVIDER)

    assert book.ask(MatchLine(CARD_LINE, (cancelled,), None, "reference"))["amount"] == -12_222


def test_a_remittance_makes_the_providers_debt_money_at_the_bank_less_its_fees(book: Book, account_id: str) -> None:
    charged(book, account_id, 42_222)
    rows = [
        provider_row(DAY, "T1", 30_000, fee=900, remittance="R1"),
        provider_row(DAY, "T2", 12_222, fee=322, remittance="R1"),
    ]
    take(book, provider_file(*rows), PROVIDER)
    take(book, bank_file(bank_row(DAY, "B1", 41_000)), BANK)

    book.do(MatchLine(BANK_LINE, (), REMITTANCE, "amount_date"))

    assert balances(book) == {
        "asset.bank": 41_000, "expense.provider_fee": 1_222, "liability.prepaid": -42_222,
    }  # fmt: skip


def test_a_remittance_is_received_once_and_opened_again_when_its_match_is_taken_back(
    book: Book, account_id: str
) -> None:
    charged(book, account_id, 42_222)
    take(book, provider_file(provider_row(DAY, "T1", 42_222, fee=1_222, remittance="R1")), PROVIDER)
    take(book, bank_file(bank_row(DAY, "B1", 41_000), bank_row(DAY, "B2", 41_000)), BANK)
    other = line_of("example-bank", 2)
    book.do(MatchLine(BANK_LINE, (), REMITTANCE, "amount_date"))

    with pytest.raises(RemittanceIsReceived):
        book.do(MatchLine(other, (), REMITTANCE, reason=WHY))
    book.do(UnmatchLine(BANK_LINE, WHY))
    book.do(MatchLine(other, (), REMITTANCE, reason=WHY))

    assert balances(book) == {
        "asset.bank": 82_000, "expense.provider_fee": 1_222, "liability.prepaid": -42_222,
        "clearing.unmatched_deposit": -41_000,
    }  # fmt: skip


def test_lines_that_come_after_a_remittance_was_received_do_not_change_what_was_booked(
    book: Book, account_id: str
) -> None:
    charged(book, account_id, 42_222)
    take(book, provider_file(provider_row(DAY, "T1", 30_000, remittance="R1")), PROVIDER)
    take(book, bank_file(bank_row(DAY, "B1", 30_000)), BANK)
    book.do(MatchLine(BANK_LINE, (), REMITTANCE, "amount_date"))

    take(book, provider_file(provider_row(DAY, "T2", 12_222, remittance="R1")), PROVIDER)

    assert balances(book)["asset.bank"] == 30_000
    book.do(UnmatchLine(BANK_LINE, WHY))
    assert balances(book)["asset.gateway_receivable.card"] == 42_222
    with pytest.raises(AmountsDiffer) as refused:
        book.do(MatchLine(BANK_LINE, (), REMITTANCE, reason=WHY))
    assert refused.value.figures == {"line": 30_000, "items": 42_222, "difference": -12_222}


def test_r062_money_that_nothing_explains_is_parked_so_that_books_and_bank_agree(book: Book) -> None:
    take(book, bank_file(bank_row(DAY, "B1", 30_000), bank_row(DAY, "B2", -500)), BANK)

    book.do(ParkLine(BANK_LINE))

    assert balances(book) == {"asset.bank": 30_000, "clearing.unmatched_deposit": -30_000}
    with pytest.raises(LineNotOpen):
        book.do(ParkLine(BANK_LINE))
    with pytest.raises(LineNotOpen):
        book.do(ParkLine(line_of("example-bank", 2)))


def test_r062_parked_money_is_put_on_an_account_as_a_lot_of_today(book: Book, account_id: str) -> None:
    parked(book)
    book.at("2024-11-02 09:00")

    told = book.ask(CreditParkedMoney(BANK_LINE, account_id, WHY))

    account = book.account(account_id)
    assert (told["status"], told["account_id"], account.balance_minor) == ("credited", account_id, 30_000)
    (lot,) = account.lots
    assert (lot.charge_id, lot.key[0], lot.key[2]) == (told["deposit_id"], date(2024, 11, 2), "transfer")
    assert balances(book) == {"asset.bank": 30_000, "liability.prepaid": -30_000}


def test_r062_parked_money_pays_what_is_overdrawn_first(book: Book) -> None:
    account_id: str = book.ask(OpenAccount("Overdrawn", "prepaid", "KRW", None, 50_000))["id"]
    book.do(Spend(account_id, 10_000, None, None, True, None, 0))
    parked(book)

    book.do(CreditParkedMoney(BANK_LINE, account_id, WHY))

    account = book.account(account_id)
    assert (account.balance_minor, account.overdrawn_minor) == (20_000, 0)


def test_r062_parked_money_is_sent_back_and_the_banks_line_of_that_is_matched(book: Book) -> None:
    parked(book)
    told = book.ask(ReturnParkedMoney(BANK_LINE, WHY))
    take(book, bank_file(bank_row("2024-10-30", "B9", -30_000)), BANK)

    book.do(MatchLine(line_of("example-bank", 1, "2024-10-30"), (told["item_id"],), None, "amount_date"))

    assert (told["status"], balances(book)) == ("returned", {})


def test_r062_parked_money_is_decided_once(book: Book, account_id: str) -> None:
    parked(book)
    book.do(CreditParkedMoney(BANK_LINE, account_id, WHY))

    for again in (
        CreditParkedMoney(BANK_LINE, account_id, WHY),
        ReturnParkedMoney(BANK_LINE, WHY),
        PayWithParkedMoney(BANK_LINE, postpaid(book), (), WHY),
    ):
        with pytest.raises(LineNotParked) as refused:
            book.do(again)
        assert refused.value.figures == {"line_status": "credited"}
    with pytest.raises(LineNotOpen):
        book.do(MatchLine(BANK_LINE, (charged(book, account_id),), reason=WHY))


def test_r062_a_customer_who_pays_invoices_has_no_balance_to_put_money_on(book: Book) -> None:
    parked(book)

    with pytest.raises(bank_deposits.DepositNotPrepaid):
        book.do(CreditParkedMoney(BANK_LINE, postpaid(book), WHY))


def test_money_of_another_currency_is_put_on_no_account(book: Book) -> None:
    dollars: str = book.ask(OpenAccount("Harbour Imports", "prepaid", "USD", None, 0))["id"]
    parked(book)

    with pytest.raises(bank_deposits.DepositCurrencyMismatch):
        book.do(CreditParkedMoney(BANK_LINE, dollars, WHY))


def test_r088_parked_money_pays_what_a_postpaid_customer_owes_and_stands_for_it(book: Book) -> None:
    account_id = postpaid(book)
    book.do(Spend(account_id, 40_000, None, None, True, None, 0))
    parked(book)

    told = book.ask(PayWithParkedMoney(BANK_LINE, account_id, (), WHY))

    assert (told["status"], told["advance"], told["invoices"]) == ("matched", 30_000, [])
    assert balances(book) == {
        "asset.bank": 30_000, "asset.trade_receivable": -30_000, "asset.unbilled_receivable": 40_000,
        "liability.coupon_payable": -40_000,
    }  # fmt: skip
    with pytest.raises(LineNotParked):
        book.do(PayWithParkedMoney(BANK_LINE, account_id, (), WHY))


def test_r088_parts_that_do_not_make_the_money_are_refused_and_it_stays_parked(book: Book) -> None:
    account_id = postpaid(book)
    book.do(Spend(account_id, 40_000, None, None, True, None, 0))
    parked(book)
    invoice = child_id("inv", account_id, 1)

    with pytest.raises((PaymentPartsDiffer, NotFound)):
        book.do(PayWithParkedMoney(BANK_LINE, account_id, ((invoice, 29_999),), WHY))

    assert balances(book)["clearing.unmatched_deposit"] == -30_000


def test_r088_a_payment_that_an_operator_recorded_is_what_parked_money_stands_for(book: Book) -> None:
    account_id = postpaid(book)
    book.do(Spend(account_id, 40_000, None, None, True, None, 0))
    parked(book)
    book.do(PaySettlement(account_id, 30_000, "bank-77"))
    item = child_id("itm", account_id, book.account(account_id).version)

    book.do(MatchLine(BANK_LINE, (item,), reason=WHY))

    assert balances(book)["asset.bank"] == 30_000
    assert "clearing.unmatched_deposit" not in balances(book)


def test_a_match_that_is_taken_back_frees_what_it_was_and_parks_the_money(book: Book) -> None:
    account_id = postpaid(book)
    book.do(Spend(account_id, 40_000, None, None, True, None, 0))
    book.do(PaySettlement(account_id, 30_000, "bank-77"))
    item = child_id("itm", account_id, book.account(account_id).version)
    take(book, bank_file(bank_row(DAY, "B1", 30_000), bank_row(DAY, "B2", 30_000)), BANK)
    book.do(MatchLine(BANK_LINE, (item,), None, "amount_date"))

    told = book.ask(UnmatchLine(BANK_LINE, WHY))
    book.do(MatchLine(line_of("example-bank", 2), (item,), reason=WHY))

    assert (told["status"], told["items"]) == ("parked", [item])
    assert balances(book)["clearing.unmatched_deposit"] == -30_000
    with pytest.raises(LineNotMatched):
        book.do(UnmatchLine(BANK_LINE, WHY))


def test_what_is_no_line_is_not_found(book: Book) -> None:
    for line_id in (BANK_LINE, "lin_zz", "chg_01k7q4m2x9w3t8r5z62", line_of("example-bank", 99)):
        with pytest.raises(NotFound):
            book.do(ParkLine(line_id))
    take(book, bank_file(bank_row(DAY, "B1", 30_000)), BANK)
    with pytest.raises(LineNotFound):
        book.do(ParkLine(line_of("example-bank", 2)))


def parked(book: Book) -> None:
    """Park 30,000 that came in at the bank."""
    take(book, bank_file(bank_row(DAY, "B1", 30_000, "입금", "이름 모름")), BANK)
    book.do(ParkLine(BANK_LINE))


def postpaid(book: Book) -> str:
    """Open a postpaid account."""
    opened: dict[str, Any] = book.ask(OpenAccount("Cedar Print Works", "postpaid", "KRW", 500_000, 0))
    account_id: str = opened["id"]
    return account_id
