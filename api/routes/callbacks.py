"""Callbacks of providers: signed hints that something has changed. No key; the signature says who it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api import shapes
from api.access import ObjectRule, filtered
from api.ask import Ask
from api.operation import PUBLIC, operation
from api.problems import RouteNotFound
from api.reply import Reply, of_view
from ledger.callbacks import HEADERS, PROVIDERS, CallbackRefused

ANYONE: ObjectRule = filtered


@operation(
    "POST",
    "/v1/callbacks/{provider}",
    scope=PUBLIC,
    rule=ANYONE,
    keyed=None,
    file=True,
    headers=HEADERS,
    answer=shapes.CallbackTaken,
    raises=(CallbackRefused, RouteNotFound),
)
async def take_callback(ask: Ask, provider: str, file: bytes, headers: Mapping[str, str]) -> Reply:
    """Take a provider's callback, signed as Standard Webhooks are (webhook-id, webhook-timestamp, webhook-signature).

    It is a hint and nothing else: the provider is asked, and its answer is what counts. The same webhook-id again is
    answered the same and has no effect.
    """
    if provider not in PROVIDERS or ask.house.callbacks is None:
        raise RouteNotFound("there is no provider of this name")
    await ask.house.callbacks.receive(provider, headers, file)
    taken: dict[str, Any] = {"taken": True}
    return of_view(taken, await ask.position())
