"""Address books: contacts in groups in folders; nothing of it is a fact, and what is deleted is gone.

One book for an account's master and one for each of its members.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import LiteralString, NamedTuple

import psycopg

from aggregates.errors import NotFound
from ledger.vault.door import RETAINED_UNTIL_ERASED, Reading, aside
from ledger.vault.people import index_phones
from ledger.vault.person import Person, packed, unpacked
from ledger.vault.shelves import BASIS, Shelves

CONTACTS_MAX = 100_000
FIELD = "person"


class ContactNotFound(NotFound):
    """The address book has no such contact."""

    code = "contact_not_found"


class Contact(NamedTuple):
    """A contact. group_id: where it lies. number: its place in lists."""

    id: str
    group_id: str
    number: int
    person: Person


class AddressBook(Shelves):
    """The address books in the vault. What takes a connection is done inside its transaction."""

    async def add_contacts(
        self,
        connection: psycopg.AsyncConnection,
        owner: str,
        group_id: str | None,
        ids: Sequence[str],
        people: Sequence[Person],
    ) -> str:
        """Add contacts to a group; return the group, the oldest one where none is named.

        Raises:
            GroupNotFound, BookFull.
        """
        door = self._door
        await self._begin(connection, owner)
        if group_id is None:
            group_id = await self._first(connection, owner, "SELECT token FROM {s}.contact_group WHERE owner = %s")
        await self._has_group(connection, owner, group_id)
        await self._bound(
            connection, owner, "SELECT count(*) FROM {s}.contact WHERE owner = %s", len(people), CONTACTS_MAX
        )
        sealed = await aside(
            len(people),
            lambda: [door.sealed(id, {FIELD: packed(person)}) for id, person in zip(ids, people, strict=True)],
        )
        await door.keep(connection, sealed, legal_basis=BASIS, retain_until=RETAINED_UNTIL_ERASED)
        await index_phones(door, connection, ids, [door.kek.blind(person.phone) for person in people])
        await connection.execute(
            door.sql(
                "INSERT INTO {s}.contact (token, owner, grp)"
                " SELECT t, %s, %s FROM unnest(%b::text[]) WITH ORDINALITY AS made (t, n) ORDER BY n"
            ),
            (owner, group_id, list(ids)),
        )
        return group_id

    async def change_contact(
        self, connection: psycopg.AsyncConnection, owner: str, contact_id: str, person: Person
    ) -> None:
        """Write a contact anew. Raises: ContactNotFound."""
        await self._begin(connection, owner)
        await self._has_contacts(connection, owner, [contact_id])
        await self._reseal(connection, contact_id, FIELD, packed(person))
        await connection.execute(
            self._door.sql("UPDATE {s}.phone SET mark = %s WHERE token = %s"),
            (self._door.kek.blind(person.phone), contact_id),
        )

    async def move_contacts(
        self, connection: psycopg.AsyncConnection, owner: str, ids: Sequence[str], group_id: str
    ) -> None:
        """Put contacts into another group, all or none. Raises: GroupNotFound, ContactNotFound. Source: SPEC B1."""
        await self._begin(connection, owner)
        await self._has_group(connection, owner, group_id)
        await self._has_contacts(connection, owner, ids)
        await connection.execute(
            self._door.sql("UPDATE {s}.contact SET grp = %s WHERE token = ANY(%b::text[])"), (group_id, list(ids))
        )

    async def delete_contacts(self, connection: psycopg.AsyncConnection, owner: str, ids: Sequence[str]) -> None:
        """Forget contacts at once, all or none. Raises: ContactNotFound. Source: SPEC R-003."""
        await self._begin(connection, owner)
        await self._has_contacts(connection, owner, ids)
        await self._door.forget(connection, ids)

    async def contact(self, owner: str, contact_id: str, reading: Reading | None) -> Contact:
        """Return one contact; as `page`. Raises: ContactNotFound."""
        async with self._door.connected() as connection:
            await self._has_contacts(connection, owner, [contact_id])
            found = await self._read(connection, "AND token = %s ORDER BY number", (owner, contact_id), reading)
        if not found:
            raise ContactNotFound("the address book has no such contact")
        return found[0]

    async def page(
        self,
        owner: str,
        *,
        group_id: str | None,
        phone: str | None,
        before: int | None,
        limit: int,
        reading: Reading | None,
    ) -> list[Contact]:
        """Return contacts, newest first.

        Args:
            group_id: of this group alone. phone: with this number alone (digits). before: after this one in the list.
            reading: who reads in clear; None = whoever shows them masks them.

        Raises:
            GroupNotFound.
        """
        async with self._door.transaction() as connection:
            await self._begin(connection, owner)
            if group_id is not None:
                await self._has_group(connection, owner, group_id)
            mark = None if phone is None else self._door.kek.blind(phone)
            return await self._read(
                connection,
                "AND grp = coalesce(%s, grp) AND (%s::bigint IS NULL OR number < %s)"
                " AND (%s::bytea IS NULL OR token IN (SELECT token FROM {s}.phone WHERE mark = %s))"
                " ORDER BY number DESC LIMIT %s",
                (owner, group_id, before, before, mark, mark, limit),
                reading,
            )

    async def people(self, owner: str, group_ids: Sequence[str], contact_ids: Sequence[str]) -> list[Person]:
        """Return everybody in these groups, then these contacts, nobody twice: to become recipients of an order.

        Raises:
            GroupNotFound, ContactNotFound. VaultUnavailable.
        """
        async with self._door.connected() as connection:
            for group_id in group_ids:
                await self._has_group(connection, owner, group_id)
            await self._has_contacts(connection, owner, contact_ids)
            found = await self._read(
                connection,
                "AND (grp = ANY(%b::text[]) OR token = ANY(%b::text[])) ORDER BY number",
                (owner, list(group_ids), list(contact_ids)),
                None,
            )
        return [each.person for each in found]

    async def _read(
        self,
        connection: psycopg.AsyncConnection,
        where: LiteralString,
        values: tuple[object, ...],
        reading: Reading | None,
    ) -> list[Contact]:
        found = await connection.execute(
            self._door.sql("SELECT token, grp, number FROM {s}.contact WHERE owner = %s " + where), values
        )
        rows = await found.fetchall()
        tokens = [token for token, _, _ in rows]
        if reading is not None:
            await self._door.record(connection, reading, tokens)
        fields = await self._door.open_fields(connection, tokens, FIELD)
        return [Contact(token, grp, number, unpacked(fields[token][FIELD])) for token, grp, number in rows]

    async def _has_contacts(self, connection: psycopg.AsyncConnection, owner: str, ids: Sequence[str]) -> None:
        query: LiteralString = "SELECT token FROM {s}.contact WHERE token = ANY(%b::text[]) AND owner = %s"
        if len(await self._tokens(connection, query, list(ids), owner)) < len(set(ids)):
            raise ContactNotFound("the address book has no such contact")
