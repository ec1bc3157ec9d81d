"""A source: what the columns of a provider's or a bank's file mean, in TOML, checked before the first row is read.

Profiles of one's own lie in the data folder, `profiles/NAME.toml`; two that show how stand beside this file.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, Self

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from aggregates.errors import NotFound
from ledger.imports.profile import (
    PROFILE_BYTES_MAX,
    ProfileMalformed,
    Sign,
    Skip,
    checked_currency,
    checked_date_format,
)

FOLDER = "profiles"
BUILT_IN = Path(__file__).parent / FOLDER
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
METHODS = ("card", "transfer", "virtual_account", "direct_debit")


class SourceNotFound(NotFound):
    """There is no profile of this name."""

    code = "source_not_found"


def _pattern(text: str) -> str:
    try:
        groups = re.compile(text).groups
    except re.error:
        raise ValueError("must be a regular expression") from None
    if groups > 1:
        raise ValueError("must have one group at most: the reference itself")
    return text


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)


class SourceColumns(_Part):
    """Which column holds what.

    Attributes:
        date: KST day of the line.
        amount: what was moved, with its sign or beside `Source.sign`; or in its place
        amount_in, amount_out: one column for each way; the other one is empty or 0.
        id: the source's own number of the line; with it a line is known again. Without it, all that it says.
        reference: what names our thing: a payment no., a charge, an invoice; see `reference_pattern`.
        method, fee, remittance: of a provider: how it was paid, what it keeps, in which sum it goes to the bank.
        notes: who paid and what was written: goes to the vault and nowhere else.
    """

    date: str
    amount: str | None = None
    amount_in: str | None = None
    amount_out: str | None = None
    id: str | None = None
    reference: str | None = None
    method: str | None = None
    fee: str | None = None
    remittance: str | None = None
    notes: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one_amount(self) -> Self:
        both = self.amount_in is not None and self.amount_out is not None
        if (self.amount is None) != both or (self.amount is not None and (self.amount_in or self.amount_out)):
            raise ValueError("must name amount, or amount_in and amount_out")
        return self

    @property
    def named(self) -> tuple[str, ...]:
        """Every column that is named, each once."""
        single = (
            self.date, self.amount, self.amount_in, self.amount_out, self.id, self.reference, self.method, self.fee,
            self.remittance,
        )  # fmt: skip
        return tuple(dict.fromkeys([*(name for name in single if name is not None), *self.notes]))


class Source(_Part):
    """What the files of one source look like and what their columns mean.

    Attributes:
        name: part of all marks: the same file under another name is another source.
        side: provider or bank.
        currency: ISO 4217, of all rows.
        encoding: utf-8, cp949, or auto: UTF-8 with or without byte order mark, else CP949.
        delimiter: between columns. skip_lines: lines before the line that names the columns.
        date_format: as for strptime.
        amount: decimal ("12.50") or minor ("1250"). decimal_mark, group_mark: how a decimal amount is written.
        last_line_ends: whether a whole file ends with a line break; then one that does not was cut and is refused.
        reference_pattern: what of the reference's column is the reference: its group, or all that it matches; a row
            where it matches nothing has none. A bank's profile needs it: people write there what they like. None = the
            column holds a reference or nothing.
        sign: the values of one column that say which way the money went: credit = to us, debit = from us.
        methods: value of the method's column -> card, transfer, virtual_account or direct_debit; no other is taken.
        method: of all rows of a provider that does not say.
        skip: rows to pass over.
    """

    name: Annotated[str, Field(pattern=rf"^{NAME.pattern}$")]
    side: Literal["provider", "bank"]
    currency: Annotated[str, AfterValidator(checked_currency)]
    encoding: Literal["auto", "utf-8", "cp949"] = "auto"
    delimiter: Annotated[str, Field(pattern=r"^[^\"\r\n]$")] = ","
    skip_lines: Annotated[int, Field(ge=0, le=50)] = 0
    date_format: Annotated[str, AfterValidator(checked_date_format)] = "%Y-%m-%d"
    amount: Literal["decimal", "minor"] = "decimal"
    decimal_mark: Literal[".", ","] = "."
    group_mark: Literal["", ".", ",", " ", "'"] = ""
    last_line_ends: bool = True
    reference_pattern: Annotated[str, AfterValidator(_pattern)] | None = None
    columns: SourceColumns
    sign: Sign | None = None
    methods: dict[str, Literal["card", "transfer", "virtual_account", "direct_debit"]] = {}
    method: Literal["card", "transfer", "virtual_account", "direct_debit"] | None = None
    skip: tuple[Skip, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.sign is not None and self.columns.amount is None:
            raise ValueError("sign goes with the column amount, not with amount_in and amount_out")
        provider_only = (self.columns.method, self.columns.fee, self.columns.remittance, self.method)
        if self.side == "bank" and any(value is not None for value in provider_only):
            raise ValueError("method, fee and remittance are a provider's, not a bank's")
        if self.side == "bank" and self.columns.reference is not None and self.reference_pattern is None:
            raise ValueError("reference_pattern must say what of a bank's column reference is one")
        if (self.columns.method is not None) != bool(self.methods):
            raise ValueError("methods says what the values of the column method mean: one needs the other")
        if self.side == "provider" and self.columns.method is None and self.method is None:
            raise ValueError("a provider's profile names the column method, or one method for all rows")
        return self

    @property
    def needed_columns(self) -> tuple[str, ...]:
        """Every column that the profile names, each once."""
        more = [self.sign.column] if self.sign else []
        return tuple(dict.fromkeys([*self.columns.named, *more, *(skip.column for skip in self.skip)]))


def load_source(path: Path) -> Source:
    """Return the source that a TOML file describes.

    Raises:
        ProfileMalformed: it cannot be read, or a key is missing, unknown or out of its range.
    """
    try:
        with path.open("rb") as file:
            written = file.read(PROFILE_BYTES_MAX + 1)
        if len(written) > PROFILE_BYTES_MAX:
            raise ProfileMalformed(f"the profile is larger than {PROFILE_BYTES_MAX} bytes")
        values = tomllib.loads(written.decode())
        return Source.model_validate_json(orjson.dumps(values, default=str))
    except OSError as error:
        raise ProfileMalformed(f"the profile cannot be opened: {error.strerror}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ProfileMalformed(f"the profile is not TOML: {error}") from None
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the profile"
        raise ProfileMalformed(f"{where}: {first['msg'].removeprefix('Value error, ')}") from None


class Sources:
    """The sources that files can be uploaded for, by name.

    Args:
        folder: of profiles of one's own, before the built-in ones; it need not be there.
    """

    def __init__(self, folder: Path) -> None:
        self._folders = (folder, BUILT_IN)

    def get(self, name: str) -> Source:
        """Return a source.

        Raises:
            SourceNotFound. ProfileMalformed: its profile cannot be used.
        """
        for folder in self._folders:
            path = folder / f"{name}.toml"
            if NAME.fullmatch(name) and path.is_file():
                source = load_source(path)
                if source.name != name:
                    raise ProfileMalformed("name: must be that of the profile's file")
                return source
        raise SourceNotFound("there is no profile of this name")

    def names(self) -> Iterator[str]:
        """Yield the names of all profiles, in order."""
        found = {path.stem for folder in self._folders for path in folder.glob("*.toml")}
        yield from sorted(name for name in found if NAME.fullmatch(name))


BUILT_IN_SOURCES = Sources(BUILT_IN)
"""The examples alone."""
