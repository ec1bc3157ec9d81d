"""Exports that were asked for, and their files in chunks until they expire.

Neither is a fact: an export can be made again from the ledger. The chunks are unlogged, so that a file of gigabytes is
not written twice and goes into no backup; after a crash of the server they are gone, and the export is asked for again.
"""

from __future__ import annotations

from alembic import context, op

revision = "0003"
down_revision = "0002"

TABLES = """
CREATE TABLE {s}.ledger_exports (
    id text PRIMARY KEY,
    number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    asked jsonb NOT NULL,
    made_by text NOT NULL,
    state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'done', 'failed')),
    attempt integer NOT NULL DEFAULT 0,
    done bigint NOT NULL DEFAULT 0,
    in_all bigint NOT NULL DEFAULT 0,
    manifest jsonb,
    failure text,
    created_at timestamptz NOT NULL DEFAULT now(),
    beat_at timestamptz,
    expires_at timestamptz NOT NULL DEFAULT now() + interval '7 days'
);
CREATE INDEX ledger_exports_open_idx ON {s}.ledger_exports (number) WHERE state IN ('queued', 'running');
CREATE INDEX ledger_exports_expires_idx ON {s}.ledger_exports (expires_at);

CREATE UNLOGGED TABLE {s}.ledger_export_chunks (
    export_id text NOT NULL REFERENCES {s}.ledger_exports ON DELETE CASCADE,
    attempt integer NOT NULL,
    number integer NOT NULL,
    bytes bytea NOT NULL,
    PRIMARY KEY (export_id, attempt, number)
);
ALTER TABLE {s}.ledger_export_chunks ALTER COLUMN bytes SET STORAGE EXTERNAL;

GRANT SELECT, INSERT, UPDATE, DELETE ON {s}.ledger_exports TO {app};
GRANT SELECT, INSERT, DELETE ON {s}.ledger_export_chunks TO {app};
"""


def upgrade() -> None:
    """Make the tables."""
    schema = context.config.attributes["schema"]
    op.execute(TABLES.format(s=f'"{schema}"', app=f'"{schema}_app"'))
