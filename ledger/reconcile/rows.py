"""From the bytes of a file to its rows, all of them or none: one row that cannot be understood refuses the file.

A bank's file that was cut, or read by the wrong profile, must not be taken in part: what is missing would look like
money that never came. So every bad row is named, and nothing is stored before the last one was read.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import NamedTuple

from aggregates.errors import Malformed, Rejected
from aggregates.money import AMOUNT_MINOR_MAX, parse_decimal
from ledger.reconcile.profile import Source

FILE_BYTES_MAX = 10 * 1024 * 1024
ROWS_MAX = 20_000
DAYS_MAX = 400
"""Different days in one file: a year's statement, and some more."""

TEXT_CHARS_MAX = 200
ID_CHARS_MAX = 100
REFERENCE_CHARS_MAX = 64
ROWS_SHOWN = 100
YEARS = range(1990, 2200)

_MINOR = re.compile(r"[+-]?[0-9]{1,15}", re.ASCII)
_REFERENCE = re.compile(rf"[A-Za-z0-9][A-Za-z0-9_.:/-]{{0,{REFERENCE_CHARS_MAX - 1}}}", re.ASCII)
_UNSTORABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class FileRefused(Rejected):
    """Rows of the file cannot be understood, or the file as a whole cannot: nothing of it was taken."""

    code = "file_refused"


class BadCell(Malformed):
    """A cell does not say what the profile promises; the detail names its column."""

    code = "bad_cell"


class ReadRow(NamedTuple):
    """A row, understood.

    Attributes:
        row: the line of the file that it begins on, from 1. day: KST day.
        identity: what tells it from other rows of its day. said: all of it that matters to the books.
        amount_minor: signed; > 0 is money to us. fee_minor: what a provider keeps.
        method, reference, remittance: None where the row has none.
        notes: column -> text, of those that are not empty.
    """

    row: int
    day: date
    identity: str
    said: str
    amount_minor: int
    fee_minor: int
    method: str | None
    reference: str | None
    remittance: str | None
    notes: tuple[tuple[str, str], ...]


def read_rows(content: bytes, source: Source) -> list[ReadRow]:
    """Return all rows of a file.

    Raises:
        FileRefused: it is too large, in another encoding, cut, without the profile's columns or without rows; or some
            of its rows cannot be understood, and then `rows` says which and why.

    Source: SPEC R-062.
    """
    text = _text(content, source)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=source.delimiter, strict=True)
    reading = _Reading(source)
    bad: list[str] = []
    rows: list[ReadRow] = []
    try:
        header = _header(reader, source)
        begins = reader.line_num + 1
        for cells in reader:
            row, begins = begins, reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            try:
                read = reading.row(row, header, cells)
            except Malformed as error:
                bad.append(f"{row}: {error.detail}")
            else:
                rows += [read] if read is not None else []
            if len(rows) > ROWS_MAX:
                raise FileRefused(f"a file has at most {ROWS_MAX} rows", maximum=ROWS_MAX)
    except csv.Error:
        bad.append(f"{reader.line_num}: the line is no row: its quotes do not close, or a cell is too long")
    if bad:
        raise FileRefused(
            "rows of the file cannot be understood; nothing of it was taken", rows=bad[:ROWS_SHOWN], count=len(bad)
        )
    if not rows:
        raise FileRefused("the file has no rows")
    if len({row.day for row in rows}) > DAYS_MAX:
        raise FileRefused(f"a file has rows of at most {DAYS_MAX} days", maximum=DAYS_MAX)
    return rows


def _text(content: bytes, source: Source) -> str:
    if len(content) > FILE_BYTES_MAX:
        raise FileRefused("a file has at most 10 MB", bytes_max=FILE_BYTES_MAX)
    if source.last_line_ends and not content.endswith(b"\n"):
        raise FileRefused("the last line of the file does not end: the file was cut")
    bare = content.removeprefix(_BYTE_ORDER_MARK)
    for encoding in ("utf-8", "cp949") if source.encoding == "auto" else (source.encoding,):
        try:
            return bare.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise FileRefused("the file is not in the encoding that its profile names", encoding=source.encoding)


def _header(reader: Iterable[list[str]], source: Source) -> list[str]:
    lines = iter(reader)
    for _ in range(source.skip_lines):
        next(lines, None)
    header = [name.strip() for name in next(lines, [])]
    missing = [name for name in source.needed_columns if name not in header]
    if missing:
        raise FileRefused("the file has not the columns that its profile names", missing=missing)
    twice = [name for name in source.needed_columns if header.count(name) > 1]
    if twice:
        raise FileRefused("the file has columns of the profile more than once", twice=twice)
    return header


