"""Notices to owners: where an account and its sub-members want to be told, and what they were told."""

from __future__ import annotations

from typing import Annotated, Any

import psycopg
from pydantic import Field

from aggregates.errors import NotFound, Rejected
from api import shapes
from api.access import own_account
from api.ask import Ask, page_reply
from api.bodies import example
from api.fields import EMAIL, Body, MemberId, PageQuery, Query
from api.operation import operation, reads
from api.owners import OwnerQuery, owner_of, reading_of
from api.recipients import Text
from api.reply import Reply, of_outcome, of_view
from ledger.recipients import read_phone
from ledger.vault.notice_contacts import NoticeContact
from projections import notices as notices_view

PATH = "/v1/accounts/{account_id}/notice-contact"


class NoticeContactNotFound(NotFound):
    """Nobody has said where this owner wants to be told."""

    code = "notice_contact_not_found"


class NoticeContactInvalid(Rejected):
    """A contact for notices is an e-mail address, a mobile number, or both."""

    code = "notice_contact_invalid"


class NoticeContactBody(Body):
    """Where to tell: an address, a mobile number, or both; e-mail is tried first."""

    model_config = example(email="gifts@pine-street.example", phone="010-0000-0001")

    email: Annotated[str, Field(max_length=254)] = ""
    phone: Text = ""


class NoticeOwnerQuery(Query):
    """Whose: a sub-member's, or the master's. A sub-member's key means its own."""

    member_id: MemberId | None = None


class NoticesQuery(PageQuery, NoticeOwnerQuery):
    """Whose notices."""


@operation(
    "PUT", PATH, scope="contacts:write", rule=own_account, query=NoticeOwnerQuery, body=NoticeContactBody,
    answer=shapes.NoticeContactKept, raises=(NoticeContactInvalid,),
)  # fmt: skip
async def put_notice_contact(ask: Ask, account_id: str, body: NoticeContactBody, query: NoticeOwnerQuery) -> Reply:
    """Say where an owner wants to be told, in the place of what was said before.

    Told are: an anniversary rule was suspended; a year's gifts were skipped. The contact lies in the vault alone.
    """
    contact = NoticeContact(body.email.strip(), read_phone(body.phone) if body.phone else "")
    if contact.email and (len(contact.email) > 254 or not EMAIL.fullmatch(contact.email)):
        raise NoticeContactInvalid("email must be an address such as gifts@example.com", field="email")
    if body.phone and not contact.phone:
        raise NoticeContactInvalid("phone must be a mobile number", field="phone")
    if not any(contact):
        raise NoticeContactInvalid("email or phone must be given", field="email")
    owner, shown = await _owner(ask, account_id, query)

    async def put(connection: psycopg.AsyncConnection) -> tuple[int, dict[str, Any]]:
        await ask.house.vault.notice_contacts.put(connection, owner, contact)
        return 200, {**shown, "email": bool(contact.email), "phone": bool(contact.phone)}

    return of_outcome(await ask.house.vault.answered.once(ask.call(), await ask.position(), put))


@reads(
    PATH, scope="contacts:read", rule=own_account, query=NoticeOwnerQuery, answer=shapes.NoticeContact,
    raises=(NoticeContactNotFound,),
)  # fmt: skip
async def get_notice_contact(ask: Ask, account_id: str, query: NoticeOwnerQuery) -> Reply:
    """Read where an owner wants to be told; masked unless the key is the customer's own."""
    owner, shown = await _owner(ask, account_id, query)
    contact = await ask.house.vault.notice_contacts.get(owner, reading_of(ask, "show the contact for notices"))
    if contact is None:
        raise NoticeContactNotFound("nobody has said where this owner wants to be told")
    return of_view({**shown, "email": contact.email or None, "phone": contact.phone or None}, await ask.position())


@operation(
    "DELETE", PATH, scope="contacts:write", rule=own_account, query=NoticeOwnerQuery,
    answer=shapes.NoticeContactKept, raises=(NoticeContactNotFound,),
)  # fmt: skip
async def delete_notice_contact(ask: Ask, account_id: str, query: NoticeOwnerQuery) -> Reply:
    """Forget where an owner wants to be told, at once; nobody is told any more."""
    owner, shown = await _owner(ask, account_id, query)

    async def erase(connection: psycopg.AsyncConnection) -> tuple[int, dict[str, Any]]:
        if not await ask.house.vault.notice_contacts.erase(connection, owner):
            raise NoticeContactNotFound("nobody has said where this owner wants to be told")
        return 200, {**shown, "email": False, "phone": False}

    return of_outcome(await ask.house.vault.answered.once(ask.call(), await ask.position(), erase))


@reads(
    "/v1/accounts/{account_id}/notices",
    scope="anniversaries:read",
    rule=own_account,
    query=NoticesQuery,
    answer=shapes.list_of(shapes.Notice),
)
async def list_notices(ask: Ask, account_id: str, query: NoticesQuery) -> Reply:
    """List what an owner was told, newest first, and how that ended; a master sees its own, not its sub-members'."""
    _, shown = await _owner(ask, account_id, query)
    async with ask.see("notices") as (conn, position):
        page = await notices_view.page(conn, account_id, shown["member_id"], cursor=query.cursor, limit=query.limit)
    return page_reply(page, position)


async def _owner(ask: Ask, account_id: str, query: NoticeOwnerQuery) -> tuple[str, dict[str, Any]]:
    """Return the name of an owner in the vault, and whose it is for an answer. Raises: as `owner_of`."""
    owner = await owner_of(ask, OwnerQuery(account_id=account_id, member_id=query.member_id))
    return owner, {"account_id": account_id, "member_id": owner.partition("/")[2] or None}
