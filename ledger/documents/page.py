"""The page: what a document shows and in which order, the same for every form that it takes. No I/O.

A page is made of typed cells: figures stay figures until a form writes them, so that a spreadsheet can add them up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["text", "money", "number", "date"]
Cell = str | int | None


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table. weight: its share of the width; 0 = as wide as its longest cell."""

    label: str
    kind: Kind = "text"
    weight: int = 0


@dataclass(frozen=True, slots=True)
class Table:
    """One table.

    Attributes:
        title: above it. columns, rows: its cells. totals: rows below the line; empty cells span.
        empty: said where there are no rows.
    """

    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    totals: Sequence[Sequence[Cell]] = ()
    empty: str = ""


@dataclass(frozen=True, slots=True)
class Party:
    """One side of a document: a title and lines of (label, value)."""

    title: str
    lines: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Page:
    """A whole document.

    Attributes:
        title, language, currency: of the document; currency "" = it has no money.
        created_at: RFC 3339; the date inside the files.
        head: (label, value) beside the title: number, dates.
        parties: side by side.
        headline: the one figure that matters: (label, amount in minor units, what is said beside it).
        facts: (label, value) above the tables.
        tables: in order.
        notices: small print below them.
        closing: who signs.
        foot: lines at the foot of each page.
    """

    title: str
    language: str
    currency: str
    created_at: str
    head: Sequence[tuple[str, str]]
    parties: Sequence[Party]
    tables: Sequence[Table]
    headline: tuple[str, int, str] | None = None
    facts: Sequence[tuple[str, str]] = ()
    notices: Sequence[str] = ()
    closing: str = ""
    foot: Sequence[str] = ()

    def rows(self) -> int:
        """Return how many rows the longest table has."""
        return max((len(table.rows) for table in self.tables), default=0)


def is_figure(kind: Kind) -> bool:
    """Say whether cells of a kind are numbers."""
    return kind in ("money", "number")


def cells_of(table: Table) -> list[Sequence[Cell]]:
    """Return all rows of a table, totals last."""
    return [*table.rows, *table.totals]


Content = dict[str, Any]
