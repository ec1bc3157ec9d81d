"""Money of a town's bank: lines that nothing explains are parked, put on an account, and sent back."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from aggregates import ids
from aggregates.dates import business_date
from ledger.commands.matching import ParkLine
from ledger.commands.parked_money import CreditParkedMoney, ReturnParkedMoney
from ledger.commands.source_files import tally_name
from tests.ledger.reconcile.files import BANK, bank_file, bank_row, command

if TYPE_CHECKING:
    from tests.projections.town import Town


def bank_money(town: Town, account_id: str) -> None:
    """Park two lines of today, put one on an account that then spends of it, and send the other back."""
    day = business_date(town.now)
    town.do(command(bank_file(bank_row(str(day), "B1", 30_000), bank_row(str(day), "B2", 4_000)), BANK))
    tally_id = ids.root_id("tly", 0, sha256(tally_name(BANK.name, day).encode()).digest())
    credited, returned = (ids.child_id("lin", tally_id, number) for number in (1, 2))
    for line_id in (credited, returned):
        town.do(ParkLine(line_id))
    town.do(CreditParkedMoney(credited, account_id, "the customer told us on the phone"))
    town.do(ReturnParkedMoney(returned, "nobody knows the sender"))
    town.spend(account_id, 12_000)
