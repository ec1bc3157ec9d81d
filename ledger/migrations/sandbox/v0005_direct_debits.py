"""Files of direct debits that the sandbox's bank was given, and consents it asked for: no account and no name.

Of a file it keeps which lines fail, and which money it takes back later; of a consent, what becomes of it and when.
"""

from __future__ import annotations

from alembic import context, op

revision = "0005"
down_revision = "0004"

TABLES = """
CREATE TABLE {s}.debit_file (
    key text PRIMARY KEY,
    kind text NOT NULL,
    day date NOT NULL,
    institution_code text NOT NULL,
    sha256 text NOT NULL,
    lines integer NOT NULL,
    whole_minor bigint NOT NULL,
    failures jsonb NOT NULL,
    returns jsonb NOT NULL,
    results_at timestamptz NOT NULL,
    returns_at timestamptz NOT NULL,
    asked integer NOT NULL DEFAULT 1,
    results_told boolean NOT NULL DEFAULT false,
    returns_told boolean NOT NULL DEFAULT false
);
CREATE INDEX debit_file_results_idx ON {s}.debit_file (results_at) WHERE NOT results_told;
CREATE INDEX debit_file_returns_idx ON {s}.debit_file (returns_at) WHERE NOT returns_told;

CREATE TABLE {s}.consent (
    key text PRIMARY KEY,
    channel text NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('signed', 'rejected', 'expired')),
    asked_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    asked integer NOT NULL DEFAULT 1
);
"""


def upgrade() -> None:
    """Make the tables."""
    op.execute(TABLES.format(s=f'"{context.config.attributes["schema"]}"'))
