"""Calls of the operations around exports."""

from __future__ import annotations

from typing import Any

from ledger.database import Database
from scheduler.exports import make_exports


async def exports(call: Any, database: Database) -> None:
    """Ask for an export, have it made, download it, delete it."""
    # The views are as far as the answer: what waits for them would not be made at the first firing.
    await call("list_journal")
    asked = await call("ask_for_export", {"what": "journal", "format": "csv"})
    assert asked["state"] == "queued"
    assert (await make_exports(database, lambda: False)).done == 1
    made = await call("get_export", export_id=asked["id"])
    assert (made["state"], made["position"]) == ("done", asked["position"])
    text = await call("download_export", export_id=asked["id"])
    assert len(text.splitlines()) == made["manifest"]["rows"] + 1
    assert [item["id"] for item in (await call("list_exports"))["items"]] == [asked["id"]]
    await call("delete_export", export_id=asked["id"])
    assert (await call("list_exports"))["items"] == []
