"""Files of debits (EB21) and of their results (EB22). The layout, reconstructed, is in the package's docstring."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

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

WIDTH = 150
ASKS, ANSWERS = "EB21", "EB22"
WHOLE, PART = b"1", b"2"
NOTHING, PARTLY = b"N", b"P"
AMOUNT_DIGITS = 13
BRANCH = "0000"
"""Of a bank whose branch does not matter."""


class DebitLine(NamedTuple):
    """One debit, in clear: for the file, never for facts or logs.

    Attributes:
        serial: from 1. bank: its code of three digits. account: digits.
        identity: birth date (YYMMDD) or business number. number: the payer's. partial: whether a part may be taken.
    """

    serial: int
    bank: str
    account: str
    identity: str
    amount_minor: int
    number: str
    partial: bool


class DebitFile(NamedTuple):
    """A file of debits.

    Attributes:
        settlement_bank, settlement_account: where what is collected goes. passbook: text in the payers' passbooks.
    """

    institution_code: str
    day: date
    settlement_bank: str
    settlement_account: str
    passbook: str
    lines: tuple[DebitLine, ...]


def write_debits(file: DebitFile) -> bytes:
    """Write a file of debits. Raises: ValueError: something does not fit into its field."""
    institution = text(file.institution_code, 10)
    passbook = text(file.passbook, 16)
    name = file_name(ASKS, file.day)
    settlement = text(file.settlement_bank + BRANCH, 7) + text(file.settlement_account, 16)
    made = [HEADER + FIRST_SERIAL + institution + name + day(file.day) + settlement + b" " * 94]
    counts, amounts = {True: 0, False: 0}, {True: 0, False: 0}
    for serial, bank, account, identity, amount, payer, partial in file.lines:
        counts[partial] += 1
        amounts[partial] += amount
        line = f"{serial:08d}{file.institution_code:<10}{bank}{BRANCH}{account:<16}{amount:013d}{identity:<13}     "
        tail = f"  {payer:<20}     "
        made.append(RECORD + line.encode() + passbook + tail.encode() + (PART if partial else WHOLE) + b" " * 33)
        if len(made[-1]) != WIDTH:
            raise ValueError(f"debit {serial} does not fit into its fields")
    made.append(
        TRAILER
        + LAST_SERIAL
        + institution
        + name
        + number(len(file.lines), 8)
        + number(counts[False], 8)
        + number(amounts[False], AMOUNT_DIGITS)
        + number(counts[True], 8)
        + number(amounts[True], AMOUNT_DIGITS)
        + b" " * 73
    )
    return LINE_END.join([*made, b""])


def read_debits(content: bytes) -> DebitFile:
    """Read a file of debits, as whoever collects does. Raises: FileRefused, with the number of the line."""
    lines = Lines(content, WIDTH)
    header: tuple[str, date, str, str] | None = None
    passbook = ""
    found: list[DebitLine] = []
    kind = b""
    for line in lines:
        before, kind = kind, line[:1]
        if header is None:
            header = _header(lines, kind, ASKS)
        elif before == TRAILER or kind not in (RECORD, TRAILER):
            raise lines.refused("is no record")
        elif kind == RECORD:
            lines.expect(9, header[0].encode().ljust(10), "institution")
            serial = _serial(lines, len(found) + 1)
            partial = line[116:117]
            if partial not in (WHOLE, PART):
                raise lines.refused("does not say whether a part may be taken")
            passbook = lines.words(73, 16, "text for the passbook")
            amount = lines.digits(42, AMOUNT_DIGITS, "amount")
            if not amount:
                raise lines.refused("asks for nothing")
            found.append(
                DebitLine(
                    serial,
                    lines.words(19, 3, "bank"),
                    lines.words(26, 16, "bank account"),
                    lines.words(55, 13, "birth date or business number"),
                    amount,
                    lines.words(91, 20, "payer's number"),
                    partial == PART,
                )
            )
        else:
            whole = [each for each in found if not each.partial]
            parts = [each for each in found if each.partial]
            _totals(lines, header[0], len(found), whole=_sum(whole), partly=_sum(parts))
    check_frame(lines, kind)
    assert header is not None, "a file with a trailer has a header"
    return DebitFile(*header, passbook, tuple(found))


def write_results(results: Results) -> bytes:
    """Write a file of results, as whoever collects does. Raises: ValueError: something does not fit."""
    institution = text(results.institution_code, 10)
    name = file_name(ANSWERS, results.day)
    made = [HEADER + FIRST_SERIAL + institution + name + day(results.day) + b" " * 117]
    made += [
        (
            RECORD
            + number(line.serial, 8)
            + institution
            + b" " * 23
            + number(line.amount_minor, AMOUNT_DIGITS)
            + b" " * 13
            + (PARTLY if line.amount_minor else NOTHING)
            + text(line.code, 4)
            + b" " * 18
            + text(line.number, 20)
            + b" " * 39
        )
        for line in results.lines
    ]
    made.append(
        TRAILER
        + LAST_SERIAL
        + institution
        + name
        + number(len(results.lines), 8)
        + number(results.whole, 8)
        + number(results.whole_minor, AMOUNT_DIGITS)
        + number(results.partly, 8)
        + number(results.partly_minor, AMOUNT_DIGITS)
        + b" " * 73
    )
    return LINE_END.join([*made, b""])


def read_results(content: bytes) -> Results:
    """Read a file of results. Raises: FileRefused, with the number of the line."""
    lines = Lines(content, WIDTH)
    header: tuple[str, date, str, str] | None = None
    found: list[ResultLine] = []
    kind = b""
    totals = (0, 0, 0, 0)
    serials: set[int] = set()
    for line in lines:
        before, kind = kind, line[:1]
        if header is None:
            header = _header(lines, kind, ANSWERS)
        elif before == TRAILER or kind not in (RECORD, TRAILER):
            raise lines.refused("is no record")
        elif kind == RECORD:
            lines.expect(9, header[0].encode().ljust(10), "institution")
            found.append(_result(lines, line))
            if found[-1].serial in serials:
                raise lines.refused("has a serial that came before")
            serials.add(found[-1].serial)
        else:
            lines.expect(9, header[0].encode().ljust(10), "institution")
            if lines.digits(27, 8, "number of records") != len(found):
                raise lines.refused("counts other records than there are")
            totals = (
                lines.digits(35, 8, "number of wholly collected"),
                lines.digits(43, AMOUNT_DIGITS, "amount wholly collected"),
                lines.digits(56, 8, "number of partly collected"),
                lines.digits(64, AMOUNT_DIGITS, "amount partly collected"),
            )
    check_frame(lines, kind)
    assert header is not None, "a file with a trailer has a header"
    return Results(header[0], header[1], tuple(found), *totals)


def _header(lines: Lines, kind: bytes, name: str) -> tuple[str, date, str, str]:
    if kind != HEADER:
        raise lines.refused("is the first one and no header")
    lines.expect(1, FIRST_SERIAL, "serial")
    on = lines.date(27, "day of collection")
    lines.expect(19, file_name(name, on), "file name")
    return (
        lines.words(9, 10, "institution"),
        on,
        lines.words(33, 3, "bank of the settlement account"),
        lines.words(40, 16, "settlement account"),
    )


def _serial(lines: Lines, wanted: int) -> int:
    serial = lines.digits(1, 8, "serial")
    if serial != wanted:
        raise lines.refused(f"has serial {serial}, and must have {wanted}")
    return serial


def _result(lines: Lines, line: bytes) -> ResultLine:
    amount = lines.digits(42, AMOUNT_DIGITS, "amount")
    flag, code = line[68:69], lines.words(69, 4, "code")
    if flag not in (NOTHING, PARTLY) or (flag == PARTLY) != bool(amount):
        raise lines.refused("does not say whether nothing or a part was collected")
    if len(code) != 4 or not (code.isdigit() and code.isascii()):
        raise lines.refused(f"has no code of four digits; known are {', '.join(CODES)}")
    return ResultLine(lines.digits(1, 8, "serial"), lines.words(91, 20, "payer's number"), amount, code)


def _sum(lines: Iterable[DebitLine]) -> tuple[int, int]:
    amounts = [line.amount_minor for line in lines]
    return len(amounts), sum(amounts)


def _totals(lines: Lines, institution: str, records: int, *, whole: tuple[int, int], partly: tuple[int, int]) -> None:
    lines.expect(1, LAST_SERIAL, "serial")
    lines.expect(9, institution.encode().ljust(10), "institution")
    wanted = (
        number(records, 8)
        + number(whole[0], 8)
        + number(whole[1], AMOUNT_DIGITS)
        + number(partly[0], 8)
        + number(partly[1], AMOUNT_DIGITS)
    )
    lines.expect(27, wanted, "total than its records add up to")
