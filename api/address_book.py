"""What all operations of the address book share: how they are declared, and how a change is done once for its key."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import psycopg

from api.access import filtered
from api.ask import Ask
from api.operation import Handler, operation, reads
from api.owners import OwnerQuery, owner_of
from api.reply import Reply, of_outcome

Work = Callable[[psycopg.AsyncConnection, str], Awaitable[dict[str, Any]]]
"""Changes an address book, named by its owner, on a connection; returns what is answered."""


def changes(method: str, path: str, **declared: Any) -> Callable[[Handler], Handler]:
    """Declare a change of an address book."""
    return operation(method, path, scope="contacts:write", rule=filtered, query=OwnerQuery, **declared)


def shows(path: str, **declared: Any) -> Callable[[Handler], Handler]:
    """Declare a read of an address book."""
    return reads(path, scope="contacts:read", rule=filtered, **{"query": OwnerQuery, **declared})


async def change(ask: Ask, query: OwnerQuery, work: Work, status: int = 200) -> Reply:
    """Do a change once for its key, in one transaction of the vault."""
    owner = await owner_of(ask, query)

    async def done(connection: psycopg.AsyncConnection) -> tuple[int, dict[str, Any]]:
        return status, await work(connection, owner)

    return of_outcome(await ask.house.vault.answered.once(ask.call(), await ask.position(), done))


def id_for(ask: Ask, prefix: str) -> str:
    """Return the id of what this request makes: fld_, grp_ or con_."""
    assert ask.key is not None, "a POST has a key"
    return ask.house.vault.book.id_of(prefix, ask.caller.principal, ask.key)
