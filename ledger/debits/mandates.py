"""Files of mandates (EB13) and of their results (EB14). The layout, reconstructed, is in the package's docstring."""

from __future__ import annotations

from datetime import date
from typing import Literal, NamedTuple

from ledger.debits.layout import (
    CODES,
    FIRST_SERIAL,
    HEADER,
    LAST_SERIAL,
    LINE_END,
    RECORD,
    TRAILER,
    Lines,
    ResultLine,
    Results,
    check_frame,
    day,
    file_name,
    number,
    text,
)

WIDTH = 120
ASKS, ANSWERS = "EB13", "EB14"
NEW, ENDED = b"1", b"3"
FAILED = b"N"
BRANCH = "0000"

Change = Literal["new", "ended"]


class MandateLine(NamedTuple):
    """One mandate, in clear: for the file, never for facts or logs.

    Attributes:
        serial: from 1. change: new or ended. number: the payer's. bank: its code of three digits. account: digits.
        identity: birth date (YYMMDD) or business number.
    """

    serial: int
    change: Change
    number: str
    bank: str
    account: str
    identity: str


class MandateFile(NamedTuple):
    """A file of mandates. day: of the applications."""

    institution_code: str
    day: date
    lines: tuple[MandateLine, ...]


def write_mandates(file: MandateFile) -> bytes:
    """Write a file of mandates. Raises: ValueError: something does not fit into its field."""
    institution = text(file.institution_code, 10)
    name, on = file_name(ASKS, file.day), day(file.day)
    made = [HEADER + FIRST_SERIAL + institution + name + on + b" " * 87]
    made += [
        (
            RECORD
            + number(line.serial, 8)
            + institution
            + on
            + (NEW if line.change == "new" else ENDED)
            + text(line.number, 20)
            + text(line.bank + BRANCH, 7)
            + text(line.account, 16)
            + text(line.identity, 16)
            + b" " * 35
        )
        for line in file.lines
    ]
    ended = sum(line.change == "ended" for line in file.lines)
    made.append(
        TRAILER
        + LAST_SERIAL
        + institution
        + name
        + number(len(file.lines), 8)
        + number(len(file.lines) - ended, 8)
        + number(0, 8)
        + number(ended, 8)
        + number(0, 8)
        + b" " * 53
    )
    return LINE_END.join([*made, b""])


def read_mandates(content: bytes) -> MandateFile:
    """Read a file of mandates, as the bank does. Raises: FileRefused, with the number of the line."""
    lines = Lines(content, WIDTH)
    header: tuple[str, date] | None = None
    found: list[MandateLine] = []
    kind = b""
    for line in lines:
        before, kind = kind, line[:1]
        if header is None:
            header = _header(lines, kind, ASKS)
        elif before == TRAILER or kind not in (RECORD, TRAILER):
            raise lines.refused("is no record")
        elif kind == RECORD:
            lines.expect(9, header[0].encode().ljust(10), "institution")
            serial = lines.digits(1, 8, "serial")
            if serial != len(found) + 1:
                raise lines.refused(f"has serial {serial}, and must have {len(found) + 1}")
            lines.expect(19, day(header[1]), "day of the application")
            what = line[25:26]
            if what not in (NEW, ENDED):
                raise lines.refused("is neither a new mandate nor an ended one")
            change: Change = "new" if what == NEW else "ended"
            found.append(
                MandateLine(
                    serial,
                    change,
                    lines.words(26, 20, "payer's number"),
                    lines.words(46, 3, "bank"),
                    lines.words(53, 16, "bank account"),
                    lines.words(69, 16, "birth date or business number"),
                )
            )
        else:
            ended = sum(each.change == "ended" for each in found)
            lines.expect(9, header[0].encode().ljust(10), "institution")
            wanted = (len(found), len(found) - ended, 0, ended, 0)
            lines.expect(27, b"".join(number(count, 8) for count in wanted), "total than its records add up to")
    check_frame(lines, kind)
    assert header is not None, "a file with a trailer has a header"
    return MandateFile(*header, tuple(found))


def write_mandate_results(results: Results) -> bytes:
    """Write a file of results, as the bank does. Raises: ValueError: something does not fit."""
    institution = text(results.institution_code, 10)
    name, on = file_name(ANSWERS, results.day), day(results.day)
    made = [HEADER + FIRST_SERIAL + institution + name + on + b" " * 87]
    made += [
        (
            RECORD
            + number(line.serial, 8)
            + institution
            + on
            + b" "
            + text(line.number, 20)
            + b" " * 45
            + FAILED
            + text(line.code, 4)
            + b" " * 24
        )
        for line in results.lines
    ]
    made.append(TRAILER + LAST_SERIAL + institution + name + number(len(results.lines), 8) + b"0" * 32 + b" " * 53)
    return LINE_END.join([*made, b""])


def read_mandate_results(content: bytes) -> Results:
    """Read a file of results. Raises: FileRefused, with the number of the line."""
    lines = Lines(content, WIDTH)
    header: tuple[str, date] | None = None
    found: list[ResultLine] = []
    kind = b""
    serials: set[int] = set()
    for line in lines:
        before, kind = kind, line[:1]
        if header is None:
            header = _header(lines, kind, ANSWERS)
        elif before == TRAILER or kind not in (RECORD, TRAILER):
            raise lines.refused("is no record")
        elif kind == RECORD:
            lines.expect(9, header[0].encode().ljust(10), "institution")
            lines.expect(91, FAILED, "result than a failure")
            code = lines.words(92, 4, "code")
            if len(code) != 4 or not (code.isdigit() and code.isascii()):
                raise lines.refused(f"has no code of four digits; known are {', '.join(CODES)}")
            serial = lines.digits(1, 8, "serial")
            if serial in serials:
                raise lines.refused("has a serial that came before")
            serials.add(serial)
            found.append(ResultLine(serial, lines.words(26, 20, "payer's number"), 0, code))
        elif lines.digits(27, 8, "number of records") != len(found):
            raise lines.refused("counts other records than there are")
    check_frame(lines, kind)
    assert header is not None, "a file with a trailer has a header"
    return Results(*header, tuple(found))


def _header(lines: Lines, kind: bytes, name: str) -> tuple[str, date]:
    if kind != HEADER:
        raise lines.refused("is the first one and no header")
    lines.expect(1, FIRST_SERIAL, "serial")
    on = lines.date(27, "day of the applications")
    lines.expect(19, file_name(name, on), "file name")
    return lines.words(9, 10, "institution"), on
