"""Numbers of cards and accounts as people type them: digits, and for cards their check digit (SPEC R-136). Pure."""

from __future__ import annotations

import re
import unicodedata

CARD_DIGITS = range(12, 20)
ACCOUNT_DIGITS = range(6, 21)

_BETWEEN = re.compile(r"[-. \u2010-\u2015]")


def digits_of(text: str) -> str:
    """Return the digits of a number, without what stands between them; "" when anything else is in it."""
    plain = _BETWEEN.sub("", unicodedata.normalize("NFKC", text).strip())
    return plain if plain.isascii() and plain.isdigit() else ""


def is_account_number(digits: str) -> bool:
    """Say whether digits can be a bank account's."""
    return len(digits) in ACCOUNT_DIGITS


def is_card_number(digits: str) -> bool:
    """Say whether digits can be a card's: as many as cards have, and the last one checks the others (Luhn)."""
    if len(digits) not in CARD_DIGITS or not digits.isdigit():
        return False
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
