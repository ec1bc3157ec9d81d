"""Links to public pages: of one thing that is asked for or paid out, for one person or for whoever has the link.

A link is drawn from the key file and 160 bits long. The database holds its mark alone, so that a copy of the database
opens no page. Where the person behind a link has a phone, its last four digits are asked for; five wrong tries lock the
link, and the next generation of it, sent to that phone, replaces it (SPEC R-126).
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from typing import NamedTuple

import psycopg

from ledger.vault.door import Door, SubjectNotFound
from ledger.vault.links import WRONG_TRIES_MAX, Checked, LinkNotFound
from ledger.vault.person import SHOWN_DIGITS

PREFIX = "pub"
PHONE = "phone"


class PublicLink(NamedTuple):
    """Where a link leads.

    Attributes:
        thing_id: what the page is about; its prefix says which page. subject: token of who it is for; None = anybody.
        asks: whether the last digits of the subject's phone are asked for first.
        wrong: tries with wrong digits so far. locked: nobody gets in by this link any more.
        generation: of the link.
    """

    thing_id: str
    subject: str | None
    asks: bool
    wrong: int
    locked: bool
    generation: int = 0


class PublicLinks:
    """The links to public pages in the vault.

    Args:
        door: to the vault.
    """

    def __init__(self, door: Door) -> None:
        self._door = door

    async def make(self, thing_id: str, subject: str | None, generation: int = 0) -> str:
        """Make a link; return its token, which stands behind /p/. The same again is the same link.

        Args:
            subject: vault token of who it is for, with their number in the field `phone`, digits alone; None = it is
                handed over by hand, and whoever has it gets in.
            generation: a higher one replaces what was made before.

        Raises:
            SubjectNotFound: nothing lies behind the token. SealBroken. VaultUnavailable.
        """
        async with self._door.transaction() as connection:
            return await self._make(connection, thing_id, subject, generation)

    async def current(self, things: Sequence[tuple[str, str | None]]) -> list[str]:
        """Return the links of (thing, subject) as they are now, in order; one that is missing is made.

        Raises:
            SubjectNotFound, SealBroken, VaultUnavailable.
        """
        async with self._door.transaction() as connection:
            return [await self._make(connection, *each, (await self._row(connection, *each))[0]) for each in things]

    async def renew(self, thing_id: str, subject: str | None, generation: int = 0) -> str:
        """Return the link to send to somebody: as it is now; one that is locked is replaced, one missing is made.

        Args:
            generation: it is of this one at least.

        Raises:
            SubjectNotFound, SealBroken, VaultUnavailable.

        Source: SPEC R-126.
        """
        async with self._door.transaction() as connection:
            made, wrong = await self._row(connection, thing_id, subject)
            next_one = max(generation, made + (wrong >= WRONG_TRIES_MAX))
            return await self._make(connection, thing_id, subject, next_one)

    async def open(self, link: str) -> PublicLink:
        """Return where a link leads. Raises: LinkNotFound, VaultUnavailable."""
        async with self._door.connected() as connection:
            return await self._open(connection, link)

    async def check(self, link: str, digits: str) -> Checked:
        """Try to be let in by the last four digits of the subject's phone number; a wrong try counts.

        Raises:
            LinkNotFound. SealBroken: what lies there was altered. VaultUnavailable.

        Source: SPEC R-126.
        """
        async with self._door.transaction() as connection:
            found = await self._open(connection, link, lock=True)
            if found.locked or found.subject is None:
                return Checked(ok=not found.locked, tries_left=0, locked=found.locked)
            phone = await self._phone(connection, found.subject)
            if not found.asks or hmac.compare_digest(phone[-SHOWN_DIGITS:], digits.encode()):
                return Checked(ok=True, tries_left=WRONG_TRIES_MAX - found.wrong, locked=False)
            await connection.execute(
                self._door.sql("UPDATE {s}.public_link SET wrong = wrong + 1 WHERE mark = %s"),
                (self._door.kek.blind(link),),
            )
            left = WRONG_TRIES_MAX - found.wrong - 1
            return Checked(ok=False, tries_left=left, locked=left == 0)

    async def _make(
        self, connection: psycopg.AsyncConnection, thing_id: str, subject: str | None, generation: int
    ) -> str:
        door = self._door
        link = door.kek.token(PREFIX, thing_id, f"{subject or ''}:{generation}").removeprefix(f"{PREFIX}_")
        asks = subject is not None and len(await self._phone(connection, subject)) >= SHOWN_DIGITS
        row = {
            "mark": door.kek.blind(link), "thing": thing_id, "subject": subject, "generation": generation, "asks": asks,
        }  # fmt: skip
        # Two may make the same link at once: then both of its keys are taken, and DO UPDATE would wait for one alone.
        await connection.execute(
            door.sql(
                "INSERT INTO {s}.public_link (mark, thing_id, subject, generation, asks)"
                " VALUES (%(mark)s, %(thing)s, %(subject)s, %(generation)s, %(asks)s) ON CONFLICT DO NOTHING"
            ),
            row,
        )
        await connection.execute(
            door.sql(
                "UPDATE {s}.public_link SET generation = %(generation)s, mark = %(mark)s, asks = %(asks)s, wrong = 0"
                " WHERE thing_id = %(thing)s AND subject IS NOT DISTINCT FROM %(subject)s"
                " AND generation < %(generation)s"
            ),
            row,
        )
        return link

    async def _row(self, connection: psycopg.AsyncConnection, thing_id: str, subject: str | None) -> tuple[int, int]:
        """Return a link's generation and wrong tries, held until the transaction ends."""
        found = await connection.execute(
            self._door.sql(
                "SELECT generation, wrong FROM {s}.public_link"
                " WHERE thing_id = %s AND subject IS NOT DISTINCT FROM %s FOR UPDATE"
            ),
            (thing_id, subject),
        )
        row = await found.fetchone()
        return (0, 0) if row is None else (row[0], row[1])

    async def _phone(self, connection: psycopg.AsyncConnection, subject: str) -> bytes:
        fields = await self._door.open_fields(connection, [subject])
        if subject not in fields:
            raise SubjectNotFound("Nothing is kept behind this token")
        return fields[subject].get(PHONE, b"")

    async def _open(self, connection: psycopg.AsyncConnection, link: str, *, lock: bool = False) -> PublicLink:
        query = "SELECT thing_id, subject, asks, wrong, generation FROM {s}.public_link WHERE mark = %s"
        statement = self._door.sql(query + " FOR UPDATE" if lock else query)
        found = await connection.execute(statement, (self._door.kek.blind(link),))
        row = await found.fetchone()
        if row is None:
            raise LinkNotFound("there is no such link")
        thing_id, subject, asks, wrong, generation = row
        return PublicLink(thing_id, subject, asks, wrong, wrong >= WRONG_TRIES_MAX, generation)
