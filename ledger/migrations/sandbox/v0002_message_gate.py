"""When the message provider of the sandbox is free for the next message: what a cap on its throughput is counted by."""

from __future__ import annotations

from alembic import context, op

revision = "0002"
down_revision = "0001"

TABLES = """
CREATE TABLE {s}.message_gate (
    channel text PRIMARY KEY,
    free_at timestamptz NOT NULL
);
"""


def upgrade() -> None:
    """Make the table."""
    op.execute(TABLES.format(s=f'"{context.config.attributes["schema"]}"'))
