"""A process of its own that takes one file apart: whatever a file does to it, it does to nothing else.

Bytes in on stdin, JSON out on stdout: {"rows": [[number, [texts]]]} or {"fault": word}. Bounded in memory and time
before the first byte is read. It knows nothing of the ledger, and its environment holds nothing.
"""

from __future__ import annotations

import csv
import io
import resource
import sys
import zipfile
import zlib
from collections.abc import Iterable
from datetime import date, datetime
from itertools import islice
from typing import Any

import orjson
from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

MEMORY_BYTES_MAX = 768 * 1024 * 1024
CPU_S_MAX = 4
EXPANDED_BYTES_MAX = 50 * 1024 * 1024
PARTS_MAX = 1_000
ROWS_MAX = 10_001
"""A header and 10,000 rows; one more is read, so that too many are known as such."""

COLUMNS_MAX = 50
CELL_CHARACTERS_MAX = 1_000

ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
NOT_TEXT = (
    b"%PDF",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"{\\rtf",
    b"\x7fELF",
    b"MZ",
    b"Rar!",
    b"7z\xbc\xaf",
    b"\x1f\x8b",
)
BYTE_ORDER_MARK = b"\xef\xbb\xbf"

Row = tuple[int, list[str]]


class Fault(Exception):
    """The file is not taken; the word says why."""


def main() -> None:
    """Read a file from stdin, write its rows or its fault to stdout."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S_MAX, CPU_S_MAX))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    told: dict[str, Any]
    try:
        told = {"rows": rows_of(sys.stdin.buffer.read())}
    except Fault as fault:
        told = {"fault": str(fault)}
    sys.stdout.buffer.write(orjson.dumps(told))


def rows_of(content: bytes) -> list[Row]:
    """Return the rows of a file that are not empty, by number, as texts.

    Raises:
        Fault: `type` it is none of xls, xlsx and csv; `broken` it cannot be read; `expands` it is far larger than it
            looks; `rows` it has too many of them.
    """
    if content.startswith(ZIP):
        return _sheet_rows(_repacked(content))
    if content.startswith(OLE):
        return _sheet_rows(content)
    return _csv_rows(_text(content))


def _sheet_rows(content: bytes) -> list[Row]:
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        names = [
            sheet.name
            for sheet in book.sheets_metadata
            if sheet.typ == SheetTypeEnum.WorkSheet and sheet.visible == SheetVisibleEnum.Visible
        ]
        if not names:
            raise Fault("broken")
        cells = book.get_sheet_by_name(names[0]).to_python(skip_empty_area=False, nrows=ROWS_MAX + 1)
    except (CalamineError, ValueError, OSError):
        raise Fault("broken") from None
    return _numbered([_cell(value) for value in row[:COLUMNS_MAX]] for row in cells)


def _repacked(content: bytes) -> bytes:
    """Return an xlsx file with the same parts, none of which can be larger than it says: they were all read here."""
    repacked = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as given, zipfile.ZipFile(repacked, "w") as made:
            parts = given.infolist()
            names = {part.filename for part in parts}
            if "[Content_Types].xml" not in names or "xl/workbook.xml" not in names or "xl/vbaProject.bin" in names:
                raise Fault("type")
            if len(parts) > PARTS_MAX or sum(part.file_size for part in parts) > EXPANDED_BYTES_MAX:
                raise Fault("expands")
            for part in parts:
                if part.filename.endswith((".xml", ".rels")):
                    made.writestr(part.filename, given.read(part))
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError):
        raise Fault("broken") from None
    return repacked.getvalue()


def _text(content: bytes) -> str:
    """Return the text of a csv file: UTF-8, with or without byte order mark, else CP949 as Korean Excel writes it."""
    if content.startswith(NOT_TEXT) or b"\0" in content:
        raise Fault("type")
    if content.startswith(BYTE_ORDER_MARK):
        content = content[len(BYTE_ORDER_MARK) :]
    if content.lstrip()[:1] == b"<":
        raise Fault("type")
    for encoding in ("utf-8", "cp949"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Fault("type")


def _csv_rows(text: str) -> list[Row]:
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        read = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        rows = [
            [cell[: CELL_CHARACTERS_MAX + 1].strip() for cell in row[:COLUMNS_MAX]]
            for row in islice(read, ROWS_MAX + 1)
        ]
    except csv.Error:
        raise Fault("broken") from None
    return _numbered(rows)


def _numbered(rows: Iterable[list[str]]) -> list[Row]:
    numbered = list(enumerate(rows, 1))
    if len(numbered) > ROWS_MAX:
        raise Fault("rows")
    return [(number, row) for number, row in numbered if any(row)]


def _cell(value: Any) -> str:
    """Return what stands in a cell as text: a number without fraction as its digits, a date as YYYY-MM-DD."""
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()[:10]
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)[: CELL_CHARACTERS_MAX + 1].strip()


if __name__ == "__main__":
    main()
