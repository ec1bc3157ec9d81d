"""Readers and writers of stored values, compiled for each kind: facts, and the frozen parts they are made of.

What is read is set field by field on an open twin of the kind, which then takes the kind's own class: equal in every
way to what `kind(**fields)` makes, in a fifth of the time. Reading is strict: a field too many or too few is an error.
What is written is a dictionary of the fields in their order: orjson makes the same bytes of it as of the dataclass
itself, without looking each field up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from datetime import date, datetime
from functools import cache
from types import UnionType
from typing import Any, Union, cast, get_args, get_origin, get_type_hints
from uuid import UUID

from aggregates.fact import Fact, Mark, open_twin
from aggregates.plain import as_is, reader

DATES_MAX = 10_000
"""Dates whose text is remembered: a ledger knows few, and each fact names some of them."""


class _Dates(dict[str, date]):
    """ISO text -> date."""

    def __missing__(self, text: str) -> date:
        if len(self) >= DATES_MAX:
            self.clear()
        found = self[text] = date.fromisoformat(text)
        return found


_DATES = _Dates()


@cache
def fact_reader(kind: Any) -> Callable[[dict[str, Any], UUID, int, Mark | None], Fact]:
    """Return what makes a fact of `kind` from (its fields in JSON's own types, stream, version, mark).

    What it returns raises KeyError, TypeError or ValueError when the fields are not those of the kind.
    """
    row = ("originator_id", "originator_version", "mark")
    read: Callable[[dict[str, Any], UUID, int, Mark | None], Fact] = _compiled(kind, row)
    return read


@cache
def part_reader(kind: Any) -> Callable[[dict[str, Any]], Any]:
    """Return what makes a value of a frozen dataclass from its fields in JSON's own types; raises as `fact_reader`."""
    read: Callable[[dict[str, Any]], Any] = _compiled(kind, ())
    return read


@cache
def fact_writer(kind: Any) -> Callable[[Any], dict[str, Any]]:
    """Return what turns a value of a frozen dataclass into its fields, in order, for orjson to write."""
    hints = get_type_hints(kind)
    scope: dict[str, Any] = {}
    items = []
    for field in fields(kind):
        value, args = f"made.{field.name}", get_args(hints[field.name])
        part: Any = args[0] if get_origin(hints[field.name]) is tuple and args[-1] is Ellipsis else None
        if part is not None and is_dataclass(part):
            scope[f"write_{field.name}"] = fact_writer(cast("Any", part))
            value = f"[write_{field.name}(part) for part in {value}]"
        items.append(f"{field.name!r}: {value}")
    exec(f"def write(made): return {{{', '.join(items)}}}", scope)  # noqa: S102 (names of fields of this repository)
    write: Callable[[Any], dict[str, Any]] = scope["write"]
    return write


def _compiled(kind: Any, row: tuple[str, ...]) -> Any:
    """Compile `read(state, *row)` for a kind."""
    hints = get_type_hints(kind)
    names = [field.name for field in fields(kind)]
    assert all(field.default is field.default_factory is MISSING for field in fields(kind)), "stored fields are all set"
    scope: dict[str, Any] = {
        "new": object.__new__,
        "Kind": kind,
        "Twin": open_twin(kind),
        "dates": _DATES,
        "instant": datetime.fromisoformat,
    }
    lines = [f"def read({', '.join(['state', *row])}):", "    made = new(Twin)"]
    lines += [f"    made.{name} = {_expression(name, hints[name], scope)}" for name in names]
    lines += [f"    made.{name} = {name}" for name in row]
    lines += [
        f"    if len(state) != {len(names)}: raise ValueError('it has fields that are unknown')",
        "    made.__class__ = Kind",
        "    return made",
    ]
    # The source holds names of fields in this repository, nothing that was stored or sent.
    exec("\n".join(lines), scope)  # noqa: S102
    return scope["read"]


def _expression(name: str, hint: Any, scope: dict[str, Any]) -> str:
    """Return the expression that reads one field of `state`; what it needs besides goes into `scope`."""
    value = f"state[{name!r}]"
    origin, args = get_origin(hint), get_args(hint)
    if name == "recorded_at" and hint is datetime:
        # Most things are recorded the moment they happen: the same text twice.
        return f"made.occurred_at if {value} == state['occurred_at'] else instant({value})"
    if hint is datetime:
        return f"instant({value})"
    if hint is date:
        return f"dates[{value}]"
    if origin in (Union, UnionType):
        inner = _expression(name, next(arg for arg in args if arg is not type(None)), scope)
        return value if inner == value else f"None if {value} is None else {inner}"
    if origin is tuple and args[-1] is Ellipsis:
        read = scope[f"read_{name}"] = _read(args[0])
        return f"tuple({value})" if read is as_is else f"tuple(map(read_{name}, {value}))"
    read = _read(hint)
    if read is as_is:
        return value
    scope[f"read_{name}"] = read
    return f"read_{name}({value})"


def _read(hint: Any) -> Callable[[Any], Any]:
    has_fields = is_dataclass(hint)
    return part_reader(hint) if has_fields else reader(hint)
