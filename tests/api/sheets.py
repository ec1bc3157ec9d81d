"""Files as people send them, made in the test: csv, xlsx, and the smallest xls that is one."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Sequence
from datetime import date

import xlsxwriter

Cell = str | int | date

SECTOR = 512


def csv_of(rows: Sequence[Sequence[str]], encoding: str = "utf-8") -> bytes:
    """Return rows as a csv file."""
    return "\r\n".join(",".join(row) for row in rows).encode(encoding)


def xlsx_of(rows: Sequence[Sequence[Cell]]) -> bytes:
    """Return rows as an xlsx file; texts that begin with = are formulas, as when somebody has typed them."""
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, {"in_memory": True}) as book:
        sheet, day = book.add_worksheet(), book.add_format({"num_format": "yyyy-mm-dd"})
        for number, row in enumerate(rows):
            for column, cell in enumerate(row):
                if isinstance(cell, date):
                    sheet.write_datetime(number, column, cell, day)
                elif isinstance(cell, str) and cell.startswith("="):
                    sheet.write_formula(number, column, cell, None, "4")
                else:
                    sheet.write(number, column, cell)
    return made.getvalue()


def zip_of(parts: dict[str, bytes]) -> bytes:
    """Return a zip file."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return made.getvalue()


def xls_of(rows: Sequence[Sequence[str]]) -> bytes:
    """Return rows as an xls file: one BIFF8 stream of labels in a compound file of one FAT sector."""
    labels = b""
    for number, row in enumerate(rows):
        for column, cell in enumerate(row):
            text = struct.pack("<HB", len(cell), 1) + cell.encode("utf-16-le")
            labels += record(0x0204, struct.pack("<HHH", number, column, 15) + text)
    size = struct.pack("<IIHHH", 0, len(rows), 0, max(map(len, rows)), 0)
    sheet = record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0, 0, 0, 0)) + record(0x0200, size) + labels
    sheet += record(0x000A, b"")
    head = record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0005, 0, 0, 0, 0)) + record(0x0042, struct.pack("<H", 1200))
    name = struct.pack("<BB", 5, 0) + b"Sheet"
    offset = len(head) + 4 + 6 + len(name) + 4
    book = head + record(0x0085, struct.pack("<IH", offset, 0) + name) + record(0x000A, b"") + sheet
    book += b"\0" * (max(4096, -(-len(book) // SECTOR) * SECTOR) - len(book))
    sectors = len(book) // SECTOR
    fat = [*range(1, sectors), 0xFFFFFFFE, 0xFFFFFFFE, 0xFFFFFFFD]
    fat += [0xFFFFFFFF] * (SECTOR // 4 - len(fat))
    directory = entry("Root Entry", 5, 1, 0xFFFFFFFE, 0) + entry("Workbook", 2, 0xFFFFFFFF, 0, len(book))
    directory += bytes(SECTOR - len(directory))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    header += struct.pack("<IIIIIIIII", 0, 1, sectors, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    header += struct.pack("<I", sectors + 1) + b"\xff" * (SECTOR - len(header) - 4)
    return header + book + directory + struct.pack(f"<{SECTOR // 4}I", *fat)


def record(kind: int, body: bytes) -> bytes:
    """Return one BIFF record."""
    return struct.pack("<HH", kind, len(body)) + body


def entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    """Return one entry of a compound file's directory."""
    encoded = name.encode("utf-16-le") + b"\0\0"
    made = (
        encoded
        + bytes(64 - len(encoded))
        + struct.pack("<HBBIII", len(encoded), kind, 1, 0xFFFFFFFF, 0xFFFFFFFF, child)
    )
    return made + bytes(36) + struct.pack("<IQ", start, size)
