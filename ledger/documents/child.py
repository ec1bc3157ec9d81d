"""A process of its own that turns one content into files: its memory goes with it, and requests go on meanwhile.

JSON in on stdin: {"content": ..., "formats": [...]}. Out on stdout: one line of JSON, {"sizes": [...]}, then the files
one after the other. It knows nothing of the ledger, and its environment holds nothing.
"""

from __future__ import annotations

import resource
import sys

import orjson

from ledger.documents.page import Page
from ledger.documents.pages import page_of
from ledger.documents.sheet import to_csv, to_xlsx

MEMORY_BYTES_MAX = 3 * 1024**3
CPU_S_MAX = 60


def main() -> None:
    """Read a content and formats from stdin, write the files to stdout."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S_MAX, CPU_S_MAX))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    asked = orjson.loads(sys.stdin.buffer.read())
    page = page_of(asked["content"])
    files = [made(page, form) for form in asked["formats"]]
    sys.stdout.buffer.write(orjson.dumps({"sizes": [len(file) for file in files]}) + b"\n" + b"".join(files))


def made(page: Page, form: str) -> bytes:
    """Return a page as pdf, xlsx or csv."""
    if form == "pdf":
        # Only who typesets pays for the typesetter: it takes most of the time to start.
        from ledger.documents.pdf import to_pdf

        return to_pdf(page)
    return to_xlsx(page) if form == "xlsx" else to_csv(page)


if __name__ == "__main__":
    main()
