"""Numbers, money and dates as readers of each language write them; nothing is counted in toman but on the page."""

from __future__ import annotations

import inspect
import string
from datetime import date
from types import ModuleType

import pytest

from api.pages.words import EN, FA, KO, WORDS, language_of
from api.public_pages import texts
from api.public_pages.said import Said, day, money, typed_amount
from api.public_pages.things import bill_texts, link_texts, request_texts

MODULES = (texts, bill_texts, link_texts, request_texts)


@pytest.mark.parametrize(
    ("amount", "currency", "ko", "en", "fa"),
    [
        (1_234_567, "KRW", "1,234,567원", "₩1,234,567", "۱٬۲۳۴٬۵۶۷ وون"),
        (12_340, "IRR", "12,340리알 (1,234토만)", "12,340 rials (1,234 toman)", "۱٬۲۳۴ تومان (۱۲٬۳۴۰ ریال)"),
        (12_345, "IRR", "12,345리알 (1,234.5토만)", "12,345 rials (1,234.5 toman)", "۱٬۲۳۴٫۵ تومان (۱۲٬۳۴۵ ریال)"),
        (0, "IRR", "0리알 (0토만)", "0 rials (0 toman)", "۰ تومان (۰ ریال)"),
        (1_234_05, "USD", "1,234.05 USD", "1,234.05 USD", "1,234.05 USD"),
    ],
)
def test_toman_are_shown_beside_rials_and_digits_are_the_readers_r_134(
    amount: int, currency: str, ko: str, en: str, fa: str
) -> None:
    assert [money(words, amount, currency) for words in (KO, EN, FA)] == [ko, en, fa]


def test_jalali_dates_stand_beside_gregorian_ones() -> None:
    newroz = date(2026, 3, 21)

    assert day(FA, newroz) == "۱ فروردین ۱۴۰۵ (۲۱ مارس ۲۰۲۶)"
    assert day(EN, newroz, "IRR") == "21 March 2026 (1 Farvardin 1405)"
    assert day(KO, newroz, "IRR") == "2026년 3월 21일 (1 Farvardin 1405)"
    assert (day(KO, newroz), day(EN, newroz, "KRW")) == ("2026년 3월 21일", "21 March 2026")


@pytest.mark.parametrize(
    ("typed", "currency", "amount"),
    [
        ("1000", "KRW", 1_000),
        (" 1,000 ", "KRW", 1_000),
        ("۱٬۰۰۰", "IRR", 1_000),
        ("١٠٠٠", "IRR", 1_000),
        ("12.5", "USD", 1_250),
        ("12٫5", "USD", 1_250),
        ("12.50", "KRW", None),
        ("-5", "KRW", None),
        ("", "KRW", None),
        ("１０００", "KRW", None),
        ("1e3", "KRW", None),
        ("9" * 16, "KRW", None),
    ],
)
def test_an_amount_is_read_as_it_was_typed_or_not_at_all(typed: str, currency: str, amount: int | None) -> None:
    assert typed_amount(typed, currency) == amount


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.rpartition(".")[2])
def test_every_sentence_says_the_same_in_three_languages(module: ModuleType) -> None:
    found = [value for _, value in inspect.getmembers(module) if isinstance(value, Said)]
    found += [
        said
        for _, value in inspect.getmembers(module, lambda each: isinstance(each, dict))
        for said in value.values()
        if isinstance(said, Said)
    ]

    for said in found:
        names = [{name for _, name, _, _ in string.Formatter().parse(text) if name} for text in said]
        assert all(text.strip() for text in said), said
        assert names[0] == names[1] == names[2], said


def test_the_language_is_what_was_chosen_or_what_the_browser_wants_most() -> None:
    assert language_of("fa-IR,fa;q=0.9,en;q=0.8", None, WORDS) is FA
    assert language_of("fa;q=0.1,en;q=0.8", None, WORDS) is EN
    assert language_of("fa", "en", WORDS) is EN
    assert language_of("de,fr", "xx", WORDS) is KO
    assert language_of("", None, {"en": EN, "ko": KO}) is EN
