"""What direct debits need and facts must not hold: payers, bank accounts, evidence of consents, documents.

Kept while the mandate lasts; when it has ended, the years of the law begin (SPEC N5, R-112).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from hashlib import sha256
from typing import NamedTuple

import orjson

from ledger.recall import KeyReused
from ledger.vault.door import RETAINED_UNTIL_ERASED, Door, Reading, SubjectNotFound, aside

PAYER_PREFIX, ACCOUNT_PREFIX, EVIDENCE_PREFIX, DOCUMENT_PREFIX, SETTLEMENT_PREFIX = "mpy", "mba", "mev", "odc", "stl"
BASIS = "Electronic Financial Transactions Act art. 22: records of transactions, 5 years from the end of the mandate"
DOCUMENT_BASIS = "Contract with the account: its application for direct debits, while it collects"


class Paper(NamedTuple):
    """A file that was handed in. token: what it is called. sha256: of its bytes, hex."""

    token: str
    sha256: str


class BankDetails(NamedTuple):
    """A payer's bank account. number: digits. identity: birth date (YYMMDD) or business number of the holder."""

    number: str
    holder: str
    identity: str


FIELD = "account"
"""All of an account in one field: a file has a hundred thousand of them."""


class DebitPapers:
    """What of direct debits lies in the vault.

    Args:
        door: to the vault.
    """

    def __init__(self, door: Door) -> None:
        self._door = door

    async def put_payer(self, principal: str, key: str, *, name: str, phone: str, email: str) -> str:
        """Keep whom a mandate is asked of; return the token. The same request again keeps nothing.

        Args:
            principal, key: scope and name of the request. phone: digits alone. email: "" = none.

        Raises:
            KeyReused: the key came with somebody else before. VaultUnavailable.
        """
        token = self._door.kek.token(PAYER_PREFIX, principal, key)
        return await self._put(token, {"name": name, "phone": phone, "email": email}, BASIS)

    async def put_account(self, principal: str, key: str, *, number: str, holder: str, identity: str) -> str:
        """Keep a payer's bank account; returns and raises as `put_payer`.

        Args:
            number: digits. identity: birth date (YYMMDD) or business number of the holder.
        """
        token = self._door.kek.token(ACCOUNT_PREFIX, principal, key)
        await self._put_bytes(token, {FIELD: _packed(BankDetails(number, holder, identity))}, BASIS)
        return token

    async def put_accounts(self, accounts: Mapping[str, BankDetails]) -> None:
        """Keep many bank accounts at once, by token."""
        door = self._door
        sealed = await aside(
            len(accounts),
            lambda: [door.sealed(token, {FIELD: _packed(account)}) for token, account in accounts.items()],
        )
        async with door.transaction() as connection:
            await door.keep(connection, sealed, legal_basis=BASIS, retain_until=RETAINED_UNTIL_ERASED)

    async def put_settlement(
        self, principal: str, key: str, *, bank: str, number: str, holder: str, identity: str
    ) -> str:
        """Keep the account of a business, to which collected money is paid; returns and raises as `put_payer`."""
        token = self._door.kek.token(SETTLEMENT_PREFIX, principal, key)
        fields = {"account_number": number, "holder": holder, "identity": identity, "bank": bank}
        return await self._put(token, fields, DOCUMENT_BASIS)

    async def put_file(self, principal: str, key: str, content: bytes, *, kind: str, evidence: bool) -> Paper:
        """Keep a file; returns and raises as `put_payer`. evidence: of a consent; else a business's document."""
        token = self._door.kek.token(EVIDENCE_PREFIX if evidence else DOCUMENT_PREFIX, principal, key)
        await self._put_bytes(token, {"file": content, "kind": kind.encode()}, BASIS if evidence else DOCUMENT_BASIS)
        return Paper(token, sha256(content).hexdigest())

    async def put_evidence(self, consent_key: str, content: bytes) -> Paper:
        """Keep what proves a consent; the same again keeps nothing."""
        token = self._door.kek.token(EVIDENCE_PREFIX, "consent", consent_key)
        await self._put_bytes(token, {"file": content, "kind": b"der"}, BASIS)
        return Paper(token, sha256(content).hexdigest())

    async def file(self, token: str, reading: Reading) -> tuple[bytes, str]:
        """Return a file and its kind; the read is on record before. Raises: SubjectNotFound, VaultUnavailable."""
        async with self._door.connected() as connection:
            await self._door.record(connection, reading, [token])
            found = await self._door.open_fields(connection, [token])
        if token not in found:
            raise SubjectNotFound("Nothing is kept behind this token")
        return found[token]["file"], found[token]["kind"].decode()

    async def accounts(self, tokens: Sequence[str], reading: Reading) -> dict[str, BankDetails]:
        """Return payers' accounts in clear, by token; the read is on record before. What was erased is left out."""
        async with self._door.connected() as connection:
            await self._door.record(connection, reading, tokens)
            found = await self._door.open_fields(connection, tokens)
        return {token: BankDetails(*orjson.loads(fields[FIELD])) for token, fields in found.items()}

    async def keep_until(self, tokens: Iterable[str], until: date) -> None:
        """Let the years of the law begin: forget these subjects after a day."""
        async with self._door.transaction() as connection:
            await connection.execute(
                self._door.sql("UPDATE {s}.item SET retain_until = %s WHERE token = ANY(%b::text[])"),
                (until, list(tokens)),
            )

    async def _put(self, token: str, fields: Mapping[str, str], basis: str) -> str:
        await self._put_bytes(token, {name: value.encode() for name, value in fields.items()}, basis)
        return token

    async def _put_bytes(self, token: str, values: dict[str, bytes], basis: str) -> None:
        door = self._door
        sealed = door.sealed(token, values)
        async with door.transaction() as connection:
            new = await door.keep(connection, [sealed], legal_basis=basis, retain_until=RETAINED_UNTIL_ERASED)
            if not new and (await door.open_fields(connection, [token])).get(token) != values:
                raise KeyReused("Idempotency-Key was used for another request; a new request needs a new key")


def _packed(account: BankDetails) -> bytes:
    return orjson.dumps([*account])
