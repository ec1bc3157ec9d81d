"""Value parts of reconciliation: a line of a file as it is stored, and what it is matched with.

Apart from the standard library this imports nothing, so that every noun's file may build on it.
"""

from __future__ import annotations

from dataclasses import dataclass

PROVIDER = "provider"
BANK = "bank"
SIDES = (PROVIDER, BANK)
"""Who says so: the provider that takes payments, or the bank that has the money."""

LINES_MAX = 100
"""Lines in one fact: keeps it far below the size of a row."""

ITEMS_MAX = 50
"""Things of the ledger that one line may stand for."""


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One line of a file.

    Attributes:
        no: its number on its day, from 1; part of its id.
        row: the row of the file that it came in.
        mark: keyed mark of what tells it from other lines of its source and day.
        content: of all that it says.
        amount_minor: signed; > 0 is money to us.
        fee_minor: what the provider keeps of it; 0 for a bank.
        method: card, transfer or virtual_account; None where the source does not say.
        reference: the number that it carries; None without one.
        remittance_id: the remittance in which the provider sends it to the bank; None where the source does not say.
        note: vault token of what else stands in it, such as who paid; None when nothing does.
    """

    no: int
    row: int
    mark: str
    content: str
    amount_minor: int
    fee_minor: int
    method: str | None
    reference: str | None
    remittance_id: str | None
    note: str | None


@dataclass(frozen=True, slots=True)
class RemittancePart:
    """What one method has brought to a remittance.

    Attributes:
        gross_minor: what was paid.
        fee_minor: what the provider keeps of it.
    """

    method: str
    gross_minor: int
    fee_minor: int
