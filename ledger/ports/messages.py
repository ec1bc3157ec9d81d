"""Messages: Alimtalk and MMS to coupon recipients, SMS and e-mail to everybody else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple, Protocol

Channel = Literal["alimtalk", "mms", "sms", "email"]


class Message(NamedTuple):
    """One message.

    Attributes:
        to: phone number (digits) or address, in clear: never for facts or logs.
        template: id of a template that the provider knows.
        vars: what the template is filled with.
        key: one attempt on one channel, e.g. "ord_...:message:2:17:alimtalk"; the same key is sent once.
        sender: number that an MMS or SMS is shown to come from; "" = the channel's own name.
    """

    to: str
    template: str
    vars: Mapping[str, str]
    key: str
    sender: str = ""


class Delivery(NamedTuple):
    """Where a message stands.

    Attributes:
        status: accepted: on its way, ask again; delivered; failed: definitely not delivered; absent: the provider has
            never heard of the key.
        code: of a failure: no_kakao_user, blocked_profile, template_mismatch, unreachable; else None.
        at: when it was delivered or failed; when it was accepted, of one on its way, where the provider says so.
    """

    status: Literal["accepted", "delivered", "failed", "absent"]
    code: str | None = None
    at: datetime | None = None


class MessagePort(Protocol):
    """Sends messages. Source: SPEC D1, 13."""

    async def send(self, channel: Channel, batch: Sequence[Message]) -> tuple[Delivery, ...]:
        """Send messages, at most 500; return where each stands, in order. A key that was sent before is not sent again.

        Raises:
            PortUnavailable: no answer; each may have been sent, so ask `status`, or send the same batch again.
        """

    async def status(self, keys: Sequence[str]) -> dict[str, Delivery]:
        """Return where each message stands; every key is in it. Raises: PortUnavailable."""
