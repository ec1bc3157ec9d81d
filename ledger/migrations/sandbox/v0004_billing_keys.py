"""Billing keys of the sandbox's gateway: marks of tokens and keys alone, and how often they were asked for."""

from __future__ import annotations

from alembic import context, op

revision = "0004"
down_revision = "0003"

TABLES = """
CREATE TABLE {s}.billing_key (
    key text PRIMARY KEY,
    token_mark text NOT NULL,
    mark text NOT NULL UNIQUE,
    card text NOT NULL,
    status text NOT NULL CHECK (status IN ('active', 'refused', 'deleted')),
    code text,
    asked integer NOT NULL DEFAULT 1
);
"""


def upgrade() -> None:
    """Make the table."""
    op.execute(TABLES.format(s=f'"{context.config.attributes["schema"]}"'))
