"""The store: facts, their seal, remembered refusals, snapshots, tracking, identity, API keys.

Facts, blocks and refusals can be added and read, and nothing else, whoever asks: the app role lacks the rights, and
triggers that fire always hold the owner back. Positions and block numbers come from the last block under the table
lock.
"""

from __future__ import annotations

from alembic import context, op

revision = "0001"
down_revision = None

TABLES = """
CREATE TABLE {s}.ledger_identity (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    ledger_id uuid NOT NULL,
    number integer NOT NULL CHECK (number > 0),
    created_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO {s}.ledger_identity (ledger_id, number) VALUES (gen_random_uuid(), 1);

CREATE TABLE {s}.ledger_events (
    originator_id uuid NOT NULL,
    originator_version bigint NOT NULL CHECK (originator_version > 0),
    topic text NOT NULL,
    state bytea NOT NULL CHECK (octet_length(state) <= 65536),
    notification_id bigint NOT NULL CHECK (notification_id > 0),
    command_key uuid,
    PRIMARY KEY (originator_id, originator_version)
) WITH ({never_updated});
CREATE UNIQUE INDEX ledger_events_notification_id_idx ON {s}.ledger_events (notification_id);
CREATE UNIQUE INDEX ledger_events_command_key_idx ON {s}.ledger_events (command_key) WHERE command_key IS NOT NULL;
CREATE TYPE {s}.stored_event_uuid AS (originator_id uuid, originator_version bigint, topic text, state bytea);

CREATE TABLE {s}.ledger_blocks (
    number bigint PRIMARY KEY CHECK (number > 0),
    first_position bigint NOT NULL CHECK (first_position > 0),
    last_position bigint NOT NULL,
    facts integer NOT NULL CHECK (facts >= 0),
    refusals integer NOT NULL CHECK (refusals >= 0),
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    previous bytea NOT NULL CHECK (octet_length(previous) = 32),
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    CHECK (last_position = first_position + facts - 1),
    CHECK (facts + refusals > 0)
) WITH ({never_updated});

CREATE TABLE {s}.ledger_refusals (
    command_key uuid PRIMARY KEY,
    block bigint NOT NULL,
    ordinal integer NOT NULL CHECK (ordinal > 0),
    record bytea NOT NULL CHECK (octet_length(record) <= 65536)
) WITH ({never_updated});
CREATE UNIQUE INDEX ledger_refusals_block_idx ON {s}.ledger_refusals (block, ordinal);

CREATE TABLE {s}.ledger_snapshots (
    originator_id uuid NOT NULL,
    originator_version bigint NOT NULL CHECK (originator_version > 0),
    topic text NOT NULL,
    state bytea NOT NULL,
    PRIMARY KEY (originator_id, originator_version)
) WITH ({never_updated});

CREATE TABLE {s}.ledger_tracking (
    application_name text PRIMARY KEY,
    notification_id bigint
);
INSERT INTO {s}.ledger_tracking VALUES ('__migration__', 1);

CREATE TABLE {s}.ledger_api_keys (
    id text PRIMARY KEY,
    secret_hash bytea NOT NULL CHECK (octet_length(secret_hash) = 32),
    role text NOT NULL,
    scopes text[],
    account_id text,
    member_id text,
    owner text NOT NULL,
    environment text NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    revoked_by text
);
"""

# As the library sets them for tables that only grow: freezing, not cleaning, is what vacuum has to do here.
NEVER_UPDATED = """autovacuum_enabled = true, autovacuum_vacuum_threshold = 100000000,
    autovacuum_vacuum_scale_factor = 0.5, autovacuum_analyze_threshold = 1000, autovacuum_analyze_scale_factor = 0.01"""

APPEND_ONLY = """
CREATE FUNCTION {s}.ledger_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'append-only: % refuses %', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;
"""

