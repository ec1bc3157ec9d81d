"""Splitting a cost over units so that the sum is exact: largest remainder, a tie goes to the lower unit (SPEC R-140).

Whole numbers only: each unit gets the floor of total x weight / sum of weights, and what is left over goes, one minor
unit each, to the largest remainders of that division.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from aggregates.collecting.buildings.refusals import BasisEmpty

_DIGITS = re.compile(r"(\d+)")
_DIGITS_WIDTH = 12


def allot(total_minor: int, weights: Sequence[int]) -> list[int]:
    """Return what of a total each weight bears; the sum is the total.

    Args:
        total_minor: 0 or more.
        weights: 0 or more each, in the order of their units.

    Raises:
        BasisEmpty: all weights are 0, and the total is not.

    Source: SPEC 11.3, R-140.
    """
    whole = sum(weights)
    if not whole:
        if total_minor:
            raise BasisEmpty("no unit has a share in the basis of this cost; give the units theirs first")
        return [0] * len(weights)
    parts, remainders = [], []
    for weight in weights:
        part, remainder = divmod(total_minor * weight, whole)
        parts.append(part)
        remainders.append(remainder)
    left = total_minor - sum(parts)
    for place in sorted(range(len(weights)), key=lambda place: (-remainders[place], place))[:left]:
        parts[place] += 1
    return parts


def unit_order(number: str) -> str:
    """Return what numbers of units sort by: figures by their value, so that 9 stands before 10, and A-2 before A-10.

    (Two numbers that differ in leading zeros alone sort by themselves.)
    """
    parts = [part.rjust(_DIGITS_WIDTH, "0") if part.isdecimal() else part for part in _DIGITS.split(number)]
    return f"{''.join(parts)}\x1f{number}"
