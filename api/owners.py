"""Whose address book, uploads and sender profiles a request is about: a bound key's own, or the account it names."""

from __future__ import annotations

from aggregates.errors import Malformed
from api.access import hidden
from api.ask import Ask
from api.fields import MemberId, PublicIdText, Query
from ledger.recipients import owner_name
from ledger.vault import Reading


class OwnerQuery(Query):
    """Whose; a key that is bound to an account need not say."""

    account_id: PublicIdText | None = None
    member_id: MemberId | None = None


async def account_of(ask: Ask, query: OwnerQuery) -> str:
    """Return the account that a request is about.

    Raises:
        Malformed: a key that is not bound has to name one. NotFound: there is none, or it is not the caller's.
    """
    own = ask.caller.account_id
    if own is None:
        if query.account_id is None:
            raise Malformed("account_id is needed in the query: the key is not bound to an account", field="account_id")
        await ask.house.engine.account(query.account_id)
        return query.account_id
    if query.account_id not in (None, own):
        raise hidden()
    return own


async def owner_of(ask: Ask, query: OwnerQuery) -> str:
    """Return whose address book it is: the master's of an account, or one member's. Raises: as `account_of`."""
    account_id = await account_of(ask, query)
    if ask.caller.account_id is None:
        return owner_name(account_id, query.member_id)
    if query.member_id not in (None, ask.caller.member_id):
        raise hidden()
    return owner_name(account_id, ask.caller.member_id)


def reading_of(ask: Ask, purpose: str) -> Reading | None:
    """Return on whose record a read in clear goes; None for a caller who sees personal data masked.

    (Customers see their own address book; internal services and auditors see that there is one.)
    """
    if ask.caller.account_id is None:
        return None
    return Reading(ask.caller.principal, purpose, ask.request_id)
