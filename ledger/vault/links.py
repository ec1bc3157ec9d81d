"""Links to the page of one recipient: who has the link and knows the last digits of the number is let in.

A link is drawn from the key file and 160 bits long. The database holds its mark alone, so that a copy of the database
opens no page. Five wrong tries lock a link; the next generation of it replaces it (SPEC R-126).
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from typing import NamedTuple

import psycopg

from aggregates.errors import NotFound
from ledger.vault.door import Door
from ledger.vault.people import FIELD
from ledger.vault.person import SHOWN_DIGITS, unpacked

WRONG_TRIES_MAX = 5


class LinkNotFound(NotFound):
    """There is no such link; it may have been replaced, or its recipient been forgotten."""

    code = "link_not_found"


class Link(NamedTuple):
    """Where a link leads.

    Attributes:
        order_id: of the order. recipient: which of its recipients. token: of that person.
        wrong: tries with wrong digits so far. locked: nobody gets in by this link any more.
    """

    order_id: str
    recipient: int
    token: str
    wrong: int
    locked: bool


class Checked(NamedTuple):
    """What became of one try: ok = let in. tries_left: before the link locks. locked: it is."""

    ok: bool
    tries_left: int
    locked: bool


class Links:
    """The links in the vault.

    Args:
        door: to the vault.
    """

    def __init__(self, door: Door) -> None:
        self._door = door

    async def make(self, order_id: str, recipients: Sequence[tuple[int, str]], generation: int = 0) -> list[str]:
        """Make the links of recipients; return them in order. The same again are the same links.

        Args:
            recipients: (which recipient of the order, its token).
            generation: a higher one replaces what was made before.

        Raises:
            VaultUnavailable.
        """
        async with self._door.connected() as connection:
            return await self._make(connection, order_id, recipients, [generation] * len(recipients))

    async def renew(self, order_id: str, recipients: Sequence[tuple[int, str]]) -> list[str]:
        """Return the links that recipients have, in order; one that is locked is replaced, one that is missing made.

        Raises:
            VaultUnavailable.

        Source: SPEC R-126.
        """
        async with self._door.connected() as connection:
            found = await connection.execute(
                self._door.sql(
                    "SELECT recipient, generation, wrong FROM {s}.link"
                    " WHERE order_id = %s AND recipient = ANY(%b::int4[])"
                ),
                (order_id, [index for index, _ in recipients]),
            )
            next_ones = {index: made + (wrong >= WRONG_TRIES_MAX) for index, made, wrong in await found.fetchall()}
            generations = [next_ones.get(index, 0) for index, _ in recipients]
            return await self._make(connection, order_id, recipients, generations)

    async def _make(
        self,
        connection: psycopg.AsyncConnection,
        order_id: str,
        recipients: Sequence[tuple[int, str]],
        generations: Sequence[int],
    ) -> list[str]:
        door = self._door
        links = [
            door.kek.token("lnk", order_id, f"{index}:{generation}")[4:]
            for (index, _), generation in zip(recipients, generations, strict=True)
        ]
        if links:
            await connection.execute(
                door.sql(
                    "INSERT INTO {s}.link (order_id, recipient, token, generation, mark)"
                    " SELECT %s, r, t, g, m"
                    " FROM unnest(%b::int4[], %b::text[], %b::int4[], %b::bytea[]) AS made (r, t, g, m)"
                    " JOIN {s}.subject ON subject.token = t"
                    " ON CONFLICT (order_id, recipient) DO UPDATE"
                    " SET generation = excluded.generation, mark = excluded.mark, wrong = 0"
                    " WHERE link.generation < excluded.generation"
                ),
                (
                    order_id,
                    [index for index, _ in recipients],
                    [token for _, token in recipients],
                    list(generations),
                    [door.kek.blind(link) for link in links],
                ),
            )
        return links

    async def open(self, link: str) -> Link:
        """Return where a link leads. Raises: LinkNotFound, VaultUnavailable."""
        async with self._door.connected() as connection:
            return await self._open(connection, link)

    async def check(self, link: str, digits: str) -> Checked:
        """Try to be let in by the last four digits of the recipient's phone number; a wrong try counts.

        Raises:
            LinkNotFound. SealBroken: what lies there was altered. VaultUnavailable.

        Source: SPEC R-126.
        """
        door = self._door
        async with door.transaction() as connection:
            found = await self._open(connection, link, lock=True)
            if found.locked:
                return Checked(ok=False, tries_left=0, locked=True)
            fields = await door.open_fields(connection, [found.token], FIELD)
            phone = unpacked(fields[found.token][FIELD]).phone
            if hmac.compare_digest(phone[-SHOWN_DIGITS:].encode(), digits.encode()):
                return Checked(ok=True, tries_left=WRONG_TRIES_MAX - found.wrong, locked=False)
            await connection.execute(
                door.sql("UPDATE {s}.link SET wrong = wrong + 1 WHERE mark = %s"), (door.kek.blind(link),)
            )
            left = WRONG_TRIES_MAX - found.wrong - 1
            return Checked(ok=False, tries_left=left, locked=left == 0)

    async def _open(self, connection: psycopg.AsyncConnection, link: str, *, lock: bool = False) -> Link:
        query = "SELECT order_id, recipient, token, wrong FROM {s}.link WHERE mark = %s"
        statement = self._door.sql(query + " FOR UPDATE" if lock else query)
        found = await connection.execute(statement, (self._door.kek.blind(link),))
        row = await found.fetchone()
        if row is None:
            raise LinkNotFound("there is no such link")
        order_id, recipient, token, wrong = row
        return Link(order_id, recipient, token, wrong, wrong >= WRONG_TRIES_MAX)
