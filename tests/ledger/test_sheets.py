"""Files of rows: what is taken, what is refused, and that nothing that goes out is ever computed."""

from __future__ import annotations

import asyncio
import io
import zipfile
from datetime import date

import pytest
from python_calamine import CalamineWorkbook

from aggregates.errors import LedgerError
from ledger.sheets.reader import FileTooLarge, FileTypeNotTaken, FileUnreadable, read_sheet
from ledger.sheets.writer import plain, to_csv, to_xlsx
from tests.api.sheets import csv_of, xls_of, xlsx_of, zip_of

ROWS = [["phone", "name"], ["01000000001", "하늘"], ["01000000002", "Nari"]]


def read(content: bytes) -> list[list[str]]:
    return [row.cells for row in asyncio.run(read_sheet(content))]


@pytest.mark.parametrize(
    "content",
    [
        csv_of(ROWS),
        csv_of(ROWS, "utf-8-sig"),
        csv_of(ROWS, "cp949"),
        csv_of(ROWS).replace(b",", b";"),
        csv_of(ROWS).replace(b",", b"\t"),
        csv_of(ROWS).replace(b"\r\n", b"\n") + b"\n",
        xlsx_of(ROWS),
        xls_of(ROWS),
    ],
    ids=["utf-8", "utf-8 with mark", "cp949", "semicolons", "tabs", "line feeds", "xlsx", "xls"],
)
def test_a_file_is_read_whatever_its_form(content: bytes) -> None:
    assert read(content) == ROWS


def test_rows_keep_their_numbers_and_empty_ones_are_left_out() -> None:
    for content in (csv_of([["phone"], [""], ["01000000001"]]), xlsx_of([["phone"], [], ["01000000001"]])):
        assert [row.number for row in asyncio.run(read_sheet(content))] == [1, 3]


def test_numbers_and_dates_come_as_texts_and_a_formula_as_what_it_shows() -> None:
    assert read(xlsx_of([[1012345678, date(1990, 8, 15), "=2+2"]])) == [["1012345678", "1990-08-15", "4"]]
    assert read(csv_of([["=2+2", "plain"]])) == [["=2+2", "plain"]]


def lying_zip() -> bytes:
    """Return an xlsx whose sheet says that it is small and is not."""
    good = xlsx_of(ROWS)
    with zipfile.ZipFile(io.BytesIO(good)) as given:
        parts = {name: given.read(name) for name in given.namelist()}
    parts["xl/worksheets/sheet1.xml"] += b" " * (1 << 20)
    made = bytearray(zip_of(parts))
    for marker, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        place = -1
        while (place := made.find(marker, place + 1)) >= 0:
            name_at = place + (46 if marker == b"PK\x01\x02" else 30)
            if made[name_at:].startswith(b"xl/worksheets/sheet1.xml"):
                made[place + offset : place + offset + 4] = (1_000).to_bytes(4, "little")
    return bytes(made)


def far_corner() -> bytes:
    """Return an xlsx with one cell in each of two far corners of its sheet."""
    with zipfile.ZipFile(io.BytesIO(xlsx_of(ROWS))) as given:
        parts = {name: given.read(name) for name in given.namelist()}
    cell = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    parts["xl/worksheets/sheet1.xml"] = parts["xl/worksheets/sheet1.xml"].replace(b"</sheetData>", cell)
    return zip_of(parts)


def entities() -> bytes:
    """Return an xlsx whose texts are entities of entities."""
    with zipfile.ZipFile(io.BytesIO(xlsx_of(ROWS))) as given:
        parts = {name: given.read(name) for name in given.namelist()}
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + b"".join(
        b'<!ENTITY %c "%b">' % (98 + level, b"&%c;" % (97 + level) * 10) for level in range(9)
    )
    texts = parts["xl/sharedStrings.xml"].replace(b"<sst", bomb + b"]><sst", 1).replace(b"<t>name", b"<t>&j;", 1)
    parts["xl/sharedStrings.xml"] = texts
    return zip_of(parts)


PDF = b"%PDF-1.7\n1 0 obj\n"
REFUSED: dict[str, tuple[bytes, type[LedgerError]]] = {
    "nothing but zeros": (bytes(100), FileTypeNotTaken),
    "a pdf": (PDF, FileTypeNotTaken),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(20), FileTypeNotTaken),
    "a page": (b"<html><table><tr><td>01000000001</td></tr></table></html>", FileTypeNotTaken),
    "bytes of no encoding": (b"phone\n\xff\xfe\xfd\x80\x81", FileTypeNotTaken),
    "another zip": (zip_of({"notes.txt": b"phone"}), FileTypeNotTaken),
    "a zip with a path out of it": (zip_of({"../../evil.xml": b"x"}), FileTypeNotTaken),
    "macros": (
        zip_of({"[Content_Types].xml": b"", "xl/workbook.xml": b"", "xl/vbaProject.bin": b""}),
        FileTypeNotTaken,
    ),
    "a cut xlsx": (xlsx_of(ROWS)[:-200], FileUnreadable),
    "a cut xls": (xls_of(ROWS)[:700], FileUnreadable),
    "an empty workbook": (zip_of({"[Content_Types].xml": b"<a/>", "xl/workbook.xml": b"<a/>"}), FileUnreadable),
    "an open quote": (b'phone,name\n"01000000001,Nari', FileUnreadable),
    "a bomb": (
        zip_of({"[Content_Types].xml": b"", "xl/workbook.xml": b"", "xl/worksheets/sheet1.xml": bytes(60 << 20)}),
        FileTooLarge,
    ),
    "a bomb that lies": (lying_zip(), FileUnreadable),
    "too many rows": (b"phone\n" + b"01000000001\n" * 10_001, FileTooLarge),
    "two far corners": (far_corner(), FileUnreadable),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_file_of_rows_is_refused_by_name(name: str) -> None:
    content, refusal = REFUSED[name]

    with pytest.raises(refusal) as refused:
        read(content)

    assert type(refused.value) is refusal


def test_ten_thousand_rows_below_a_header_are_taken() -> None:
    assert len(read(b"phone\n" + b"01000000001\n" * 10_000)) == 10_001
    assert len(read(xlsx_of([["phone"], *[["01000000001"]] * 10_000]))) == 10_001


def test_entities_of_entities_are_not_expanded() -> None:
    try:
        rows = read(entities())
    except (FileUnreadable, FileTypeNotTaken):
        return
    assert all(len(cell) < 100 for row in rows for cell in row)


FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1+1", "＋1", "－1", "＠x", " =1+1", "=HYPERLINK(1)"]


def test_no_text_goes_out_as_a_formula() -> None:
    table = to_csv(["name"], [[text] for text in FORMULAS]).decode("utf-8-sig")
    book = CalamineWorkbook.from_filelike(io.BytesIO(to_xlsx(["name"], [[text] for text in FORMULAS])))
    with zipfile.ZipFile(io.BytesIO(to_xlsx(["name"], [[text] for text in FORMULAS]))) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml")

    assert table.count("\"'") == len(FORMULAS)
    assert b"<f>" not in sheet
    assert len(book.get_sheet_by_index(0).to_python()) == len(FORMULAS) + 1
    assert [plain(text) for text in ("Nari", "", "010", "a=b")] == ["Nari", "", "010", "a=b"]
