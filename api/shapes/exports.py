"""Shapes of exports."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from api.shapes.base import TIME, Shape, example

EXPORT_ID = "exp_3f0c8e8e6f0b5b7e9d5c2d1f0b7a4c11"
SHA256 = "5f0c8e8e6f0b5b7e9d5c2d1f0b7a4c115f0c8e8e6f0b5b7e9d5c2d1f0b7a4c11"


class ExportManifest(Shape):
    """What the file is; the same position and filters give the same bytes."""

    ledger_id: str
    name: str
    what: str
    format: str
    position: int
    filters: dict[str, str | None]
    encoding: str
    bom: bool
    columns: list[str]
    rows: int
    bytes: int
    sha256: str
    more: dict[str, Any]


class Export(Shape):
    """One export: what was asked for, how far it is, and its file."""

    model_config = example(
        **{"from": "2026-03-01", "to": "2026-03-31"},
        id=EXPORT_ID,
        what="journal",
        format="csv",
        position=42,
        account_id=None,
        as_of=None,
        encoding="utf-8",
        bom=True,
        state="done",
        progress=100,
        failure=None,
        manifest={
            "ledger_id": "5f0c8e8e-6f0b-5b7e-9d5c-2d1f0b7a4c11",
            "name": "journal-42.csv",
            "what": "journal",
            "format": "csv",
            "position": 42,
            "filters": {"account_id": None, "from": "2026-03-01", "to": "2026-03-31", "as_of": None},
            "encoding": "utf-8",
            "bom": True,
            "columns": ["position", "line", "account", "debit", "credit", "currency"],
            "rows": 2,
            "bytes": 412,
            "sha256": SHA256,
            "more": {},
        },
        file=f"/v1/exports/{EXPORT_ID}/file",
        asked_by="key_0123456789ab",
        created_at=TIME,
        expires_at="2026-03-09T01:15:30.000000Z",
    )

    id: str
    what: str
    format: str
    position: int
    account_id: str | None
    from_date: Annotated[str | None, Field(alias="from")]
    to_date: Annotated[str | None, Field(alias="to")]
    as_of: str | None
    encoding: Literal["utf-8", "cp949"]
    bom: bool
    state: Literal["queued", "running", "done", "failed"]
    progress: int
    failure: str | None
    manifest: ExportManifest | None
    file: str | None
    asked_by: str
    created_at: str
    expires_at: str
