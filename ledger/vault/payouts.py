"""Payees of pay-out links: who is paid, and to which account or card (SPEC 11.2, R-136).

Facts hold tokens. Of a number nothing is ever shown but its last four digits; in clear it goes to the bank alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple

from aggregates.collecting.card_numbers import digits_of, is_account_number, is_card_number
from aggregates.dates import business_date
from aggregates.errors import Rejected
from ledger.recall import KeyReused
from ledger.vault.door import Door, Reading
from ledger.vault.people import years_after
from ledger.vault.person import MASK, mask

BASIS = "Electronic Financial Transactions Act art. 22: records of transactions, 5 years"
YEARS = 5
PAYEE_PREFIX, DESTINATION_PREFIX, CODE_PREFIX = "pye", "pyd", "pyc"
ACCOUNT, CARD = "account", "card"
HOLDER_MAX = 100


class CardNumberInvalid(Rejected):
    """The card number has a digit wrong, too many or too few (SPEC R-136)."""

    code = "card_number_invalid"


class AccountNumberInvalid(Rejected):
    """The account number is none: 6 to 20 digits."""

    code = "account_number_invalid"


class HolderMissing(Rejected):
    """Whose account or card it is has to be said, and at which bank an account is."""

    code = "holder_missing"


class Payee(NamedTuple):
    """Who is paid; "" = not told. phone: digits alone."""

    name: str
    phone: str
    email: str = ""


class Destination(NamedTuple):
    """Where money goes, in clear.

    Attributes:
        bank: name or code; "card" for a card. account_number: of the account or the card, digits alone. holder: name.
    """

    bank: str
    account_number: str
    holder: str


FORGOTTEN_PAYEE = Payee(MASK, MASK, MASK)
FORGOTTEN = Destination(MASK, MASK, MASK)
"""What is shown of somebody who has been erased."""


def read_destination(kind: str, *, number: str, holder: str, bank: str = "") -> Destination:
    """Return what a payee has typed, as the bank wants it.

    Args:
        kind: account or card. number: hyphens and spaces are left out. bank: of an account.

    Raises:
        CardNumberInvalid, AccountNumberInvalid, HolderMissing: none says what was typed.

    Source: SPEC Z2, R-136.
    """
    digits, name, of_bank = digits_of(number), " ".join(holder.split()), " ".join(bank.split())
    if kind == CARD:
        if not is_card_number(digits):
            raise CardNumberInvalid("card_number must be that of a card; look at its digits again")
        of_bank = CARD
    elif not is_account_number(digits):
        raise AccountNumberInvalid("account_number must have 6 to 20 digits")
    if not name or len(name) > HOLDER_MAX or not of_bank:
        raise HolderMissing(f"holder, 1 to {HOLDER_MAX} characters, and for an account its bank are needed")
    return Destination(of_bank, digits, name)


class Payouts:
    """The payees in the vault.

    Args:
        door: to the vault.
    """

    def __init__(self, door: Door) -> None:
        self._door = door

    def code_id(self, principal: str, key: str) -> str:
        """Return what a code is called that one request has sent; the same request again has the same one."""
        return self._door.kek.token(CODE_PREFIX, principal, key)

    async def put_payee(self, principal: str, key: str, payee: Payee, until: date) -> tuple[str, bool]:
        """Keep a payee for five years after the link's last day; return the token, and whether it is new.

        Args:
            principal: scope of the idempotency key. key: the request's.

        Raises:
            KeyReused: the key came with somebody else before. SealBroken. VaultUnavailable.
        """
        return await self._put(self._door.kek.token(PAYEE_PREFIX, principal, key), payee._asdict(), until)

    async def put_destination(self, principal: str, key: str, destination: Destination) -> tuple[str, bool]:
        """Keep where money shall go for five years; as `put_payee`."""
        today = business_date(self._door.clock.now())
        token = self._door.kek.token(DESTINATION_PREFIX, principal, key)
        return await self._put(token, destination._asdict(), today)

    async def payees(self, tokens: Iterable[str], reading: Reading | None) -> dict[str, Payee]:
        """Return payees by token; who was erased is `FORGOTTEN_PAYEE`.

        Args:
            reading: on whose record the read goes; None = a name's first letter and a number's last digits alone.

        Raises:
            SealBroken, VaultUnavailable.
        """
        shown = dict.fromkeys(tokens, FORGOTTEN_PAYEE)
        for token, fields in (await self._open(shown, reading)).items():
            payee = Payee(**fields)
            shown[token] = payee if reading is not None else masked_payee(payee)
        return shown

    async def masked(self, tokens: Iterable[str]) -> dict[str, Destination]:
        """Return destinations by token: the bank, the last four digits, the first letter of the holder's name.

        Raises:
            SealBroken, VaultUnavailable.
        """
        shown = dict.fromkeys(tokens, FORGOTTEN)
        for token, fields in (await self._open(shown, None)).items():
            found = Destination(**fields)
            shown[token] = Destination(found.bank, mask(found.account_number), f"{found.holder[0]}**")
        return shown

    async def _put(self, token: str, fields: Mapping[str, str], until: date) -> tuple[str, bool]:
        values = {name: value.encode() for name, value in fields.items()}
        async with self._door.transaction() as connection:
            sealed = self._door.sealed(token, values)
            retain_until = years_after(until, YEARS)
            new = await self._door.keep(connection, [sealed], legal_basis=BASIS, retain_until=retain_until)
            if not new and (await self._door.open_fields(connection, [token])).get(token) != values:
                raise KeyReused("Idempotency-Key was used for another request; a new request needs a new key")
        return token, bool(new)

    async def _open(self, tokens: Iterable[str], reading: Reading | None) -> dict[str, dict[str, str]]:
        asked = sorted(set(tokens))
        if not asked:
            return {}
        async with self._door.connected() as connection:
            if reading is not None:
                await self._door.record(connection, reading, asked)
            found = await self._door.open_fields(connection, asked)
        return {token: {name: value.decode() for name, value in fields.items()} for token, fields in found.items()}


def masked_payee(payee: Payee) -> Payee:
    """Return a payee with the first letter of the name, the last digits of the number and the domain alone."""
    domain = payee.email.rpartition("@")[2]
    return Payee(payee.name and f"{payee.name[0]}**", mask(payee.phone), f"***@{domain}" if payee.email else "")
