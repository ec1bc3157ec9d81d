"""A batch may be sent behind one whose answer is not here yet: it is stored only after that one.

`ledger_append` takes the digest of the batch that it was decided on. It does in one function what three did: entering
each of them, with settings of its own, took a tenth of the time of a small append.
"""

from __future__ import annotations

from alembic import context, op

revision = "0004"
down_revision = "0003"

APPEND = """
DROP FUNCTION {s}.ledger_append(uuid[], bigint[], text[], bytea[], uuid[], uuid[], bytea[], bytea);

CREATE FUNCTION {s}.ledger_append(
    ids uuid[], versions bigint[], topics text[], states bytea[], keys uuid[],
    refusal_keys uuid[], refusal_records bytea[], digest bytea, behind bytea DEFAULT NULL,
    OUT first_position bigint, OUT block bigint
) RETURNS SETOF record LANGUAGE plpgsql ROWS 1 SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
DECLARE
    fact_count CONSTANT integer NOT NULL := cardinality(ids);
    refusal_count CONSTANT integer NOT NULL := cardinality(refusal_keys);
    head record;
BEGIN
    IF fact_count <> cardinality(versions) OR fact_count <> cardinality(topics)
       OR fact_count <> cardinality(states) OR fact_count <> cardinality(keys)
       OR refusal_count <> cardinality(refusal_records)
    THEN
        RAISE EXCEPTION 'ledger_append: arrays of facts, or of refusals, differ in length'
            USING ERRCODE = 'array_subscript_error';
    END IF;
    LOCK TABLE {s}.ledger_events IN EXCLUSIVE MODE;
    NOTIFY ledger_events;
    SELECT b.last_position AS position, b.number AS block, b.hash, b.digest INTO head
      FROM {s}.ledger_blocks b ORDER BY b.number DESC LIMIT 1;
    IF NOT FOUND THEN
        SELECT 0::bigint AS position, 0::bigint AS block, sha256(uuid_send(i.ledger_id)) AS hash, NULL::bytea AS digest
          INTO STRICT head FROM {s}.ledger_identity i;
    END IF;
    IF behind IS DISTINCT FROM head.digest AND behind IS NOT NULL AND NOT EXISTS (
        SELECT FROM {s}.ledger_blocks b WHERE b.number > head.block - 1000 AND b.digest = behind
    ) THEN
        RAISE EXCEPTION 'ledger_append: the batch before this one is not stored'
            USING ERRCODE = 'serialization_failure';
    END IF;
    INSERT INTO {s}.ledger_events (originator_id, originator_version, topic, state, notification_id, command_key)
    SELECT f.id, f.version, f.topic, f.state, head.position + f.ordinal, f.key
      FROM unnest(ids, versions, topics, states, keys) WITH ORDINALITY AS f (id, version, topic, state, key, ordinal);
    IF EXISTS (SELECT FROM {s}.ledger_refusals r WHERE r.command_key = ANY (keys))
       OR refusal_count > 0 AND EXISTS (SELECT FROM {s}.ledger_events e WHERE e.command_key = ANY (refusal_keys)) THEN
        RAISE EXCEPTION 'command_key' USING ERRCODE = 'unique_violation', CONSTRAINT = 'command_key';
    END IF;
    first_position := head.position + 1;
    block := head.block + 1;
    IF refusal_count > 0 THEN
        INSERT INTO {s}.ledger_refusals (command_key, block, ordinal, record)
        SELECT r.key, head.block + 1, r.ordinal, r.record
          FROM unnest(refusal_keys, refusal_records) WITH ORDINALITY AS r (key, record, ordinal);
    END IF;
    INSERT INTO {s}.ledger_blocks (number, first_position, last_position, facts, refusals, digest, previous, hash)
    VALUES (
        head.block + 1, head.position + 1, head.position + fact_count, fact_count, refusal_count, digest, head.hash,
        sha256(head.hash || int8send(head.position + 1) || int8send(head.position + fact_count)
               || int8send(fact_count) || int8send(refusal_count) || digest)
    );
    RETURN NEXT;
END $$;
COMMENT ON FUNCTION {s}.ledger_append IS
    'Append facts and refusals, in the order given, and seal them as one block; with the digest of the batch that they'
    ' stand on in "behind", only after that one';
REVOKE ALL ON FUNCTION {s}.ledger_append FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {s}.ledger_append TO {app};
"""


def upgrade() -> None:
    """Replace the function."""
    schema = context.config.attributes["schema"]
    op.execute(APPEND.format(s=f'"{schema}"', app=f'"{schema}_app"'))