APPEND_ONLY_TRIGGERS = """
CREATE TRIGGER append_only_rows BEFORE UPDATE OR DELETE ON {s}.{table} FOR EACH ROW
    EXECUTE FUNCTION {s}.ledger_append_only();
CREATE TRIGGER append_only_table BEFORE TRUNCATE ON {s}.{table} FOR EACH STATEMENT
    EXECUTE FUNCTION {s}.ledger_append_only();
ALTER TABLE {s}.{table} ENABLE ALWAYS TRIGGER append_only_rows;
ALTER TABLE {s}.{table} ENABLE ALWAYS TRIGGER append_only_table;
"""

HEAD = """
CREATE FUNCTION {s}.ledger_head(OUT last_position bigint, OUT block bigint, OUT hash bytea)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    SELECT b.last_position, b.number, b.hash INTO last_position, block, hash
      FROM {s}.ledger_blocks b ORDER BY b.number DESC LIMIT 1;
    IF NOT FOUND THEN
        SELECT 0, 0, sha256(uuid_send(i.ledger_id)) INTO STRICT last_position, block, hash FROM {s}.ledger_identity i;
    END IF;
END $$;
COMMENT ON FUNCTION {s}.ledger_head IS
    'Last position, last block and its hash; before the first block: 0, 0 and the hash of the ledger''s id';
"""

CLOSE = """
CREATE FUNCTION {s}.ledger_close_block(
    head_position bigint, head_block bigint, head_hash bytea,
    fact_count integer, keys uuid[], refusal_keys uuid[], refusal_records bytea[], digest bytea
) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
DECLARE
    refusal_count CONSTANT integer NOT NULL := cardinality(refusal_keys);
BEGIN
    IF cardinality(refusal_records) <> refusal_count THEN
        RAISE EXCEPTION 'ledger_append: refusal_keys and refusal_records differ in length'
            USING ERRCODE = 'array_subscript_error';
    END IF;
    IF EXISTS (SELECT FROM {s}.ledger_refusals r WHERE r.command_key = ANY (keys))
       OR refusal_count > 0 AND EXISTS (SELECT FROM {s}.ledger_events e WHERE e.command_key = ANY (refusal_keys)) THEN
        RAISE EXCEPTION 'command_key' USING ERRCODE = 'unique_violation', CONSTRAINT = 'command_key';
    END IF;
    IF refusal_count > 0 THEN
        INSERT INTO {s}.ledger_refusals (command_key, block, ordinal, record)
        SELECT r.key, head_block + 1, r.ordinal, r.record
          FROM unnest(refusal_keys, refusal_records) WITH ORDINALITY AS r (key, record, ordinal);
    END IF;
    INSERT INTO {s}.ledger_blocks (number, first_position, last_position, facts, refusals, digest, previous, hash)
    VALUES (
        head_block + 1, head_position + 1, head_position + fact_count, fact_count, refusal_count, digest, head_hash,
        sha256(head_hash || int8send(head_position + 1) || int8send(head_position + fact_count)
               || int8send(fact_count) || int8send(refusal_count) || digest)
    );
END $$;
"""

APPEND = """
CREATE FUNCTION {s}.ledger_append(
    ids uuid[], versions bigint[], topics text[], states bytea[], keys uuid[],
    refusal_keys uuid[], refusal_records bytea[], digest bytea, OUT first_position bigint, OUT block bigint
) RETURNS SETOF record LANGUAGE plpgsql ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    fact_count CONSTANT integer NOT NULL := cardinality(ids);
    head record;
BEGIN
    IF fact_count <> ANY (ARRAY[cardinality(versions), cardinality(topics), cardinality(states), cardinality(keys)])
    THEN
        RAISE EXCEPTION 'ledger_append: arrays of facts differ in length' USING ERRCODE = 'array_subscript_error';
    END IF;
    LOCK TABLE {s}.ledger_events IN EXCLUSIVE MODE;
    NOTIFY ledger_events;
    head := {s}.ledger_head();
    INSERT INTO {s}.ledger_events (originator_id, originator_version, topic, state, notification_id, command_key)
    SELECT f.id, f.version, f.topic, f.state, head.last_position + f.ordinal, f.key
      FROM unnest(ids, versions, topics, states, keys) WITH ORDINALITY AS f (id, version, topic, state, key, ordinal);
    PERFORM {s}.ledger_close_block(
        head.last_position, head.block, head.hash, fact_count, keys, refusal_keys, refusal_records, digest
    );
    first_position := head.last_position + 1;
    block := head.block + 1;
    RETURN NEXT;
END $$;
COMMENT ON FUNCTION {s}.ledger_append IS 'Append facts and refusals, in the order given, and seal them as one block';
"""

