"""A document: a dated snapshot of figures, issued once and kept as it is (SPEC 7, C5, I10).

The fact holds what the document is about, where the ledger stood, and digests: of its content and of each file. The
content and the files themselves may name people, so they lie in the vault under a key of their own (SPEC R-003).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Self
from uuid import UUID

from aggregates.errors import Conflict
from aggregates.fact import Fact, Stamp, Stream, fact, stream_class

ACCOUNT_STATEMENT = "account_statement"
CHARGE_RECEIPT = "charge_receipt"
CANCELLATION_RECEIPT = "cancellation_receipt"
QUOTE = "quote"
TRANSACTION_STATEMENT = "transaction_statement"
INVOICE = "invoice"
REFUND_REPORT = "refund_report"

KINDS = (
    ACCOUNT_STATEMENT,
    CHARGE_RECEIPT,
    CANCELLATION_RECEIPT,
    QUOTE,
    TRANSACTION_STATEMENT,
    INVOICE,
    REFUND_REPORT,
)
LANGUAGES = ("ko", "en")


@dataclass(frozen=True, slots=True)
class DocumentFile:
    """One file of a document.

    Attributes:
        format: json (the content itself), pdf, xlsx or csv.
        sha256: of its bytes, hex.
        size_bytes: how many there are.
    """

    format: str
    sha256: str
    size_bytes: int


@fact("document.issued")
class DocumentIssued(Fact):
    """A document was issued; from here on its files are the same bytes whenever they are asked for.

    Attributes:
        document_id: public id, drawn from the number.
        number: as printed on it; no two documents share one.
        kind: account_statement, charge_receipt, cancellation_receipt, quote, transaction_statement, invoice or
            refund_report.
        language: ko or en.
        account_id: whose it is; null = it is about all accounts.
        member_id: the sub-member it was issued for; null = the master, or nobody's.
        subject: what it is about: an id, a month, or first and last date joined by a slash.
        position: of the ledger that its figures were taken at.
        account_version: of the account then; null without an account.
        content_digest: SHA-256, hex, over its content; printed on it.
        files: one for each format.
        token: of the vault, under which content and files lie.
        issued_at: as printed on it.
        retain_until: last KST day on which they are kept.
        presented_on: the transaction date printed on an invoice where the caller chose one (SPEC R-095); else null.
    """

    document_id: str
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
    presented_on: date | None

    def apply(self, document: Document) -> None:
        """Fold nothing: no decision follows a document."""


class DocumentNumberTaken(Conflict):
    """A number stands on one document only."""

    code = "document_number_taken"


@stream_class("document")
class Document(Stream):
    """One document; no decision follows it, so it has no state."""

    __slots__ = ()

    Issued = DocumentIssued

    def __init__(self, id: UUID) -> None:
        super().__init__(id)

    def issue(
        self,
        stamp: Stamp,
        *,
        document_id: str,
        number: str,
        kind: str,
        language: str,
        account_id: str | None,
        member_id: str | None,
        subject: str,
        position: int,
        account_version: int | None,
        content_digest: str,
        files: tuple[DocumentFile, ...],
        token: str,
        issued_at: datetime,
        retain_until: date,
        presented_on: date | None,
    ) -> None:
        """Issue a document whose files lie in the vault already. Arguments as of `DocumentIssued`.

        Raises:
            DocumentNumberTaken: another document has the number.

        Source: SPEC T2, T3, R-095.
        """
        assert kind in KINDS, "whoever makes a document knows its kind"
        assert language in LANGUAGES, "whoever makes a document knows its language"
        if self.version:
            raise DocumentNumberTaken("another document has this number; ask again with a new key")
        self.record(
            DocumentIssued,
            stamp,
            document_id=document_id,
            number=number,
            kind=kind,
            language=language,
            account_id=account_id,
            member_id=member_id,
            subject=subject,
            position=position,
            account_version=account_version,
            content_digest=content_digest,
            files=files,
            token=token,
            issued_at=issued_at,
            retain_until=retain_until,
            presented_on=presented_on,
        )

    def copy(self) -> Self:
        """Return an independent copy."""
        twin = type(self)(self.id)
        twin.version, twin.recorded_at, twin.pending = self.version, self.recorded_at, list(self.pending)
        return twin


def stamped_number(at: datetime) -> str:
    """Return the number of a document issued at an instant of Seoul: MCOM_20241029131152655. Source: SPEC T3.

    Args:
        at: aware, in Seoul's time.
    """
    return f"MCOM_{at:%Y%m%d%H%M%S}{at.microsecond // 1000:03d}"
