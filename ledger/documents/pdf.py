"""A page as PDF: typeset by one template of ours, fonts embedded, text selectable, the same bytes for the same page.

What stands in a document reaches the template as JSON and is only ever shown: no character of it is markup. Short
documents are PDF/A-2a (archivable, and tagged for readers who cannot see), long ones PDF/A-2b, because tags of 5,000
rows are twenty times the document.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import orjson
import typst

from ledger.documents.page import Cell, Column, Page, Table, is_figure
from ledger.documents.shown import money, number

HERE = Path(__file__).resolve().parent
TEMPLATE = HERE / "templates" / "page.typ"
FONTS = HERE / "fonts"
TAGGED_ROWS_MAX = 500
WORD_MAX = 22
"""So many characters without a space still fit into a column; longer words may break anywhere."""

BREAK = "\u200b"


def to_pdf(page: Page) -> bytes:
    """Return a page as PDF."""
    tagged = page.rows() <= TAGGED_ROWS_MAX
    try:
        return _compiled(page, standard="a-2a" if tagged else "a-2b", tagged=tagged)
    except typst.TypstError:
        # An archive copy must hold a glyph for each character. A name with an emoji is shown without, as plain PDF.
        return _compiled(page, standard=None, tagged=tagged)


def _compiled(page: Page, *, standard: Literal["a-2a", "a-2b"] | None, tagged: bool) -> bytes:
    return typst.compile(
        TEMPLATE,
        root=TEMPLATE.parent,
        format="pdf",
        font_paths=[FONTS],
        ignore_system_fonts=True,
        sys_inputs={"page": orjson.dumps(shown(page)).decode()},
        pdf_standards=standard,
        pdf_tags=tagged,
        timestamp=int(datetime.fromisoformat(page.created_at).timestamp()),
    )


def shown(page: Page) -> dict[str, Any]:
    """Return a page with every cell as the text that is printed."""
    label, minor, beside = page.headline or ("", 0, "")
    return {
        "title": page.title,
        "language": page.language,
        "head": [[key, _broken(value)] for key, value in page.head],
        "parties": [
            {"title": party.title, "lines": [[key, _broken(value)] for key, value in party.lines]}
            for party in page.parties
        ],
        "headline": None if page.headline is None else [label, money(minor, page.currency), page.currency, beside],
        "facts": [[key, _broken(value)] for key, value in page.facts],
        "tables": [_table(table, page.currency) for table in page.tables],
        "notices": list(page.notices),
        "closing": page.closing.splitlines(),
        "foot": list(page.foot),
    }


def _table(table: Table, currency: str) -> dict[str, Any]:
    columns = table.columns
    return {
        "title": table.title,
        "columns": [{"label": each.label, "figure": is_figure(each.kind), "weight": each.weight} for each in columns],
        "rows": [[_cell(cell, column, currency) for cell, column in zip(row, columns, strict=True)]
                 for row in table.rows],
        "totals": [[_cell(cell, column, currency) for cell, column in zip(row, columns, strict=True)]
                   for row in table.totals],
        "empty": table.empty,
    }  # fmt: skip


def _cell(cell: Cell, column: Column, currency: str) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return _broken(cell)
    return money(cell, currency) if column.kind == "money" else number(cell)


def _broken(text: str) -> str:
    """Return a text whose long words may break, without control characters."""
    words = "".join(character if character.isprintable() else " " for character in text).split(" ")
    return " ".join(word if len(word) <= WORD_MAX else _parted(word) for word in words)


def _parted(word: str) -> str:
    return BREAK.join(word[place : place + WORD_MAX] for place in range(0, len(word), WORD_MAX))
