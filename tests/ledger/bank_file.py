"""A made-up file in the form of the PKDD'99 bank transactions, and its balances by plain decimal arithmetic."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

HEADER = '"trans_id";"account_id";"date";"type";"operation";"amount";"balance";"k_symbol";"bank";"account"'
PROFILE = Path(__file__).parents[2] / "docs" / "examples" / "pkdd99.toml"


@dataclass(frozen=True)
class BankFile:
    """Lines of a file, and the balance of each account in koruna."""

    lines: list[str]
    balances: dict[str, Decimal]

    def write(self, path: Path) -> Path:
        path.write_text("\n".join([HEADER, *self.lines]) + "\n")
        return path


def bank_file(rows: int, accounts: int, seed: int = 7) -> BankFile:
    """Make up rows: the first of an account is a credit, later ones may take it below zero."""
    chance = random.Random(seed)
    balances: dict[str, Decimal] = {}
    lines: list[str] = []
    day = date(1993, 1, 1)
    for number in range(rows):
        account = str(100 + (number if number < accounts else chance.randrange(accounts)))
        kind = "PRIJEM" if account not in balances else chance.choice(["PRIJEM", "VYDAJ", "VYBER"])
        amount = Decimal(chance.randrange(1, 3_000_000)) / 100
        balances[account] = balances.get(account, Decimal(0)) + (amount if kind == "PRIJEM" else -amount)
        symbol = chance.choice(["", "UROK", "SIPO"])
        lines.append(f'{5_000 + number};{account};{day:%y%m%d};"{kind}";"VKLAD";{amount:.2f};0.00;"{symbol}";;')
        day += timedelta(days=number % 7 == 0)
    return BankFile(lines, balances)