SEAL = """
CREATE FUNCTION {s}.ledger_seal(
    facts integer, keys uuid[], refusal_keys uuid[], refusal_records bytea[], digest bytea,
    OUT first_position bigint, OUT block bigint
) RETURNS SETOF record LANGUAGE plpgsql ROWS 1 SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
DECLARE
    head record;
    copied record;
BEGIN
    LOCK TABLE {s}.ledger_events IN EXCLUSIVE MODE;
    head := {s}.ledger_head();
    SELECT count(*) AS facts, coalesce(max(e.notification_id), head.last_position) AS last_position INTO copied
      FROM {s}.ledger_events e WHERE e.notification_id > head.last_position;
    IF copied.facts <> facts OR copied.last_position <> head.last_position + facts THEN
        RAISE EXCEPTION 'ledger_seal: % facts up to position % cannot follow position % as % facts',
            copied.facts, copied.last_position, head.last_position, facts USING ERRCODE = 'data_exception';
    END IF;
    PERFORM {s}.ledger_close_block(
        head.last_position, head.block, head.hash, facts, keys, refusal_keys, refusal_records, digest
    );
    first_position := head.last_position + 1;
    block := head.block + 1;
    RETURN NEXT;
END $$;
COMMENT ON FUNCTION {s}.ledger_seal IS
    'Seal, as one block, facts that this transaction has copied in at the positions after the head, and add refusals';
"""

GRANTS = """
GRANT USAGE ON SCHEMA {s} TO {app}, {project};
GRANT CREATE ON SCHEMA {s} TO {project};
GRANT SELECT, INSERT, MAINTAIN ON {s}.ledger_events TO {app};
GRANT SELECT, INSERT ON {s}.ledger_blocks, {s}.ledger_refusals, {s}.ledger_snapshots, {s}.ledger_api_keys TO {app};
GRANT UPDATE (revoked_at, revoked_by) ON {s}.ledger_api_keys TO {app};
GRANT SELECT ON {s}.ledger_identity, {s}.ledger_tracking, {s}.ledger_version TO {app}, {project};
GRANT SELECT ON {s}.ledger_events, {s}.ledger_blocks, {s}.ledger_refusals TO {project};
GRANT INSERT, UPDATE, DELETE ON {s}.ledger_tracking TO {project};
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA {s} FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {s}.ledger_append, {s}.ledger_seal, {s}.ledger_close_block, {s}.ledger_head TO {app};
GRANT EXECUTE ON FUNCTION {s}.ledger_head TO {project};
"""


def upgrade() -> None:
    """Make the tables, functions, triggers and rights."""
    schema = context.config.attributes["schema"]
    names = {
        "s": f'"{schema}"',
        "app": f'"{schema}_app"',
        "project": f'"{schema}_project"',
        "never_updated": NEVER_UPDATED,
    }
    op.execute(TABLES.format(**names))
    op.execute(APPEND_ONLY.format(**names))
    for table in ("ledger_events", "ledger_blocks", "ledger_refusals"):
        op.execute(APPEND_ONLY_TRIGGERS.format(table=table, **names))
    for function in (HEAD, CLOSE, APPEND, SEAL):
        op.execute(function.format(**names))
    op.execute(GRANTS.format(**names))
