"""Shapes of documents: what is known of one, and what a check of one says."""

from __future__ import annotations

from typing import Literal

from api.shapes.base import ACCOUNT_ID, TIME, Shape, example

DOCUMENT_ID = "doc_01k7q4m2x9w3t8r5z6"
DIGEST = "5f7e0a5d1f5a0c0f0f6f1f6d5f1e6e7b1a0f2c3d4e5f60718293a4b5c6d7e8f9"

_DOCUMENT = {
    "id": DOCUMENT_ID,
    "number": "MCOM_20260331101530655",
    "kind": "account_statement",
    "language": "ko",
    "account_id": ACCOUNT_ID,
    "member_id": None,
    "subject": "2026-03-01/2026-03-31",
    "issued_at": TIME,
    "as_of_position": 1284,
    "account_version": 42,
    "digest": DIGEST,
    "files": [{"format": "json", "sha256": DIGEST, "size": 8214}],
    "retain_until": "2031-03-31",
    "presented_on": None,
}


class DocumentFile(Shape):
    """One file of a document, by its digest."""

    format: Literal["json", "pdf", "xlsx", "csv"]
    sha256: str
    size: int


class Document(Shape):
    """A document that was issued; `digest` is that of its content and is printed on it."""

    model_config = example(**_DOCUMENT)

    id: str
    number: str
    kind: str
    language: str
    account_id: str | None
    member_id: str | None
    subject: str
    issued_at: str
    as_of_position: int
    account_version: int | None
    digest: str
    files: list[DocumentFile]
    retain_until: str
    presented_on: str | None


class ListedDocument(Document):
    """A document in a list."""

    model_config = example(**_DOCUMENT, position=1285)

    position: int


class Verification(Shape):
    """What a check says.

    `authentic`: the digest given is that of the content or of a file (`format`). `reproduced`: the facts up to the
    printed position still give these figures. `current`: so do all facts there are now. null: cannot be said.
    """

    model_config = example(
        id=DOCUMENT_ID,
        number="MCOM_20260331101530655",
        kind="account_statement",
        issued_at=TIME,
        digest=DIGEST,
        authentic=True,
        format="pdf",
        destroyed=False,
        reproduced=True,
        current=False,
        as_of_position=1284,
    )

    id: str
    number: str
    kind: str
    issued_at: str
    digest: str
    authentic: bool | None
    format: str | None
    destroyed: bool
    reproduced: bool | None
    current: bool | None
    as_of_position: int
