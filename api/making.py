"""Work that may outlive the request that asked for it: whoever asks again for the same finds it under way, or done.

A request has a few seconds; a long table takes longer to be typeset. The caller is told to come again, and the work
goes on meanwhile, so that coming again is of use.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from functools import partial
from typing import Any, TypeVar

from aggregates.errors import Unavailable

T = TypeVar("T")

WORKS_MAX = 16
"""Works under way, or done and still kept; one more is told to come again."""

KEPT_S = 60.0
"""So long a result is kept for whoever comes again."""


class Making:
    """What is being made now."""

    def __init__(self) -> None:
        self._works: dict[Hashable, asyncio.Task[Any]] = {}

    async def once(self, name: Hashable, work: Callable[[], Coroutine[Any, Any, T]], *, kept_s: float = KEPT_S) -> T:
        """Return what a work of this name comes to; it begins where there is none, and ends whoever waits for it.

        Args:
            name: of all that the result depends on.
            kept_s: how long the result is kept; a failure never is.

        Raises:
            Unavailable: too much is being made already.
        """
        task = self._works.get(name)
        if task is None:
            if len(self._works) >= WORKS_MAX:
                raise Unavailable("too many files are being made; try again", 5)
            task = self._works[name] = asyncio.create_task(work())
            task.add_done_callback(partial(self._end, name, kept_s))
        made: T = await asyncio.shield(task)
        return made

    def _end(self, name: Hashable, kept_s: float, task: asyncio.Task[Any]) -> None:
        if task.cancelled() or task.exception() is not None or not kept_s:
            del self._works[name]
        else:
            asyncio.get_running_loop().call_later(kept_s, self._works.pop, name)
