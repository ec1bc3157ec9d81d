"""Shapes of the periods of the books."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from api.shapes.base import TIME, Shape, example

_PERIOD: dict[str, Any] = {
    "closed_through": "2026-02-28",
    "from": None,
    "first_open_day": "2026-03-01",
    "reason": "February is reconciled",
    "closed_at": TIME,
    "closed_by": "key_5k2m8t4w",
}


class ClosedPeriod(Shape):
    """A close of the books: which days it closed; null = all from the first."""

    model_config = example(**_PERIOD)

    closed_through: str
    from_day: Annotated[str | None, Field(alias="from")]
    first_open_day: str
    reason: str
    closed_at: str
    closed_by: str


class ListedClosedPeriod(ClosedPeriod):
    """A close of the books, and the position of its fact."""

    model_config = example(**_PERIOD, position=42)

    position: int
