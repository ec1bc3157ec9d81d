"""How figures and dates are shown to people, in Korean and in English."""

from __future__ import annotations

from datetime import datetime

from aggregates.dates import KST
from aggregates.money import exponent

UNITS = {"ko": {"KRW": "원"}, "en": {}}
"""What stands behind an amount in place of its currency's code, by language."""


def money(amount_minor: int, currency: str) -> str:
    """Return an amount with thousands separators and the decimals of its currency, without unit."""
    digits = exponent(currency)
    whole, fraction = divmod(abs(amount_minor), 10**digits)
    sign = "-" if amount_minor < 0 else ""
    return f"{sign}{whole:,}" + (f".{fraction:0{digits}d}" if digits else "")


def amount(amount_minor: int, currency: str, language: str) -> str:
    """Return an amount with its unit: 59,100원 in Korean, KRW 59,100 in English."""
    shown = money(amount_minor, currency)
    unit = UNITS[language].get(currency)
    return f"{currency} {shown}" if unit is None else f"{shown}{unit}"


def instant(at: str) -> str:
    """Return an RFC 3339 instant as a time of Seoul: 2024-10-29 13:11:52."""
    return f"{datetime.fromisoformat(at).astimezone(KST):%Y-%m-%d %H:%M:%S}"


def number(count: int) -> str:
    """Return a count with thousands separators."""
    return f"{count:,}"
