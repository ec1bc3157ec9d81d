"""Documents: which request has which number. Content and files are fields of a subject, under a key for each document.

A number stays when its document is destroyed: it is never given to another one. So does what its fact says (`issue`:
ids and digests), so that the request of a destroyed document is answered again as it was.
"""

from __future__ import annotations

from alembic import context, op

revision = "0004"
down_revision = "0003"

TABLES = """
CREATE TABLE {s}.document (
    token text PRIMARY KEY,
    request text NOT NULL,
    number text NOT NULL UNIQUE,
    issued_at timestamptz NOT NULL,
    asked_at timestamptz NOT NULL,
    issue bytea,
    settled boolean NOT NULL DEFAULT false
);
CREATE INDEX document_unsettled ON {s}.document (asked_at, token) WHERE NOT settled;
"""


def upgrade() -> None:
    """Make the table."""
    op.execute(TABLES.format(s=f'"{context.config.attributes["schema"]}"'))
