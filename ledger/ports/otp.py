"""One-time codes to a phone: second factor, identity of a recipient."""

from __future__ import annotations

from typing import Literal, Protocol

CODE_DIGITS = 6
LIFE_S = 180
"""How long a code lives: 3 minutes (SPEC 13)."""

TRIES_MAX = 5
"""Wrong tries after which a code is dead (SPEC 13)."""


class OtpPort(Protocol):
    """Sends codes and checks them. Source: SPEC 13."""

    async def send(self, to: str, key: str) -> None:
        """Send a code to a phone. The same key again sends nothing; a new key makes the code of an older one no worse.

        Raises: PortUnavailable.
        """

    async def verify(self, key: str, code: str) -> Literal["right", "wrong", "expired", "locked", "absent"]:
        """Check a code that was sent under this key; a right one is right once, then expired. Raises: PortUnavailable.

        Returns:
            wrong: it may be tried again. expired: older than 3 minutes, or used. locked: 5 wrong tries. absent: none
            was sent.
        """
