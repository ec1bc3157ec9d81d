"""The evidence of a payment request: what was asked, said, sent and paid, fact by fact, as JSON, PDF, or all in a ZIP.

Each fact stands there with its position, the block that seals it and the bytes that its digest is taken of, so that
whoever holds the file can make the digests again and hold them against the ledger's seal (SPEC Q5).
"""

from __future__ import annotations

import asyncio
import io
import zipfile
from datetime import datetime
from typing import Any

from aggregates import ids
from aggregates.dates import rfc3339
from api.ask import Ask
from api.payment_request_papers import contact_json, with_words
from api.payment_request_sides import HISTORY_MAX, found, streams_of
from ledger.documents.content import canonical, content_of, digest
from ledger.documents.pages.payment_request import KIND
from ledger.documents.render import render
from ledger.sheets.writer import to_csv
from ledger.vault import Reading
from ledger.vault.request_papers import AttachmentNotFound
from projections import accounts, tellings

FORMAT = 1

FILES_BYTES_MAX = 64 * 1024 * 1024
"""So much of attachments goes into one ZIP; of what is left out its digest stands there."""

FACT_COLUMNS = ("position", "block", "block_hash", "stream", "version", "topic", "key", "digest", "state")
VERSION_COLUMNS = ("version", "at", "position", "amount", "due_on", "details")
PAYMENT_COLUMNS = (
    "id", "status", "method", "via", "amount", "counted", "credit", "paid_on", "reversed", "refunded", "code",
    "started_at", "position",
)  # fmt: skip


async def evidence_of(ask: Ask, request_id: str, reading: Reading) -> tuple[dict[str, Any], int]:
    """Return the evidence of a request of which the caller may know, and the position it was made at.

    Args:
        reading: on whose record the read of people and words goes.

    Raises:
        RequestNotFound, VaultUnavailable.

    Source: SPEC Q5, Q6.
    """
    row, shape, position = await found(ask, request_id)
    person = await ask.house.vault.requests.contacts([row["contact"]] if row["contact"] else [], reading)
    shape["counterparty"] = contact_json(person, shape.pop("contact"))
    await with_words(ask, shape, reading)
    async with ask.see("tellings", "accounts") as (conn, _):
        messages = await tellings.of_thing(conn, request_id)
        names = {
            account_id: (await accounts.one(conn, account_id, at=ask.now()))["name"]
            for account_id in (row["account_id"], row["payer_account_id"])
            if account_id is not None
        }
    streams = [*streams_of(shape), *(ids.stream_id(message["id"]) for message in messages)]
    facts = await ask.house.facts.sealed(streams, position, HISTORY_MAX)
    head = await ask.house.facts.head()
    evidence = {
        "format": FORMAT,
        "kind": KIND,
        "made_at": rfc3339(ask.now()),
        "position": position,
        "seal": {"position": head.position, "blocks": head.blocks, "head": head.hash},
        "payee": _party(row["account_id"], names, None, verified=True),
        "payer": _party(row["payer_account_id"], names, shape["counterparty"], verified=_is_known(row)),
        "request": shape,
        "messages": messages,
        "facts": [{name: each["hash" if name == "digest" else name] for name in FACT_COLUMNS} for each in facts],
    }
    return evidence, position


async def pdf_of(evidence: dict[str, Any], language: str) -> bytes:
    """Return the evidence for people, in Korean (ko) or English (en). Raises: DocumentTooLong, RenderingFailed."""
    content = content_of(
        kind=KIND,
        language=language,
        number="",
        issued_at=evidence["made_at"],
        position=evidence["position"],
        account_version=None,
        supplier={},
        recipient={},
        basis={"request_id": evidence["request"]["id"]},
        figures=evidence,
    )
    return (await render(content, ("pdf",)))["pdf"]


async def zip_of(ask: Ask, evidence: dict[str, Any], language: str, reading: Reading) -> bytes:
    """Return the evidence with all that belongs to it: JSON, PDF, tables, attachments, and a manifest of digests.

    Raises:
        DocumentTooLong, RenderingFailed, VaultUnavailable.
    """
    request = evidence["request"]
    files = {
        "evidence.json": canonical(evidence),
        "evidence.pdf": await pdf_of(evidence, language),
        "facts.csv": _csv(FACT_COLUMNS, evidence["facts"]),
        "versions.csv": _csv(VERSION_COLUMNS, request["versions"]),
        "payments.csv": _csv(PAYMENT_COLUMNS, request["payments"]),
    }
    left_out: dict[str, str] = {}
    left = FILES_BYTES_MAX
    for number, file in enumerate(_attachments(request), start=1):
        name = f"attachments/{number:02d}-{file['sha256'][:12]}.{file['type']}"
        if file["size"] > left:
            left_out[name] = file["sha256"]
            continue
        try:
            files[name] = await ask.house.vault.requests.content(file["id"], reading)
        except AttachmentNotFound:
            left_out[name] = file["sha256"]
            continue
        left -= file["size"]
    manifest = {
        "format": FORMAT,
        "kind": KIND,
        "request_id": request["id"],
        "made_at": evidence["made_at"],
        "position": evidence["position"],
        "seal": evidence["seal"],
        "files": {name: {"sha256": digest(content), "bytes": len(content)} for name, content in files.items()},
        "left_out": left_out,
    }
    at = datetime.fromisoformat(evidence["made_at"])
    return await asyncio.to_thread(_zipped, {"manifest.json": canonical(manifest), **files}, at)


def _attachments(request: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the files of a request, each once: those of its present version first."""
    parts = [request, *reversed(request["versions"]), *request["amendments"]]
    return list({file["id"]: file for each in parts for file in each["attachments"]}.values())


def _party(
    account_id: str | None, names: dict[str, str], person: dict[str, Any] | None, *, verified: bool
) -> dict[str, Any]:
    name = None if account_id is None else names[account_id]
    return {"account_id": account_id, "account_name": name, "person": person, "verified": verified}


def _is_known(row: dict[str, Any]) -> bool:
    """Say whether it is on record that who was asked is who answered: an account by its key, a person by the link."""
    return row["payer_account_id"] is not None or row["is_bound"]


def _csv(columns: tuple[str, ...], rows: list[dict[str, Any]]) -> bytes:
    return to_csv(columns, [["" if row[name] is None else str(row[name]) for name in columns] for row in rows])


def _zipped(files: dict[str, bytes], at: datetime) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            member = zipfile.ZipInfo(name, (at.year, at.month, at.day, at.hour, at.minute, at.second))
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, content)
    return made.getvalue()
