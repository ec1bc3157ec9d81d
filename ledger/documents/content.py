"""The content of a document: one JSON object that says everything that is shown, and its canonical bytes and digest.

Whoever has the JSON file can check the digest that is printed on the PDF: it is the SHA-256 of the file.
"""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

FORMAT = 1
"""Raised when the meaning of a field changes; pages of old contents stay."""


def content_of(
    *,
    kind: str,
    language: str,
    number: str,
    issued_at: str,
    position: int | None,
    account_version: int | None,
    supplier: dict[str, Any],
    recipient: dict[str, Any],
    basis: dict[str, Any],
    figures: dict[str, Any],
) -> dict[str, Any]:
    """Return the content of a document.

    Args:
        number: "" = it has none. issued_at: RFC 3339.
        position, account_version: where ledger and account stood; None = it does not say.
        supplier: who issues it, in its language. recipient: for whom.
        basis: what was asked for, from which the figures can be made again.
        figures: what the ledger says.
    """
    return {
        "format": FORMAT,
        "kind": kind,
        "language": language,
        "number": number,
        "issued_at": issued_at,
        "position": position,
        "account_version": account_version,
        "supplier": supplier,
        "recipient": recipient,
        "basis": basis,
        "figures": figures,
    }


def canonical(content: dict[str, Any]) -> bytes:
    """Return the one way to write a content: JSON with sorted keys, no spaces, UTF-8."""
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS)


def digest(written: bytes) -> str:
    """Return the SHA-256 of bytes, in hex."""
    return hashlib.sha256(written).hexdigest()
