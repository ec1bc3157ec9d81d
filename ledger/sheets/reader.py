"""Reading a file that somebody sent: what it is told by its bytes, and taken apart in a process of its own."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from typing import Any, NamedTuple

import orjson

from aggregates.errors import Rejected

READ_S_MAX = 3.5
AT_ONCE_MAX = 2
"""Files taken apart at a time; others wait."""

SHEET_ROWS_MAX = 10_000


class FileTypeNotTaken(Rejected):
    """The file is none of xls, xlsx and csv, whatever its name says."""

    code = "file_type_not_taken"


class FileUnreadable(Rejected):
    """The file is damaged, protected by a password, or takes too long to read."""

    code = "file_unreadable"


class FileTooLarge(Rejected):
    """The file is far larger inside than outside, or has more rows than may be sent at once."""

    code = "file_too_large"


class Row(NamedTuple):
    """One row. number: as a spreadsheet counts. cells: texts."""

    number: int
    cells: list[str]


_turns = threading.Semaphore(AT_ONCE_MAX)


async def read_sheet(content: bytes) -> list[Row]:
    """Return the rows of a file that are not empty.

    Args:
        content: of an xls, xlsx or csv file (UTF-8 or CP949), at most 10 MB.

    Raises:
        FileTypeNotTaken. FileTooLarge. FileUnreadable.

    Source: SPEC 3.1, B2.
    """
    told = await asyncio.to_thread(_taken_apart, content)
    answer: dict[str, Any] = orjson.loads(told) if told else {"fault": "broken"}
    match answer.get("fault"):
        case None:
            return [Row(number, cells) for number, cells in answer["rows"]]
        case "type":
            raise FileTypeNotTaken("the file must be xls, xlsx or csv", allowed=["xls", "xlsx", "csv"])
        case "expands":
            raise FileTooLarge("the file may expand to 50 MB at most", expanded_bytes_max=50 * 1024 * 1024)
        case "rows":
            raise FileTooLarge(f"the file may have {SHEET_ROWS_MAX} rows at most", rows_max=SHEET_ROWS_MAX)
    raise FileUnreadable("the file is damaged, protected by a password, or takes too long to read")


def _taken_apart(content: bytes) -> bytes:
    """Return what the process of its own says of a file; b"" when it did not live to say anything."""
    try:
        with _turns:
            done = subprocess.run(
                [sys.executable, "-m", "ledger.sheets.child"],
                input=content,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={"PYTHONPATH": ":".join(sys.path)},
                timeout=READ_S_MAX,
                check=False,
            )
    except subprocess.TimeoutExpired:
        return b""
    return done.stdout if done.returncode == 0 else b""
