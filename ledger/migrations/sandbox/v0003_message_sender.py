"""The number that a message of the sandbox is shown to come from; the service's own, so nobody's."""

from __future__ import annotations

from alembic import context, op

revision = "0003"
down_revision = "0002"

TABLES = """
ALTER TABLE {s}.message ADD COLUMN sender text NOT NULL DEFAULT '';
"""


def upgrade() -> None:
    """Add the column."""
    op.execute(TABLES.format(s=f'"{context.config.attributes["schema"]}"'))
