"""What the ledger keeps of the world outside: the sandbox's clock, callbacks that came, and how far feeds are read.

None of it is a fact: losing it would lose no money, only have things asked again.
"""

from __future__ import annotations

from alembic import context, op

revision = "0002"
down_revision = "0001"

TABLES = """
CREATE TABLE {s}.ledger_clock (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    ahead_us bigint NOT NULL DEFAULT 0 CHECK (ahead_us >= 0)
);
INSERT INTO {s}.ledger_clock DEFAULT VALUES;
COMMENT ON TABLE {s}.ledger_clock IS 'How far the sandbox clock is ahead of the machine''s, in microseconds';

CREATE FUNCTION {s}.ledger_clock_forward() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.ahead_us < OLD.ahead_us THEN
        RAISE EXCEPTION 'the sandbox clock moves forward only' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER forward_only BEFORE UPDATE ON {s}.ledger_clock FOR EACH ROW
    EXECUTE FUNCTION {s}.ledger_clock_forward();

CREATE TABLE {s}.ledger_callbacks (
    provider text NOT NULL,
    id text NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (provider, id)
);
CREATE INDEX ledger_callbacks_received_idx ON {s}.ledger_callbacks (received_at);

CREATE TABLE {s}.ledger_cursors (
    name text PRIMARY KEY,
    number bigint NOT NULL CHECK (number >= 0)
);

GRANT SELECT, UPDATE (ahead_us) ON {s}.ledger_clock TO {app};
GRANT SELECT, INSERT, DELETE ON {s}.ledger_callbacks TO {app};
GRANT SELECT, INSERT, UPDATE ON {s}.ledger_cursors TO {app};
"""


def upgrade() -> None:
    """Make the tables."""
    schema = context.config.attributes["schema"]
    op.execute(TABLES.format(s=f'"{schema}"', app=f'"{schema}_app"'))
