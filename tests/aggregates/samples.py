"""One sample of every kind of fact, made from its annotations alone: the same one in every run.

A value says its field: text is the field's own name, a number its place. What a test needs otherwise it names.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from aggregates.fact import Fact, set_mark

STREAM = UUID("00000000-0000-5000-8000-000000000001")
CHARGE = "chg_000123456789abcdefg2"
WORDS = {"currency": "KRW", "mode": "prepaid", "method": "card", "charge_id": CHARGE}
AT = datetime(2024, 10, 28, 6, 7, 8, 90_000, tzinfo=UTC)


def sample(kind: type[Fact], **given: Any) -> Any:
    """Return a fact of a kind, with the fields given and the others made up."""
    fact = kind(**{**_made_up(kind), **given})
    object.__setattr__(fact, "originator_id", STREAM)
    object.__setattr__(fact, "originator_version", 7)
    set_mark(fact, None)
    return fact


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _made_up(kind: type) -> dict[str, Any]:
    hints = _hints(kind)
    return {
        field.name: _value(field.name, hints[field.name], place) for place, field in enumerate(fields(kind), start=1)
    }


def _value(name: str, hint: Any, place: int) -> Any:
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return _value(name, next(arg for arg in args if arg is not type(None)), place)
    if origin is tuple:
        return (_value(name, args[0], place),)
    if hint is bool:
        return True
    if hint is int:
        return 1_000 + place
    if hint is str:
        return WORDS.get(name, name)
    if hint is datetime:
        return AT
    if hint is date:
        return AT.date()
    kind: Any = hint
    assert is_dataclass(kind), f"{name} is {kind}, which no sample is made for"
    return hint(**_made_up(hint))
