"""From a recipient's row to what the verified recipient sees."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

from api.pages import pieces
from api.pages.gate import new_nonce
from api.pages.html import Html, joined
from api.recipient_page import show
from api.recipient_page.texts import Texts
from projections.order_queries import is_live

UNDER_WAY = frozenset({"pending", "chosen", "requested"})
"""States of coupons that will come, or will be said not to."""


def content_of(
    texts: Texts,
    lines: Sequence[dict[str, Any]],
    recipient: dict[str, Any],
    numbers: Mapping[int, str],
    off_sale: Collection[int],
    *,
    today: date,
    wrong: str = "",
) -> tuple[Html, bool]:
    """Return what the verified recipient sees, and whether something is on its way that a reload may show.

    Args:
        lines: items of the order. recipient: as `order_queries.one_recipient` has it.
        numbers: of its coupons, by place. off_sale: lines that are not sold any more.
        today: KST date. wrong: what was wrong with the last step.
    """
    coupons = recipient["coupons"]
    if recipient["given_up"] is not None:
        return pieces.notice(texts.given_up if recipient["given_up"] == "not_delivered" else texts.all_gone), False
    if any(coupon["state"] == "awaiting_choice" for coupon in coupons):
        return _choice(texts, lines, recipient, off_sale, today, wrong), False
    cards, voided, ended, preparing = [], [], [], 0
    tags = {"used": texts.used, "expired": texts.expired}
    for place, coupon in enumerate(coupons):
        line = None if coupon["line"] is None else lines[coupon["line"]]
        if line is not None and is_live(coupon) and place in numbers:
            until = None if coupon["valid_until"] is None else date.fromisoformat(coupon["valid_until"])
            cards.append(show.Card(line["brand"], line["name"], numbers[place], until))
        elif line is not None and coupon["state"] == "voided":
            voided.append(show.Card(line["brand"], line["name"], None, None))
        elif line is not None and coupon["state"] in tags:
            ended.append((show.Card(line["brand"], line["name"], None, None), tags[coupon["state"]]))
        elif coupon["state"] in UNDER_WAY:
            preparing += 1
    told = [pieces.fault(wrong)]
    if cards and recipient["chosen_by"] == "service":
        told.append(pieces.notice(texts.chosen_for_you))
    return joined([*told, show.coupons(texts, cards, voided, preparing, ended)]), bool(preparing)


def _choice(
    texts: Texts,
    lines: Sequence[dict[str, Any]],
    recipient: dict[str, Any],
    off_sale: Collection[int],
    today: date,
    wrong: str,
) -> Html:
    until = None if recipient["choose_until"] is None else date.fromisoformat(recipient["choose_until"])
    if until is None or today > until:
        return pieces.notice(texts.choice_closed)
    gone = {*off_sale, *recipient["excluded"]}
    items = [show.Item(number, line["brand"], line["name"], number in gone) for number, line in enumerate(lines)]
    return show.choice_form(texts, items, until, new_nonce(), wrong)
