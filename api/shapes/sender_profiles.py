"""Shapes of sender profiles."""

from __future__ import annotations

from typing import Any, Literal

from api.shapes.base import ACCOUNT_ID, TIME, Shape, example

PROFILE: dict[str, Any] = {
    "id": "snp_01k7q4m2x9w3t8r5z61",
    "account_id": ACCOUNT_ID,
    "search_id": "@bluekite",
    "category": ["Food", "Cafe", "Coffee"],
    "status": "normal",
    "code": None,
    "channel_key": "chn_4f1c0b7a9d2e5f8a",
    "rank": 0,
    "requested_at": TIME,
    "registered_at": TIME,
}


class SenderProfile(Shape):
    """A sender profile: requested, awaiting_token, verifying; then as Kakao says normal, blocked or dormant."""

    model_config = example(**PROFILE)

    id: str
    account_id: str
    search_id: str
    category: list[str]
    status: Literal["requested", "awaiting_token", "verifying", "normal", "blocked", "dormant", "refused", "removed"]
    code: str | None
    channel_key: str | None
    rank: int
    requested_at: str
    registered_at: str | None


class ListedSenderProfile(SenderProfile):
    """A sender profile with the last digits of its manager's number."""

    model_config = example(**PROFILE, manager_phone="***-***-0001")

    manager_phone: str
