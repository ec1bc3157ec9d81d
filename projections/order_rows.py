"""Tables of the view `orders`: orders, their recipients with their coupons, batches, voids, and how many are where.

A recipient is one row, its coupons one letter each in it: an order of 10,000 recipients stays 10,000 narrow rows, and a
fact about 500 of them rewrites 500. Who recipients are is not here: tokens are.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from aggregates.order.parts import CouponState, DispatchState
from projections.rows import Table

LETTERS = {
    CouponState.OPEN: ".",
    CouponState.CHOSEN: "c",
    CouponState.REQUESTED: "r",
    CouponState.ISSUED: "i",
    CouponState.ISSUE_FAILED: "f",
    CouponState.VOID_REQUESTED: "q",
    CouponState.VOIDING: "w",
    CouponState.VOIDED: "v",
    CouponState.USED: "u",
    CouponState.EXPIRED: "x",
}
"""Letter of a coupon's state in `RecipientRow.coupons`."""

LIVE_LETTERS = "iqw"
"""Letters of coupons that a recipient can use."""

IN_USE = "i"
"""Letter of coupons that may be said to be used or expired: those that are in no void."""

DISPATCH = {
    DispatchState.IN_PROGRESS: "progress",
    DispatchState.SUCCESS: "success",
    DispatchState.FAILED: "failed",
    DispatchState.ERROR: "error",
}

NOTHING, ISSUE, MESSAGE, TELL, WAITS, UNREACHED = range(6)
"""What is due for a recipient: nothing; a coupon to ask for; the first message; the word that an item was chosen; it
waits for a choice, after a message has reached it or before."""

ISSUES, MESSAGES = "issue", "messages"
"""Kinds of batches."""


@dataclass(slots=True)
class OrderRow:
    """One order.

    Attributes:
        made_by: who placed it, as facts name actors.
        status: scheduled, sending, dispatched or cancelled.
        lines: items with the prices they were ordered at.
        progress, success, failure, error: recipients by dispatch state.
        first_token: of recipient 0; None until its fact has come.
        issue_batches, message_batches, voids: numbers of the last ones.
        version: of the order's stream.
        to_issue, to_message, to_tell: recipients for whom that is due now.
        windows: first day of the 7 -> how many of the recipients who got or missed a message that day still wait.
        next_window_on: the earliest of these days; None when nobody waits.
        in_use: coupons that the issuer may say have ended: those in the letter `IN_USE`.
    """

    order_id: str
    position: int
    account_id: str
    member_id: str | None
    made_by: str
    number: str
    name: str
    kind: str
    status: str
    lines: list[dict[str, Any]]
    designated: int | None
    dispatch_title: str
    ordered_at: datetime
    ordered_on: date
    scheduled_at: datetime | None
    started_at: datetime | None
    dispatched_at: datetime | None
    cancelled_at: datetime | None
    recipients: int
    coupons_each: int
    currency: str
    list_minor: int
    discount_minor: int
    amount_minor: int
    unit_minor: int
    held_minor: int
    issued_minor: int
    returned_minor: int
    progress: int
    success: int
    failure: int
    error: int
    sender_profile_id: str | None
    template_id: str | None
    theme_id: str | None
    texts_token: str | None
    source: str
    spend_id: str
    first_token: str | None
    issue_batches: int
    message_batches: int
    voids: int
    version: int
    to_issue: int
    to_message: int
    to_tell: int
    windows: dict[str, int]
    next_window_on: date | None
    in_use: int


@dataclass(slots=True)
class RecipientRow:
    """One recipient of an order, with its coupons.

    Attributes:
        token: of the vault.
        dispatch: progress, success, failed or error.
        channel: alimtalk or mms, whichever reached it last; None before.
        sending: messages on their way. resends: asked for so far.
        coupons: a letter for each coupon, by place.
        chosen: line of a choice order; None while nothing is chosen.
        auto: 1 = chosen for it, 2 = and it was told.
        excluded: bit n = line n could not be issued to it.
        attempted_on, reached_on, issued_on: KST days of the first message, the first that reached it, the last coupon.
        given_up: why nothing is issued to it: not_delivered or items_gone.
        due: what is to be done for it next.
    """

    order_id: str
    recipient: int
    token: str
    dispatch: str
    channel: str | None
    sending: int
    resends: int
    coupons: str
    chosen: int | None
    auto: int
    excluded: int
    attempted_on: date | None
    reached_on: date | None
    issued_on: date | None
    given_up: str | None
    due: int


