"""The rows and tables of the view `reconciliation`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from projections.rows import Table


@dataclass(slots=True)
class LineRow:
    """A line of a file.

    Attributes:
        place: its place in the list of all: position of the fact that took it, then its number.
        position: of that fact. seen: of the last fact about it.
        status: open, matched, parked, credited or returned.
        rule: by which it is matched; None when it is not. items: what it is matched with.
        by_hand: whether a person has taken a match of it back: no rule matches it again.
        account_id: whose account its money was put on.
    """

    line_id: str
    place: str
    position: int
    seen: int
    source: str
    side: str
    day: date
    currency: str
    amount_minor: int
    fee_minor: int
    method: str | None
    reference: str | None
    remittance_id: str | None
    note: str | None
    file_id: str
    file_row: int
    status: str
    rule: str | None
    items: list[str]
    reason: str | None
    by_hand: bool
    account_id: str | None


@dataclass(slots=True)
class ItemRow:
    """What the ledger says of money at a provider or a bank.

    Attributes:
        seen: position of the last fact about it. line_id: what it is matched with; None = nothing.
    """

    item_id: str
    side: str
    position: int
    seen: int
    account_id: str | None
    topic: str
    day: date
    currency: str
    amount_minor: int
    method: str | None
    refs: list[str]
    line_id: str | None


@dataclass(slots=True)
class RemittanceRow:
    """What a provider sends to the bank in one sum.

    Attributes:
        last_day: last KST day of its lines. parts: [[method, gross, fee]] of all that belongs to it.
        net_minor: what the bank should have. received_minor: what it has; None before.
    """

    remittance_id: str
    position: int
    seen: int
    source: str
    reference: str
    currency: str
    last_day: date
    lines: int
    parts: list[list[Any]]
    net_minor: int
    received_minor: int | None
    line_id: str | None


@dataclass(slots=True)
class FileRow:
    """A file. document: as people see it."""

    file_id: str
    position: int
    source: str
    document: dict[str, Any]


@dataclass(slots=True)
class OwnerRow:
    """Public id of the account behind a stream."""

    stream: UUID
    account_id: str


LINES = Table(
    "view_recon_lines",
    LineRow,
    key={"line_id": "text"},
    ddl="""
    CREATE TABLE {table} (
        line_id text NOT NULL,
        place text COLLATE "C" NOT NULL,
        position bigint NOT NULL,
        seen bigint NOT NULL,
        source text NOT NULL,
        side text NOT NULL,
        day date NOT NULL,
        currency text NOT NULL,
        amount_minor bigint NOT NULL,
        fee_minor bigint NOT NULL,
        method text,
        reference text,
        remittance_id text,
        note text,
        file_id text NOT NULL,
        file_row integer NOT NULL,
        status text NOT NULL,
        rule text,
        items jsonb NOT NULL,
        reason text,
        by_hand boolean NOT NULL,
        account_id text,
        CONSTRAINT {table}_pkey PRIMARY KEY (line_id)
    ) WITH (fillfactor = 80)
    """,
    indexes=(
        "CREATE INDEX IF NOT EXISTS {table}_newest ON {table} (place)",
        "CREATE INDEX IF NOT EXISTS {table}_by_status ON {table} (status, place)",
        "CREATE INDEX IF NOT EXISTS {table}_by_day ON {table} (day, side)",
        "CREATE INDEX IF NOT EXISTS {table}_by_remittance ON {table} (remittance_id) WHERE remittance_id IS NOT NULL",
    ),
    json=frozenset({"items"}),
)

ITEMS = Table(
    "view_recon_items",
    ItemRow,
    key={"item_id": "text", "side": "text"},
    ddl="""
    CREATE TABLE {table} (
        item_id text NOT NULL,
        side text NOT NULL,
        position bigint NOT NULL,
        seen bigint NOT NULL,
        account_id text,
        topic text NOT NULL,
        day date NOT NULL,
        currency text NOT NULL,
        amount_minor bigint NOT NULL,
        method text,
        refs jsonb NOT NULL,
        line_id text,
        CONSTRAINT {table}_pkey PRIMARY KEY (item_id, side)
    ) WITH (fillfactor = 80)
    """,
    indexes=(
        "CREATE INDEX IF NOT EXISTS {table}_open ON {table} (side, amount_minor, day) WHERE line_id IS NULL",
        "CREATE INDEX IF NOT EXISTS {table}_by_day ON {table} (day, side)",
        "CREATE INDEX IF NOT EXISTS {table}_newest ON {table} (position)",
        "CREATE INDEX IF NOT EXISTS {table}_refs ON {table} USING gin (refs)",
    ),
    json=frozenset({"refs"}),
)

REMITTANCES = Table(
    "view_recon_remittances",
    RemittanceRow,
    key={"remittance_id": "text"},
    ddl="""
    CREATE TABLE {table} (
        remittance_id text NOT NULL,
        position bigint NOT NULL,
        seen bigint NOT NULL,
        source text NOT NULL,
        reference text NOT NULL,
        currency text NOT NULL,
        last_day date NOT NULL,
        lines integer NOT NULL,
        parts jsonb NOT NULL,
        net_minor bigint NOT NULL,
        received_minor bigint,
        line_id text,
        CONSTRAINT {table}_pkey PRIMARY KEY (remittance_id)
    ) WITH (fillfactor = 80)
    """,
    indexes=("CREATE INDEX IF NOT EXISTS {table}_newest ON {table} (position)",),
    json=frozenset({"parts"}),
)

FILES = Table(
    "view_recon_files",
    FileRow,
    key={"file_id": "text"},
    ddl="""
    CREATE TABLE {table} (
        file_id text NOT NULL,
        position bigint NOT NULL,
        source text NOT NULL,
        document jsonb NOT NULL,
        CONSTRAINT {table}_pkey PRIMARY KEY (file_id)
    )
    """,
    indexes=("CREATE INDEX IF NOT EXISTS {table}_newest ON {table} (position)",),
    json=frozenset({"document"}),
)

OWNERS = Table(
    "view_recon_owners",
    OwnerRow,
    key={"stream": "uuid"},
    ddl="""
    CREATE TABLE {table} (
        stream uuid NOT NULL,
        account_id text NOT NULL,
        CONSTRAINT {table}_pkey PRIMARY KEY (stream)
    )
    """,
)