class _Reading:
    """The rows of one file, read by one source."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._columns = source.columns
        self._alike: Counter[str] = Counter()
        self._skips = [(skip.column, frozenset(skip.values)) for skip in source.skip]
        self._reference = None if source.reference_pattern is None else re.compile(source.reference_pattern)
        group, mark = re.escape(source.group_mark), re.escape(source.decimal_mark)
        self._grouped = (
            re.compile(rf"[+-]?[0-9]{{1,3}}(?:{group}[0-9]{{3}})*(?:{mark}[0-9]+)?", re.ASCII) if group else None
        )

    def row(self, number: int, header: list[str], cells: list[str]) -> ReadRow | None:
        """Return a row; None for one that the profile passes over. Raises: Malformed: it cannot be understood."""
        if len(cells) != len(header):
            raise BadCell(f"the row has {len(cells)} columns; the header has {len(header)}")
        values = {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
        if any(values[column] in passed for column, passed in self._skips):
            return None
        for name in self._source.needed_columns:
            _check_text(name, values[name])
        columns = self._columns
        day = self._day(values[columns.date])
        amount_minor = self._amount(values)
        fee_minor = self._number(columns.fee, values[columns.fee]) if columns.fee and values[columns.fee] else 0
        method = self._method(values)
        reference = self._reference_of(values)
        remittance = self._plain_reference(columns.remittance, values)
        said = "\x1f".join(map(str, (day, amount_minor, fee_minor, method, reference, remittance)))
        return ReadRow(
            number, day, self._identity(values, day), said, amount_minor, fee_minor, method, reference, remittance,
            tuple((name, values[name]) for name in columns.notes if values[name]),
        )  # fmt: skip

    def _identity(self, values: Mapping[str, str], day: date) -> str:
        """Return what tells a row from others of its day: its own number, or all of it and how often it came before."""
        if self._columns.id is not None:
            own = values[self._columns.id]
            if not own or len(own) > ID_CHARS_MAX:
                raise BadCell(f"column {self._columns.id!r} must hold 1 to {ID_CHARS_MAX} characters")
            return f"id\x1f{own}"
        whole = "\x1f".join([day.isoformat(), *(values[name] for name in self._source.needed_columns)])
        self._alike[whole] += 1
        return f"row\x1f{whole}\x1f{self._alike[whole]}"

    def _day(self, written: str) -> date:
        try:
            # A bank writes days of Korea; a time beside the day, where there is one, is Korea's too.
            day = datetime.strptime(written, self._source.date_format).date()  # noqa: DTZ007
        except ValueError:
            day = date.min
        if day.year not in YEARS:
            raise BadCell(f"column {self._columns.date!r} must be a date like {self._source.date_format}")
        return day

    def _amount(self, values: Mapping[str, str]) -> int:
        columns, sign = self._columns, self._source.sign
        if columns.amount is None:
            assert columns.amount_in is not None
            assert columns.amount_out is not None
            came, went = (self._way(name, values[name]) for name in (columns.amount_in, columns.amount_out))
            if bool(came) == bool(went):
                raise BadCell(f"one of the columns {columns.amount_in!r} and {columns.amount_out!r} must be above 0")
            return came - went
        amount_minor = self._number(columns.amount, values[columns.amount])
        if sign is not None:
            way = 1 if values[sign.column] in sign.credit else -1 if values[sign.column] in sign.debit else 0
            if not way or amount_minor < 0:
                raise BadCell(f"column {sign.column!r} must have one of the values that the profile lists, and no sign")
            amount_minor *= way
        if not amount_minor:
            raise BadCell(f"column {columns.amount!r} must not be 0")
        return amount_minor

    def _way(self, name: str, written: str) -> int:
        amount_minor = self._number(name, written) if written else 0
        if amount_minor < 0:
            raise BadCell(f"column {name!r} must not be below 0")
        return amount_minor

    def _number(self, name: str, written: str) -> int:
        if self._source.amount == "minor":
            if not _MINOR.fullmatch(written):
                raise BadCell(f"column {name!r} must be a whole number of minor units")
            number = int(written)
        else:
            if self._grouped is not None and self._grouped.fullmatch(written):
                written = written.replace(self._source.group_mark, "")
            if self._source.decimal_mark == ",":
                written = written.replace(".", "?").replace(",", ".")
            try:
                number = parse_decimal(written, self._source.currency)
            except Malformed as error:
                raise BadCell(f"column {name!r}: {error.detail}") from None
        if abs(number) > AMOUNT_MINOR_MAX:
            raise BadCell(f"column {name!r} is more than this ledger can count")
        return number

    def _method(self, values: Mapping[str, str]) -> str | None:
        if self._columns.method is None:
            return self._source.method
        method = self._source.methods.get(values[self._columns.method])
        if method is None:
            raise BadCell(f"column {self._columns.method!r} must have one of the values that the profile lists")
        return method

    def _reference_of(self, values: Mapping[str, str]) -> str | None:
        if self._reference is None:
            return self._plain_reference(self._columns.reference, values)
        if self._columns.reference is None:
            return None
        found = self._reference.search(values[self._columns.reference])
        if found is None:
            return None
        reference = found[found.re.groups] or ""
        return reference if _REFERENCE.fullmatch(reference) else None

    def _plain_reference(self, name: str | None, values: Mapping[str, str]) -> str | None:
        if name is None or not values[name]:
            return None
        if not _REFERENCE.fullmatch(values[name]):
            raise BadCell(
                f"column {name!r} must be at most {REFERENCE_CHARS_MAX} of letters, digits and _ . : / -, or empty"
            )
        return values[name]


def _check_text(name: str, text: str) -> None:
    if len(text) > TEXT_CHARS_MAX:
        raise BadCell(f"column {name!r} must not be longer than {TEXT_CHARS_MAX} characters")
    if _UNSTORABLE.search(text):
        raise BadCell(f"column {name!r} must hold no control characters")


Mark = Callable[[str], str]
"""Returns the keyed mark of a text: what people wrote cannot be guessed from it."""
