"""Files of fictitious providers and banks, and taking them without a database."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from ledger.command import Answer
from ledger.commands.source_files import FileRow, TakeFile
from ledger.reconcile.profile import BUILT_IN_SOURCES, Source
from ledger.reconcile.rows import read_rows
from tests.ledger.commands.book import Book

BANK = BUILT_IN_SOURCES.get("example-bank")
PROVIDER = BUILT_IN_SOURCES.get("example-provider")

BANK_HEADER = "거래일자,거래번호,입금액,출금액,적요,의뢰인"
PROVIDER_HEADER = "paid_on,transaction,amount,order_no,method,fee,remittance,buyer"


def bank_row(day: str, number: str, amount: int, note: str = "", who: str = "") -> str:
    """Return a row of the bank's file; an amount below 0 went out."""
    came, went = (f'"{amount:,}"', "") if amount > 0 else ("", f'"{-amount:,}"')
    return f"{day.replace('-', '.')},{number},{came},{went},{note},{who}"


def provider_row(
    day: str, number: str, amount: int, order: str = "", method: str = "CARD", fee: int = 0, remittance: str = ""
) -> str:
    """Return a row of the provider's file."""
    return f"{day},{number},{amount},{order},{method},{fee},{remittance},Haneul Trading"


def whole(header: str, rows: Sequence[str], encoding: str = "utf-8") -> bytes:
    """Return a file of rows."""
    return "".join(f"{row}\r\n" for row in (header, *rows)).encode(encoding)


def bank_file(*rows: str, encoding: str = "utf-8") -> bytes:
    """Return a file of the bank."""
    return whole(BANK_HEADER, rows, encoding)


def provider_file(*rows: str) -> bytes:
    """Return a file of the provider."""
    return whole(PROVIDER_HEADER, rows)


def take(book: Book, content: bytes, source: Source) -> Answer:
    """Take a file."""
    return book.do(command(content, source))


def command(content: bytes, source: Source) -> TakeFile:
    """Return the command that takes a file; its marks are plain hashes."""
    rows = tuple(
        FileRow(
            row.row, row.day, _mark(f"{row.day}{row.identity}"), _mark(row.said), row.amount_minor, row.fee_minor,
            row.method, row.reference, row.remittance, "nte_1" if row.notes else None,
        )
        for row in read_rows(content, source)
    )  # fmt: skip
    return TakeFile(source.name, source.side, source.currency, sha256(content).hexdigest(), rows)


def _mark(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:32]
