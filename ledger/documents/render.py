"""Making the files of a document: in a process of its own, a few at a time, within a bound of time and rows."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import Any

import orjson
import structlog

from aggregates.errors import Rejected, Unavailable
from ledger.documents.content import canonical
from ledger.documents.page import Content
from ledger.documents.pages import page_of

log = structlog.get_logger("ledger.documents")

PDF_ROWS_MAX = 5_000
RENDER_S_MAX = 60
AT_ONCE_MAX = 2
"""Documents made at a time; others wait."""

FORMATS = ("json", "pdf", "xlsx", "csv")


class DocumentTooLong(Rejected):
    """A PDF has a bound of rows; a spreadsheet takes more."""

    code = "document_too_long"


class RenderingFailed(Unavailable):
    """The document could not be made now."""

    code = "rendering_failed"


_turns = threading.Semaphore(AT_ONCE_MAX)


async def render(content: Content, formats: Sequence[str]) -> dict[str, bytes]:
    """Return the files of a document by format; the same content gives the same bytes.

    Args:
        formats: of `FORMATS`.

    Raises:
        DocumentTooLong: it has too many rows for a PDF. RenderingFailed.
    """
    files = {"json": canonical(content)} if "json" in formats else {}
    made = [form for form in formats if form != "json"]
    if made:
        files |= await asyncio.to_thread(_made, content, made)
    return {form: files[form] for form in formats}


def _made(content: Content, formats: Sequence[str]) -> dict[str, bytes]:
    if "pdf" in formats and (rows := page_of(content).rows()) > PDF_ROWS_MAX:
        raise DocumentTooLong(
            f"a PDF may have {PDF_ROWS_MAX:,} rows; ask for formats xlsx or csv", rows=rows, rows_max=PDF_ROWS_MAX
        )
    told = _told(orjson.dumps({"content": content, "formats": formats}))
    head, _, rest = told.partition(b"\n")
    if not head:
        raise RenderingFailed("the document could not be made; try again", 5)
    sizes: list[int] = orjson.loads(head)["sizes"]
    files: dict[str, bytes] = {}
    for form, size in zip(formats, sizes, strict=True):
        files[form], rest = rest[:size], rest[size:]
    return files


def _told(asked: bytes) -> bytes:
    """Return what the process of its own says; b"" when it did not live to say anything."""
    environment: dict[str, Any] = {"PYTHONPATH": ":".join(sys.path)}
    try:
        with _turns:
            done = subprocess.run(
                [sys.executable, "-m", "ledger.documents.child"],
                input=asked,
                capture_output=True,
                env=environment,
                timeout=RENDER_S_MAX,
                check=False,
            )
    except subprocess.TimeoutExpired:
        log.warning("a document took too long to be made")
        return b""
    if done.returncode:
        # Its last line names the fault by kind alone: what stands in a document is not for the log.
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        log.warning("a document could not be made", fault="".join(last).partition(":")[0][:100])
        return b""
    return done.stdout
