"""Writers of tables: CSV, NDJSON, XLSX and Parquet, out of the lines that PostgreSQL has made."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from itertools import chain
from typing import TYPE_CHECKING, Any

from projections.exports.asked import Asked
from projections.exports.datasets import Column
from projections.exports.sink import Meter
from projections.exports.source import Source

if TYPE_CHECKING:
    import pyarrow as pa

SHEET_ROWS_MAX = 1_048_576
"""Rows that a spreadsheet's sheet can hold; what is more goes to the next sheet."""

CELL_NUMBER_MAX = 999_999_999_999_999
"""Largest whole number that a spreadsheet shows to the last digit."""

GROUP_ROWS = 20_000
"""Rows of one group of a Parquet file, which is what is in memory."""

BOM = "\ufeff"
_EPOCH_OF_SHEETS = date(1899, 12, 30)
_MADE = datetime(2000, 1, 1, tzinfo=UTC)
"""Written into each XLSX file as the time of its making: the same rows have to give the same bytes."""


def write_csv(source: Source, asked: Asked, meter: Meter) -> dict[str, Any]:
    """Write CSV (RFC 4180, CRLF): texts in quotes and none of them a formula, numbers plain.

    Returns:
        {"replaced": characters that CP949 does not have and "?" stands for}; {} in UTF-8.
    """
    names = ",".join(f'"{column.name}"' for column in source.columns)
    head = f"{BOM if asked.bom else ''}{names}\r\n"
    if asked.encoding == "utf-8":
        meter.write(head.encode())
        for block in source.csv(guarded=True):
            meter.write(b"".join([row[:-1] + b"\r\n" for row in block]))
        return {}
    meter.write(head.encode("cp949"))
    replaced = 0
    for block in source.csv(guarded=True):
        text = b"".join([row[:-1] + b"\r\n" for row in block]).decode()
        try:
            meter.write(text.encode("cp949"))
        except UnicodeEncodeError:
            replaced += sum(not _in_cp949(char) for char in text)
            meter.write(text.encode("cp949", "replace"))
    return {"replaced": replaced}


def _in_cp949(char: str) -> bool:
    try:
        char.encode("cp949")
    except UnicodeEncodeError:
        return False
    return True


def write_ndjson(source: Source, asked: Asked, meter: Meter) -> dict[str, Any]:
    """Write one JSON object a line."""
    for block in source.json():
        meter.write(b"\n".join([*block, b""]))
    return {}


def write_xlsx(source: Source, asked: Asked, meter: Meter) -> dict[str, Any]:
    """Write a workbook: numbers as numbers, dates as dates, texts as texts; a further sheet when one is full.

    Rows wait on disk, not in memory.

    Returns:
        {"sheets": how many}.
    """
    import xlsxwriter  # Here: the process of the jobs holds its code from the first workbook on.

    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "use_zip64": True,
    }
    with xlsxwriter.Workbook(meter, options) as book:
        book.set_properties({"created": _MADE, "title": asked.name})
        bold, dated = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd"})
        lines = chain.from_iterable(source.csv(guarded=False))
        sheet, at, sheets = None, 0, 0
        for cells in chain([None], csv.reader(line.decode() for line in lines)):
            if sheet is None or at == SHEET_ROWS_MAX:
                sheets += 1
                sheet = book.add_worksheet(f"{asked.what} {sheets}"[:31])
                sheet.set_column(0, len(source.columns) - 1, 16)
                sheet.freeze_panes(1, 0)
                at = 1
                writers = [_cell_writer(sheet, column, dated) for column in source.columns]
                for number, column in enumerate(source.columns):
                    sheet.write_string(0, number, column.name, bold)
            if cells is None:
                continue
            for number, cell in enumerate(cells):
                if cell:
                    writers[number](at, number, cell)
            at += 1
    return {"sheets": sheets}


def _cell_writer(sheet: Any, column: Column, dated: Any) -> Callable[[int, int, str], None]:
    """Return what writes a cell of a column, given row, column and text."""

    def number(at: int, across: int, text: str) -> None:
        value = int(text)
        if abs(value) > CELL_NUMBER_MAX:
            sheet.write_string(at, across, text)
        else:
            sheet.write_number(at, across, value)

    def day(at: int, across: int, text: str) -> None:
        value = (date.fromisoformat(text) - _EPOCH_OF_SHEETS).days
        if value < 61:  # Spreadsheets count a 29 February 1900 that never was.
            sheet.write_string(at, across, text)
        else:
            sheet.write_number(at, across, value, dated)

    def words(at: int, across: int, text: str) -> None:
        if sheet.write_string(at, across, text) != 0:
            raise ValueError(f"a text of column {column.name} does not fit into a cell")

    return {"integer": number, "date": day}.get(column.kind, words)


def write_parquet(source: Source, asked: Asked, meter: Meter) -> dict[str, Any]:
    """Write Parquet: int64, date32, timestamp in UTC, UTF-8 text; JSON as text."""
    # Imported here: it takes a third of a second and 60 MB that no other format needs.
    import pyarrow as pa
    from pyarrow import parquet

    schema = pa.schema([(column.name, _arrow_type(pa, column)) for column in source.columns])
    groups = 0
    with parquet.ParquetWriter(pa.PythonFile(meter, mode="w"), schema, compression="zstd") as writer:
        for rows in _groups(source):
            writer.write_table(_arrow_table(rows, schema), row_group_size=GROUP_ROWS)
            groups += 1
    return {"row_groups": groups}


def _groups(source: Source) -> Iterator[list[bytes]]:
    """Yield lines of CSV, so many as make a group."""
    rows: list[bytes] = []
    for block in source.csv(guarded=False):
        rows += block
        while len(rows) >= GROUP_ROWS:
            yield rows[:GROUP_ROWS]
            del rows[:GROUP_ROWS]
    if rows:
        yield rows


def _arrow_type(pa: Any, column: Column) -> Any:
    match column.kind:
        case "integer":
            return pa.int64()
        case "date":
            return pa.date32()
        case "time":
            return pa.timestamp("us", tz="UTC")
    return pa.string()


def _arrow_table(rows: list[bytes], schema: pa.Schema) -> pa.Table:
    from pyarrow import csv as arrow_csv

    return arrow_csv.read_csv(
        io.BytesIO(b"".join(rows)),
        read_options=arrow_csv.ReadOptions(column_names=schema.names, use_threads=False),
        parse_options=arrow_csv.ParseOptions(newlines_in_values=True),
        convert_options=arrow_csv.ConvertOptions(
            column_types=schema, strings_can_be_null=True, quoted_strings_can_be_null=False, null_values=[""]
        ),
    )
