"""Makes an export: checks that its position is reached, streams its rows through the writer of its format, sums up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from psycopg import Connection

from projections.exports.accounting import write_accounting
from projections.exports.asked import Asked
from projections.exports.sink import Meter, Sink
from projections.exports.source import Source, Tick, check_reached, prepare
from projections.exports.tables import write_csv, write_ndjson, write_parquet, write_xlsx

Writer = Callable[[Source, Asked, Meter], dict[str, Any]]

WRITERS: dict[str, Writer] = {
    "csv": write_csv,
    "ndjson": write_ndjson,
    "xlsx": write_xlsx,
    "parquet": write_parquet,
    "beancount": write_accounting,
    "hledger": write_accounting,
}
"""Format -> what writes it, and tells what else there is to know of the file."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an exported file is: the same position and filters give the same bytes, and so the same manifest.

    Attributes:
        ledger_id: of the ledger that it came from. position: only what was recorded up to it is in the file.
        encoding: of text. columns: names, in order; of the journal's own lines for plain-text accounting.
        rows: of the dataset. bytes, sha256: of the file.
        more: what its writer tells, e.g. {"replaced": 0} of CP949.
    """

    ledger_id: str
    name: str
    what: str
    format: str
    position: int
    filters: dict[str, Any]
    encoding: str
    bom: bool
    columns: tuple[str, ...]
    rows: int
    bytes: int
    sha256: str
    more: dict[str, Any]

    def body(self) -> dict[str, Any]:
        """Return it JSON-ready."""
        return asdict(self)


def run(connection: Connection[Any], asked: Asked, sink: Sink, tick: Tick | None = None) -> Manifest:
    """Make an export.

    Args:
        connection: of its own, in autocommit mode, with the ledger's schema in front; not to be used after a failure.
        sink: takes the bytes. tick: told (done, in all) now and then; may raise `Stopped`.

    Raises:
        NotFound: there is no such account.
        Malformed: the ledger has no such position.
        Unavailable: the views have not reached it.
        Stopped: `tick` said so.
        psycopg.Error: the database broke off.
    """
    prepare(connection)
    check_reached(connection, asked)
    source, meter = Source(connection, asked, tick), Meter(sink)
    more = WRITERS[asked.format](source, asked, meter)
    row = connection.execute("SELECT ledger_id FROM ledger_identity").fetchone()
    assert row is not None, "every ledger has an identity"
    return Manifest(
        ledger_id=str(row[0]),
        name=asked.name,
        what=asked.what,
        format=asked.format,
        position=asked.position,
        filters=asked.filters(),
        encoding=asked.encoding,
        bom=asked.bom,
        columns=tuple(column.name for column in source.columns),
        rows=source.rows,
        bytes=meter.bytes,
        sha256=meter.sha256.hexdigest(),
        more=more,
    )
