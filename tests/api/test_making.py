"""What is being made goes on when the request that asked for it has ended, and is found by the next one."""

from __future__ import annotations

import asyncio

import pytest

from aggregates.errors import Unavailable
from api.making import WORKS_MAX, Making

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Slow:
    """Work that ends when it is let."""

    def __init__(self) -> None:
        self.begun, self.go = 0, asyncio.Event()

    async def __call__(self) -> str:
        self.begun += 1
        await self.go.wait()
        return "made"


async def test_work_outlives_who_asked_and_is_found_by_who_asks_again() -> None:
    making, slow = Making(), Slow()

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await making.once("a", slow)
    slow.go.set()

    assert await making.once("a", slow) == "made"
    assert await making.once("a", slow) == "made"
    assert slow.begun == 1


async def test_what_is_not_kept_is_made_again_and_a_failure_never_is_kept() -> None:
    making, slow = Making(), Slow()
    slow.go.set()

    async def fail() -> str:
        raise Unavailable("not now")

    assert [await making.once("a", slow, kept_s=0) for _ in range(2)] == ["made", "made"]
    for _ in range(2):
        with pytest.raises(Unavailable, match="not now"):
            await making.once("b", fail)
    assert slow.begun == 2


async def test_no_more_than_so_many_are_made_at_a_time() -> None:
    making, slow = Making(), Slow()
    waiting = [asyncio.ensure_future(making.once(number, slow)) for number in range(WORKS_MAX)]
    await asyncio.sleep(0)

    with pytest.raises(Unavailable, match="too many"):
        await making.once("more", slow)

    slow.go.set()
    assert await asyncio.gather(*waiting) == ["made"] * WORKS_MAX
