"""What an export is asked for: which rows, in which form, through which filters; refused here when it cannot be."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Literal, get_args

from aggregates.dates import rfc3339
from aggregates.errors import Malformed
from projections.exports.datasets import DATASETS

Format = Literal["csv", "xlsx", "ndjson", "parquet", "beancount", "hledger"]
Encoding = Literal["utf-8", "cp949"]

FORMATS: tuple[Format, ...] = get_args(Format)
ACCOUNTING: frozenset[str] = frozenset({"beancount", "hledger"})
"""Formats of plain-text accounting: they are made of the journal alone."""

SUFFIXES: dict[str, str] = {"beancount": "beancount", "hledger": "journal"}
"""How the name of a file ends, where not as its format is called."""

MEDIA_TYPES: dict[str, str] = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "ndjson": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
    "beancount": "text/plain; charset=utf-8",
    "hledger": "text/plain; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One export.

    Attributes:
        what: name of a dataset. format: of the file.
        position: only what was recorded up to it counts.
        account_id: of one customer; None = all.
        from_date, to_date: KST business dates, both included; None = without bound.
        as_of: only facts that had happened by then count; None = all.
        encoding: of CSV. bom: whether a byte order mark leads it, for spreadsheets.
    """

    what: str
    format: Format
    position: int
    account_id: str | None = None
    from_date: date | None = None
    to_date: date | None = None
    as_of: datetime | None = None
    encoding: Encoding = "utf-8"
    bom: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be. Raises: Malformed."""
        check(self)

    def at(self, position: int) -> Asked:
        """Return the same export at another position."""
        return replace(self, position=position)

    @property
    def name(self) -> str:
        """Name of the file."""
        return f"{self.what}-{self.position}.{SUFFIXES.get(self.format, self.format)}"

    @property
    def media_type(self) -> str:
        """Media type of the file."""
        return f"text/csv; charset={self.encoding}" if self.format == "csv" else MEDIA_TYPES[self.format]

    def filters(self) -> dict[str, Any]:
        """Return the filters, JSON-ready; None where there is none."""
        return {
            "account_id": self.account_id,
            "from": self.from_date.isoformat() if self.from_date else None,
            "to": self.to_date.isoformat() if self.to_date else None,
            "as_of": rfc3339(self.as_of) if self.as_of else None,
        }


def check(asked: Asked) -> None:
    """Refuse what cannot be, whatever the ledger holds.

    Raises:
        Malformed: an unknown dataset or format, a format or filter that the dataset does not have, dates the wrong way
            round, an option of CSV for another format, a byte order mark in CP949.
    """
    dataset = DATASETS.get(asked.what)
    if dataset is None:
        raise Malformed(f"what must be one of {', '.join(DATASETS)}", field="what")
    if asked.position < 0:
        raise Malformed("position must be 0 or more", field="position")
    if asked.encoding not in get_args(Encoding):
        raise Malformed(f"encoding must be one of {', '.join(get_args(Encoding))}", field="encoding")
    if asked.format not in FORMATS:
        raise Malformed(f"format must be one of {', '.join(FORMATS)}", field="format")
    if asked.format in ACCOUNTING and asked.what != "journal":
        raise Malformed(f"{asked.format} is made of the journal: what must be journal", field="format")
    if asked.format == "xlsx" and dataset.long_texts:
        raise Malformed(
            f"{asked.what} hold texts longer than a cell of a spreadsheet; take csv or ndjson", field="format"
        )
    for name, value in asked.filters().items():
        if value is not None and name not in dataset.filters:
            raise Malformed(f"{asked.what} cannot be narrowed by {name}", field=name)
    if asked.from_date is not None and asked.to_date is not None and asked.from_date > asked.to_date:
        raise Malformed("from must not be after to", field="from")
    if asked.format != "csv" and (asked.bom or asked.encoding != "utf-8"):
        raise Malformed("bom and encoding are options of csv", field="bom" if asked.bom else "encoding")
    if asked.bom and asked.encoding != "utf-8":
        raise Malformed("a byte order mark goes with utf-8 alone", field="bom")
