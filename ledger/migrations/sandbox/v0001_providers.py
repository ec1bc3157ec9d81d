"""What the sandbox's providers keep: what they were asked, under which key, how often, and what they said.

They play the world outside, so their state lies in a database of its own that no process of the ledger's own work
looks into. Nothing here is personal: neither phones nor bank accounts are kept, and coupon numbers are made up again
from the key each time.
"""

from __future__ import annotations

from alembic import context, op

revision = "0001"
down_revision = None

TABLES = """
CREATE TABLE {s}.rates (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    settings jsonb NOT NULL DEFAULT '{{}}'
);
INSERT INTO {s}.rates DEFAULT VALUES;

CREATE TABLE {s}.issue (
    key text PRIMARY KEY,
    sku text NOT NULL,
    quantity integer NOT NULL CHECK (quantity > 0),
    validity_days integer NOT NULL,
    seed text NOT NULL,
    failure text,
    failure_percent integer NOT NULL,
    issued integer NOT NULL,
    asked integer NOT NULL DEFAULT 1,
    asked_at timestamptz NOT NULL,
    ready_at timestamptz NOT NULL
);
CREATE TABLE {s}.coupon (
    ref text PRIMARY KEY,
    state text NOT NULL CHECK (state IN ('used', 'expired', 'voided')),
    at timestamptz NOT NULL
);
CREATE TABLE {s}.void (
    key text PRIMARY KEY,
    ref text NOT NULL,
    status text NOT NULL,
    code text,
    asked integer NOT NULL DEFAULT 1
);
CREATE TABLE {s}.catalog (
    number bigint PRIMARY KEY CHECK (number > 0),
    sku text NOT NULL,
    kind text NOT NULL,
    at timestamptz NOT NULL,
    list_minor bigint,
    sale_minor bigint,
    validity_days integer
);
CREATE INDEX catalog_sku_idx ON {s}.catalog (sku, number);

CREATE TABLE {s}.message (
    key text PRIMARY KEY,
    channel text NOT NULL,
    template text NOT NULL,
    link text,
    outcome text NOT NULL CHECK (outcome IN ('delivered', 'failed')),
    code text,
    asked integer NOT NULL DEFAULT 1,
    accepted_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL
);

CREATE TABLE {s}.payment (
    key text PRIMARY KEY,
    method text NOT NULL,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    status text NOT NULL,
    code text,
    paid_at timestamptz,
    expires_on date,
    asked integer NOT NULL DEFAULT 1,
    captured integer NOT NULL DEFAULT 0
);
CREATE TABLE {s}.deposit (
    key text NOT NULL,
    number integer NOT NULL,
    amount_minor bigint NOT NULL,
    at timestamptz NOT NULL,
    told boolean NOT NULL DEFAULT false,
    PRIMARY KEY (key, number)
);
CREATE INDEX deposit_untold_idx ON {s}.deposit (at) WHERE NOT told;
CREATE TABLE {s}.taken_back (
    key text NOT NULL,
    number integer NOT NULL,
    amount_minor bigint NOT NULL,
    at timestamptz NOT NULL,
    why text NOT NULL,
    PRIMARY KEY (key, number)
);
CREATE TABLE {s}.cancel (
    key text PRIMARY KEY,
    payment_key text NOT NULL,
    amount_minor bigint NOT NULL,
    status text NOT NULL,
    code text,
    asked integer NOT NULL DEFAULT 1
);
CREATE INDEX cancel_payment_idx ON {s}.cancel (payment_key);

CREATE TABLE {s}.transfer (
    key text PRIMARY KEY,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('done', 'failed')),
    code text,
    asked integer NOT NULL DEFAULT 1,
    due_at timestamptz NOT NULL,
    returned_at timestamptz,
    told boolean NOT NULL DEFAULT false
);
CREATE INDEX transfer_untold_idx ON {s}.transfer (returned_at) WHERE returned_at IS NOT NULL AND NOT told;

CREATE TABLE {s}.change (
    provider text NOT NULL,
    number bigint NOT NULL CHECK (number > 0),
    key text NOT NULL,
    PRIMARY KEY (provider, number)
);

CREATE TABLE {s}.otp (
    key text PRIMARY KEY,
    sent_at timestamptz NOT NULL,
    wrong integer NOT NULL DEFAULT 0,
    used boolean NOT NULL DEFAULT false,
    asked integer NOT NULL DEFAULT 1
);
CREATE TABLE {s}.channel (
    search_id text PRIMARY KEY,
    channel_key text NOT NULL UNIQUE,
    sent_at timestamptz NOT NULL,
    registered boolean NOT NULL DEFAULT false,
    state text NOT NULL DEFAULT 'normal'
);

CREATE TABLE {s}.callback (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id text NOT NULL,
    provider text NOT NULL,
    key text NOT NULL,
    due_at timestamptz NOT NULL,
    sent_at timestamptz,
    tries integer NOT NULL DEFAULT 0
);
CREATE INDEX callback_unsent_idx ON {s}.callback (due_at) WHERE sent_at IS NULL;
"""


def upgrade() -> None:
    """Make the tables."""
    op.execute(TABLES.format(s=f'"{context.config.attributes["schema"]}"'))
