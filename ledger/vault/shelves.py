"""The shelves of an address book: folders, and groups in them. Their names are sealed as contacts are.

Changes of one book are made one after the other, so that the last folder and the last group stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import LiteralString, NamedTuple

import psycopg

from aggregates.errors import Conflict, NotFound, Rejected
from ledger.vault.door import RETAINED_UNTIL_ERASED, Door

FOLDERS_MAX = 100
GROUPS_MAX = 1_000
NAME = "name"
DEFAULT_FOLDER, DEFAULT_GROUP = "Default folder", "Default group"
BASIS = "Contract with the account: its address book, until it is deleted"


class FolderNotFound(NotFound):
    """The address book has no such folder."""

    code = "folder_not_found"


class GroupNotFound(NotFound):
    """The address book has no such group."""

    code = "group_not_found"


class LastFolder(Conflict):
    """The last folder stays: an address book has at least one (SPEC B1)."""

    code = "last_folder"


class LastGroup(Conflict):
    """The last group stays: an address book has at least one (SPEC B1)."""

    code = "last_group"


class BookFull(Rejected):
    """The address book holds as many folders, groups or contacts as it may."""

    code = "address_book_full"


class Folder(NamedTuple):
    """A folder. groups: how many it has."""

    id: str
    name: str
    groups: int


class Group(NamedTuple):
    """A group. folder_id: where it lies. contacts: how many it has."""

    id: str
    folder_id: str
    name: str
    contacts: int


class Shelves:
    """Folders and groups. What takes a connection is done inside its transaction.

    Args:
        door: to the vault.
    """

    def __init__(self, door: Door) -> None:
        self._door = door

    def id_of(self, prefix: str, principal: str, key: str, index: int = 0) -> str:
        """Return the id of what a request makes: fld_, grp_ or con_."""
        return self._door.kek.token(prefix, principal, f"{key}:{index}")

    async def folders(self, owner: str) -> list[Folder]:
        """Return a book's folders, oldest first; a new book has its default folder and group."""
        async with self._door.transaction() as connection:
            await self._begin(connection, owner)
            found = await connection.execute(
                self._door.sql(
                    "SELECT token, (SELECT count(*) FROM {s}.contact_group WHERE folder = f.token)"
                    " FROM {s}.folder f WHERE owner = %s ORDER BY number"
                ),
                (owner,),
            )
            rows = await found.fetchall()
            names = await self._names(connection, [token for token, _ in rows])
        return [Folder(token, names[token], groups) for token, groups in rows]

    async def groups(self, owner: str, folder_id: str | None = None) -> list[Group]:
        """Return a book's groups, oldest first; of one folder when it is named. Raises: FolderNotFound."""
        async with self._door.transaction() as connection:
            await self._begin(connection, owner)
            if folder_id is not None:
                await self._has_folder(connection, owner, folder_id)
            found = await connection.execute(
                self._door.sql(
                    "SELECT token, folder, (SELECT count(*) FROM {s}.contact WHERE grp = g.token)"
                    " FROM {s}.contact_group g WHERE owner = %s AND folder = coalesce(%s, folder) ORDER BY number"
                ),
                (owner, folder_id),
            )
            rows = await found.fetchall()
            names = await self._names(connection, [token for token, _, _ in rows])
        return [Group(token, folder, names[token], contacts) for token, folder, contacts in rows]

    async def add_folder(self, connection: psycopg.AsyncConnection, owner: str, folder_id: str, name: str) -> None:
        """Make a folder. Raises: BookFull."""
        await self._begin(connection, owner)
        await self._bound(connection, owner, "SELECT count(*) FROM {s}.folder WHERE owner = %s", 1, FOLDERS_MAX)
        await self._make_folder(connection, owner, folder_id, name)

    async def rename_folder(self, connection: psycopg.AsyncConnection, owner: str, folder_id: str, name: str) -> None:
        """Give a folder another name. Raises: FolderNotFound."""
        await self._begin(connection, owner)
        await self._has_folder(connection, owner, folder_id)
        await self._reseal(connection, folder_id, NAME, name.encode())

    async def rename_group(self, connection: psycopg.AsyncConnection, owner: str, group_id: str, name: str) -> None:
        """Give a group another name. Raises: GroupNotFound."""
        await self._begin(connection, owner)
        await self._has_group(connection, owner, group_id)
        await self._reseal(connection, group_id, NAME, name.encode())

    async def delete_folder(self, connection: psycopg.AsyncConnection, owner: str, folder_id: str) -> int:
        """Delete a folder with its groups and their contacts; return how many contacts that were.

        Raises:
            FolderNotFound. LastFolder: there would be none left. LastGroup: all groups lie in it.

        Source: SPEC B1.
        """
        await self._begin(connection, owner)
        await self._has_folder(connection, owner, folder_id)
        folders, groups, own = await self._counts(connection, owner, folder_id)
        if folders == 1:
            raise LastFolder("the last folder of an address book stays")
        if own == groups:
            raise LastGroup("all groups lie in this folder, and the last group of an address book stays")
        contacts = await self._tokens(
            connection,
            "SELECT token FROM {s}.contact WHERE grp IN (SELECT token FROM {s}.contact_group WHERE folder = %s)",
            folder_id,
        )
        held = await self._tokens(connection, "SELECT token FROM {s}.contact_group WHERE folder = %s", folder_id)
        for tokens in (contacts, held, [folder_id]):
            await self._door.forget(connection, tokens)
        return len(contacts)

    async def add_group(
        self, connection: psycopg.AsyncConnection, owner: str, group_id: str, folder_id: str | None, name: str
    ) -> str:
        """Make a group; return its folder, the oldest one where none is named. Raises: FolderNotFound, BookFull."""
        await self._begin(connection, owner)
        if folder_id is None:
            folder_id = await self._first(connection, owner, "SELECT token FROM {s}.folder WHERE owner = %s")
        await self._has_folder(connection, owner, folder_id)
        await self._bound(connection, owner, "SELECT count(*) FROM {s}.contact_group WHERE owner = %s", 1, GROUPS_MAX)
        await self._make_group(connection, owner, group_id, folder_id, name)
        return folder_id

    async def move_group(self, connection: psycopg.AsyncConnection, owner: str, group_id: str, folder_id: str) -> None:
        """Put a group into another folder. Raises: GroupNotFound, FolderNotFound. Source: SPEC B1."""
        await self._begin(connection, owner)
        await self._has_group(connection, owner, group_id)
        await self._has_folder(connection, owner, folder_id)
        await connection.execute(
            self._door.sql("UPDATE {s}.contact_group SET folder = %s WHERE token = %s"), (folder_id, group_id)
        )

    async def delete_group(self, connection: psycopg.AsyncConnection, owner: str, group_id: str) -> int:
        """Delete a group with its contacts; return how many those were.

        Raises:
            GroupNotFound. LastGroup: there would be none left.

        Source: SPEC B1.
        """
        await self._begin(connection, owner)
        await self._has_group(connection, owner, group_id)
        _, groups, _ = await self._counts(connection, owner, "")
        if groups == 1:
            raise LastGroup("the last group of an address book stays")
        contacts = await self._tokens(connection, "SELECT token FROM {s}.contact WHERE grp = %s", group_id)
        for tokens in (contacts, [group_id]):
            await self._door.forget(connection, tokens)
        return len(contacts)

    async def _begin(self, connection: psycopg.AsyncConnection, owner: str) -> None:
        """Wait for whoever changes this book, and make its default folder and group when it is new."""
        door = self._door
        await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"book {owner}",))
        found = await connection.execute(door.sql("SELECT FROM {s}.folder WHERE owner = %s LIMIT 1"), (owner,))
        if await found.fetchone() is None:
            folder_id, group_id = (door.kek.token(prefix, "book", owner) for prefix in ("fld", "grp"))
            await self._make_folder(connection, owner, folder_id, DEFAULT_FOLDER)
            await self._make_group(connection, owner, group_id, folder_id, DEFAULT_GROUP)

    async def _make_folder(self, connection: psycopg.AsyncConnection, owner: str, id: str, name: str) -> None:
        await self._keep_name(connection, id, name)
        await connection.execute(self._door.sql("INSERT INTO {s}.folder (token, owner) VALUES (%s, %s)"), (id, owner))

    async def _make_group(
        self, connection: psycopg.AsyncConnection, owner: str, id: str, folder_id: str, name: str
    ) -> None:
        await self._keep_name(connection, id, name)
        await connection.execute(
            self._door.sql("INSERT INTO {s}.contact_group (token, owner, folder) VALUES (%s, %s, %s)"),
            (id, owner, folder_id),
        )

    async def _keep_name(self, connection: psycopg.AsyncConnection, id: str, name: str) -> None:
        sealed = self._door.sealed(id, {NAME: name.encode()})
        await self._door.keep(connection, [sealed], legal_basis=BASIS, retain_until=RETAINED_UNTIL_ERASED)

    async def _names(self, connection: psycopg.AsyncConnection, tokens: Sequence[str]) -> dict[str, str]:
        found = await self._door.open_fields(connection, tokens, NAME)
        return {token: fields[NAME].decode() for token, fields in found.items()}

    async def _reseal(self, connection: psycopg.AsyncConnection, token: str, field: str, value: bytes) -> None:
        dek = (await self._door.keys_of(connection, [token]))[token]
        _, ciphertext, nonce = self._door.item(dek, token, field, value)
        await connection.execute(
            self._door.sql("UPDATE {s}.item SET ciphertext = %s, nonce = %s WHERE token = %s AND field = %s"),
            (ciphertext, nonce, token, field),
        )

    async def _has_folder(self, connection: psycopg.AsyncConnection, owner: str, folder_id: str) -> None:
        query: LiteralString = "SELECT token FROM {s}.folder WHERE token = %s AND owner = %s"
        if not await self._tokens(connection, query, folder_id, owner):
            raise FolderNotFound("the address book has no such folder")

    async def _has_group(self, connection: psycopg.AsyncConnection, owner: str, group_id: str) -> None:
        query: LiteralString = "SELECT token FROM {s}.contact_group WHERE token = %s AND owner = %s"
        if not await self._tokens(connection, query, group_id, owner):
            raise GroupNotFound("the address book has no such group")

    async def _counts(self, connection: psycopg.AsyncConnection, owner: str, folder_id: str) -> tuple[int, int, int]:
        """Return how many folders and groups a book has, and how many of its groups lie in one folder."""
        found = await connection.execute(
            self._door.sql(
                "SELECT (SELECT count(*) FROM {s}.folder WHERE owner = %s), count(*),"
                " count(*) FILTER (WHERE folder = %s) FROM {s}.contact_group WHERE owner = %s"
            ),
            (owner, folder_id, owner),
        )
        folders, groups, own = await found.fetchone() or (0, 0, 0)
        return folders, groups, own

    async def _bound(
        self, connection: psycopg.AsyncConnection, owner: str, count: LiteralString, more: int, most: int
    ) -> None:
        found = await connection.execute(self._door.sql(count), (owner,))
        (there,) = await found.fetchone() or (0,)
        if there + more > most:
            raise BookFull(f"an address book holds at most {most} of these", maximum=most, present=there)

    async def _first(self, connection: psycopg.AsyncConnection, owner: str, query: LiteralString) -> str:
        found = await connection.execute(self._door.sql(query + " ORDER BY number LIMIT 1"), (owner,))
        (token,) = await found.fetchone() or ("",)
        return str(token)

    async def _tokens(self, connection: psycopg.AsyncConnection, query: LiteralString, *values: object) -> list[str]:
        found = await connection.execute(self._door.sql(query), values)
        return [token for (token,) in await found.fetchall()]
