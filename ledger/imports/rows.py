"""From a raw row to a movement: signed minor units, a date, a reference, or one sentence that says why not.

Text is refused here when it could not be stored or shown everywhere later: control characters, broken encoding, excess.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from aggregates.errors import Malformed
from aggregates.money import exponent, parse_decimal
from ledger.imports.profile import Profile
from ledger.imports.reader import Raw

ACCOUNT_CHARS_MAX = 100
REFERENCE_CHARS_MAX = 200
TEXT_CHARS_MAX = 200
DATES_MAX = 10_000
"""How many different dates are remembered; a file has few, and parsing one costs more than all the rest of its row."""

YEARS = range(1900, 2200)

_MINOR = re.compile(r"[+-]?[0-9]{1,15}", re.ASCII)
_UNSTORABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class BadRow(Malformed):
    """The row does not say what its profile promises; the detail names the column."""

    code = "bad_row"


class Movement(NamedTuple):
    """One row, understood.

    Attributes:
        account: the file's own account number. currency: of the row.
        amount_minor: signed; > 0 adds to the balance.
        booked_on: the row's date. occurred_at: the same as an instant, UTC.
        reference: the row's own number. text: the row's words; None when it has none.
    """

    account: str
    currency: str
    amount_minor: int
    booked_on: date
    occurred_at: datetime
    reference: str
    text: str | None


class Rows:
    """Turns the raw rows of one profile into movements."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._columns = profile.columns
        self._zone = ZoneInfo(profile.zone)
        self._dates: dict[str, tuple[date, datetime]] = {}
        self._signs: dict[str, int] = {}
        if profile.sign:
            self._signs = dict.fromkeys(profile.sign.debit, -1) | dict.fromkeys(profile.sign.credit, 1)
        self._skips = [(skip.column, frozenset(skip.values)) for skip in profile.skip]
        group = re.escape(profile.group_mark)
        mark = re.escape(profile.decimal_mark)
        self._grouped = (
            re.compile(rf"[+-]?[0-9]{{1,3}}(?:{group}[0-9]{{3}})*(?:{mark}[0-9]+)?", re.ASCII) if group else None
        )

    def skips(self, raw: Raw) -> bool:
        """Say whether the profile passes over this row."""
        return any(raw.values.get(column, "").strip() in values for column, values in self._skips)

    def movement(self, raw: Raw) -> Movement:
        """Return the movement that a row describes.

        Raises:
            BadRow: text, date, sign or amount cannot be taken. Malformed: the amount or the currency, from their rules.
        """
        values, columns = raw.values, self._columns
        account = _text(values, columns.account, ACCOUNT_CHARS_MAX)
        reference = _text(values, columns.reference, REFERENCE_CHARS_MAX)
        if not account or not reference:
            raise BadRow(f"column {columns.reference if account else columns.account!r} must not be empty")
        text = _text(values, columns.text, TEXT_CHARS_MAX) if columns.text else ""
        currency = _text(values, columns.currency, 3) if columns.currency else ""
        booked_on, occurred_at = self._date(_text(values, columns.date, 64))
        amount_minor = self._amount(values, currency or self._profile.currency)
        return Movement(
            account, currency or self._profile.currency, amount_minor, booked_on, occurred_at, reference, text or None
        )

    def _date(self, written: str) -> tuple[date, datetime]:
        known = self._dates.get(written)
        if known is None:
            try:
                # Naive where the format has no offset; the profile's zone is put in right here.
                parsed = datetime.strptime(written, self._profile.date_format)  # noqa: DTZ007
                local = parsed.astimezone(self._zone) if parsed.tzinfo else parsed.replace(tzinfo=self._zone)
                known = local.date(), local.astimezone(UTC)
                if local.year not in YEARS:
                    raise ValueError(local.year)
            except (ValueError, OverflowError):
                raise BadRow(f"column {self._columns.date!r} must be a date like {self._profile.date_format}") from None
            if len(self._dates) >= DATES_MAX:
                self._dates.clear()
            self._dates[written] = known
        return known

    def _amount(self, values: Mapping[str, str], currency: str) -> int:
        written = _text(values, self._columns.amount, 64)
        if self._profile.amount == "minor":
            exponent(currency)
            if not _MINOR.fullmatch(written):
                raise BadRow(f"column {self._columns.amount!r} must be a whole number of minor units")
            amount_minor = int(written)
        else:
            amount_minor = parse_decimal(self._plain(written), currency)
        if self._profile.sign is None:
            return amount_minor
        sign = self._signs.get(values.get(self._profile.sign.column, "").strip())
        if sign is None:
            raise BadRow(f"column {self._profile.sign.column!r} must have one of the values that the profile lists")
        if written[:1] in "+-":
            raise BadRow(
                f"column {self._columns.amount!r} must have no sign; {self._profile.sign.column!r} says the way"
            )
        return sign * amount_minor

    def _plain(self, written: str) -> str:
        """Return a decimal amount with a point and without grouping."""
        if self._grouped is not None and self._grouped.fullmatch(written):
            written = written.replace(self._profile.group_mark, "")
        if self._profile.decimal_mark == ".":
            return written
        return written.replace(".", "?").replace(",", ".")


def _text(values: Mapping[str, str], column: str, chars_max: int) -> str:
    text = values.get(column)
    if text is None:
        raise BadRow(f"column {column!r} is missing, or is no text and no number")
    text = text.strip()
    if len(text) > chars_max:
        raise BadRow(f"column {column!r} must not be longer than {chars_max} characters")
    if not text.isprintable() and _UNSTORABLE.search(text):
        raise BadRow(f"column {column!r} must hold text that can be stored: no control characters, no broken encoding")
    return text
