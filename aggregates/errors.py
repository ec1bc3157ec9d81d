"""Every way the ledger says no: one base, four kinds, leaves named by the rule they keep.

May import nothing but the standard library. An error never echoes what the caller sent; it names the rule, the numbers
that decided and, where there is one, what would have been allowed. The HTTP face maps a kind to a status in one table
(`api/problems.py`); nothing in this file knows about HTTP.
"""

from __future__ import annotations

from typing import ClassVar

Figure = int | str | bool | None | list[str]


class LedgerError(Exception):
    """Base of every refusal.

    Attributes:
        code: stable snake_case word that clients may switch on.
        detail: one sentence for a person; names the field, the rule and what would be allowed.
        figures: the typed numbers behind the refusal; money in minor units under `*_minor`-free public names.
    """

    code: ClassVar[str] = "ledger_error"

    def __init__(self, detail: str, **figures: Figure) -> None:
        super().__init__(detail)
        self.detail = detail
        self.figures = figures


class Malformed(LedgerError):
    """The request cannot be read as what it claims to be. Never remembered under a key."""

    code = "malformed"


class NotFound(LedgerError):
    """The thing named does not exist for this caller. Never remembered under a key."""

    code = "not_found"


class Conflict(LedgerError):
    """Well-formed, but at odds with the present state of the thing. Remembered under its key."""

    code = "conflict"


class Rejected(LedgerError):
    """Well-formed and possible in principle, but a rule says no. Remembered under its key."""

    code = "rejected"


class Unavailable(LedgerError):
    """The ledger cannot answer now; the same request with the same key may be sent again. Never remembered.

    Attributes:
        retry_after_s: whole seconds after which a retry makes sense.
    """

    code = "unavailable"

    def __init__(self, detail: str, retry_after_s: int = 1, **figures: Figure) -> None:
        super().__init__(detail, **figures)
        self.retry_after_s = retry_after_s
