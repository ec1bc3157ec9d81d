"""A page as XLSX and CSV: figures stay figures, and no text of anybody becomes a formula (`ledger.sheets.writer`)."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from decimal import Decimal
from typing import Any

import xlsxwriter

from aggregates.money import exponent
from ledger.documents.page import Cell, Page, Table, cells_of, is_figure
from ledger.sheets.writer import plain

WIDTH_MAX = 48
BYTE_ORDER_MARK = "\ufeff"


def to_csv(page: Page) -> bytes:
    """Return a page as CSV: UTF-8 with byte order mark, CRLF, texts quoted; amounts in units of the currency."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    writer.writerow([plain(page.title)])
    writer.writerows([[plain(label), plain(value)] for label, value in _lines(page)])
    for table in page.tables:
        writer.writerow([])
        writer.writerow([plain(table.title)])
        writer.writerow([plain(column.label) for column in table.columns])
        for row in cells_of(table):
            writer.writerow([_text_or_figure(cell, page, table, place) for place, cell in enumerate(row)])
    writer.writerow([])
    writer.writerows([[plain(line)] for line in (*page.notices, *page.foot)])
    return (BYTE_ORDER_MARK + out.getvalue()).encode()


def _text_or_figure(cell: Cell, page: Page, table: Table, place: int) -> Any:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return plain(cell)
    return _units(cell, page.currency) if table.columns[place].kind == "money" else cell


def _units(amount_minor: int, currency: str) -> int | Decimal:
    """Return an amount in units of its currency, exactly."""
    digits = exponent(currency)
    return Decimal(amount_minor).scaleb(-digits) if digits else amount_minor


def _lines(page: Page) -> list[tuple[str, str]]:
    """Return all that stands above the tables, as (label, value)."""
    parties = [(f"{party.title} · {label}", value) for party in page.parties for label, value in party.lines]
    return [*page.head, *parties, *page.facts]


def to_xlsx(page: Page) -> bytes:
    """Return a page as a workbook with one sheet: what stands above the tables, each table, the lines at the foot."""
    made = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(made, options) as book:
        book.set_properties({"title": page.title, "created": datetime.fromisoformat(page.created_at)})
        _Sheet(book, page).write()
    return made.getvalue()


class _Sheet:
    """One sheet while it is written, row after row."""

    def __init__(self, book: Any, page: Page) -> None:
        font = {"font_name": "Malgun Gothic", "font_size": 10}
        digits = exponent(page.currency) if page.currency else 0
        money = "#,##0" + (f".{'0' * digits}" if digits else "")
        shade = {"bg_color": "#F1F4F8", "bold": True}
        self._page = page
        self._sheet = book.add_worksheet()
        self._row = 0
        self._title = book.add_format({**font, "bold": True, "font_size": 16, "font_color": "#17375E"})
        self._strong = book.add_format({**font, "bold": True, "font_size": 11, "font_color": "#17375E"})
        self._soft = book.add_format({**font, "font_color": "#5B6570"})
        self._head = book.add_format({**font, **shade, "top": 2, "bottom": 1})
        self._head_right = book.add_format({**font, **shade, "top": 2, "bottom": 1, "align": "right"})
        # "@" keeps a text a text when somebody edits the cell.
        self._text = book.add_format({**font, "num_format": "@"})
        self._text_sum = book.add_format({**font, **shade, "num_format": "@", "top": 1})
        self._figures = {
            (kind, is_sum): book.add_format({**font, "num_format": form, **({**shade, "top": 1} if is_sum else {})})
            for kind, form in (("money", money), ("number", "#,##0"))
            for is_sum in (False, True)
        }

    def write(self) -> None:
        """Write the whole page."""
        self._line(self._title, self._page.title)
        if self._page.headline is not None:
            label, amount_minor, beside = self._page.headline
            self._sheet.write_string(self._row, 0, f"{label} ({self._page.currency}, {beside})", self._strong)
            self._sheet.write_number(
                self._row, 1, _units(amount_minor, self._page.currency), self._figures["money", True]
            )
            self._row += 1
        for label, value in _lines(self._page):
            self._sheet.write_string(self._row, 0, label, self._soft)
            self._sheet.write_string(self._row, 1, value, self._text)
            self._row += 1
        for table in self._page.tables:
            self._row += 1
            self._table(table)
        self._row += 1
        for line in (*self._page.notices, *self._page.foot):
            self._line(self._soft, line)
        self._widths()

    def _line(self, form: Any, text: str) -> None:
        self._sheet.write_string(self._row, 0, text, form)
        self._row += 1

    def _table(self, table: Table) -> None:
        self._line(self._strong, table.title)
        for place, column in enumerate(table.columns):
            form = self._head_right if is_figure(column.kind) else self._head
            self._sheet.write_string(self._row, place, column.label, form)
        self._row += 1
        first_sum = len(table.rows)
        for number, row in enumerate(cells_of(table)):
            for place, cell in enumerate(row):
                self._cell(cell, place, table, is_sum=number >= first_sum)
            self._row += 1

    def _cell(self, cell: Cell, place: int, table: Table, *, is_sum: bool) -> None:
        kind = table.columns[place].kind
        if isinstance(cell, int) and is_figure(kind):
            figure = _units(cell, self._page.currency) if kind == "money" else cell
            self._sheet.write_number(self._row, place, figure, self._figures[kind, is_sum])
        elif cell is None:
            self._sheet.write_blank(self._row, place, None, self._text_sum if is_sum else self._text)
        else:
            self._sheet.write_string(self._row, place, str(cell), self._text_sum if is_sum else self._text)

    def _widths(self) -> None:
        """Make columns as wide as what stands in the tables, in reason."""
        widths: dict[int, int] = {0: 26, 1: 24}
        for table in self._page.tables:
            for place, column in enumerate(table.columns):
                cells = [column.label, *(row[place] for row in cells_of(table)[:200])]
                wanted = max(_width(cell) for cell in cells) + 3
                widths[place] = min(WIDTH_MAX, max(widths.get(place, 0), wanted))
        for place, width in widths.items():
            self._sheet.set_column(place, place, width)


def _width(cell: Cell) -> int:
    """Return about how many digits wide a cell is: a Korean letter is as wide as two."""
    if cell is None:
        return 0
    text = f"{cell:,}" if isinstance(cell, int) else cell
    return sum(2 if ord(character) > 0x1100 else 1 for character in text)
