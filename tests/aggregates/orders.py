"""What order tests are made of: lines with prices, tokens for recipients, and drafts that break no rule."""

from __future__ import annotations

from typing import Any

from aggregates.order.form import OrderDraft
from aggregates.order.parts import OrderLine


def line(sale: int, list_: int | None = None, quantity: int = 1, **flags: Any) -> OrderLine:
    """Return an item at a sale price; the list price is the same unless said."""
    plain: dict[str, Any] = {
        "product_id": "prd_00000000000000cafe",
        "sku": f"CLOUD-{sale}-30",
        "name": "Drip coffee",
        "brand": "Cloud Nine",
        "validity_days": 30,
        "cash_convertible": False,
        "duplicate_restricted": False,
        "night_schedule_blocked": False,
    }
    return OrderLine(
        list_minor=sale if list_ is None else list_, sale_minor=sale, quantity=quantity, **{**plain, **flags}
    )


def tokens(count: int) -> tuple[str, ...]:
    """Return vault tokens of so many recipients."""
    return tuple(f"rcp_{number:020d}" for number in range(count))


def draft(**given: Any) -> OrderDraft:
    """Return a general order of one item for one recipient that breaks no rule, with what is given instead."""
    plain: dict[str, Any] = {
        "name": "autumn gift",
        "kind": "general",
        "lines": (line(9_900, 10_000),),
        "designated": None,
        "dispatch_title": "감사합니다",
        "scheduled_at": None,
        "recipients": tokens(1),
        "duplicates": False,
        "allow_duplicates": False,
        "consent": True,
        "sender_profile_id": None,
        "template_id": None,
        "theme_id": None,
        "texts_token": None,
        "source": "order",
    }
    return OrderDraft(**{**plain, **given})
