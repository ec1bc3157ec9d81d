"""The address book: folders, groups, contacts. It lies in the vault alone; what is deleted is gone at once.

A customer's own key sees its book in clear; internal services and auditors see it masked. Answers to changes hold ids
and counts, so that nothing about a person outlives the person's row.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Annotated, Any, Literal

import psycopg
from pydantic import ConfigDict, Field

from aggregates.errors import Malformed
from api import shapes
from api.access import filtered
from api.address_book import change, changes, id_for, shows
from api.ask import Ask, page_reply
from api.bodies import example
from api.fields import Body, PageQuery
from api.operation import ORDER_BYTES_MAX, ORDER_ITEMS_MAX, operation
from api.owners import OwnerQuery, owner_of, reading_of
from api.recipients import ContactIdText, GroupIdText, Text, UploadIdText
from api.reply import Reply, of_view
from api.routes.uploads import counts
from ledger.recipients import CONTACTS, BadRows, NoRows, Taken, TooManyPeople, check_count, read_phone, take_rows
from ledger.vault import PEOPLE_MAX, Person, UploadNotFound, masked
from ledger.vault.book import Contact, ContactNotFound
from ledger.vault.door import aside
from ledger.vault.shelves import BookFull, GroupNotFound


class ContactRow(Body):
    """A contact as typed; hyphens in the number are left out."""

    model_config = example(name="Haneul", phone="010-0000-0001", anniversary="1990/08/15", calendar="solar")

    name: Annotated[Text, Field(description="At most 10 characters.")]
    phone: Text
    anniversary: Annotated[Text, Field(description="A date such as 1990/08/15.")] = ""
    calendar: Literal["solar", "lunar"] = "solar"
    company: Annotated[Text, Field(description="At most 20 characters.")] = ""
    department: Annotated[Text, Field(description="At most 20 characters.")] = ""
    title: Annotated[Text, Field(description="At most 10 characters.")] = ""


class ContactBody(ContactRow):
    """A new contact; in the oldest group where none is named."""

    group_id: GroupIdText | None = None


class ContactsBody(Body):
    """Many contacts: rows, or an upload of contacts."""

    model_config = ConfigDict(json_schema_extra={"example": {"contacts": [{"name": "Haneul", "phone": "01000000001"}]}})

    group_id: GroupIdText | None = None
    contacts: Annotated[list[dict[str, Text]], Field(default_factory=list, max_length=PEOPLE_MAX)]
    upload_id: UploadIdText | None = None


class ContactIdsBody(Body):
    """Contacts, by their ids."""

    model_config = example(contact_ids=["con_7bzq4gnt3mfqhv5yfkwsc2xjk6d3wrpe"])

    contact_ids: Annotated[list[ContactIdText], Field(min_length=1, max_length=PEOPLE_MAX)]


class MoveContactsBody(ContactIdsBody):
    """Contacts, and the group into which they go."""

    model_config = example(
        contact_ids=["con_7bzq4gnt3mfqhv5yfkwsc2xjk6d3wrpe"], group_id="grp_5ywhotv2lrsmgh3jqx2svvgsz2dwnxyb"
    )

    group_id: GroupIdText


class PhoneBody(Body):
    """A phone number to look for; in a body, because addresses of requests are written down in many places."""

    model_config = example(phone="01000000001")

    phone: Text


class ContactsQuery(PageQuery, OwnerQuery):
    """Which contacts."""

    group_id: GroupIdText | None = None


@shows("/v1/contacts", query=ContactsQuery, answer=shapes.list_of(shapes.Contact), raises=(GroupNotFound,))
async def list_contacts(ask: Ask, query: ContactsQuery) -> Reply:
    """List contacts, newest first; of one group when it is named. Masked unless the key is the customer's own."""
    limit = query.limit or 50
    found = await ask.house.vault.book.page(
        await owner_of(ask, query),
        group_id=query.group_id,
        phone=None,
        before=_place(query.cursor),
        limit=limit + 1,
        reading=reading_of(ask, "list contacts"),
    )
    cursor = None
    if len(found) > limit:
        cursor = urlsafe_b64encode(str(found[limit - 1].number).encode()).decode()
    return page_reply(([contact_json(ask, each) for each in found[:limit]], cursor), await ask.position())


