"""Kakao business channels, which sender profiles are made from (SPEC 8, B3)."""

from __future__ import annotations

from typing import Literal, NamedTuple, Protocol

ChannelState = Literal["normal", "blocked", "dormant"]


class ChannelAnswer(NamedTuple):
    """What the provider says to a request.

    Attributes:
        status: done; refused, for `code`.
        code: developer_channel, token_wrong, token_expired; None when done.
        channel_key: the provider's own name of a registered channel; None before.
    """

    status: Literal["done", "refused"]
    code: str | None = None
    channel_key: str | None = None


class ChannelPort(Protocol):
    """Registers business channels. Source: SPEC 13."""

    async def request_token(self, search_id: str, phone: str, key: str) -> ChannelAnswer:
        """Have a one-time token sent to the manager's phone; it lives 5 minutes. Raises: PortUnavailable."""

    async def register(self, search_id: str, token: str, key: str) -> ChannelAnswer:
        """Register a channel with the token that its manager was sent. Raises: PortUnavailable."""

    async def state(self, channel_key: str) -> ChannelState | None:
        """Return the state of a registered channel; None = there is none. Raises: PortUnavailable."""
