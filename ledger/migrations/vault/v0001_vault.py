"""The vault: one wrapped key for each subject, and the subject's sealed fields.

Rows here are really deleted when a person is forgotten; that is why personal data lies nowhere else.
"""

from __future__ import annotations

from alembic import context, op

revision = "0001"
down_revision = None

TABLES = """
CREATE TABLE {s}.subject (
    token text PRIMARY KEY,
    dek_wrapped bytea NOT NULL,
    nonce bytea NOT NULL CHECK (octet_length(nonce) = 12),
    kek_id text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE TABLE {s}.item (
    token text NOT NULL REFERENCES {s}.subject ON DELETE CASCADE,
    field text NOT NULL,
    ciphertext bytea NOT NULL,
    nonce bytea NOT NULL CHECK (octet_length(nonce) = 12),
    legal_basis text NOT NULL,
    retain_until date NOT NULL,
    hold boolean NOT NULL DEFAULT false,
    PRIMARY KEY (token, field)
);
"""


def upgrade() -> None:
    """Make the tables."""
    op.execute(TABLES.format(s=f'"{context.config.attributes["schema"]}"'))
