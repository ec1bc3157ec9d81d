"""Reading a JSON body strictly: what two parsers could read in two ways is refused, so nobody is misunderstood.

Refuses duplicate members, every number that is not a plain 64-bit integer, depth, long arrays, and text that would hurt
further in (U+0000 and lone surrogates break PostgreSQL, bidi controls deceive people). Knows nothing about HTTP.
"""

from __future__ import annotations

import re
from typing import Any

import orjson

from aggregates.errors import Malformed

DEPTH_MAX = 32
ITEMS_MAX = 1_000
INTEGER_MAX = 2**63 - 1

_NUMBERS = "numbers in the body must be plain integers of at most 64 bits"
_STRINGS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"')
_ZERO = 1 << 40
"""What a zero adds to the count of members: minus zero is read as one, so that only a body with a zero may hold it."""

_UNFIT_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


def parse(body: bytes, items_max: int = ITEMS_MAX) -> Any:
    """Parse one JSON document.

    Args:
        body: the whole body, UTF-8 without byte order mark.
        items_max: how many items an array may hold.

    Raises:
        Malformed: not JSON; or JSON that is ambiguous, too deep, too long, or holds a number or text that is not taken.

    Source: docs/decisions/0007.
    """
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Malformed("the body must be one JSON document in UTF-8") from None
    # Without escapes, DEL and what is beyond ASCII no text is unfit.
    plain = body.isascii() and b"\\" not in body and b"\x7f" not in body
    zeros, members = divmod(_check(parsed, 1, items_max, plain=plain), _ZERO)
    colons = body.count(b":")
    if colons != members or (zeros and b"-0" in body):
        bones = _STRINGS.sub(b"", body)
        colons = bones.count(b":")
        if b"-0" in bones:
            raise Malformed("numbers in the body must be plain integers; minus zero is none")
    # Outside strings a colon parts each member's name from its value: fewer members than colons = a name came twice.
    if colons != members:
        raise Malformed("the body names a member twice in one object")
    return parsed


def unfit(text: str) -> bool:
    """Say whether a text holds a control or bidi control character (tab, CR and LF are taken)."""
    return _UNFIT_TEXT.search(text) is not None


def _check(value: Any, depth: int, items_max: int, *, plain: bool) -> int:
    """Check what is in a value; return how many members the objects in it have, and `_ZERO` for each zero.

    Args:
        depth: how deep it would be nested if it is an object or an array. plain: whether all texts are known to be fit.
    """
    kind = type(value)
    if kind is str:
        if not plain and _UNFIT_TEXT.search(value):
            raise Malformed("texts in the body may not hold control or bidi control characters")
    elif kind is int:
        if not -INTEGER_MAX <= value <= INTEGER_MAX:
            raise Malformed(_NUMBERS)
        return 0 if value else _ZERO
    elif kind is dict:
        return _check_object(value, depth, items_max, plain=plain)
    elif kind is list:
        if len(value) > items_max:
            raise Malformed(f"arrays in the body may hold at most {items_max} items", items_max=items_max)
        _check_depth(depth)
        return sum([_check(item, depth + 1, items_max, plain=plain) for item in value])
    elif kind is float:
        raise Malformed(_NUMBERS)
    return 0


def _check_object(value: dict[str, Any], depth: int, items_max: int, *, plain: bool) -> int:
    _check_depth(depth)
    members = len(value)
    if not plain:
        for name in value:
            _check(name, depth, items_max, plain=False)
    for member in value.values():
        if not plain or type(member) is not str:
            members += _check(member, depth + 1, items_max, plain=plain)
    return members


def _check_depth(depth: int) -> None:
    if depth > DEPTH_MAX:
        raise Malformed(f"the body may be nested at most {DEPTH_MAX} deep", depth_max=DEPTH_MAX)