@operation(
    "POST",
    "/v1/contacts/lookup",
    scope="contacts:read",
    rule=filtered,
    query=OwnerQuery,
    body=PhoneBody,
    answer=shapes.list_of(shapes.Contact),
    keyed=None,
)
async def look_up_contacts(ask: Ask, body: PhoneBody, query: OwnerQuery) -> Reply:
    """Find the contacts with a phone number, up to 200. Masked unless the key is the customer's own."""
    phone = read_phone(body.phone)
    if not phone:
        raise Malformed("phone must be a mobile number", field="phone")
    found = await ask.house.vault.book.page(
        await owner_of(ask, query),
        group_id=None,
        phone=phone,
        before=None,
        limit=200,
        reading=reading_of(ask, "look up contacts"),
    )
    return page_reply(([contact_json(ask, each) for each in found], None), await ask.position())


@changes(
    "POST",
    "/v1/contacts",
    body=ContactBody,
    answer=shapes.ContactRef,
    status=201,
    raises=(GroupNotFound, BadRows, BookFull),
)
async def add_contact(ask: Ask, body: ContactBody, query: OwnerQuery) -> Reply:
    """Add a contact."""
    book, contact_id = ask.house.vault.book, id_for(ask, "con")

    async def work(connection: psycopg.AsyncConnection, owner: str) -> dict[str, Any]:
        person = _person(body)
        group_id = await book.add_contacts(connection, owner, body.group_id, [contact_id], [person])
        return {"id": contact_id, "group_id": group_id}

    return await change(ask, query, work, 201)


@changes(
    "POST",
    "/v1/contacts/bulk",
    body=ContactsBody,
    answer=shapes.ContactsAdded,
    status=201,
    body_bytes_max=ORDER_BYTES_MAX,
    items_max=ORDER_ITEMS_MAX,
    raises=(GroupNotFound, UploadNotFound, NoRows, TooManyPeople, BookFull),
)
async def add_contacts(ask: Ask, body: ContactsBody, query: OwnerQuery) -> Reply:
    """Add up to 10,000 contacts: rows as typed or pasted, or an upload. Good rows are kept, bad ones come back.

    A row names its fields as a file's columns are named: name, phone, anniversary, calendar, company, department,
    title.
    """
    vault, key = ask.house.vault, ask.key
    assert key is not None, "a POST has a key"
    principal = ask.caller.principal
    failures_id = vault.uploads.id_of(principal, key)
    typed = await aside(len(body.contacts), lambda: take_rows(enumerate(body.contacts, 1), CONTACTS))

    async def work(connection: psycopg.AsyncConnection, owner: str) -> dict[str, Any]:
        people = typed.good
        if body.upload_id is not None:
            sent = await vault.uploads.people_on(connection, owner, body.upload_id, CONTACTS.name)
            await vault.uploads.use_up(connection, body.upload_id)
            people = [*people, *sent]
        check_count(len(people) + len(typed.bad))
        ids = [vault.book.id_of("con", principal, key, index) for index in range(len(people))]
        group_id = await vault.book.add_contacts(connection, owner, body.group_id, ids, people)
        if typed.bad:
            await vault.uploads.put(connection, failures_id, owner, CONTACTS.name, [], typed.bad)
        duplicates = len(people) - len({person.phone for person in people})
        return {"group_id": group_id, **counts(Taken(people, typed.bad, duplicates), failures_id)}

    return await change(ask, query, work, 201)


