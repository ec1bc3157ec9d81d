"""The kinds of field that bodies and queries are made of; every model of the HTTP face is built from these.

Bodies are strict: an amount is a JSON integer in minor units and nothing else. Queries are text, so their kinds read
plain digits and ISO dates, and nothing else either.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from aggregates.money import AMOUNT_MINOR_MAX, EXPONENTS

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII)
_YEARS = range(1900, 2200)


class Body(BaseModel):
    """Base of every request body: strict, closed, immutable."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True)


class Query(BaseModel):
    """Base of every query: closed, immutable; its values arrive as text."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def _not_zero(amount: int) -> int:
    if amount == 0:
        raise PydanticCustomError("zero", "must not be 0")
    return amount


def _known_currency(currency: str) -> str:
    if currency not in EXPONENTS:
        raise PydanticCustomError("currency", "must be an ISO 4217 code this ledger knows")
    return currency


def _visible(text: str) -> str:
    if not text.strip():
        raise PydanticCustomError("blank", "must not be blank")
    return text


def instant(text: Any) -> datetime:
    """Read an RFC 3339 instant with offset into aware UTC."""
    fault = PydanticCustomError("instant", "must be an RFC 3339 time with offset, such as 2026-03-01T09:00:00+09:00")
    if isinstance(text, datetime):
        return text
    if not isinstance(text, str) or not _RFC3339.fullmatch(text):
        raise fault
    try:
        at = datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise fault from None
    if at.year not in _YEARS:
        raise fault
    return at


def _day(text: Any) -> date:
    fault = PydanticCustomError("day", "must be a date, such as 2026-03-01")
    if not isinstance(text, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
        raise fault
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise fault from None
    if day.year not in _YEARS:
        raise fault
    return day


def _plain_number(text: Any) -> int:
    if not isinstance(text, str) or not re.fullmatch(r"[0-9]{1,18}", text, re.ASCII):
        raise PydanticCustomError("number", "must be a plain number")
    return int(text)


EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,24}", re.ASCII)
"""An e-mail address as people have them."""

MONEY = "minor units"
"""Title by which every money field of a body can be found: in the schema, and by the tests."""

Amount = Annotated[int, Field(ge=1, le=AMOUNT_MINOR_MAX, title=MONEY, description="Integer minor units, above 0.")]
SignedAmount = Annotated[
    int,
    Field(ge=-AMOUNT_MINOR_MAX, le=AMOUNT_MINOR_MAX, title=MONEY, description="Signed integer minor units, not 0."),
    AfterValidator(_not_zero),
]
Limit = Annotated[int, Field(ge=0, le=AMOUNT_MINOR_MAX, title=MONEY, description="Integer minor units, 0 or more.")]
Unlimited = Literal["unlimited"]

Currency = Annotated[
    str,
    Field(min_length=3, max_length=3, description="ISO 4217 code; if given, that of the account."),
    AfterValidator(_known_currency),
]
Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_visible)]
Reference = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_visible)]
Reason = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_visible)]
MemberId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:-]{1,64}$")]
PublicIdText = Annotated[str, StringConstraints(pattern=r"^[a-z]{3}_[0-9a-z]{18,31}$")]
Instant = Annotated[datetime, BeforeValidator(instant), WithJsonSchema({"type": "string", "format": "date-time"})]

Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
QueryNumber = Annotated[
    int, BeforeValidator(_plain_number), WithJsonSchema({"type": "integer", "minimum": 0, "maximum": 10**18 - 1})
]
PageLimit = Annotated[
    int,
    BeforeValidator(_plain_number),
    Field(ge=1, le=200),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": 200, "default": 50}),
]
QueryAmount = Annotated[
    int,
    BeforeValidator(_plain_number),
    Field(ge=1, le=AMOUNT_MINOR_MAX, title=MONEY),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": AMOUNT_MINOR_MAX, "title": MONEY}),
]
Cursor = Annotated[str, Field(min_length=1, max_length=2_000, pattern=r"^[A-Za-z0-9_=-]+$")]


class PageQuery(Query):
    """Where a list begins and how long its page is."""

    cursor: Cursor | None = None
    limit: PageLimit | None = None
