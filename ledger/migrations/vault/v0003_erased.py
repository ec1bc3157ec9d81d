"""Who was erased: a backup made before brings them back, and this list takes them away again.

A trigger writes it, so that no way of erasing can forget to. A subject that is put again under its old token is another
one, told apart by when it was made. No personal data is in it: a token is drawn by a key and leads nowhere any more.
"""

from __future__ import annotations

from alembic import context, op

revision = "0003"
down_revision = "0002"

TABLES = """
CREATE TABLE {s}.erased (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    token text NOT NULL,
    created_at timestamptz NOT NULL,
    erased_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (token, created_at)
);
COMMENT ON COLUMN {s}.erased.created_at IS 'When the subject was made, as it said itself';

CREATE FUNCTION {s}.note_erased() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO {s}.erased (token, created_at) SELECT g.token, g.created_at FROM gone g ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER note_erased AFTER DELETE ON {s}.subject REFERENCING OLD TABLE AS gone FOR EACH STATEMENT
    EXECUTE FUNCTION {s}.note_erased();
"""


def upgrade() -> None:
    """Make the table and the trigger that fills it."""
    op.execute(TABLES.format(s=f'"{context.config.attributes["schema"]}"'))
