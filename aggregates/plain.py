"""Values: made fast, and turned into plain JSON shapes and back by their annotations, as snapshots and digests need it.

May import only the standard library. Exact both ways: `revive(kind, plain(value)) == value` for dataclasses, tuples,
lists, mappings, dates and aware instants. Mappings come out sorted by key, so equal values have equal shapes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date, datetime
from functools import cache
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

D = TypeVar("D")


def direct(cls: type[D]) -> type[D]:
    """Give a frozen, slotted dataclass an `__init__` that sets its slots directly, in half of the time.

    (The one it has calls `object.__setattr__` for each field, so as not to be refused by its own `__setattr__`.)
    """
    space: dict[str, Any] = {}
    positional: list[str] = []
    named: list[str] = []
    body: list[str] = []
    for field in fields(cls):  # type: ignore[arg-type]
        assert field.default_factory is MISSING, "the fields of a value are given, or have plain defaults"
        space[f"_set_{field.name}"] = getattr(cls, field.name).__set__
        space[f"_default_{field.name}"] = field.default
        default = "" if field.default is MISSING else f"=_default_{field.name}"
        (named if field.kw_only else positional).append(f"{field.name}{default}")
        body.append(f"    _set_{field.name}(self, {field.name})")
    parameters = ["self", *positional, *(["*", *named] if named else [])]
    source = "\n".join([f"def __init__({', '.join(parameters)}):", *body])
    exec(source, space)  # noqa: S102 (made of our own field names, as dataclasses makes its own)
    cls.__init__ = space["__init__"]  # type: ignore[method-assign]
    return cls


def plain(value: Any) -> Any:
    """Return `value` in JSON's own types; dates and instants become ISO 8601 text."""
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {key: plain(value[key]) for key in sorted(value)}
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    return {field.name: plain(getattr(value, field.name)) for field in fields(value)}


def revive(kind: Any, state: Any) -> Any:
    """Return the value of annotation `kind` that `plain` turned into `state`."""
    return reader(kind)(state)


def as_is(state: Any) -> Any:
    """Read what JSON already carries."""
    return state


@cache
def reader(kind: Any) -> Callable[[Any], Any]:
    """Return what reads annotation `kind` back from JSON's own types; `as_is` when there is nothing to do."""
    origin, args = get_origin(kind), get_args(kind)
    if kind in (date, datetime):
        return kind.fromisoformat  # type: ignore[no-any-return]
    if origin in (Union, UnionType):
        inner = reader(next(arg for arg in args if arg is not type(None)))
        return as_is if inner is as_is else lambda state: None if state is None else inner(state)
    if origin is dict:
        item = reader(args[1])
        return lambda state: {key: item(value) for key, value in state.items()}
    if origin is tuple and args[-1] is not Ellipsis:
        items = [reader(arg) for arg in args]
        return lambda state: tuple(read(value) for read, value in zip(items, state, strict=True))
    if origin in (tuple, list):
        item, sequence = reader(args[0]), origin
        return lambda state: sequence(item(value) for value in state)
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        make: Any = kind
        readers = [(field.name, reader(hints[field.name])) for field in fields(kind)]
        return lambda state: make(**{name: read(state[name]) for name, read in readers})
    return as_is
