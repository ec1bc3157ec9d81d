"""The rules by which lines are matched without a person, and what is suggested where they do not decide. Pure.

Reference first: the same number and the same amount. Then, for lines without a number, amount and date: only where one
line and one thing are each other's only choice. Whatever is left is for a person.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Generic, NamedTuple, TypeVar

REFERENCE = "reference"
AMOUNT_DATE = "amount_date"
MANUAL = "manual"

REFERENCE_DAYS = 31
"""How many days apart a line and what carries its number may be."""

AMOUNT_DAYS = 3
"""How many days apart a line without a number and a thing of its amount may be."""

ALIKE_MAX = 100
"""Things of one number and amount that are looked at; a source that gives one number to all is no help."""

SUGGESTIONS_MAX = 5


class OpenLine(NamedTuple):
    """A line that is not matched.

    Attributes:
        id: public id. day: KST day. amount_minor: signed. currency: ISO 4217.
        method: None = not told. reference: None = without one.
    """

    id: str
    day: date
    amount_minor: int
    currency: str
    method: str | None
    reference: str | None


class OpenItem(NamedTuple):
    """What a line may stand for: a thing of the ledger, or a remittance ("rmt_...").

    Attributes:
        id, day, amount_minor, currency: as of a line.
        method: None = of every method. references: what it may be called.
    """

    id: str
    day: date
    amount_minor: int
    currency: str
    method: str | None
    references: frozenset[str]


class Pair(NamedTuple):
    """A line and what it stands for. rule: reference or amount_date."""

    line_id: str
    item_id: str
    rule: str


class Suggestion(NamedTuple):
    """What a line may stand for, for a person to decide.

    Attributes:
        why: reference or amount. difference_minor: line - item. days: how far apart.
    """

    item_id: str
    why: str
    difference_minor: int
    days: int


def pairs(lines: Sequence[OpenLine], items: Sequence[OpenItem]) -> list[Pair]:
    """Return what the rules decide: no line and no item occurs twice, whatever the order they are given in.

    Source: SPEC R-062, R-088.
    """
    made = _by_reference(lines, items)
    paired = {pair.line_id for pair in made} | {pair.item_id for pair in made}
    return made + _by_amount(
        [line for line in lines if line.id not in paired and line.reference is None],
        [item for item in items if item.id not in paired],
    )


def _by_reference(lines: Sequence[OpenLine], items: Sequence[OpenItem]) -> list[Pair]:
    by_reference: dict[tuple[str, str, int], list[OpenItem]] = defaultdict(list)
    for item in items:
        for reference in item.references:
            by_reference[reference, item.currency, item.amount_minor].append(item)
    choices = [
        (abs((line.day - item.day).days), line.id, item.id)
        for line in lines
        if line.reference is not None
        for item in by_reference.get((line.reference, line.currency, line.amount_minor), ())[:ALIKE_MAX]
        if _same_method(line, item) and abs((line.day - item.day).days) <= REFERENCE_DAYS
    ]
    made: list[Pair] = []
    used: set[str] = set()
    # The nearest first: of the same number and amount, twice, each line takes the thing of its own day.
    for _, line_id, item_id in sorted(choices):
        if line_id not in used and item_id not in used:
            used |= {line_id, item_id}
            made.append(Pair(line_id, item_id, REFERENCE))
    return made


def _by_amount(lines: Sequence[OpenLine], items: Sequence[OpenItem]) -> list[Pair]:
    open_lines, open_items = _Nearby(lines), _Nearby(items)
    made = []
    for line in lines:
        found = open_items.two_near(line)
        if len(found) == 1 and len(open_lines.two_near(found[0])) == 1:
            made.append(Pair(line.id, found[0].id, AMOUNT_DATE))
    return sorted(made)


E = TypeVar("E", OpenLine, OpenItem)
EVERY = "*"


class _Nearby(Generic[E]):
    """Lines, or items, by what makes them alike: never more than two are looked at, however many are alike."""

    def __init__(self, each: Sequence[E]) -> None:
        self._alike: dict[tuple[str, int, date, str | None], list[E]] = defaultdict(list)
        for one in each:
            for method in (one.method, EVERY):
                self._alike[one.currency, one.amount_minor, one.day, method].append(one)

    def two_near(self, to: OpenLine | OpenItem) -> list[E]:
        """Return up to two of those of the same amount within `AMOUNT_DAYS`."""
        found: list[E] = []
        for days in range(-AMOUNT_DAYS, AMOUNT_DAYS + 1):
            day = to.day + timedelta(days=days)
            for method in (EVERY,) if to.method is None else (to.method, None):
                found += self._alike.get((to.currency, to.amount_minor, day, method), ())[:2]
        return found[:2]


def suggestions(line: OpenLine, items: Iterable[OpenItem]) -> list[Suggestion]:
    """Return what a line may stand for: the same number first, then the same amount, then the nearest day."""
    found = [
        (line.reference not in item.references, line.amount_minor != item.amount_minor, _suggestion(line, item))
        for item in items
        if item.currency == line.currency
        and _same_method(line, item)
        and (item.amount_minor > 0) == (line.amount_minor > 0)
        and (line.reference in item.references or line.amount_minor == item.amount_minor)
        and abs((line.day - item.day).days) <= REFERENCE_DAYS
    ]
    found.sort(key=lambda each: (each[0], each[1], each[2].days, each[2].item_id))
    return [suggestion for _, _, suggestion in found[:SUGGESTIONS_MAX]]


def _suggestion(line: OpenLine, item: OpenItem) -> Suggestion:
    why = "reference" if line.reference in item.references else "amount"
    return Suggestion(item.id, why, line.amount_minor - item.amount_minor, abs((line.day - item.day).days))


def _same_method(line: OpenLine, item: OpenItem) -> bool:
    return line.method is None or item.method is None or line.method == item.method
