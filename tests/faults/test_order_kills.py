"""A short round of kills while orders are issued and sent; `make faults` plays fifty on an order of 10,000."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from aggregates.order import Order
from faults.__main__ import own_folder
from faults.orders import check_messages, play_orders


def test_a_killed_worker_issues_sends_and_pays_nothing_twice() -> None:
    with own_folder() as folder:
        played = asyncio.run(play_orders(Path(folder), kills=4, recipients=300, seed=3, pause_s=0.3))

    assert {count.code: count.damage for count in played.counts} == {count.code: 0 for count in played.counts}
    assert (played.kills, played.orders >= 1) == (4, True)
    assert played.coupons > 250
    assert played.messages > 300


def message(recipient: int, channel: str = "alimtalk", asked: int = 1, outcome: str = "delivered") -> dict[str, Any]:
    key = f"ord_1:message:1:{recipient}:{channel}"
    return {"key": key, "channel": channel, "asked": asked, "outcome": outcome, "template": "order-gift"}


@pytest.mark.parametrize(
    ("sent", "damage"),
    [
        ([message(0), message(1)], {"O4": 0, "O5": 0}),
        ([message(0), message(1, outcome="failed"), message(1, "mms")], {"O4": 0, "O5": 0}),
        ([message(0), message(1, asked=2)], {"O4": 1, "O5": 0}),
        ([message(0), message(1), message(1, "mms")], {"O4": 0, "O5": 1}),
        ([message(0)], {"O4": 0, "O5": 1}),
        ([message(0), message(1), {**message(1), "key": "ord_1:message:2:1:alimtalk"}], {"O4": 0, "O5": 1}),
    ],
)
def test_the_checker_of_messages_finds_what_is_planted(sent: list[dict[str, Any]], damage: dict[str, int]) -> None:
    order = Order.blank(uuid4())
    order.recipients = 2

    assert {count.code: count.damage for count in check_messages(order, sent)} == damage
