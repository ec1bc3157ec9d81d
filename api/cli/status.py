"""`ledger status`: where the ledger stands, how far the views are, which server and which tables."""

from __future__ import annotations

import asyncio
from typing import Any

import typer

from api.cli.console import FAILED, AsJson, DataDir, answer, table
from api.cli.runtime import Opened, newest_versions, opened, use_schema, versions
from ledger import anchor
from ledger.database import connect, connect_async
from ledger.sandbox_clock import open_clock
from projections import status as views


def status(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Say where the ledger stands and how far its views are; exit 1 when a view has stopped or tables are missing.

    Example: ledger status --json
    """
    with opened(data_dir, make=False) as ledger:
        connect(ledger.database.app).close()  # Not reached is not the same as not migrated.
        body = asyncio.run(_status(ledger))
    shown = [[row["view"], row["position"], row["lag_facts"], row["state"], row["error"]] for row in body["views"]]
    answer(body, as_json, table("Views", ["view", "position", "facts behind", "state", "error"], shown))
    if not body["ok"]:
        raise typer.Exit(FAILED)


async def _status(ledger: Opened) -> dict[str, Any]:
    database = ledger.database
    found = versions(database)
    body: dict[str, Any] = {
        "ok": False,
        "server": "embedded" if database.server else "external",
        "data_dir": str(ledger.settings.data_folder),
        "schema": database.schema,
        "migrations": found["ledger"],
        "vault_migrations": found["vault"],
        "migrations_current": found == newest_versions(database),
        "views": [],
    }
    if found["ledger"] is None:
        return body
    async with await connect_async(database.app) as connection:
        await use_schema(connection, database)
        cursor = await connection.execute(
            "SELECT i.ledger_id::text, coalesce(b.last_position, 0), coalesce(b.number, 0), encode(b.hash, 'hex'),"
            " current_setting('server_version')"
            " FROM ledger_identity i LEFT JOIN ledger_blocks b ON true ORDER BY b.number DESC NULLS LAST LIMIT 1"
        )
        row = await cursor.fetchone()
        assert row is not None, "a migrated ledger has an identity"
        names = ("ledger_id", "position", "blocks", "head", "server_version")
        body |= dict(zip(names, row, strict=True))
        with open_clock(ledger.settings, ledger.database) as clock:
            body["views"] = await views.status(connection, now=clock.now())
    anchors = list(anchor.read(ledger.settings.data_folder))
    body["anchored_position"] = max((known.position for known in anchors), default=0)
    body["views_position"] = min((row["position"] for row in body["views"]), default=0)
    body["ok"] = body["migrations_current"] and all(row["state"] != views.STOPPED for row in body["views"])
    return body
