"""The freeze: no DDL on the ledger's own tables outside a maintenance window, not even by the owner or a superuser.

An event trigger, so it takes a superuser to make it: it stands on the embedded server and wherever migrations run as
one. It stops accidents and whoever has taken the owner's role; a superuser can open a window, and the seal tells what
was done in it.
"""

from __future__ import annotations

from psycopg import Connection

WINDOW = "ledger.maintenance"
# Tables and functions, and by their beginnings also the indexes of the tables.
PROTECTED = "^ledger_(events|blocks|refusals|identity|snapshots|api_keys|tracking|version|append|seal|close_block|head)"

FREEZE = """
CREATE SCHEMA IF NOT EXISTS ledger_guard;
CREATE OR REPLACE FUNCTION ledger_guard.freeze() RETURNS event_trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    touched text;
BEGIN
    IF current_setting('{window}', true) = 'on' THEN
        RETURN;
    END IF;
    IF TG_EVENT = 'sql_drop' THEN
        SELECT d.address_names[2] INTO touched FROM pg_event_trigger_dropped_objects() d
         WHERE d.address_names[2] ~ '{protected}' LIMIT 1;
    ELSE
        SELECT a.object_names[2] INTO touched
          FROM pg_event_trigger_ddl_commands() c, pg_identify_object_as_address(c.classid, c.objid, c.objsubid) a
         WHERE a.object_names[2] ~ '{protected}' LIMIT 1;
    END IF;
    IF touched IS NOT NULL THEN
        RAISE EXCEPTION 'append-only: % is frozen and refuses %', touched, TG_TAG
            USING ERRCODE = 'insufficient_privilege', HINT = 'A maintenance window is opened by SET {window} = on';
    END IF;
END $$;
DROP EVENT TRIGGER IF EXISTS ledger_freeze_ddl;
DROP EVENT TRIGGER IF EXISTS ledger_freeze_drop;
CREATE EVENT TRIGGER ledger_freeze_ddl ON ddl_command_end EXECUTE FUNCTION ledger_guard.freeze();
CREATE EVENT TRIGGER ledger_freeze_drop ON sql_drop EXECUTE FUNCTION ledger_guard.freeze();
ALTER EVENT TRIGGER ledger_freeze_ddl ENABLE ALWAYS;
ALTER EVENT TRIGGER ledger_freeze_drop ENABLE ALWAYS;
"""


def open_window(connection: Connection) -> None:
    """Allow DDL until the end of this transaction."""
    connection.execute("SELECT set_config(%s, 'on', true)", (WINDOW,))


def freeze(connection: Connection) -> None:
    """Stand guard in this database from now on. Needs a superuser."""
    connection.execute(FREEZE.format(window=WINDOW, protected=PROTECTED).encode())
