"""A line as it stands, and how its id is read."""

from __future__ import annotations

from typing import NamedTuple

from aggregates import ids

OPEN = "open"
MATCHED = "matched"
PARKED = "parked"
CREDITED = "credited"
RETURNED = "returned"

NO_MATCH = "no_match"
UNMATCHED = "unmatched"
"""Why money is parked: nothing matched it, or a person took its match back."""


class LineState(NamedTuple):
    """A line as it stands.

    Attributes:
        amount_minor: signed.
        status: open, matched, parked, credited or returned.
        items: what it is matched with.
        remittance_id: or the remittance that it is.
    """

    amount_minor: int
    status: str = OPEN
    items: tuple[str, ...] = ()
    remittance_id: str | None = None


def line_no(line_id: str) -> int:
    """Return the number of a line on its day, out of an id that this ledger has made."""
    return ids.parse(line_id, "lin").version


def tally_of(line_id: str) -> str:
    """Return the tally of a line. Raises: NotFound: no line can have this id."""
    return f"tly_{ids.parse(line_id, 'lin').account_id[4:]}"
