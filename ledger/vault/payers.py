"""Payers of bills: by name and phone, with what each bill is for; and the one id of all bills to one number (SPEC K1).

Facts hold tokens, and ids that are drawn from account and number under the key file's secret: who has neither that file
nor the vault cannot tell from an id whose it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from hashlib import sha256
from typing import NamedTuple

from aggregates.collecting import bill_customer
from aggregates.dates import business_date
from aggregates.ids import drawn_child_id
from ledger.recall import KeyReused
from ledger.vault.door import Door, Reading
from ledger.vault.people import years_after
from ledger.vault.person import MASK, mask

BASIS = "Electronic Financial Transactions Act art. 22: records of transactions, 5 years"
YEARS = 5
PREFIX = "pyr"


class Payer(NamedTuple):
    """Who is asked to pay a bill; "" = not told.

    Attributes:
        name, phone: of the person; digits alone. details: what the bill is for, as the biller wrote it.
    """

    name: str
    phone: str
    details: str = ""


FORGOTTEN = Payer(MASK, MASK, MASK)
"""What is shown of somebody who has been erased."""


class Payers:
    """The payers in the vault.

    Args:
        door: to the vault.
    """

    def __init__(self, door: Door) -> None:
        self._door = door

    def customer_id(self, account_id: str, phone: str) -> str:
        """Return the id of the customer that a number is to an account. phone: digits alone."""
        mark = self._door.kek.token(bill_customer.PREFIX, account_id, phone)
        return drawn_child_id(bill_customer.PREFIX, account_id, sha256(mark.encode()).digest())

    async def put(self, principal: str, key: str, payer: Payer, due_on: date) -> tuple[str, bool]:
        """Keep a payer, or whom a payer asks, for five years after the bill fell due, or after today if later.

        Args:
            principal: scope of the idempotency key. key: the request's.

        Returns:
            The token, and whether it was not there before.

        Raises:
            KeyReused: the key came with somebody else before. SealBroken. VaultUnavailable.
        """
        token = self._door.kek.token(PREFIX, principal, key)
        values = {name: value.encode() for name, value in payer._asdict().items()}
        until = years_after(max(due_on, business_date(self._door.clock.now())), YEARS)
        async with self._door.transaction() as connection:
            sealed = self._door.sealed(token, values)
            new = await self._door.keep(connection, [sealed], legal_basis=BASIS, retain_until=until)
            if not new and (await self._door.open_fields(connection, [token])).get(token) != values:
                raise KeyReused("Idempotency-Key was used for another request; a new request needs a new key")
        return token, bool(new)

    async def get(self, tokens: Iterable[str], reading: Reading | None) -> dict[str, Payer]:
        """Return payers by token; who was erased is `FORGOTTEN`.

        Args:
            reading: on whose record the read goes; None = a name's first letter and a number's last digits alone.

        Raises:
            SealBroken, VaultUnavailable.
        """
        asked = sorted(set(tokens))
        found: dict[str, dict[str, bytes]] = {}
        if asked:
            async with self._door.connected() as connection:
                if reading is not None:
                    await self._door.record(connection, reading, asked)
                found = await self._door.open_fields(connection, asked)
        shown = dict.fromkeys(asked, FORGOTTEN)
        for token, fields in found.items():
            payer = Payer(**{name: value.decode() for name, value in fields.items()})
            shown[token] = payer if reading is not None else masked(payer)
        return shown


def masked(payer: Payer) -> Payer:
    """Return a payer with the first letter of the name and the last digits of the number, and nothing else."""
    return Payer(payer.name and f"{payer.name[0]}**", mask(payer.phone), payer.details and MASK)
