"""Values that are no amount, though some parser takes each of them for one; and every field that is an amount."""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson
from pydantic import BaseModel

from api.fields import MONEY
from api.operation import OPERATIONS, Operation

FRAGMENTS: dict[str, bytes] = {
    "float": b"1500.5",
    "whole float": b"1500.0",
    "exponent": b"1e3",
    "huge exponent": b"1e400",
    "string": b'"1500"',
    "string with sign": b'"+1500"',
    "string with spaces": b'" 1500 "',
    "string with underscore": b'"1_000"',
    "underscore": b"1_000",
    "string with exponent": b'"1E+3"',
    "full-width digits": '"１５００"'.encode(),
    "Arabic digits": '"١٥٠٠"'.encode(),
    "bare full-width digits": "１５００".encode(),
    "hexadecimal": b"0x10",
    "leading zero": b"0100",
    "plus": b"+1500",
    "true": b"true",
    "null": b"null",
    "minus one": b"-1",
    "zero": b"0",
    "minus zero": b"-0",
    "one too many": b"1000000000000000",
    "2^53": b"9007199254740992",
    "2^63": b"9223372036854775808",
    "2^200": str(2**200).encode(),
    "5,000 digits": b"9" * 5_000,
    "NaN": b"NaN",
    "Infinity": b"Infinity",
    "minus Infinity": b"-Infinity",
    "array": b"[1500]",
    "object": b'{"amount":1500}',
    "lone surrogate": b'"\\ud800"',
    "U+0000": b'"1500\\u0000"',
    "bad UTF-8": b'"\xff\xfe"',
    "bidi": '"\u202e0051"'.encode(),
    "empty string": b'""',
    "deep": b"[" * 20_000 + b"]" * 20_000,
}
"""What stands where the amount should."""


class MoneyField(NamedTuple):
    """One amount in one body.

    Attributes:
        takes: names of fragments that this field rightly takes.
    """

    operation: Operation
    name: str
    takes: frozenset[str]


def is_money(schema: dict[str, Any]) -> bool:
    """Say whether a property is an amount, alone or beside null and words."""
    return schema.get("title") == MONEY or any(is_money(each) for each in schema.get("anyOf", []))


def money_fields(models: dict[str, type[BaseModel]] | None = None) -> list[MoneyField]:
    """Return every amount of every body, found by the models themselves so that none can be forgotten."""
    found = []
    for operation in OPERATIONS:
        if operation.body is None:
            continue
        for name, schema in operation.body.model_json_schema()["properties"].items():
            if not is_money(schema):
                continue
            kinds = [schema, *schema.get("anyOf", [])]
            takes = set()
            if any(kind.get("type") == "null" for kind in kinds):
                takes.add("null")
            lowest = min(kind["minimum"] for kind in kinds if "minimum" in kind)
            if lowest == 0:
                takes.add("zero")
            if lowest < 0:
                takes.add("minus one")
            found.append(MoneyField(operation, name, frozenset(takes)))
    return found


def bodies(field: MoneyField) -> dict[str, bytes]:
    """Return, by name, every body in which this amount, or the document around it, is not fit."""
    assert field.operation.body is not None
    config = field.operation.body.model_config["json_schema_extra"]
    assert isinstance(config, dict)
    example: dict[str, Any] = {**dict(config["example"]), field.name: 1_500}  # type: ignore[arg-type]
    whole = orjson.dumps(example)
    rest = orjson.dumps({name: value for name, value in example.items() if name != field.name})[:-1]
    quoted = orjson.dumps(field.name)
    joint = b"," if len(rest) > 1 else b""
    made = {
        name: rest + joint + quoted + b":" + fragment + b"}"
        for name, fragment in FRAGMENTS.items()
        if name not in field.takes
    }
    made["twice"] = whole[:-1] + b"," + quoted + b":1500}"
    made["twice, escaped"] = whole[:-1] + b',"\\u%04x' % ord(field.name[0]) + field.name[1:].encode() + b'":1500}'
    made["unknown field"] = whole[:-1] + b',"amount_minor":1500}'
    made["trailing bytes"] = whole + b"1"
    made["two documents"] = whole + whole
    made["UTF-16"] = whole.decode().encode("utf-16")
    made["byte order mark"] = b"\xef\xbb\xbf" + whole
    made["cut short"] = whole[:-1]
    made["array around it"] = b"[" + whole + b"]"
    return made
