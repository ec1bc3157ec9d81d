"""Rows packed for binary COPY are the rows that PostgreSQL reads."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from psycopg import Connection

from projections.packing import FILE_END, FILE_HEADER, row_packer
from projections.registry import ALL_VIEWS

TYPES = {
    "small": "smallint",
    "number": "integer",
    "amount": "bigint",
    "flag": "boolean",
    "word": "text",
    "id": "uuid",
    "at": "timestamptz",
    "day": "date",
    "detail": "jsonb",
    "counts": "integer[]",
}


class Packed(NamedTuple):
    """A row of every type that views have."""

    small: int | None
    number: int | None
    amount: int | None
    flag: bool | None
    word: str | None
    id: UUID | None
    at: datetime | None
    day: date | None
    detail: Any
    counts: list[int] | None


ROWS = [
    Packed(
        32_767, 2**31 - 1, 2**63 - 1, True, "쿠폰 'x' \\N\t\n", UUID(int=2**128 - 1),
        datetime(2026, 1, 2, 3, 4, 5, 678901, UTC), date(2024, 2, 29), {"reason": "반품", "n": [1, None]}, [1, -2, 3],
    ),
    Packed(
        -32_768, -(2**31), -(2**63), False, "", UUID(int=0), datetime(1999, 12, 31, 23, 59, 59, 999_999, UTC),
        date(1970, 1, 1), [], [],
    ),
    Packed(*[None] * 10),
]  # fmt: skip


def test_values_of_every_type_and_nulls_come_back_as_they_were(project: Connection[Any]) -> None:
    project.execute(f"CREATE TEMPORARY TABLE packed ({', '.join(f'{name} {type_}' for name, type_ in TYPES.items())})")
    pack = row_packer(list(TYPES.items()))

    with project.cursor() as cursor, cursor.copy("COPY packed FROM STDIN (FORMAT binary)") as copy:
        copy.write(b"".join([FILE_HEADER, *map(pack, ROWS), FILE_END]))

    assert [Packed(*row) for row in project.execute("SELECT * FROM packed").fetchall()] == ROWS


@pytest.mark.parametrize("value", [2**63, "1", 1.5], ids=["too large", "a text", "a fraction"])
def test_a_value_of_another_type_than_its_column_is_refused(value: Any) -> None:
    with pytest.raises(Exception, match=r"int|argument|format"):
        row_packer([("amount", "bigint")])(ROWS[0]._replace(amount=value))


def test_every_column_of_every_view_can_be_packed() -> None:
    for view in ALL_VIEWS:
        for table in view.TABLES:
            assert table.pack is not None
