"""People who receive coupons: put by the thousand, one key for each, and forgotten when their time is over.

A party is who one request names. Its tokens are drawn from the request's key, so that the same request again has the
same people and keeps nothing twice. Until the request is known to be accepted the party is unsettled; of a refused one
nothing stays. No fact and no log ever holds more than the tokens.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

import psycopg

from ledger.recall import KeyReused
from ledger.vault.door import RETAINED_UNTIL_ERASED, Door, Reading, Sealed, aside
from ledger.vault.person import HIDDEN, Person, masked, packed, unpacked

PREFIX = "rcp"
TEXTS_PREFIX = "txt"
FIELD = "person"
PEOPLE_MAX = 10_000
"""How many recipients one request may name (SPEC 3.1)."""

BASIS = "Electronic Commerce Act art. 6: records of contracts and supply, 5 years from when the coupons are final"
YEARS = 5


class Party(NamedTuple):
    """Who one request names.

    Attributes:
        tokens: one for each person, in order.
        duplicates: whether a phone number comes more than once.
        people: themselves, where they were asked for.
        texts: token of the texts typed for them; None without any.
    """

    tokens: tuple[str, ...]
    duplicates: bool
    people: tuple[Person, ...] | None = None
    texts: str | None = None


class OpenParty(NamedTuple):
    """A party of which nobody has said yet what became of its request.

    Attributes:
        id: of the party. first_token: of its first person; of its texts where it has only these.
    """

    id: str
    first_token: str


class People:
    """The recipients in the vault.

    Args:
        door: to the vault.
    """

    def __init__(self, door: Door) -> None:
        self._door = door

    async def find(self, principal: str, key: str, *, mark: str) -> Party | None:
        """Return the party that a request has put before; None when it has put none.

        Raises:
            KeyReused: the key came with another request. VaultUnavailable.
        """
        async with self._door.connected() as connection:
            return await self._find(connection, self._party(principal, key), mark)

    async def put(
        self,
        principal: str,
        key: str,
        people: Sequence[Person],
        *,
        mark: str,
        upload: str | None = None,
        texts: Mapping[str, str] | None = None,
    ) -> Party:
        """Keep the people of a request; return their tokens. The same request again keeps nothing.

        Args:
            principal, key: scope and name of the request.
            people: at most `PEOPLE_MAX`.
            mark: the same for the same request, such as its keyed hash.
            upload: id of the upload that they came from; it is used up when the party is settled.
            texts: what was typed for them, by field; kept and forgotten with them.

        Raises:
            KeyReused: the key came with another mark before. VaultUnavailable.

        Source: SPEC 3.1, R-003.
        """
        assert len(people) <= PEOPLE_MAX, "whoever takes people in bounds their number"
        party_id = self._party(principal, key)
        texts_token = self._texts(party_id) if texts else None
        if (known := await self.find(principal, key, mark=mark)) is not None:
            return known._replace(texts=texts_token)
        tokens = self._tokens(party_id, len(people))
        duplicates = len({person.phone for person in people}) < len(people)
        door = self._door
        sealed, marks = await aside(len(people), lambda: self._sealed(tokens, people))
        if texts and texts_token is not None:
            sealed.append(door.sealed(texts_token, {field: text.encode() for field, text in texts.items()}))
        async with door.transaction() as connection:
            made = await connection.execute(
                door.sql(
                    "INSERT INTO {s}.party (id, request, people, duplicates, first_token, upload, asked_at)"
                    " VALUES (%s, %s, %s, %s, %s, %s, now()) ON CONFLICT (id) DO NOTHING"
                ),
                (party_id, mark, len(people), duplicates, tokens[0] if tokens else texts_token or "", upload),
            )
            if not made.rowcount:
                found = await self._find(connection, party_id, mark)
                assert found is not None, "the party was there a moment ago"
                return found._replace(texts=texts_token)
            await door.keep(connection, sealed, legal_basis=BASIS, retain_until=RETAINED_UNTIL_ERASED)
            await index_phones(door, connection, tokens, marks)
        return Party(tokens, duplicates, texts=texts_token)

    async def copy(
        self, tokens: Sequence[str], principal: str, key: str, *, reading: Reading, texts: str | None = None
    ) -> Party:
        """Put people who are kept already for another request, under tokens of their own; erased ones stay away.

        Args:
            key: of the new request; the copied tokens need not be the same the second time.
            texts: token of what was typed for them; it is copied as well.

        Raises:
            VaultUnavailable.
        """
        if (known := await self.find(principal, key, mark=key)) is not None:
            return known._replace(texts=None if texts is None else self._texts(self._party(principal, key)))
        found = await self.get(tokens, reading)
        typed = None if texts is None else await self.texts(texts, reading)
        there = [found[token] for token in tokens if token in found]
        return await self.put(principal, key, there, mark=key, texts=typed)

    def texts_token(self, principal: str, key: str) -> str:
        """Return the token under which the texts of a request lie, if it has any."""
        return self._texts(self._party(principal, key))

    async def texts(self, token: str, reading: Reading) -> dict[str, str]:
        """Return the texts behind a token in clear, by field; none when they were erased. Raises as `get`."""
        async with self._door.connected() as connection:
            await self._door.record(connection, reading, [token])
            found = await self._door.open_fields(connection, [token])
        return {field: text.decode() for field, text in found.get(token, {}).items()}

    async def settle(self, principal: str, key: str, *, placed: bool) -> None:
        """Say what became of a request: its people stay, or are forgotten. Once they stay, they stay.

        Args:
            placed: whether it was accepted.

        Raises:
            VaultUnavailable.
        """
        await self._settle(self._party(principal, key), placed=placed)

    async def unsettled(self, min_age: timedelta, limit: int = 100) -> list[OpenParty]:
        """Return parties that nobody has settled, oldest first: a process ended in between.

        Args:
            min_age: by the machine's own time, how long ago they were last asked for. Requests end within seconds.
        """
        async with self._door.connected() as connection:
            found = await connection.execute(
                self._door.sql(
                    "SELECT id, first_token FROM {s}.party WHERE NOT settled AND asked_at <= now() - %s"
                    " ORDER BY asked_at, id LIMIT %s"
                ),
                (min_age, limit),
            )
            return [OpenParty(*row) for row in await found.fetchall()]

    async def settle_open(self, party: OpenParty, *, placed: bool, min_age: timedelta) -> None:
        """Settle a party that was found unsettled, unless it was asked for again since; as `settle`."""
        await self._settle(party.id, placed=placed, min_age=min_age)

    async def get(self, tokens: Sequence[str], reading: Reading) -> dict[str, Person]:
        """Return people in clear by token; erased ones are left out. The read is on record before this returns.

        Raises:
            SealBroken: something there was altered or moved, or the key file is another one. VaultUnavailable.
        """
        async with self._door.connected() as connection:
            await self._door.record(connection, reading, tokens)
            return await self._open(connection, tokens)

    async def masked(self, tokens: Sequence[str]) -> dict[str, Person]:
        """Return people by token with all hidden but the last digits and a first letter. Raises as `get`."""
        async with self._door.connected() as connection:
            found = await self._open(connection, tokens)
        return {token: masked(found[token]) if token in found else HIDDEN for token in tokens}

    async def by_phone(self, phone: str) -> tuple[str, ...]:
        """Return the tokens of everybody with this number: recipients and contacts of all accounts.

        Args:
            phone: digits alone.
        """
        async with self._door.connected() as connection:
            found = await connection.execute(
                self._door.sql("SELECT token FROM {s}.phone WHERE mark = %s ORDER BY token"),
                (self._door.kek.blind(phone),),
            )
            return tuple(token for (token,) in await found.fetchall())

    async def repeats(self, tokens: Sequence[str]) -> bool:
        """Say whether a phone number comes more than once among people; nobody is read for that."""
        async with self._door.connected() as connection:
            found = await connection.execute(
                self._door.sql("SELECT count(*) > count(DISTINCT mark) FROM {s}.phone WHERE token = ANY(%b::text[])"),
                (list(tokens),),
            )
            row = await found.fetchone()
        return row is not None and bool(row[0])

    async def final(self, tokens: Sequence[str], on: date) -> int:
        """Let the law's five years begin: these people's coupons are final. Returns how many fields that concerns.

        Args:
            on: the business day on which the last of them became final.

        Source: SPEC R-003.
        """
        async with self._door.connected() as connection:
            changed = await connection.execute(
                self._door.sql("UPDATE {s}.item SET retain_until = %s WHERE token = ANY(%b::text[])"),
                (years_after(on, YEARS), list(tokens)),
            )
            return changed.rowcount

    async def erase(self, tokens: Sequence[str]) -> int:
        """Forget people at once; return how many there were.

        Raises:
            SubjectHeld: a legal hold lies on one of them; then none is forgotten. VaultUnavailable.
        """
        async with self._door.transaction() as connection:
            return await self._door.forget(connection, tokens)

    async def _open(self, connection: psycopg.AsyncConnection, tokens: Sequence[str]) -> dict[str, Person]:
        found = await self._door.open_fields(connection, tokens, FIELD)
        return {token: unpacked(fields[FIELD]) for token, fields in found.items()}

    async def _find(self, connection: psycopg.AsyncConnection, party_id: str, mark: str) -> Party | None:
        found = await connection.execute(
            self._door.sql("SELECT request, people, duplicates, settled FROM {s}.party WHERE id = %s"), (party_id,)
        )
        row = await found.fetchone()
        if row is None:
            return None
        request, count, duplicates, settled = row
        if request != mark:
            raise KeyReused("Idempotency-Key was used for another request; a new request needs a new key")
        if not settled:
            # Somebody relies on it again: whoever looks for what was left behind must not take it away now.
            kept = await connection.execute(
                self._door.sql("UPDATE {s}.party SET asked_at = now() WHERE id = %s"), (party_id,)
            )
            if not kept.rowcount:
                return None
        return Party(self._tokens(party_id, count), duplicates)

    async def _settle(self, party_id: str, *, placed: bool, min_age: timedelta = timedelta()) -> None:
        door = self._door
        async with door.transaction() as connection:
            found = await connection.execute(
                door.sql(
                    "SELECT people, settled, upload FROM {s}.party WHERE id = %s AND asked_at <= now() - %s FOR UPDATE"
                ),
                (party_id, min_age),
            )
            row = await found.fetchone()
            if row is None or row[1]:
                return
            count, _, upload = row
            if placed:
                await connection.execute(door.sql("UPDATE {s}.party SET settled = true WHERE id = %s"), (party_id,))
                await door.forget(connection, [upload] if upload else [])
            else:
                await door.forget(connection, [*self._tokens(party_id, count), self._texts(party_id)])
                await connection.execute(door.sql("DELETE FROM {s}.party WHERE id = %s"), (party_id,))

    def _sealed(self, tokens: Sequence[str], people: Sequence[Person]) -> tuple[list[Sealed], list[bytes]]:
        sealed = [
            self._door.sealed(token, {FIELD: packed(person)}) for token, person in zip(tokens, people, strict=True)
        ]
        return sealed, [self._door.kek.blind(person.phone) for person in people]

    def _party(self, principal: str, key: str) -> str:
        return self._door.kek.token("pty", principal, key)

    def _texts(self, party_id: str) -> str:
        return self._door.kek.token(TEXTS_PREFIX, party_id, "texts")

    def _tokens(self, party_id: str, count: int) -> tuple[str, ...]:
        return tuple(self._door.kek.token(PREFIX, party_id, str(index)) for index in range(count))


async def index_phones(
    door: Door, connection: psycopg.AsyncConnection, tokens: Iterable[str], marks: Iterable[bytes]
) -> None:
    """Make subjects findable by their phone number, without storing it."""
    await connection.execute(
        door.sql("INSERT INTO {s}.phone (token, mark) SELECT * FROM unnest(%b::text[], %b::bytea[])"),
        (list(tokens), list(marks)),
    )


def years_after(day: date, years: int) -> date:
    """Return the last day of `years` years after a day; 29 February ends with the 28th (SPEC R-003)."""
    return date(day.year + years, day.month, min(day.day, 28 if day.month == 2 else 31))
