"""The command about documents: record that one was issued, after its files were made and kept (SPEC 7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar

from aggregates.dates import rfc3339
from aggregates.document import Document, DocumentFile, DocumentIssued
from aggregates.fact import Fact, Stamp
from ledger.command import Answer, Streams, answer

PREFIX = "doc"


@dataclass(frozen=True, slots=True)
class IssueDocument:
    """Record a document whose files lie in the vault. Attributes: as of `DocumentIssued`."""

    ANSWER: ClassVar[str] = "document/1"

    number: str
    kind: str
    language: str
    account_id: str | None
    member_id: str | None
    subject: str
    position: int
    account_version: int | None
    content_digest: str
    files: tuple[DocumentFile, ...]
    token: str
    issued_at: datetime
    retain_until: date
    presented_on: date | None = None

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Document.Issued`. Raises: AccountNotFound; as of `Document.issue`."""
        if self.account_id is not None:
            streams.account(self.account_id)
        document_id, document = streams.named(Document, PREFIX, self.number)
        document.issue(
            stamp,
            document_id=document_id,
            number=self.number,
            kind=self.kind,
            language=self.language,
            account_id=self.account_id,
            member_id=self.member_id,
            subject=self.subject,
            position=self.position,
            account_version=self.account_version,
            content_digest=self.content_digest,
            files=self.files,
            token=self.token,
            issued_at=self.issued_at,
            retain_until=self.retain_until,
            presented_on=self.presented_on,
        )


def document_json(fact: DocumentIssued) -> dict[str, Any]:
    """Return what is known of a document to people: digests, never what stands in it."""
    return {
        "id": fact.document_id,
        "number": fact.number,
        "kind": fact.kind,
        "language": fact.language,
        "account_id": fact.account_id,
        "member_id": fact.member_id,
        "subject": fact.subject,
        "issued_at": rfc3339(fact.issued_at),
        "as_of_position": fact.position,
        "account_version": fact.account_version,
        "digest": fact.content_digest,
        "files": [{"format": each.format, "sha256": each.sha256, "size": each.size_bytes} for each in fact.files],
        "retain_until": fact.retain_until.isoformat(),
        "presented_on": None if fact.presented_on is None else fact.presented_on.isoformat(),
    }


@answer("document/1")
def document(facts: Sequence[Fact]) -> Answer:
    """Answer with the document."""
    return Answer(201, document_json(next(fact for fact in facts if isinstance(fact, DocumentIssued))))
