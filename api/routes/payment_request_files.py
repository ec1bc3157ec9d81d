"""Files of payment requests: what is attached, and the evidence of all that has happened (SPEC Q2, Q5, R-106)."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import psycopg

from aggregates.collecting.payment_request_parts import ATTACHMENT_BYTES_MAX, RequestNotFound
from aggregates.dates import business_date, last_day_within
from aggregates.errors import Rejected
from api.access import filtered, hidden
from api.ask import Ask
from api.evidence import evidence_of, pdf_of, zip_of
from api.operation import operation, reads
from api.owners import OwnerQuery, account_of
from api.payment_request_bodies import EvidenceQuery
from api.payment_request_sides import ONE, found
from api.reply import Reply, of_outcome, of_view, position_header
from api.shapes import payment_requests as shapes
from ledger import attachments
from ledger.attachments import sniff
from ledger.commands.collecting.payment_requests import attachment_json
from ledger.documents.render import DocumentTooLong, RenderingFailed
from ledger.vault import Reading
from ledger.vault.request_papers import UPLOAD_DAYS, AttachmentNotFound

EVIDENCE_KEPT_S = 10.0
"""So long a file is kept for whoever had to come again for it."""

MEDIA = {
    "jpg": "image/jpeg",
    "png": "image/png",
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "zip": "application/zip",
}


@operation(
    "POST",
    "/v1/payment-requests/attachments",
    scope="collections:write",
    rule=filtered,
    query=OwnerQuery,
    file=True,
    body_bytes_max=ATTACHMENT_BYTES_MAX,
    answer=shapes.UploadedAttachment,
    status=201,
    raises=(
        attachments.AttachmentTypeNotTaken,
        attachments.AttachmentTooLarge,
        attachments.AttachmentUnreadable,
        attachments.AttachmentHarmful,
    ),
)
async def upload_attachment(ask: Ask, query: OwnerQuery, file: bytes) -> Reply:
    """Upload a file that a payment request shall have: jpg, jpeg, pdf, png, xlsx or zip, at most 10 MB.

    What it is, its bytes say. A request names it by its id and gives it a name; what no request names within a week is
    forgotten.
    """
    account_id = await account_of(ask, query)
    vault, key = ask.house.vault, ask.key
    assert key is not None, "a POST has a key"
    attachment_id = vault.requests.attachment_id(ask.caller.principal, key)
    kind: str | Rejected
    try:
        kind = await asyncio.to_thread(sniff, file)
    except Rejected as refusal:
        kind = refusal

    async def keep(connection: psycopg.AsyncConnection) -> tuple[int, dict[str, Any]]:
        if isinstance(kind, Rejected):
            raise kind
        kept = await vault.requests.put_attachment(connection, attachment_id, account_id, kind, file)
        until = last_day_within(business_date(ask.now()), UPLOAD_DAYS)
        return 201, {**attachment_json(kept), "account_id": account_id, "kept_until": until.isoformat()}

    return of_outcome(await vault.answered.once(ask.call(), await ask.position(), keep))


@reads(
    "/v1/payment-requests/{request_id}/attachments/{attachment_id}",
    scope="documents:files",
    rule=ONE,
    media_type="application/pdf",
    raises=(RequestNotFound, AttachmentNotFound),
)
async def download_attachment(ask: Ask, request_id: str, attachment_id: str) -> Reply:
    """Download a file that goes with a request, or went with one of its versions; the read is on record."""
    _refuse_subs(ask)
    _, shape, position = await found(ask, request_id)
    files = [file for each in (*shape["versions"], *shape["amendments"]) for file in each["attachments"]]
    file = next((file for file in files if file["id"] == attachment_id), None)
    if file is None:
        raise AttachmentNotFound("the request has no such file")
    content = await ask.house.vault.requests.content(attachment_id, _reading(ask, "download an attachment"))
    return _file(content, f"{file['sha256'][:12]}.{file['type']}", MEDIA[file["type"]], position)


@reads(
    "/v1/payment-requests/{request_id}/evidence",
    scope="documents:files",
    rule=ONE,
    query=EvidenceQuery,
    answer=shapes.PaymentRequestEvidence,
    raises=(RequestNotFound, DocumentTooLong, RenderingFailed),
)
async def get_payment_request_evidence(ask: Ask, request_id: str, query: EvidenceQuery) -> Reply:
    """Export all that the ledger knows of a request, in clear: json, pdf, or zip with attachments and digests.

    Each fact stands there with its position, the block of the seal and the bytes of its digest.
    """
    _refuse_subs(ask)
    reading = _reading(ask, "export the evidence of a payment request")
    evidence, position = await evidence_of(ask, request_id, reading)
    if query.format == "json":
        return of_view(evidence, position)
    if query.format == "pdf":
        work = partial(pdf_of, evidence, query.language)
    else:
        work = partial(zip_of, ask, evidence, query.language, reading)
    # Until something new is recorded of the request, whoever comes again waits for the same file.
    last = evidence["facts"][-1]["position"]
    name = (ask.caller.principal, request_id, query.format, query.language, last)
    made = await ask.house.making.once(name, work, kept_s=EVIDENCE_KEPT_S)
    return _file(made, f"{request_id}.{query.format}", MEDIA[query.format], position)


def _refuse_subs(ask: Ask) -> None:
    """Requests are the master's. Raises: NotFound."""
    if ask.caller.member_id is not None:
        raise hidden()


def _reading(ask: Ask, purpose: str) -> Reading:
    return Reading(ask.caller.principal, purpose, ask.request_id)


def _file(content: bytes, name: str, kind: str, position: int) -> Reply:
    disposition = f'attachment; filename="{name}"'.encode()
    return Reply(200, content, (position_header(position), (b"content-disposition", disposition)), kind.encode())
