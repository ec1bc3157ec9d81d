"""Shapes of accounts and API keys."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from api.shapes.base import ACCOUNT_ID, TIME, Shape, example

_ACCOUNT: dict[str, Any] = {
    "id": ACCOUNT_ID,
    "name": "Harbour Tea House",
    "mode": "prepaid",
    "currency": "KRW",
    "status": "open",
    "balance": 422748,
    "held": 0,
    "refund_pending": 0,
    "available": 422748,
    "overdraft_limit": 0,
    "credit_limit": None,
    "used_this_month": None,
    "remaining_limit": None,
    "version": 7,
}


class Account(Shape):
    """A customer company's prepaid money, or its monthly limit, after a command."""

    model_config = example(**_ACCOUNT)

    id: str
    name: str
    mode: Literal["prepaid", "postpaid"]
    currency: str
    status: Literal["open", "frozen", "closed"]
    balance: int
    held: int
    refund_pending: int
    available: Annotated[int | None, Field(description="null when an unlimited overdraft allows anything")]
    overdraft_limit: int | Literal["unlimited"]
    credit_limit: int | None
    used_this_month: int | None
    remaining_limit: int | None
    version: int


class ListedAccount(Account):
    """A customer company's money as of now, with its books beside the prepaid one."""

    model_config = example(**_ACCOUNT, collections=50000, payer_credit=500, payout_hold=0)

    collections: Annotated[int, Field(description="collected for it; negative when more was taken back than is there")]
    payer_credit: Annotated[int, Field(description="what its payers paid beyond what was due; still theirs")]
    payout_hold: Annotated[int, Field(description="paid in for pay-out links and not paid out")]


class Key(Shape):
    """An API key; `key` is the key itself, shown once."""

    model_config = example(
        id="key_7k2m9q4x1w8t",
        key="lk_live_7k2m9q4x1w8t_<43 characters>_<checksum>",
        role="service",
        scopes=["accounts:read", "charges:write"],
        account_id=None,
        member_id=None,
        owner="payments-team",
        environment="live",
        created_at=TIME,
        created_by="key_0c5f3h8j2n6p",
        expires_at="2027-03-02T01:15:30.000000Z",
        revoked_at=None,
    )

    id: str
    key: str | None = None
    role: str
    scopes: list[str]
    account_id: str | None
    member_id: str | None
    owner: str
    environment: Literal["live", "test"]
    created_at: str
    created_by: str
    expires_at: str | None
    revoked_at: str | None
