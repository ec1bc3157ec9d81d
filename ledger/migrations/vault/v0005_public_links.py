"""Links to the public page of one thing, such as a bill or a payment link, for one person or for whoever has it.

The mark is all that is kept of a link. One that is for a person goes when the person is forgotten.
"""

from __future__ import annotations

from alembic import context, op

revision = "0005"
down_revision = "0004"

TABLES = """
CREATE TABLE {s}.public_link (
    mark bytea PRIMARY KEY,
    thing_id text NOT NULL,
    subject text REFERENCES {s}.subject ON DELETE CASCADE,
    generation integer NOT NULL,
    asks boolean NOT NULL,
    wrong smallint NOT NULL DEFAULT 0,
    UNIQUE NULLS NOT DISTINCT (thing_id, subject)
);
CREATE INDEX public_link_subject ON {s}.public_link (subject);
"""


def upgrade() -> None:
    """Make the table."""
    op.execute(TABLES.format(s=f'"{context.config.attributes["schema"]}"'))
