"""From a file to raw rows: each with its line number and the very text it came as, whatever the text is.

The file is streamed; a line has a bound, so memory has one. A line that cannot be taken apart becomes a `Broken` row
and the next line is read as if nothing had been: a stray quote can never swallow the rows behind it.
"""

from __future__ import annotations

import csv
import io
import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, NoReturn, Self

from aggregates.errors import Malformed
from ledger.imports.profile import Profile

LINE_CHARS_MAX = 64 * 1024
"""Longest line; a longer one is rejected."""

ROW_LINES_MAX = 20
"""Over how many lines one quoted field of a csv may run."""


class FileMalformed(Malformed):
    """The file as a whole does not fit its profile; nothing of it was taken."""

    code = "file_malformed"


class Raw(NamedTuple):
    """A row as read.

    Attributes:
        line: number of its first line, from 1. text: the line as it is, without its end.
        values: by column.
    """

    line: int
    text: str
    values: Mapping[str, str]


class Broken(NamedTuple):
    """A line that is no row. reason: why not, one sentence."""

    line: int
    text: str
    reason: str


class SourceFile:
    """A file on its way in; knows how far it has been read, in bytes.

    Use as a context manager; iterate over it once.
    """

    def __init__(self, path: Path, profile: Profile) -> None:
        self._profile = profile
        try:
            self.bytes_total = path.stat().st_size
            self._raw = io.FileIO(path)
        except OSError as error:
            raise FileMalformed(f"the file cannot be opened: {error.strerror}") from None
        # Bytes that are none of the encoding survive as surrogates, so that they spoil their own row and no other.
        self._text = io.TextIOWrapper(
            io.BufferedReader(self._raw, 1 << 16), encoding=profile.encoding, errors="surrogateescape", newline="\n"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._text.close()

    @property
    def bytes_read(self) -> int:
        """How much of the file has been read."""
        return self._raw.tell()

    def __iter__(self) -> Iterator[Raw | Broken]:
        """Yield the rows in order; empty lines are no rows.

        Raises:
            FileMalformed: a csv has not the columns that its profile names.
        """
        lines = deque[tuple[int, str]]()
        source = self._lines()

        def following() -> tuple[int, str] | None:
            return lines.popleft() if lines else next(source, None)

        if self._profile.format == "ndjson":
            return _objects(following)
        return _records(following, lines, self._profile)

    def _lines(self) -> Iterator[tuple[int, str]]:
        number = 0
        try:
            while line := self._text.readline(LINE_CHARS_MAX + 1):
                number += 1
                while len(line) > LINE_CHARS_MAX and not line.endswith("\n"):
                    rest = self._text.readline(LINE_CHARS_MAX + 1)
                    line = line[: LINE_CHARS_MAX + 1]
                    if not rest or rest.endswith("\n"):
                        break
                yield number, line.rstrip("\r\n")
        except UnicodeError:
            raise FileMalformed("the file is not in the encoding that its profile names") from None


Following = Callable[[], tuple[int, str] | None]


def _objects(following: Following) -> Iterator[Raw | Broken]:
    while (found := following()) is not None:
        line, text = found
        if not text.strip():
            continue
        if len(text) > LINE_CHARS_MAX:
            yield _too_long(line, text)
            continue
        try:
            # Numbers stay the text they are: money is never a float, not even on the way in.
            values = json.loads(text, parse_int=str, parse_float=str, parse_constant=_refuse)
        except (ValueError, RecursionError):
            yield Broken(line, text, "the line is not a JSON object")
            continue
        if not isinstance(values, dict):
            yield Broken(line, text, "the line is not a JSON object")
            continue
        yield Raw(line, text, {name: value for name, value in values.items() if isinstance(value, str)})


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def _records(following: Following, back: deque[tuple[int, str]], profile: Profile) -> Iterator[Raw | Broken]:
    header = list(profile.header) if profile.header is not None else _header(following, profile.delimiter)
    missing = [name for name in profile.needed_columns if name not in header]
    if missing:
        raise FileMalformed(
            f"the file has no column {missing[0]!r}, which the profile names; it has {len(header)} columns"
        )
    while (found := following()) is not None:
        line, text = found
        if not text:
            continue
        if len(text) > LINE_CHARS_MAX:
            yield _too_long(line, text)
            continue
        fields, text = _fields(text, profile.delimiter, following, back)
        if fields is None:
            yield Broken(line, text, "the line is not a csv row: its quotes do not close")
        elif len(fields) != len(header):
            yield Broken(line, text, f"the row has {len(fields)} columns; the header has {len(header)}")
        else:
            yield Raw(line, text, dict(zip(header, fields, strict=True)))


def _header(following: Following, delimiter: str) -> list[str]:
    found = following()
    fields = None if found is None else _split(found[1], delimiter)
    if not fields:
        raise FileMalformed("the file has no header line")
    return fields


def _fields(
    text: str, delimiter: str, following: Following, back: deque[tuple[int, str]]
) -> tuple[list[str] | None, str]:
    """Return the fields of a row and its text; joins the lines of a quoted line break, or gives them back."""
    fields = _split(text, delimiter)
    if fields is not None:
        return fields, text
    joined = text
    taken: list[tuple[int, str]] = []
    while len(taken) < ROW_LINES_MAX - 1 and len(joined) <= LINE_CHARS_MAX and (found := following()) is not None:
        taken.append(found)
        joined = f"{joined}\n{found[1]}"
        fields = _split(joined, delimiter)
        if fields is not None:
            return fields, joined
    back.extendleft(reversed(taken))
    return None, text


def _split(text: str, delimiter: str) -> list[str] | None:
    """Return the fields of one row; None when its quotes do not close."""
    try:
        rows = list(csv.reader([text], delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else None


def _too_long(line: int, text: str) -> Broken:
    return Broken(line, text[:200], f"the line is longer than {LINE_CHARS_MAX} characters")
