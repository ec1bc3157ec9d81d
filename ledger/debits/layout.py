"""Lines of fixed width: fields by name, offset and width, written and read to the byte; codes of failures."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from aggregates.errors import Rejected

HEADER, RECORD, TRAILER = b"H", b"R", b"T"
FIRST_SERIAL, LAST_SERIAL = b"00000000", b"99999999"
ENCODING = "cp949"
LINE_END = b"\n"

CODES = {
    "0011": "no_account",
    "0012": "account_closed",
    "0013": "holder_mismatch",
    "0014": "payer_deceased",
    "0021": "insufficient_funds",
    "0022": "partly_insufficient_funds",
    "0031": "account_restricted",
    "0041": "no_mandate",
    "0051": "mandate_cancelled",
    "0061": "returned",
    "0091": "bank_not_available",
}
"""Codes of failures in the files, and our words for them."""

RETURNED_CODE = "0061"


class FileRefused(Rejected):
    """A line of the file is not in order; `line` is its number, from 1, and nothing of the file is taken."""

    code = "debit_file_refused"


class ResultLine(NamedTuple):
    """A record that was not done, or not wholly.

    Attributes:
        serial: that of the file that asked. number: the payer's number.
        amount_minor: what was collected, or taken back, of it; 0 in files of mandates.
        code: of four digits.
    """

    serial: int
    number: str
    amount_minor: int
    code: str


class Results(NamedTuple):
    """A file of results.

    Attributes:
        institution_code, day: of the file that asked.
        lines: what was not done, or not wholly, or what is taken back.
        whole, whole_minor: records that were done wholly, and what they brought. partly, partly_minor: in part.
    """

    institution_code: str
    day: date
    lines: tuple[ResultLine, ...]
    whole: int = 0
    whole_minor: int = 0
    partly: int = 0
    partly_minor: int = 0


def word_of(code: str) -> str:
    """Return our word for a code of a file; an unknown one is kept as it is."""
    return CODES.get(code, f"bank_{code}")


def text(value: str, width: int) -> bytes:
    """Write text, left-justified. Raises: ValueError: it does not fit, or CP949 cannot say it."""
    written = value.encode(ENCODING)
    if len(written) > width or b"\n" in written or b"\r" in written:
        raise ValueError(f"text has more than {width} bytes, or a line break")
    return written.ljust(width)


def number(value: int, width: int) -> bytes:
    """Write a number, right-justified. Raises: ValueError: it does not fit."""
    written = b"%0*d" % (width, value)
    if value < 0 or len(written) > width:
        raise ValueError(f"number has more than {width} digits")
    return written


def day(value: date) -> bytes:
    """Write a date as YYMMDD."""
    return value.strftime("%y%m%d").encode()


def file_name(kind: str, value: date) -> bytes:
    """Write the name of a file: its kind and MMDD."""
    return f"{kind}{value:%m%d}".encode()


class Lines:
    """The lines of a file that is read: each of one width, with its number for whoever refuses it."""

    def __init__(self, content: bytes, width: int) -> None:
        self._lines = content.split(LINE_END)
        self._width = width
        self.number = 0
        self._line = b""
        if self._lines and not self._lines[-1]:
            self._lines.pop()

    def __iter__(self) -> Iterator[bytes]:
        for at, line in enumerate(self._lines, start=1):
            self.number = at
            self._line = line[:-1] if line.endswith(b"\r") else line
            if len(self._line) != self._width:
                raise self.refused(f"has {len(self._line)} bytes, and must have {self._width}")
            yield self._line

    def refused(self, why: str) -> FileRefused:
        """Return the refusal of the present line."""
        return FileRefused(f"line {self.number} {why}", line=self.number)

    def expect(self, at: int, wanted: bytes, what: str) -> None:
        """Refuse a line that does not hold at an offset what it must."""
        if self._line[at : at + len(wanted)] != wanted:
            raise self.refused(f"has another {what}")

    def digits(self, at: int, width: int, what: str) -> int:
        """Read a number. Raises: FileRefused."""
        written = self._line[at : at + width]
        if not (written.isdigit() and written.isascii()):
            raise self.refused(f"has a {what} that is no number")
        return int(written)

    def words(self, at: int, width: int, what: str) -> str:
        """Read text without the spaces behind it. Raises: FileRefused."""
        try:
            return self._line[at : at + width].decode(ENCODING).rstrip(" ")
        except UnicodeDecodeError:
            raise self.refused(f"has a {what} that is no text") from None

    def date(self, at: int, what: str) -> date:
        """Read YYMMDD of this century. Raises: FileRefused."""
        written = self._line[at : at + 6]
        try:
            if not (written.isdigit() and written.isascii()):
                raise ValueError
            return date(2000 + int(written[:2]), int(written[2:4]), int(written[4:6]))
        except ValueError:
            raise self.refused(f"has a {what} that is no date") from None


def check_frame(lines: Lines, last: bytes) -> None:
    """Refuse a file whose last line is no trailer. Raises: FileRefused."""
    if not last:
        lines.number = 1
        raise lines.refused("is missing: the file is empty")
    if last != TRAILER:
        raise lines.refused("is the last one and no trailer")
