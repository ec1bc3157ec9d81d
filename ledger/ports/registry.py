"""The registry of businesses: whether a business number is in use."""

from __future__ import annotations

from typing import Literal, Protocol

BusinessState = Literal["active", "closed", "suspended", "not_found"]


class BusinessRegistry(Protocol):
    """Looks up business numbers. Source: SPEC M4, 13."""

    async def lookup(self, number: str) -> BusinessState:
        """Return the state of a business. Raises: PortUnavailable.

        Args:
            number: ten digits, with or without hyphens.
        """
