"""A double entry: its lines, and the tables in which each noun states by one pure function which a fact of it has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from aggregates.fact import Fact
from aggregates.postings.chart import GATEWAY_RECEIVABLE

F = TypeVar("F", bound=Fact)


class Posting(NamedTuple):
    """One line of a double entry.

    Attributes:
        account: ledger account of `CHART`.
        amount_minor: signed, never 0: > 0 is a debit, < 0 a credit.
        currency: ISO 4217.
    """

    account: str
    amount_minor: int
    currency: str


Postings = tuple[Posting, ...]

Entry = tuple[str, tuple[tuple[str, int], ...]]
"""A double entry as its rule states it: the currency, and (ledger account, signed amount; may be 0) for each line."""

Rule = Callable[[Any], Entry]


class Rules(dict[type[Fact], Rule]):
    """Kind of fact -> its double entry."""

    def of(self, *kinds: type[F]) -> Callable[[Callable[[F], Entry]], Callable[[F], Entry]]:
        """Enter a function as the rule of these kinds."""

        def decorate(rule: Callable[[F], Entry]) -> Callable[[F], Entry]:
            self.update(dict.fromkeys(kinds, rule))
            return rule

        return decorate


def entry(currency: str, *lines: tuple[str, int]) -> Entry:
    """Return a double entry of lines, each (ledger account, signed amount; may be 0)."""
    return currency, lines


def gateway(method: str) -> str:
    """Return the ledger account of what is owed to us for payments by a method."""
    return f"{GATEWAY_RECEIVABLE}.{method}"
