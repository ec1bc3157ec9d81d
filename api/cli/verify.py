"""`ledger verify`: every stored byte against the seal, and the seal against the anchors."""

from __future__ import annotations

from typing import Any

import typer

from api.cli.console import FAILED, AsJson, DataDir, answer, progress, table
from api.cli.runtime import opened
from ledger import anchor
from ledger import verify as seal
from ledger.database import connect


def verify(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Read every stored byte again and say what is not as it was sealed; exit 1 when anything is.

    Also wants every anchor of the data folder back: a tail that was cut off, facts and seal together, shows there.

    Example: ledger verify --json
    """
    with opened(data_dir, make=False) as ledger, progress("verify") as tick, connect(ledger.database.app) as connection:
        connection.execute("SET statement_timeout = 0")
        connection.execute("SET idle_in_transaction_session_timeout = 0")
        anchors = list(anchor.read(ledger.settings.data_folder))
        report = seal.verify(connection, ledger.database.schema, anchors, tick)
    body: dict[str, Any] = {**report._asdict(), "findings": [finding._asdict() for finding in report.findings]}
    answer({"ok": report.ok, **body}, as_json, table("Findings", ["code", "position", "what"], report.findings))
    if not report.ok:
        raise typer.Exit(FAILED)
