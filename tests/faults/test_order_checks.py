"""Each checker of orders is shown a planted damage that it must find, and untouched orders in which it must find none.

(The checker of messages has its plants beside the kills, in `test_order_kills`.)
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest

from aggregates.fact import Fact
from aggregates.ids import stream_id
from bench.crowd import LawBroken
from bench.played import Steps
from faults.orders import check_coupons
from ledger.command import Answer, Command
from tests.ledger.commands.shop import Shop

CALLS = [{"asked": 1, "issued": 2}, {"asked": 1, "issued": 1}]
NUMBERS = [["1111"], ["2222"], ["3333"]]


def damage(issued: int, calls: Sequence[dict[str, Any]], numbers: Sequence[Sequence[str]]) -> dict[str, int]:
    """Return code -> damage, of those that have found any."""
    return {count.code: count.damage for count in check_coupons(issued, calls, numbers) if count.damage}


def test_untouched_coupons_have_no_damage_and_everything_was_looked_at() -> None:
    counts = list(check_coupons(3, CALLS, NUMBERS))

    assert [(count.code, count.damage, count.looked_at) for count in counts] == [
        ("O1", 0, 3),
        ("O2", 0, 3),
        ("O3", 0, 2),
    ]


@pytest.mark.parametrize(
    ("issued", "calls", "numbers", "found"),
    [
        (3, CALLS, [["1111"], ["2222"], ["2222"]], {"O1": 1}),
        (4, [*CALLS, {"asked": 1, "issued": 1}], [*NUMBERS[:2], ["3333", "4444"]], {"O1": 1}),
        (3, CALLS, NUMBERS[:2], {"O2": 1}),
        (3, [*CALLS, {"asked": 1, "issued": 5}], NUMBERS, {"O2": 5}),
        (2, CALLS, NUMBERS, {"O2": 2}),
        (3, [{"asked": 2, "issued": 2}, CALLS[1]], NUMBERS, {"O3": 1}),
    ],
    ids=[
        "one number twice",
        "two for one",
        "not in the vault",
        "only at the issuer",
        "not in the order",
        "asked twice",
    ],
)
def test_a_planted_coupon_is_found_by_its_checker(
    issued: int, calls: list[dict[str, Any]], numbers: list[list[str]], found: dict[str, int]
) -> None:
    assert damage(issued, calls, numbers) == found


class Kept(Shop):
    """A shop that remembers which facts were one command's."""

    def do(self, command: Command, occurred_at: datetime | None = None) -> Answer:
        """As `Shop.do`."""
        before = len(self.facts)
        answer = super().do(command, occurred_at)
        self.commands = [*getattr(self, "commands", []), self.facts[before:]]
        return answer


def lived() -> tuple[Kept, str]:
    """Return a choice order of which one item was issued cheaper, one failed for good, and one was voided."""
    shop = Kept(100_000)
    order_id = shop.choice(29_700, 9_900, recipients=3)
    shop.reached(order_id, 0, 1, 2)
    shop.picked(order_id, 0, 1)
    shop.picked(order_id, 1, 0)
    for item in (0, 1):
        shop.choose(order_id, 2, item)
        shop.failed(order_id, 2, line=item)
    shop.voided(order_id, 1)
    return shop, order_id


def compared(shop: Kept, order_id: str, lost: Fact | None = None) -> int:
    """Fold an order and its account command by command, but for a lost fact; return how often they were compared."""
    steps = Steps(order_id, shop.account_id)
    own = {stream_id(order_id), stream_id(shop.account_id)}
    for number, facts in enumerate(shop.commands):
        steps.take(f"command {number}", [fact for fact in facts if fact.originator_id in own and fact is not lost])
    return steps.compared


def test_untouched_money_agrees_after_every_command() -> None:
    shop, order_id = lived()

    assert compared(shop, order_id) > 10


@pytest.mark.parametrize("topic", ["account.spend_captured", "account.difference_refunded", "order.issue_settled"])
def test_money_that_moved_on_one_side_alone_is_found(topic: str) -> None:
    shop, order_id = lived()
    lost = [fact for fact in shop.facts if topic == fact.TOPIC][-1]

    with pytest.raises(LawBroken):
        compared(shop, order_id, lost)
