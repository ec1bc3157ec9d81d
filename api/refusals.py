"""Which refusals an operation can meet, read off the modules whose rules it passes through."""

from __future__ import annotations

from types import ModuleType

from aggregates.errors import LedgerError


def rules(*modules: ModuleType) -> tuple[type[LedgerError], ...]:
    """Return the refusals that these modules of rules define, by code."""
    found = {
        error.code: error
        for module in modules
        for error in vars(module).values()
        if isinstance(error, type) and issubclass(error, LedgerError) and error.__module__ == module.__name__
    }
    return tuple(found[code] for code in sorted(found))
