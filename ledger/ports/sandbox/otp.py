"""The sandbox's one-time codes: nothing is sent, and the code is always 000000."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from ledger.ports.otp import CODE_DIGITS, LIFE_S, TRIES_MAX
from ledger.ports.sandbox.state import SandboxState, find

CODE = "0" * CODE_DIGITS


class SandboxOtp:
    """An `OtpPort` for tests and demos."""

    def __init__(self, state: SandboxState) -> None:
        self._state = state

    async def send(self, to: str, key: str) -> None:
        """As `OtpPort.send`."""
        async with self._state.connected() as connection:
            await connection.execute(
                "INSERT INTO otp (key, sent_at) VALUES (%s, %s) ON CONFLICT (key) DO UPDATE SET asked = otp.asked + 1",
                (key, self._state.now()),
            )

    async def verify(self, key: str, code: str) -> Literal["right", "wrong", "expired", "locked", "absent"]:
        """As `OtpPort.verify`."""
        async with self._state.connected() as connection, connection.transaction():
            sent = await find(connection, "SELECT sent_at, wrong, used FROM otp WHERE key = %s FOR UPDATE", key)
            if sent is None:
                return "absent"
            if sent["wrong"] >= TRIES_MAX:
                return "locked"
            if sent["used"] or self._state.now() >= sent["sent_at"] + timedelta(seconds=LIFE_S):
                return "expired"
            if code == CODE:
                await connection.execute("UPDATE otp SET used = true WHERE key = %s", (key,))
                return "right"
            await connection.execute("UPDATE otp SET wrong = wrong + 1 WHERE key = %s", (key,))
            return "locked" if sent["wrong"] + 1 >= TRIES_MAX else "wrong"
