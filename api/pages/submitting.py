"""Doing what a form asks for, once for each form that was shown."""

from __future__ import annotations

from typing import NamedTuple

import orjson

from aggregates.errors import LedgerError, Unavailable
from api.ask import House
from api.pages.answers import Asked
from ledger.command import Call, Command


class Done(NamedTuple):
    """What became of a form.

    Attributes:
        refused: code of the refusal; "" without one. position: of what was recorded. body: of the answer, as JSON.
    """

    refused: str
    position: int
    body: bytes = b""


async def submit(house: House, asked: Asked, principal: str, step: str, key: str, command: Command) -> Done:
    """Do what a form asks for, once for each form.

    Args:
        principal: who asks, e.g. "recipient:ord_...": scope of the key. step: of the page. key: of this form.

    Raises:
        Unavailable.
    """
    mark = house.vault.request_hash("PAGE", step, key.encode())
    try:
        outcome = await house.engine.submit(command, Call(principal, "", key, mark, asked.request_id))
    except Unavailable:
        raise
    except LedgerError as error:
        return Done(error.code, 0)
    if outcome.status >= 400:
        return Done(str(orjson.loads(outcome.body).get("code")), outcome.position, outcome.body)
    return Done("", outcome.position, outcome.body)
