"""The end of a day where a link is at home, and rials as people say them (SPEC R-132, R-134)."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from aggregates.collecting.zones import OFFSETS, SEOUL, TEHRAN, end_of_day, local_date
from aggregates.errors import Malformed
from aggregates.money import toman_text


@pytest.mark.parametrize(
    ("zone", "ends"),
    [
        (SEOUL, datetime(2026, 3, 31, 15, 0, tzinfo=UTC)),
        (TEHRAN, datetime(2026, 3, 31, 20, 30, tzinfo=UTC)),
        ("UTC", datetime(2026, 4, 1, tzinfo=UTC)),
    ],
)
def test_a_day_ends_at_midnight_of_its_zone_r132(zone: str, ends: datetime) -> None:
    assert end_of_day(date(2026, 3, 31), zone) == ends
    assert local_date(ends, zone) == date(2026, 4, 1)


def test_every_zone_has_a_day_of_twenty_four_hours() -> None:
    for name in OFFSETS:
        assert end_of_day(date(2026, 3, 22), name) - end_of_day(date(2026, 3, 21), name) == end_of_day(
            date(2026, 9, 22), name
        ) - end_of_day(date(2026, 9, 21), name)


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../etc/passwd", "asia/seoul"])
def test_an_unknown_zone_is_refused_and_not_echoed(name: str) -> None:
    with pytest.raises(Malformed) as refused:
        end_of_day(date(2026, 3, 31), name)
    assert not name or name not in refused.value.detail


@pytest.mark.parametrize(
    ("rials", "tomans"), [(0, "0"), (10, "1"), (12_345, "1234.5"), (-15, "-1.5"), (1_000_000, "100000")]
)
def test_a_toman_is_ten_rials_and_display_only_r134(rials: int, tomans: str) -> None:
    assert toman_text(rials) == tomans
