"""Shapes of anniversary rules."""

from __future__ import annotations

from typing import Any, Literal

from api.shapes.base import ACCOUNT_ID, Shape, example
from api.shapes.catalogue import LINE, PricedLine

RULE_ID = "ann_01k7q4m2x9w3t8r5z6000abc"
Status = Literal["active", "paused", "suspended", "ended"]
_RULE: dict[str, Any] = {
    "id": RULE_ID,
    "account_id": ACCOUNT_ID,
    "member_id": None,
    "name": "Birthdays of the team",
    "status": "active",
    "on": True,
    "reason": None,
    "kind": "general",
    "recipients": 120,
    "items": 1,
    "amount_each": 9900,
    "dispatch_title": "HappyBirthday",
    "designated": None,
    "allow_duplicates": False,
    "sender_profile_id": None,
    "template_id": None,
    "theme_id": None,
    "ends_on": "2030-12-31",
    "lines": [LINE],
    "created_at": "2024-10-28T06:07:08.090000Z",
    "position": 4711,
}


class CreatedAnniversaryRule(Shape):
    """A rule that was made; it is on."""

    model_config = example(
        id=RULE_ID,
        account_id=ACCOUNT_ID,
        member_id=None,
        name="Birthdays of the team",
        kind="general",
        status="active",
        recipients=120,
        items=1,
        ends_on="2030-12-31",
    )

    id: str
    account_id: str
    member_id: str | None
    name: str
    kind: str
    status: Status
    recipients: int
    items: int
    ends_on: str | None


class ChangedAnniversaryRule(Shape):
    """A rule after a change. recipients: how many are on the new list; null = the list is as it was."""

    model_config = example(
        id=RULE_ID, name="Birthdays of the team", kind="general", items=2, ends_on=None, recipients=None
    )

    id: str
    name: str
    kind: str
    items: int
    ends_on: str | None
    recipients: int | None


class AnniversaryStatus(Shape):
    """The state of a rule."""

    model_config = example(id=RULE_ID, status="paused")

    id: str
    status: Status


class AnniversaryRecipients(Shape):
    """How many are on the new list of a rule."""

    model_config = example(id=RULE_ID, recipients=121)

    id: str
    recipients: int


class ListedAnniversaryRule(Shape):
    """A rule as its owner sees it. amount_each: for one recipient; of a choice order at most."""

    model_config = example(**_RULE)

    id: str
    account_id: str
    member_id: str | None
    name: str
    status: Status
    on: bool
    reason: str | None
    kind: str
    recipients: int
    items: int
    amount_each: int
    dispatch_title: str
    designated: int | None
    allow_duplicates: bool
    sender_profile_id: str | None
    template_id: str | None
    theme_id: str | None
    ends_on: str | None
    lines: list[PricedLine]
    created_at: str
    position: int


class AnniversaryNotice(Shape):
    """Something the owner is told; what does not belong to its kind is null."""

    at: str
    kind: Literal["changed", "ordered", "skipped", "suspended", "paused", "resumed", "ended", "recipients_replaced"]
    day: str | None
    order_id: str | None
    recipients: int | None
    cause: str | None
    product_id: str | None
    code: str | None
    reason: str | None


class AnniversaryRule(ListedAnniversaryRule):
    """A rule with its newest notices."""

    model_config = example(
        **_RULE,
        notices=[
            {
                "at": "2024-09-16T17:00:00.000000Z",
                "kind": "skipped",
                "day": "2024-09-17",
                "order_id": None,
                "recipients": None,
                "cause": None,
                "product_id": None,
                "code": "insufficient_funds",
                "reason": None,
            }
        ],
    )

    notices: list[AnniversaryNotice]


class AnniversaryRecipient(Shape):
    """Who is on the list of a rule, and the day; month and day belong to the calendar beside them."""

    model_config = example(
        number=0,
        phone="***-***-0001",
        name="H**",
        company="",
        title="",
        calendar="lunar",
        month=8,
        day=15,
        first_year=None,
    )

    number: int
    phone: str
    name: str
    company: str
    title: str
    calendar: Literal["solar", "lunar"]
    month: int
    day: int
    first_year: int | None
