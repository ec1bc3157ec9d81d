"""The table of the chart of accounts in `docs/books.md`: `python -m tests.books.chart` writes it again."""

from __future__ import annotations

import re

from aggregates.postings import CHART
from projections.exports.accounting import PER_CUSTOMER
from tests.documents import ROOT

DOCUMENT = ROOT / "docs" / "books.md"
_HEAD = "| account | holds | per customer |\n| --- | --- | :-: |\n"


def chart_table() -> str:
    """Return the chart as a table in Markdown."""
    return _HEAD + "".join(
        f"| `{account}` | {holds} | {'x' if account in PER_CUSTOMER else ' '} |\n" for account, holds in CHART.items()
    )


if __name__ == "__main__":
    text = DOCUMENT.read_text()
    DOCUMENT.write_text(re.sub(re.escape(_HEAD) + r"(\|.*\n)*", lambda _: chart_table(), text))