@dataclass(slots=True)
class BatchRow:
    """One batch that was asked of a provider.

    Attributes:
        kind: issue or messages.
        line, unit, sku: of an issue batch. purpose: of a batch of messages.
        recipients: as they were asked for, in order. waiting: those without a result.
    """

    order_id: str
    kind: str
    batch: int
    position: int
    line: int | None
    unit: int | None
    sku: str | None
    purpose: str | None
    recipients: list[int]
    waiting: list[int]
    requested_at: datetime


@dataclass(slots=True)
class VoidRow:
    """One request to void coupons.

    Attributes:
        status: requested, approved, rejected or settled.
        coupons: their numbers in the order. waiting: those without the issuer's word.
        voided, refused: how many of them.
        code: the issuer's reason for those that stay.
    """

    order_id: str
    void: int
    position: int
    account_id: str
    status: str
    coupons: list[int]
    waiting: list[int]
    voided: int
    refused: int
    code: str | None
    reason: str
    decision_reason: str | None
    requested_by: str
    decided_by: str | None
    requested_at: datetime
    decided_at: datetime | None


@dataclass(slots=True)
class TallyRow:
    """How many orders of a master ("") or a sub-member are in which state."""

    account_id: str
    member_id: str
    scheduled: int
    sending: int
    dispatched: int
    cancelled: int


ORDERS = Table(
    "view_orders",
    OrderRow,
    key={"order_id": "text"},
    ddl="""
    CREATE TABLE {table} (
        order_id text NOT NULL,
        position bigint NOT NULL,
        account_id text NOT NULL,
        member_id text,
        made_by text NOT NULL,
        number text NOT NULL,
        name text NOT NULL,
        kind text NOT NULL,
        status text NOT NULL,
        lines jsonb NOT NULL,
        designated integer,
        dispatch_title text NOT NULL,
        ordered_at timestamptz NOT NULL,
        ordered_on date NOT NULL,
        scheduled_at timestamptz,
        started_at timestamptz,
        dispatched_at timestamptz,
        cancelled_at timestamptz,
        recipients integer NOT NULL,
        coupons_each integer NOT NULL,
        currency text NOT NULL,
        list_minor bigint NOT NULL,
        discount_minor bigint NOT NULL,
        amount_minor bigint NOT NULL,
        unit_minor bigint NOT NULL,
        held_minor bigint NOT NULL,
        issued_minor bigint NOT NULL,
        returned_minor bigint NOT NULL,
        progress integer NOT NULL,
        success integer NOT NULL,
        failure integer NOT NULL,
        error integer NOT NULL,
        sender_profile_id text,
        template_id text,
        theme_id text,
        texts_token text,
        source text NOT NULL,
        spend_id text NOT NULL,
        first_token text,
        issue_batches integer NOT NULL,
        message_batches integer NOT NULL,
        voids integer NOT NULL,
        version bigint NOT NULL,
        to_issue integer NOT NULL,
        to_message integer NOT NULL,
        to_tell integer NOT NULL,
        windows jsonb NOT NULL,
        next_window_on date,
        in_use integer NOT NULL,
        CONSTRAINT {table}_pkey PRIMARY KEY (order_id),
        CHECK (amount_minor = held_minor + issued_minor + returned_minor),
        CHECK (recipients = progress + success + failure + error)
    ) WITH (fillfactor = 70)
    """,
    indexes=(
        "CREATE UNIQUE INDEX IF NOT EXISTS {table}_newest ON {table} (position)",
        "CREATE UNIQUE INDEX IF NOT EXISTS {table}_of_account ON {table} (account_id, position)",
        "CREATE INDEX IF NOT EXISTS {table}_of_member ON {table} (account_id, member_id, position)"
        " WHERE member_id IS NOT NULL",
        "CREATE INDEX IF NOT EXISTS {table}_by_number ON {table} (number)",
        "CREATE INDEX IF NOT EXISTS {table}_by_party ON {table} (first_token)",
        "CREATE INDEX IF NOT EXISTS {table}_scheduled ON {table} (scheduled_at) WHERE status = 'scheduled'",
        "CREATE INDEX IF NOT EXISTS {table}_issuing ON {table} (position) WHERE to_issue > 0",
        "CREATE INDEX IF NOT EXISTS {table}_messaging ON {table} (position) WHERE to_message > 0",
        "CREATE INDEX IF NOT EXISTS {table}_telling ON {table} (position) WHERE to_tell > 0",
        "CREATE INDEX IF NOT EXISTS {table}_windows ON {table} (next_window_on, position)"
        " WHERE next_window_on IS NOT NULL",
        "CREATE INDEX IF NOT EXISTS {table}_in_use ON {table} (position) WHERE in_use > 0",
    ),
    json=frozenset({"lines", "windows"}),
)

