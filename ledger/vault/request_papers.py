"""What people put into a payment request: who is asked, what it is for, why somebody says no, and the files beside it.

Facts hold tokens, and of a file its kind, length and digest. A file is kept for a week after it was uploaded; once a
request names it, it stays as long as the request's records do. A file can go with several requests.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

import orjson
import psycopg

from aggregates.collecting.payment_request_parts import Attachment
from aggregates.dates import business_date, last_day_within
from aggregates.errors import NotFound
from ledger.recall import KeyReused
from ledger.vault.door import Door, Reading
from ledger.vault.people import years_after
from ledger.vault.person import MASK, mask

BASIS = "Electronic Financial Transactions Act art. 22: records of transactions, 5 years"
YEARS = 5
UPLOAD_BASIS = f"Consent of the account: a file that it has uploaded, 7 days; once a request names it: {BASIS}"
UPLOAD_DAYS = 7

CONTACT, WORDS, FILE = "pty", "wrd", "att"
"""Prefixes of the tokens of who is asked, of what was written, and of files."""

_CONTENT, _SHEET = "file", "sheet"


class AttachmentNotFound(NotFound):
    """The account has no such file; it may have been uploaded more than a week ago and never used."""

    code = "attachment_not_found"


class Contact(NamedTuple):
    """Who is asked for money; "" = not told. phone: digits alone."""

    name: str
    phone: str
    email: str


class RequestPapers:
    """What lies behind payment requests in the vault.

    Args:
        door: to the vault.
    """

    def __init__(self, door: Door) -> None:
        self._door = door

    def keep_until(self, last_day: date) -> date:
        """Return until when the papers of a request are kept whose business ends with a day."""
        return years_after(max(last_day, business_date(self._door.clock.now())), YEARS)

    async def put_contact(self, principal: str, key: str, contact: Contact, until: date) -> tuple[str, bool]:
        """Keep who is asked; return the token, and whether it was not there. Raises: as `Vault.put`."""
        return await self._put(self._door.kek.token(CONTACT, principal, key), contact._asdict(), until)

    async def put_words(self, principal: str, key: str, words: Mapping[str, str], until: date) -> tuple[str, bool]:
        """Keep what one request has brought in words; return the token, and whether it was not there.

        Args:
            words: field -> text; a file's name stands under its attachment's id.

        Raises:
            As of `Vault.put`.
        """
        return await self._put(self._door.kek.token(WORDS, principal, key), words, until)

    def attachment_id(self, principal: str, key: str) -> str:
        """Return the id of the file that a request uploads."""
        return self._door.kek.token(FILE, principal, key)

    async def put_attachment(
        self, connection: psycopg.AsyncConnection, attachment_id: str, account_id: str, kind: str, content: bytes
    ) -> Attachment:
        """Keep a file for a week, inside a transaction.

        Args:
            kind: what its bytes say it is.
        """
        door = self._door
        digest = await asyncio.to_thread(lambda: hashlib.sha256(content).hexdigest())
        made = Attachment(attachment_id, kind, len(content), digest)
        sheet = {"account_id": account_id, "type": kind, "size_bytes": len(content), "sha256": digest}
        fields = {_CONTENT: content, _SHEET: orjson.dumps(sheet)}
        sealed = await asyncio.to_thread(door.sealed, attachment_id, fields)
        until = last_day_within(business_date(door.clock.now()), UPLOAD_DAYS)
        await door.keep(connection, [sealed], legal_basis=UPLOAD_BASIS, retain_until=until)
        return made

    async def attachments(self, account_id: str, ids: Sequence[str]) -> tuple[Attachment, ...]:
        """Return what is known of an account's files, in order. Raises: AttachmentNotFound, VaultUnavailable."""
        if not ids:
            return ()
        async with self._door.connected() as connection:
            found = await self._door.open_fields(connection, ids, _SHEET)
        made = []
        for attachment_id in ids:
            sheet = orjson.loads(found.get(attachment_id, {}).get(_SHEET, b"{}"))
            if sheet.pop("account_id", None) != account_id:
                raise AttachmentNotFound(
                    "there is no such file of the account; one is kept for a week until it is used"
                )
            made.append(Attachment(attachment_id, **sheet))
        return tuple(made)

    async def keep(self, tokens: Iterable[str], until: date) -> None:
        """Let what lies behind tokens stay at least until a day, as the records of a transaction do."""
        async with self._door.transaction() as connection:
            await connection.execute(
                self._door.sql(
                    "UPDATE {s}.item SET retain_until = %s WHERE token = ANY(%b::text[]) AND retain_until < %s"
                ),
                (until, sorted(tokens), until),
            )

    async def words(self, tokens: Iterable[str], reading: Reading | None) -> dict[str, dict[str, str]]:
        """Return what was written, by token; what is erased is left out.

        Args:
            reading: on whose record the read goes; None = every word is hidden.

        Raises:
            SealBroken, VaultUnavailable.
        """
        found = await self._open(sorted(set(tokens)), reading)
        if reading is None:
            return {token: dict.fromkeys(fields, MASK) for token, fields in found.items()}
        return found

    async def contacts(self, tokens: Iterable[str], reading: Reading | None) -> dict[str, Contact]:
        """Return who is asked, by token; as `words`, but the last digits and the first letter are always shown."""
        found = await self._open(sorted(set(tokens)), reading)
        people = {token: Contact(**fields) for token, fields in found.items()}
        return people if reading is not None else {token: _masked(contact) for token, contact in people.items()}

    async def content(self, attachment_id: str, reading: Reading) -> bytes:
        """Return a file. The read is on record before this returns. Raises: AttachmentNotFound; as `words`."""
        async with self._door.connected() as connection:
            await self._door.record(connection, reading, [attachment_id])
            found = await self._door.open_fields(connection, [attachment_id], _CONTENT)
        if attachment_id not in found:
            raise AttachmentNotFound("the file is not kept any more")
        return found[attachment_id][_CONTENT]

    async def _put(self, token: str, fields: Mapping[str, str], until: date) -> tuple[str, bool]:
        door = self._door
        values = {name: value.encode() for name, value in fields.items()}
        async with door.transaction() as connection:
            new = await door.keep(connection, [door.sealed(token, values)], legal_basis=BASIS, retain_until=until)
            if not new and (await door.open_fields(connection, [token])).get(token) != values:
                raise KeyReused("Idempotency-Key was used for another request; a new request needs a new key")
        return token, bool(new)

    async def _open(self, tokens: Sequence[str], reading: Reading | None) -> dict[str, dict[str, str]]:
        if not tokens:
            return {}
        async with self._door.connected() as connection:
            if reading is not None:
                await self._door.record(connection, reading, tokens)
            found = await self._door.open_fields(connection, tokens)
        return {token: {name: value.decode() for name, value in fields.items()} for token, fields in found.items()}


def _masked(contact: Contact) -> Contact:
    domain = contact.email.rpartition("@")[2]
    return Contact(
        f"{contact.name[0]}**" if contact.name else "",
        mask(contact.phone) if contact.phone else "",
        f"{MASK}@{domain}" if contact.email else "",
    )
