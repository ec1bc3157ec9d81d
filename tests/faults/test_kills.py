"""A short round of each kill with real processes; `make faults` plays twenty of each."""

from __future__ import annotations

import asyncio

import pytest

from faults.__main__ import ROUNDS, play


@pytest.mark.parametrize("name", ROUNDS)
def test_nothing_acknowledged_is_lost_and_nothing_is_done_twice(name: str) -> None:
    played = asyncio.run(play(name, ROUNDS[name], kills=2, seed=7))

    assert {count.code: count.damage for count in played.counts} == {count.code: 0 for count in played.counts}
    assert played.acknowledged > 0
