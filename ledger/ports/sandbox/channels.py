"""The sandbox's Kakao business channels: search ids that begin with `@dev` are developer channels and refused."""

from __future__ import annotations

from datetime import timedelta

from ledger.ports.channels import ChannelAnswer, ChannelState
from ledger.ports.sandbox.otp import CODE
from ledger.ports.sandbox.state import SandboxState, draw, find

TOKEN_LIFE_S = 300


class SandboxChannels:
    """A `ChannelPort` for tests and demos. The token is always 000000."""

    def __init__(self, state: SandboxState) -> None:
        self._state = state

    async def request_token(self, search_id: str, phone: str, key: str) -> ChannelAnswer:
        """As `ChannelPort.request_token`."""
        if search_id.startswith("@dev"):
            return ChannelAnswer("refused", "developer_channel")
        async with self._state.connected() as connection:
            await connection.execute(
                "INSERT INTO channel (search_id, channel_key, sent_at) VALUES (%s, %s, %s)"
                " ON CONFLICT (search_id) DO UPDATE SET sent_at = excluded.sent_at",
                (search_id, f"chn_{draw('channel', search_id):016x}", self._state.now()),
            )
        return ChannelAnswer("done")

    async def register(self, search_id: str, token: str, key: str) -> ChannelAnswer:
        """As `ChannelPort.register`."""
        async with self._state.connected() as connection, connection.transaction():
            asked = await find(connection, "SELECT * FROM channel WHERE search_id = %s FOR UPDATE", search_id)
            if asked is not None and asked["registered"]:
                return ChannelAnswer("done", channel_key=asked["channel_key"])
            if asked is None or token != CODE:
                return ChannelAnswer("refused", "token_wrong")
            if self._state.now() >= asked["sent_at"] + timedelta(seconds=TOKEN_LIFE_S):
                return ChannelAnswer("refused", "token_expired")
            await connection.execute("UPDATE channel SET registered = true WHERE search_id = %s", (search_id,))
        return ChannelAnswer("done", channel_key=asked["channel_key"])

    async def state(self, channel_key: str) -> ChannelState | None:
        """As `ChannelPort.state`."""
        async with self._state.connected() as connection:
            found = await find(
                connection, "SELECT state FROM channel WHERE channel_key = %s AND registered", channel_key
            )
        return None if found is None else found["state"]
