"""Files that go back to people: texts stay texts, whatever they begin with, so that no spreadsheet computes them."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable, Sequence

import xlsxwriter

FORMULA_MARKS = frozenset("=+-@\t\r\n\0")
"""A spreadsheet takes a text that begins with one of these for something to compute."""


def to_xlsx(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """Return a file with one sheet, every cell a text."""
    made = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(made, options) as book:
        sheet = book.add_worksheet()
        text = book.add_format({"num_format": "@"})
        sheet.set_column(0, max(0, len(header) - 1), 18, text)
        for number, row in enumerate([header, *rows]):
            for column, cell in enumerate(row):
                sheet.write_string(number, column, cell, text)
    return made.getvalue()


def to_csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """Return a file in UTF-8 with byte order mark, every cell quoted and none of them a formula."""
    made = io.StringIO(newline="")
    writer = csv.writer(made, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([[plain(cell) for cell in row] for row in rows])
    return "\ufeff".encode() + made.getvalue().encode()


def plain(cell: str) -> str:
    """Return a text that no spreadsheet takes for a formula: full-width marks count as what they look like."""
    first = unicodedata.normalize("NFKC", cell.lstrip(" "))[:1]
    return f"'{cell}" if first in FORMULA_MARKS and first else cell
