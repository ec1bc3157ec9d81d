"""Where owners want to be told of things: an address, a number, or both, for the master and each sub-member.

No fact knows of it. What is changed or deleted is gone at once (SPEC R-003).
"""

from __future__ import annotations

from typing import NamedTuple

import psycopg

from ledger.vault.door import RETAINED_UNTIL_ERASED, Door, Reading
from ledger.vault.person import mask

BASIS = "Contract with the account: where its owner wants to be told, until it is changed or deleted"
PREFIX = "tel"


class NoticeContact(NamedTuple):
    """Where somebody is told. email, phone: "" = not there; phone: digits alone."""

    email: str
    phone: str


class NoticeContacts:
    """The contacts for notices in the vault.

    Args:
        door: to the vault.
    """

    def __init__(self, door: Door) -> None:
        self._door = door

    async def put(self, connection: psycopg.AsyncConnection, owner: str, contact: NoticeContact) -> None:
        """Keep where an owner is told, in the place of what was there.

        Args:
            connection: inside a transaction of the vault.
            owner: an account's master or one of its members, as `owner_name` has it.
        """
        token = self._token(owner)
        fields = {name: value.encode() for name, value in contact._asdict().items()}
        await self._door.forget(connection, [token])
        sealed = self._door.sealed(token, fields)
        await self._door.keep(connection, [sealed], legal_basis=BASIS, retain_until=RETAINED_UNTIL_ERASED)

    async def erase(self, connection: psycopg.AsyncConnection, owner: str) -> bool:
        """Forget where an owner is told, inside a transaction; return whether there was anything to forget."""
        return await self._door.forget(connection, [self._token(owner)]) == 1

    async def get(self, owner: str, reading: Reading | None) -> NoticeContact | None:
        """Return where an owner is told; None when nothing is kept.

        Args:
            reading: on whose record the read goes; None = all but the last digits and the domain is hidden.

        Raises:
            SealBroken: something there was altered or moved, or the key file is another one. VaultUnavailable.
        """
        token = self._token(owner)
        async with self._door.connected() as connection:
            if reading is not None:
                await self._door.record(connection, reading, [token])
            found = await self._door.open_fields(connection, [token])
        if token not in found:
            return None
        contact = NoticeContact(**{name: value.decode() for name, value in found[token].items()})
        return contact if reading is not None else _masked(contact)

    def _token(self, owner: str) -> str:
        return self._door.kek.token(PREFIX, owner, "notices")


def _masked(contact: NoticeContact) -> NoticeContact:
    domain = contact.email.rpartition("@")[2]
    return NoticeContact(f"***@{domain}" if contact.email else "", mask(contact.phone) if contact.phone else "")
