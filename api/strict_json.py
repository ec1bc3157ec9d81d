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

_STRINGS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"')
_MINUS_ZERO = re.compile(rb":[ \t\r\n]*-0")
_UNFIT_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


def parse(body: bytes) -> Any:
    """Parse one JSON document.

    Args:
        body: the whole body, UTF-8 without byte order mark.

    Raises:
        Malformed: not JSON; or JSON that is ambiguous, too deep, too long, or holds a number or text that is not taken.

    Source: RELIABILITY 2G, G1.
    """
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Malformed("the body must be one JSON document in UTF-8") from None
    if type(parsed) is dict and len(parsed) == body.count(b":") and _is_plain(parsed, body):
        return parsed
    bones = _STRINGS.sub(b"", body)
    if bones.count(b"{") + bones.count(b"[") > DEPTH_MAX and _depth(bones) > DEPTH_MAX:
        raise Malformed(f"the body may be nested at most {DEPTH_MAX} deep", depth_max=DEPTH_MAX)
    if b"-0" in bones:
        raise Malformed("numbers in the body must be plain integers; minus zero is none")
    # Outside strings a colon parts each member's name from its value: fewer members than colons = a name came twice.
    if _check(parsed) != bones.count(b":"):
        raise Malformed("the body names a member twice in one object")
    return parsed


def _is_plain(parsed: dict[str, Any], body: bytes) -> bool:
    """Say whether an object with as many colons as members surely is one to take; False = look closer.

    Without escapes, DEL and what is beyond ASCII no text is unfit, and one colon a member is one name a member.
    """
    if not body.isascii() or b"\\" in body or b"\x7f" in body:
        return False
    if b"-0" in body and _MINUS_ZERO.search(body):
        return False
    for value in parsed.values():
        kind = type(value)
        if kind is int:
            if not -INTEGER_MAX <= value <= INTEGER_MAX:
                return False
        elif kind is not str and kind is not bool and value is not None:
            return False
    return True


def unfit(text: str) -> bool:
    """Say whether a text holds a control or bidi control character (tab, CR and LF are taken)."""
    return _UNFIT_TEXT.search(text) is not None


def _check(value: Any) -> int:
    """Check numbers, texts and array lengths below `value`; return how many members its objects have."""
    kind = type(value)
    if kind is str:
        if _UNFIT_TEXT.search(value):
            raise Malformed("texts in the body may not hold control or bidi control characters")
        return 0
    if kind is dict:
        members = len(value)
        for name, member in value.items():
            members += _check(name) + _check(member)
        return members
    if kind is list:
        if len(value) > ITEMS_MAX:
            raise Malformed(f"arrays in the body may hold at most {ITEMS_MAX} items", items_max=ITEMS_MAX)
        return sum(map(_check, value))
    if kind is float or (kind is int and not -INTEGER_MAX <= value <= INTEGER_MAX):
        raise Malformed("numbers in the body must be plain integers of at most 64 bits")
    return 0


def _depth(bones: bytes) -> int:
    """Return the deepest nesting of a valid document whose strings were taken out."""
    depth = deepest = 0
    for char in bones:
        if char in b"{[":
            depth += 1
            deepest = max(deepest, depth)
        elif char in b"}]":
            depth -= 1
    return deepest
