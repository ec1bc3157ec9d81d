"""A body is read in one way or not at all."""

from __future__ import annotations

from contextlib import suppress

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregates.errors import Malformed
from api.strict_json import DEPTH_MAX, ITEMS_MAX, parse

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63) + 1, 2**63 - 1) | st.text('abc:{}[]"\\,.e-0 é\n', max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text('ab:{"\\', max_size=4), inner, max_size=4),
    max_leaves=20,
)


@given(PLAIN)
def test_plain_json_is_read_as_it_is(value: object) -> None:
    assert parse(orjson.dumps(value)) == value


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused_as_malformed(body: bytes) -> None:
    with suppress(Malformed):
        parse(body)


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":1,"a":1}',
        b'{"a":1,"\\u0061":2}',
        b'{"x":{"a":1,"b":2,"a":3}}',
        b'[{"a":1},{"b":1,"b":1}]',
    ],
)
def test_a_member_named_twice_is_refused_at_any_depth(body: bytes) -> None:
    with pytest.raises(Malformed, match="twice"):
        parse(body)


def test_colons_and_brackets_inside_texts_are_only_text() -> None:
    body = b'{"a:b":"c:\\"d:[{{{","e":"\\\\"}'

    assert parse(body) == {"a:b": 'c:"d:[{{{', "e": "\\"}


@pytest.mark.parametrize(("depth", "taken"), [(DEPTH_MAX - 1, True), (DEPTH_MAX, True), (DEPTH_MAX + 1, False)])
def test_nesting_is_bounded(depth: int, taken: bool) -> None:
    body = b"[" * depth + b"]" * depth

    if taken:
        parse(body)
    else:
        with pytest.raises(Malformed, match="deep"):
            parse(body)


@pytest.mark.parametrize(("items", "taken"), [(ITEMS_MAX - 1, True), (ITEMS_MAX, True), (ITEMS_MAX + 1, False)])
def test_arrays_are_bounded(items: int, taken: bool) -> None:
    body = orjson.dumps({"a": list(range(items))})

    if taken:
        parse(body)
    else:
        with pytest.raises(Malformed, match="items"):
            parse(body)


@pytest.mark.parametrize(
    ("number", "taken"), [(2**63 - 1, True), (2**63, False), (-(2**63) + 1, True), (-(2**63), False)]
)
def test_integers_are_bounded_to_64_bits(number: int, taken: bool) -> None:
    body = f'{{"a":{number}}}'.encode()

    if taken:
        assert parse(body) == {"a": number}
    else:
        with pytest.raises(Malformed):
            parse(body)


@pytest.mark.parametrize("char", ["\x00", "\x1b", "\x7f", "\x85", "\u202e", "\u2066", "\u200f", "\ufeff"])
def test_control_and_bidi_control_characters_are_refused_in_names_and_values(char: str) -> None:
    for value in ({"a": f"x{char}y"}, {f"x{char}y": 1}, [[f"{char}"]]):
        with pytest.raises(Malformed, match="control"):
            parse(orjson.dumps(value))


@pytest.mark.parametrize("text", ["줄\n바꿈", "نیم\u200cفاصله", "tab\there", "é", "🙂"])
def test_other_text_is_taken_as_it_is(text: str) -> None:
    assert parse(orjson.dumps({"a": text})) == {"a": text}
