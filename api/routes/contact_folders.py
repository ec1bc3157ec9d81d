"""Folders and groups of the address book; see `api.routes.contacts`."""

from __future__ import annotations

from typing import Annotated, Any

import psycopg
from pydantic import Field

from api import shapes
from api.address_book import change, changes, id_for, shows
from api.ask import Ask, page_reply
from api.bodies import example
from api.fields import Body
from api.owners import OwnerQuery, owner_of
from api.reply import Reply
from ledger.vault.shelves import BookFull, FolderNotFound, GroupNotFound, LastFolder, LastGroup

BookName = Annotated[str, Field(min_length=1, max_length=50)]
FolderIdText = Annotated[str, Field(pattern=r"^fld_[a-z2-7]{32}$")]


class NameBody(Body):
    """The name of a folder or a group."""

    model_config = example(name="Customers")

    name: BookName


class GroupBody(Body):
    """A new group; in the oldest folder where none is named."""

    model_config = example(name="Seoul")

    name: BookName
    folder_id: FolderIdText | None = None


class FolderIdBody(Body):
    """Where a group shall lie."""

    model_config = example(folder_id="fld_h6q2n5kcrqk4tzsmtjv6chfvfmkkpwqd")

    folder_id: FolderIdText


class GroupsQuery(OwnerQuery):
    """Which groups."""

    folder_id: FolderIdText | None = None


@shows("/v1/contacts/folders", answer=shapes.list_of(shapes.Folder))
async def list_folders(ask: Ask, query: OwnerQuery) -> Reply:
    """List the folders of an address book, oldest first. A new book has a default folder with a default group."""
    found = await ask.house.vault.book.folders(await owner_of(ask, query))
    return page_reply(([each._asdict() for each in found], None), await ask.position())


@changes("POST", "/v1/contacts/folders", body=NameBody, answer=shapes.FolderRef, status=201, raises=(BookFull,))
async def add_folder(ask: Ask, body: NameBody, query: OwnerQuery) -> Reply:
    """Make a folder."""
    book, folder_id = ask.house.vault.book, id_for(ask, "fld")

    async def work(connection: psycopg.AsyncConnection, owner: str) -> dict[str, Any]:
        await book.add_folder(connection, owner, folder_id, body.name)
        return {"id": folder_id}

    return await change(ask, query, work, 201)


@changes("PUT", "/v1/contacts/folders/{folder_id}", body=NameBody, answer=shapes.FolderRef, raises=(FolderNotFound,))
async def rename_folder(ask: Ask, folder_id: str, body: NameBody, query: OwnerQuery) -> Reply:
    """Give a folder another name."""

    async def work(connection: psycopg.AsyncConnection, owner: str) -> dict[str, Any]:
        await ask.house.vault.book.rename_folder(connection, owner, folder_id, body.name)
        return {"id": folder_id}

    return await change(ask, query, work)


@changes(
    "DELETE",
    "/v1/contacts/folders/{folder_id}",
    answer=shapes.FolderDeleted,
    raises=(FolderNotFound, LastFolder, LastGroup),
)
async def delete_folder(ask: Ask, folder_id: str, query: OwnerQuery) -> Reply:
    """Delete a folder with all its groups and contacts; the last folder and the last group of a book stay."""

    async def work(connection: psycopg.AsyncConnection, owner: str) -> dict[str, Any]:
        return {"id": folder_id, "contacts": await ask.house.vault.book.delete_folder(connection, owner, folder_id)}

    return await change(ask, query, work)


@shows("/v1/contacts/groups", query=GroupsQuery, answer=shapes.list_of(shapes.Group), raises=(FolderNotFound,))
async def list_groups(ask: Ask, query: GroupsQuery) -> Reply:
    """List the groups of an address book, or of one folder of it, oldest first."""
    found = await ask.house.vault.book.groups(await owner_of(ask, query), query.folder_id)
    return page_reply(([each._asdict() for each in found], None), await ask.position())


@changes(
    "POST",
    "/v1/contacts/groups",
    body=GroupBody,
    answer=shapes.GroupRef,
    status=201,
    raises=(BookFull, FolderNotFound),
)
async def add_group(ask: Ask, body: GroupBody, query: OwnerQuery) -> Reply:
    """Make a group."""
    book, group_id = ask.house.vault.book, id_for(ask, "grp")

    async def work(connection: psycopg.AsyncConnection, owner: str) -> dict[str, Any]:
        folder_id = await book.add_group(connection, owner, group_id, body.folder_id, body.name)
        return {"id": group_id, "folder_id": folder_id}

    return await change(ask, query, work, 201)


@changes("PUT", "/v1/contacts/groups/{group_id}", body=NameBody, answer=shapes.GroupRef, raises=(GroupNotFound,))
async def rename_group(ask: Ask, group_id: str, body: NameBody, query: OwnerQuery) -> Reply:
    """Give a group another name."""

    async def work(connection: psycopg.AsyncConnection, owner: str) -> dict[str, Any]:
        await ask.house.vault.book.rename_group(connection, owner, group_id, body.name)
        return {"id": group_id}

    return await change(ask, query, work)


@changes(
    "POST",
    "/v1/contacts/groups/{group_id}/move",
    body=FolderIdBody,
    answer=shapes.GroupRef,
    raises=(GroupNotFound, FolderNotFound),
)
async def move_group(ask: Ask, group_id: str, body: FolderIdBody, query: OwnerQuery) -> Reply:
    """Put a group into another folder, with its contacts."""

    async def work(connection: psycopg.AsyncConnection, owner: str) -> dict[str, Any]:
        await ask.house.vault.book.move_group(connection, owner, group_id, body.folder_id)
        return {"id": group_id, "folder_id": body.folder_id}

    return await change(ask, query, work)


@changes("DELETE", "/v1/contacts/groups/{group_id}", answer=shapes.GroupDeleted, raises=(GroupNotFound, LastGroup))
async def delete_group(ask: Ask, group_id: str, query: OwnerQuery) -> Reply:
    """Delete a group with its contacts; the last group of a book stays."""

    async def work(connection: psycopg.AsyncConnection, owner: str) -> dict[str, Any]:
        return {"id": group_id, "contacts": await ask.house.vault.book.delete_group(connection, owner, group_id)}

    return await change(ask, query, work)
