"""The sandbox's registry of businesses: a number whose check digit is wrong does not exist.

Magic endings: 0000 closed, 0011 suspended, 0022 not found; every other number is an active business.
"""

from __future__ import annotations

from ledger.ports.registry import BusinessState

WEIGHTS = (1, 3, 7, 1, 3, 7, 1, 3, 5)
DIGITS = 10
ENDINGS: dict[str, BusinessState] = {"0000": "closed", "0011": "suspended", "0022": "not_found"}


class SandboxRegistry:
    """A `BusinessRegistry` for tests and demos."""

    async def lookup(self, number: str) -> BusinessState:
        """As `BusinessRegistry.lookup`."""
        plain = number.replace("-", "")
        if plain[-4:] in ENDINGS:
            return ENDINGS[plain[-4:]]
        return "active" if has_check_digit(plain) else "not_found"


def has_check_digit(plain: str) -> bool:
    """Say whether ten digits end in the digit that follows from the nine before it. Source: SPEC M4."""
    if len(plain) != DIGITS or not (plain.isascii() and plain.isdecimal()):
        return False
    digits = [int(character) for character in plain]
    total = sum(weight * digit for weight, digit in zip(WEIGHTS, digits, strict=False)) + digits[8] * 5 // 10
    return digits[9] == (10 - total % 10) % 10
