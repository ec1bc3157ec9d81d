"""The library's recorder over this store: its reads as they are, its writes through the one door.

`Application.save` with this recorder appends like the engine does: one function call that locks, notifies, numbers
without gaps and seals. Commands of the service go through the engine, which also keeps keys and answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

from eventsourcing.persistence import InterfaceError, OperationalError, StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder
from eventsourcing.utils import retry
from psycopg.sql import SQL, Identifier

from ledger.seal import Row, batch_digest, packed


class LedgerRecorder(PostgresApplicationRecorder):
    """Reads and appends facts for the library's own `Application` (APPLICATION_RECORDER_TOPIC)."""

    @retry((InterfaceError, OperationalError), max_attempts=3, wait=0.2)
    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        """Append facts in one sealed batch and return their positions.

        Raises:
            IntegrityError: another writer was first at one of the versions.
        """
        if not stored_events:
            return []
        schema = Identifier(self.datastore.schema)
        rows = [
            Row(
                cast("UUID", event.originator_id).bytes,
                event.originator_version,
                event.topic.encode(),
                event.state,
                None,
            )
            for event in stored_events
        ]
        with self.datastore.transaction(commit=True) as cursor:
            cursor.execute(SQL("SELECT ledger_id FROM {}.ledger_identity").format(schema))
            identity = cursor.fetchone()
            assert identity is not None, "a migrated ledger has an identity"
            digest = batch_digest(identity["ledger_id"], map(packed, rows), [])
            cursor.execute(
                SQL(
                    "SELECT first_position FROM {}.ledger_append(%s::uuid[], %s::bigint[], %s::text[], %s::bytea[],"
                    " %s::uuid[], '{{}}'::uuid[], '{{}}'::bytea[], %s::bytea)"
                ).format(schema),
                (
                    [event.originator_id for event in stored_events],
                    [row.version for row in rows],
                    [event.topic for event in stored_events],
                    [row.state for row in rows],
                    [None for _ in rows],
                    digest,
                ),
            )
            appended = cursor.fetchone()
        assert appended is not None, "an append returns its first position"
        first: int = appended["first_position"]
        return range(first, first + len(rows))
