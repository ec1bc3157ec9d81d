"""Money: integers of minor units, the currencies they are counted in, and the two roundings the rules need.

May import only errors. Never a float, never a Decimal inside the domain: text amounts are parsed once, at the edge of
an import, by `parse_decimal`.
"""

from __future__ import annotations

import re

from aggregates.errors import Malformed

AMOUNT_MINOR_MAX = 999_999_999_999_999
"""Largest single amount, in minor units: keeps every sum of 9,000 amounts inside a signed 64-bit column."""

EXPONENTS: dict[str, int] = {
    "AUD": 2, "BHD": 3, "BRL": 2, "CAD": 2, "CHF": 2, "CLP": 0, "CNY": 2, "CZK": 2, "DKK": 2, "EUR": 2, "GBP": 2,
    "HKD": 2, "HUF": 2, "IDR": 2, "ILS": 2, "INR": 2, "IQD": 3, "IRR": 0, "ISK": 0, "JOD": 3, "JPY": 0, "KRW": 0,
    "KWD": 3, "KZT": 2, "MXN": 2, "MYR": 2, "NOK": 2, "NZD": 2, "OMR": 3, "PHP": 2, "PLN": 2, "QAR": 2, "RON": 2,
    "SAR": 2, "SEK": 2, "SGD": 2, "THB": 2, "TND": 3, "TRY": 2, "TWD": 2, "UAH": 2, "UGX": 0, "USD": 2, "VND": 0,
    "XAF": 0, "XOF": 0, "ZAR": 2,
}  # fmt: skip
"""ISO 4217 code -> number of decimal digits. The sources print IRR without decimals, so its minor unit is one rial."""

_PLAIN_DECIMAL = re.compile(r"([+-]?)([0-9]{1,15})(?:\.([0-9]{1,9}))?", re.ASCII)


def exponent(currency: str) -> int:
    """Return how many decimal digits the minor unit of `currency` stands for (KRW 0, CZK 2).

    Raises:
        Malformed: `currency` is not a code of the table.
    """
    try:
        return EXPONENTS[currency]
    except KeyError:
        raise Malformed("currency must be an ISO 4217 code this ledger knows", field="currency") from None


def parse_decimal(text: str, currency: str) -> int:
    """Parse a plain decimal number ("-1234.50") into signed minor units, exactly.

    Raises:
        Malformed: not a plain ASCII decimal, or more decimal digits than the currency has.
    """
    match = _PLAIN_DECIMAL.fullmatch(text)
    if match is None:
        raise Malformed("amount must be a plain decimal number", field="amount")
    sign, whole, fraction = match.group(1), match.group(2), match.group(3) or ""
    digits = exponent(currency)
    if fraction[digits:].strip("0"):
        raise Malformed(f"amount has more than {digits} decimal digits, which {currency} does not have", field="amount")
    minor = int(whole + fraction[:digits].ljust(digits, "0"))
    return -minor if sign == "-" else minor


def payout_after_tenth(amount_minor: int) -> int:
    """Return 90 % of `amount_minor`, rounded half up in whole minor units.

    Source: SPEC 5.4, R-072: the payout is rounded and the fee is the remainder.
    """
    return (9 * amount_minor + 5) // 10


def format_minor(amount_minor: int, currency: str) -> str:
    """Render minor units as a plain decimal for people and text files (12345 CZK -> "123.45")."""
    digits = exponent(currency)
    if digits == 0:
        return str(amount_minor)
    sign = "-" if amount_minor < 0 else ""
    whole, fraction = divmod(abs(amount_minor), 10**digits)
    return f"{sign}{whole}.{fraction:0{digits}d}"


def toman_text(amount_minor: int) -> str:
    """Render rials in tomans, ten rials each, for people: 12,345 rials are "1234.5" (SPEC R-134: display only)."""
    sign = "-" if amount_minor < 0 else ""
    tomans, rials = divmod(abs(amount_minor), 10)
    return f"{sign}{tomans}.{rials}" if rials else f"{sign}{tomans}"
