"""Shapes of notices to owners."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from api.shapes.base import ACCOUNT_ID, TIME, Shape, example

_OWNER: dict[str, Any] = {"account_id": ACCOUNT_ID, "member_id": None}


class NoticeContactKept(Shape):
    """Which ways of telling an owner are kept now."""

    model_config = example(**_OWNER, email=True, phone=False)

    account_id: str
    member_id: str | None
    email: bool
    phone: bool


class NoticeContact(Shape):
    """Where an owner wants to be told."""

    model_config = example(**_OWNER, email="gifts@pine-street.example", phone=None)

    account_id: str
    member_id: str | None
    email: str | None
    phone: str | None


class Notice(Shape):
    """Something that an owner was told, or is being told."""

    model_config = example(
        id="ntc_01k7q4m2x9w3t8r5z6h2k9w4q8m1x7",
        **_OWNER,
        kind="occurrence_skipped",
        rule_id="ann_01k7q4m2x9w3t8r5z6h2k9w4q8m1x7",
        detail={"day": "2026-08-15", "code": "insufficient_funds"},
        at=TIME,
        status="told",
        channel="email",
        code=None,
        settled_at=TIME,
    )

    id: str
    account_id: str
    member_id: str | None
    kind: Literal["rule_suspended", "occurrence_skipped"]
    rule_id: str
    detail: Annotated[dict[str, str], Field(description="cause and product, or day and code")]
    at: Annotated[str, Field(description="when it happened")]
    status: Literal["open", "requested", "told", "not_told"]
    channel: Annotated[Literal["email", "sms"] | None, Field(description="by which it arrived")]
    code: Annotated[str | None, Field(description="why it did not")]
    settled_at: str | None
