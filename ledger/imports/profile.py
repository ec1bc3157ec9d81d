"""An import profile: what the columns of a file mean, in TOML, checked before the first row is read.

A profile is data that people write by hand, so each mistake in it is one sentence that names the key. It opens no
file but its own.
"""

from __future__ import annotations

import codecs
import string
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from aggregates.errors import Malformed
from aggregates.money import AMOUNT_MINOR_MAX, exponent

PROFILE_BYTES_MAX = 64 * 1024


class ProfileMalformed(Malformed):
    """The profile cannot be used; the detail names the key."""

    code = "profile_malformed"


def checked_currency(code: str) -> str:
    """Return a currency of the table. Raises: ValueError."""
    try:
        exponent(code)
    except Malformed as error:
        raise ValueError(error.detail) from None
    return code


def _encoding(name: str) -> str:
    try:
        return "utf-8-sig" if codecs.lookup(name).name == "utf-8" else name
    except LookupError:
        raise ValueError("must be an encoding that Python knows, e.g. utf-8 or cp949") from None


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError("must be a zone of the IANA table, e.g. Asia/Seoul") from None
    return name


def checked_date_format(text: str) -> str:
    """Return a format of strptime that names a day. Raises: ValueError."""
    try:
        datetime.strptime(datetime(2001, 2, 3, tzinfo=UTC).strftime(text), text)  # noqa: DTZ007 (only tried)
    except ValueError:
        raise ValueError("must be a format of strptime, e.g. %Y-%m-%d") from None
    if not any(name in text for name in ("%d", "%j", "%x", "%c")):
        raise ValueError("must name a day, e.g. %Y-%m-%d")
    return text


def _template(text: str) -> str:
    try:
        names = {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
    except ValueError:
        raise ValueError("must be text with {account} in it") from None
    if not names <= {"account", "profile"}:
        raise ValueError("may hold {account} and {profile} only")
    return text


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)


class Columns(_Part):
    """Which column holds what.

    Attributes:
        account: the file's own account number; one ledger account is opened for each.
        reference: the row's own number, unique in the file; with it a row is taken once.
        date, amount: see `Profile`. text: words for the movement. currency: code, where it differs by row.
    """

    account: str
    reference: str
    date: str
    amount: str
    text: str | None = None
    currency: str | None = None


class Sign(_Part):
    """How a row says which way the money went: the values of one column. Without it the amount carries its sign.

    Attributes:
        credit: values of a row that adds to the balance. debit: of one that takes from it. Any other value is rejected.
    """

    column: str
    credit: tuple[str, ...]
    debit: tuple[str, ...]

    @model_validator(mode="after")
    def _apart(self) -> Self:
        if not self.credit or not self.debit or set(self.credit) & set(self.debit):
            raise ValueError("credit and debit must each list values, and share none")
        return self


class Skip(_Part):
    """Rows to pass over without a word: those whose column has one of these values."""

    column: str
    values: tuple[str, ...]


class Accounts(_Part):
    """How missing accounts are opened.

    Attributes:
        name: template of their names: {account} is the file's own account number.
        overdraft: "unlimited", or the largest overdraft in minor units.
    """

    name: Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_template)] = "{account}"
    overdraft: Literal["unlimited"] | Annotated[int, Field(ge=0, le=AMOUNT_MINOR_MAX)] = 0

    @property
    def overdraft_limit_minor(self) -> int | None:
        """The limit as the command takes it; None = unlimited."""
        return None if self.overdraft == "unlimited" else self.overdraft


class Profile(_Part):
    """What a file looks like and what its columns mean.

    Attributes:
        name: part of all keys: the same file under another name is another file.
        format: csv (one header line, then a row a line), or ndjson (one object a line).
        encoding: of the file. delimiter: of a csv.
        header: names of the columns of a csv without a header line.
        currency: ISO 4217, for rows that do not say it themselves.
        zone: where the file's dates are; a date alone means its 00:00 there.
        date_format: as for strptime.
        amount: decimal ("12.50") or minor ("1250").
        decimal_mark, group_mark: how a decimal amount is written; "" = digits are not grouped.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
    format: Literal["csv", "ndjson"] = "csv"
    encoding: Annotated[str, AfterValidator(_encoding)] = "utf-8-sig"
    delimiter: Annotated[str, Field(pattern=r"^[^\"\r\n]$")] = ","
    header: tuple[str, ...] | None = None
    currency: Annotated[str, AfterValidator(checked_currency)]
    zone: Annotated[str, AfterValidator(_zone)] = "Asia/Seoul"
    date_format: Annotated[str, AfterValidator(checked_date_format)] = "%Y-%m-%d"
    amount: Literal["decimal", "minor"] = "decimal"
    decimal_mark: Literal[".", ","] = "."
    group_mark: Literal["", ".", ",", " ", "'"] = ""
    columns: Columns
    sign: Sign | None = None
    accounts: Accounts = Accounts()
    skip: tuple[Skip, ...] = ()

    @property
    def needed_columns(self) -> tuple[str, ...]:
        """Every column that the profile names, each once."""
        named = [name for name in self.columns.model_dump().values() if name is not None]
        named += [self.sign.column] if self.sign else []
        return tuple(dict.fromkeys([*named, *(skip.column for skip in self.skip)]))


def load_profile(path: Path) -> Profile:
    """Return the profile that a TOML file describes.

    Raises:
        ProfileMalformed: it cannot be read, or a key is missing, unknown or out of its range.
    """
    try:
        with path.open("rb") as file:
            written = file.read(PROFILE_BYTES_MAX + 1)
        if len(written) > PROFILE_BYTES_MAX:
            raise ProfileMalformed(f"the profile is larger than {PROFILE_BYTES_MAX} bytes")
        values = tomllib.loads(written.decode())
    except OSError as error:
        raise ProfileMalformed(f"the profile cannot be opened: {error.strerror}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ProfileMalformed(f"the profile is not TOML: {error}") from None
    try:
        return Profile.model_validate_json(_json(values))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the profile"
        raise ProfileMalformed(f"{where}: {first['msg'].removeprefix('Value error, ')}") from None


def _json(values: dict[str, object]) -> bytes:
    """Return TOML's values as JSON: strict validation then takes arrays for tuples."""
    return orjson.dumps(values, default=str)