@changes(
    "POST",
    "/v1/contacts/move",
    body=MoveContactsBody,
    answer=shapes.ContactsMoved,
    body_bytes_max=ORDER_BYTES_MAX,
    items_max=ORDER_ITEMS_MAX,
    raises=(GroupNotFound, ContactNotFound),
)
async def move_contacts(ask: Ask, body: MoveContactsBody, query: OwnerQuery) -> Reply:
    """Put contacts into another group, all or none."""

    async def work(connection: psycopg.AsyncConnection, owner: str) -> dict[str, Any]:
        await ask.house.vault.book.move_contacts(connection, owner, body.contact_ids, body.group_id)
        return {"group_id": body.group_id, "moved": len(set(body.contact_ids))}

    return await change(ask, query, work)


@changes(
    "POST",
    "/v1/contacts/delete",
    body=ContactIdsBody,
    answer=shapes.ContactsDeleted,
    body_bytes_max=ORDER_BYTES_MAX,
    items_max=ORDER_ITEMS_MAX,
    raises=(ContactNotFound,),
)
async def delete_contacts(ask: Ask, body: ContactIdsBody, query: OwnerQuery) -> Reply:
    """Delete contacts, all or none; they are gone at once."""

    async def work(connection: psycopg.AsyncConnection, owner: str) -> dict[str, Any]:
        await ask.house.vault.book.delete_contacts(connection, owner, body.contact_ids)
        return {"deleted": len(set(body.contact_ids))}

    return await change(ask, query, work)


@shows("/v1/contacts/{contact_id}", answer=shapes.Contact, raises=(ContactNotFound,))
async def get_contact(ask: Ask, contact_id: str, query: OwnerQuery) -> Reply:
    """Read a contact. Masked unless the key is the customer's own."""
    owner = await owner_of(ask, query)
    found = await ask.house.vault.book.contact(owner, contact_id, reading_of(ask, "read a contact"))
    return of_view(contact_json(ask, found), await ask.position())


@changes(
    "PUT",
    "/v1/contacts/{contact_id}",
    body=ContactRow,
    answer=shapes.ContactRef,
    raises=(ContactNotFound, BadRows),
)
async def change_contact(ask: Ask, contact_id: str, body: ContactRow, query: OwnerQuery) -> Reply:
    """Write a contact anew, all fields of it."""

    async def work(connection: psycopg.AsyncConnection, owner: str) -> dict[str, Any]:
        await ask.house.vault.book.change_contact(connection, owner, contact_id, _person(body))
        return {"id": contact_id}

    return await change(ask, query, work)


@changes("DELETE", "/v1/contacts/{contact_id}", answer=shapes.ContactsDeleted, raises=(ContactNotFound,))
async def delete_contact(ask: Ask, contact_id: str, query: OwnerQuery) -> Reply:
    """Delete a contact; it is gone at once."""

    async def work(connection: psycopg.AsyncConnection, owner: str) -> dict[str, Any]:
        await ask.house.vault.book.delete_contacts(connection, owner, [contact_id])
        return {"deleted": 1}

    return await change(ask, query, work)


def contact_json(ask: Ask, contact: Contact) -> dict[str, Any]:
    """Return a contact as the caller may see it."""
    hidden = ask.caller.account_id is None
    person = masked(contact.person) if hidden else contact.person
    return {
        "id": contact.id,
        "group_id": contact.group_id,
        **person._asdict(),
        "anniversary": person.anniversary or None,
        "masked": hidden,
    }


def _person(body: ContactRow) -> Person:
    """Return a contact as a person. Raises: BadRows."""
    fields = {name: getattr(body, name) for name in ContactRow.model_fields}
    taken = take_rows([(1, fields)], CONTACTS)
    if taken.bad:
        reasons = list(taken.bad[0].reasons)
        raise BadRows("; ".join(reasons), rows=reasons, bad=1)
    return taken.good[0]


def _place(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    try:
        number = urlsafe_b64decode(cursor.encode()).decode("ascii")
    except ValueError:
        number = ""
    if not (number.isdigit() and len(number) <= 18):
        raise Malformed("cursor must be the next_cursor of a page of this list", field="cursor")
    return int(number)