RECIPIENTS = Table(
    "view_order_recipients",
    RecipientRow,
    key={"order_id": "text", "recipient": "integer"},
    ddl="""
    CREATE TABLE {table} (
        order_id text NOT NULL,
        recipient integer NOT NULL,
        token text NOT NULL,
        dispatch text NOT NULL,
        channel text,
        sending smallint NOT NULL,
        resends smallint NOT NULL,
        coupons text NOT NULL,
        chosen smallint,
        auto smallint NOT NULL,
        excluded integer NOT NULL,
        attempted_on date,
        reached_on date,
        issued_on date,
        given_up text,
        due smallint NOT NULL,
        CONSTRAINT {table}_pkey PRIMARY KEY (order_id, recipient)
    ) WITH (fillfactor = 50)
    """,
)

BATCHES = Table(
    "view_order_batches",
    BatchRow,
    key={"order_id": "text", "kind": "text", "batch": "integer"},
    ddl="""
    CREATE TABLE {table} (
        order_id text NOT NULL,
        kind text NOT NULL,
        batch integer NOT NULL,
        position bigint NOT NULL,
        line integer,
        unit integer,
        sku text,
        purpose text,
        recipients integer[] NOT NULL,
        waiting integer[] NOT NULL,
        requested_at timestamptz NOT NULL,
        CONSTRAINT {table}_pkey PRIMARY KEY (order_id, kind, batch)
    ) WITH (fillfactor = 80)
    """,
    indexes=("CREATE INDEX IF NOT EXISTS {table}_open ON {table} (kind, position) WHERE waiting <> '{{}}'",),
)

VOIDS = Table(
    "view_order_voids",
    VoidRow,
    key={"order_id": "text", "void": "integer"},
    ddl="""
    CREATE TABLE {table} (
        order_id text NOT NULL,
        void integer NOT NULL,
        position bigint NOT NULL,
        account_id text NOT NULL,
        status text NOT NULL,
        coupons integer[] NOT NULL,
        waiting integer[] NOT NULL,
        voided integer NOT NULL,
        refused integer NOT NULL,
        code text,
        reason text NOT NULL,
        decision_reason text,
        requested_by text NOT NULL,
        decided_by text,
        requested_at timestamptz NOT NULL,
        decided_at timestamptz,
        CONSTRAINT {table}_pkey PRIMARY KEY (order_id, void)
    )
    """,
    indexes=(
        "CREATE UNIQUE INDEX IF NOT EXISTS {table}_newest ON {table} (position)",
        "CREATE UNIQUE INDEX IF NOT EXISTS {table}_of_account ON {table} (account_id, position)",
        "CREATE UNIQUE INDEX IF NOT EXISTS {table}_open ON {table} (status, position)"
        " WHERE status IN ('requested', 'approved')",
    ),
)

TALLIES = Table(
    "view_order_tallies",
    TallyRow,
    key={"account_id": "text", "member_id": "text"},
    ddl="""
    CREATE TABLE {table} (
        account_id text NOT NULL,
        member_id text NOT NULL,
        scheduled bigint NOT NULL,
        sending bigint NOT NULL,
        dispatched bigint NOT NULL,
        cancelled bigint NOT NULL,
        CONSTRAINT {table}_pkey PRIMARY KEY (account_id, member_id)
    ) WITH (fillfactor = 80)
    """,
)
