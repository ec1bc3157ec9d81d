"""Periods of the books: closed forward, only when they are over, and kept for ever (SPEC 14)."""

from __future__ import annotations

from datetime import date

import pytest

from aggregates import ids
from aggregates.books import BOOKS_ID, Books, PeriodClosedAlready, PeriodIsClosed, PeriodNotOver
from aggregates.fact import Stamp
from tests.aggregates.scenario import kst


def stamp(at: str) -> Stamp:
    return Stamp(kst(at), kst(at), "key_accountant", "req_1")


@pytest.fixture
def books() -> Books:
    return Books.blank(ids.stream_id(BOOKS_ID))


def test_books_that_were_never_closed_take_any_day(books: Books) -> None:
    books.require_open(date(1999, 12, 31))


def test_a_closed_day_takes_nothing_and_the_next_day_does(books: Books) -> None:
    books.close(stamp("2024-11-05 09:00"), through=date(2024, 10, 31), reason="October is reconciled")

    with pytest.raises(PeriodIsClosed) as refused:
        books.require_open(date(2024, 10, 31))
    books.require_open(date(2024, 11, 1))

    assert refused.value.figures == {"closed_through": "2024-10-31", "first_open_day": "2024-11-01"}


@pytest.mark.parametrize(
    ("at", "taken"),
    [
        ("2024-10-31 23:59:59", False),
        ("2024-11-01 00:00:00", False),
        ("2024-11-01 00:09:59", False),
        ("2024-11-01 00:10:00", True),
    ],
)
def test_a_day_can_be_closed_when_it_has_been_over_for_ten_minutes(books: Books, at: str, taken: bool) -> None:
    if taken:
        assert books.close(stamp(at), through=date(2024, 10, 31), reason="done").through == date(2024, 10, 31)
        return
    with pytest.raises(PeriodNotOver) as refused:
        books.close(stamp(at), through=date(2024, 10, 31), reason="done")
    assert refused.value.figures == {"latest": "2024-10-30"}


def test_periods_are_closed_forward_only(books: Books) -> None:
    books.close(stamp("2024-11-05 09:00"), through=date(2024, 10, 31), reason="October")

    for day in (date(2024, 10, 31), date(2024, 9, 30)):
        with pytest.raises(PeriodClosedAlready):
            books.close(stamp("2024-11-05 09:01"), through=day, reason="again")
    closed = books.close(stamp("2024-11-05 09:02"), through=date(2024, 11, 1), reason="one day more")

    assert (closed.previous, books.closed_through) == (date(2024, 10, 31), date(2024, 11, 1))
