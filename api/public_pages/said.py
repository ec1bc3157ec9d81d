"""One sentence in the three languages of the public pages, and numbers, money and dates as their readers write them.

Persian has its own digits and its own calendar, and counts money in toman: ten rials each, for reading alone (SPEC
R-134). Nothing here is ever parsed again, but what a reader has typed as an amount.
"""

from __future__ import annotations

import re
from datetime import date
from typing import NamedTuple

from aggregates.jalali import jalali
from aggregates.money import EXPONENTS, format_minor
from api.pages.gate import plain_digits
from api.pages.words import Words

RIALS_PER_TOMAN = 10

_PERSIAN = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
_TYPED_SEPARATORS = re.compile(r"[\s,٬،_']")
_TYPED_AMOUNT = re.compile(r"([0-9]{1,15})(?:[.٫]([0-9]{1,3}))?")

_MONTHS_EN = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_MONTHS_FA = (
    "ژانویه", "فوریه", "مارس", "آوریل", "مه", "ژوئن", "ژوئیه", "اوت", "سپتامبر", "اکتبر", "نوامبر", "دسامبر",
)  # fmt: skip
_JALALI_FA = (
    "فروردین", "اردیبهشت", "خرداد", "تیر", "مرداد", "شهریور", "مهر", "آبان", "آذر", "دی", "بهمن", "اسفند",
)  # fmt: skip
_JALALI_EN = (
    "Farvardin", "Ordibehesht", "Khordad", "Tir", "Mordad", "Shahrivar", "Mehr", "Aban", "Azar", "Dey", "Bahman",
    "Esfand",
)  # fmt: skip


class Said(NamedTuple):
    """One sentence; {names} are filled in, and numbers among them written in the digits of the language."""

    ko: str
    en: str
    fa: str

    def to(self, words: Words, **parts: str | int) -> str:
        """Return the sentence for a reader."""
        text: str = getattr(self, words.language)
        if not parts:
            return text
        return text.format(**{name: digits(words, value) for name, value in parts.items()})


def digits(words: Words, value: str | int) -> str:
    """Return a number in the digits of the language; text is left as it is."""
    if isinstance(value, int):
        text = f"{value:,}"
        return text.replace(",", "٬").translate(_PERSIAN) if words.language == "fa" else text
    return value


def plain(words: Words, text: str) -> str:
    """Return text whose digits are those of the language, such as a month; nothing is grouped."""
    return text.translate(_PERSIAN) if words.language == "fa" else text


def money(words: Words, amount_minor: int, currency: str) -> str:
    """Return an amount as readers of the language write it; of rials, what it is in toman stands with it."""
    if currency == "IRR":
        return _rials(words, amount_minor)
    if currency == "KRW":
        number = digits(words, amount_minor)
        return {"ko": f"{number}원", "en": f"₩{number}", "fa": f"{number} وون"}[words.language]
    whole, _, part = format_minor(amount_minor, currency).partition(".")
    number = f"{int(whole):,}" + (f".{part}" if part else "")
    return f"{number} {currency}"


def _rials(words: Words, amount_minor: int) -> str:
    whole, rest = divmod(amount_minor, RIALS_PER_TOMAN)
    rials, toman = digits(words, amount_minor), digits(words, whole)
    if words.language == "fa":
        fraction = plain(words, f"٫{rest}") if rest else ""
        return f"{toman}{fraction} تومان ({rials} ریال)"
    toman += f".{rest}" if rest else ""
    return f"{rials}리알 ({toman}토만)" if words.language == "ko" else f"{rials} rials ({toman} toman)"


def day(words: Words, on: date, currency: str = "") -> str:
    """Return a date as readers of the language write it; Jalali and Gregorian beside each other where either is read.

    Args:
        currency: of what the date is about: where money is counted in rials, days are counted by the Jalali calendar.
    """
    if words.language == "fa":
        gregorian = f"{on.day} {_MONTHS_FA[on.month - 1]} {on.year}"
        year, month, number = jalali(on)
        return plain(words, f"{number} {_JALALI_FA[month - 1]} {year} ({gregorian})")
    if words.language == "ko":
        gregorian = f"{on.year}년 {on.month}월 {on.day}일"
    else:
        gregorian = f"{on.day} {_MONTHS_EN[on.month - 1]} {on.year}"
    if currency != "IRR":
        return gregorian
    year, month, number = jalali(on)
    return f"{gregorian} ({number} {_JALALI_EN[month - 1]} {year})"


def month(words: Words, text: str) -> str:
    """Return a month ("2026-03") as readers of the language write it."""
    year, number = text.split("-")
    if words.language == "ko":
        return f"{year}년 {int(number)}월"
    names = _MONTHS_FA if words.language == "fa" else _MONTHS_EN
    return plain(words, f"{names[int(number) - 1]} {year}")


def short(amount: str) -> str:
    """Return an amount without what stands in brackets after it."""
    return amount.partition(" (")[0]


def typed_amount(text: str, currency: str) -> int | None:
    """Return the minor units of an amount that a reader has typed, in any of our digits; None = it is none."""
    found = _TYPED_AMOUNT.fullmatch(_TYPED_SEPARATORS.sub("", plain_digits(text)))
    exponent = EXPONENTS.get(currency)
    if found is None or exponent is None or len(found[2] or "") > exponent:
        return None
    return int(found[1] + (found[2] or "").ljust(exponent, "0"))
