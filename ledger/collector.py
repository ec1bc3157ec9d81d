"""The garbage collector in a process that keeps a large, long-lived heap: warm accounts, keys, code."""

from __future__ import annotations

import gc

YOUNG_MAX = 50_000
"""Objects made before the youngest are looked at; a command makes a hundred, nearly all freed by counting."""


def leave_alone() -> None:
    """Leave what is loaded alone for good: a look at all of it takes 70 ms. Call once, before the work begins."""
    gc.collect()
    gc.freeze()


def calm() -> None:
    """Leave what is loaded alone, and look at the rest less often. Call once, before the work begins.

    Nothing of the write path is in cycles, so the collector finds nothing there, and looking costs up to a third of
    a command.
    """
    leave_alone()
    gc.set_threshold(YOUNG_MAX, 20, 50)
