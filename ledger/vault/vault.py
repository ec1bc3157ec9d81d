"""The vault: personal data, apart from the ledger, so that a person can be forgotten and the facts stay as they are.

Facts hold tokens. Behind a token lie fields, each sealed under a key of that one subject, and that key wrapped by the
key file's. Erasing deletes the rows; what copies of them are worth without the key file is nothing. Never logs a value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from uuid import UUID

from psycopg.sql import SQL, Identifier

from aggregates.dates import business_date
from ledger.clock import Clock, SystemClock
from ledger.database import Database, connect
from ledger.kek import Kek, load_kek
from ledger.recall import KeyReused
from ledger.settings import Settings
from ledger.vault.answered import Answered
from ledger.vault.book import AddressBook
from ledger.vault.coupons import Coupons
from ledger.vault.debit_papers import DebitPapers
from ledger.vault.documents import Documents
from ledger.vault.door import RETAINED_UNTIL_ERASED, Door, Reading, SubjectNotFound
from ledger.vault.links import Links
from ledger.vault.notes import Notes
from ledger.vault.notice_contacts import NoticeContacts
from ledger.vault.payers import Payers
from ledger.vault.payouts import Payouts
from ledger.vault.people import People, years_after
from ledger.vault.person import MASK, mask
from ledger.vault.public_links import PublicLinks
from ledger.vault.request_papers import RequestPapers
from ledger.vault.residents import Residents
from ledger.vault.uploads import Uploads

PAYOUT_BASIS = "Electronic Financial Transactions Act art. 22: records of transactions, 5 years"
PAYOUT_YEARS = 5
MANAGER_BASIS = "Contract with the account: its sender profile, until it is removed"
ONE_TIME_BASIS = "Contract with the account: registration of a channel, 1 day"
PURGED_AT_A_TIME = 500


class Vault:
    """Personal data by token. Each call connects for itself: such calls are rare, and nothing stays open between.

    Attributes:
        people: recipients. coupons: their coupon numbers. links: to their pages.
        public_links: to the pages of what is asked for or paid out.
        book: address books. uploads: files that were read and not used yet. documents: those issued, with files.
        notice_contacts: where accounts want to be told of things.
        answered: what was answered to requests about all these. notes: what lines of banks say of people.
        debit_papers: payers, bank accounts and evidence of direct debits.
        requests: what payment requests say of people, and the files that go with them. payers: of bills.
        residents: owners and residents of units, and names of buildings.
        payouts: who is paid by pay-out links, and where to.
    """

    def __init__(self, address: str, schema: str, ledger_id: UUID, kek: Kek, clock: Clock | None = None) -> None:
        """Name the vault; nothing happens before the first call.

        Args:
            address: of the vault's database, under the role that uses it.
            schema: of its tables.
            ledger_id: which ledger's subjects they are; a subject does not open in another ledger's name.
            kek: what wraps the subjects' keys.
            clock: None = the machine's.
        """
        self._kek = kek
        self._clock = clock or SystemClock()
        self._door = Door(address, schema, ledger_id, kek, self._clock)
        self.people = People(self._door)
        self.coupons = Coupons(self._door)
        self.links = Links(self._door)
        self.public_links = PublicLinks(self._door)
        self.book = AddressBook(self._door)
        self.uploads = Uploads(self._door)
        self.documents = Documents(self._door)
        self.notice_contacts = NoticeContacts(self._door)
        self.answered = Answered(self._door)
        self.notes = Notes(self._door)
        self.debit_papers = DebitPapers(self._door)
        self.requests = RequestPapers(self._door)
        self.payers = Payers(self._door)
        self.residents = Residents(self._door)
        self.payouts = Payouts(self._door)

    def request_hash(self, method: str, path: str, body: bytes) -> str:
        """Return the keyed mark of a request; see `Kek.request_hash`."""
        return self._kek.request_hash(method, path, body)

    def callback_secret(self, provider: str) -> bytes:
        """Return the secret that a provider signs its callbacks with; see `Kek.callback_secret`."""
        return self._kek.callback_secret(provider)

    async def put_destination(self, principal: str, key: str, *, account_number: str, holder: str) -> str:
        """Keep where a refund shall go; return its token. The same call again returns the same token and keeps nothing.

        Args:
            principal: scope of the idempotency key.
            key: the request's idempotency key.

        Raises:
            KeyReused: the key came with another destination before.
            VaultUnavailable: the database cannot be reached.

        Source: SPEC R-083.
        """
        token = self._kek.token("dst", principal, key)
        # A year of the law ends with its day; 29 February ends with the 28th.
        retain_until = years_after(business_date(self._clock.now()), PAYOUT_YEARS)
        fields = {"account_number": account_number, "holder": holder}
        await self.put(token, fields, legal_basis=PAYOUT_BASIS, retain_until=retain_until)
        return token

    async def put_manager(self, principal: str, key: str, *, phone: str) -> tuple[str, bool]:
        """Keep the number of a channel's manager until the profile is removed; as `put_destination`.

        Args:
            phone: digits alone.

        Returns:
            Its token, and whether it was not there before.

        Source: SPEC B3.
        """
        token = self._kek.token("mgr", principal, key)
        new = await self.put(token, {"phone": phone}, legal_basis=MANAGER_BASIS, retain_until=RETAINED_UNTIL_ERASED)
        return token, new

    async def put_one_time(self, principal: str, key: str, *, token: str) -> str:
        """Keep a one-time token until the end of the day; return what it is called. As `put_destination`."""
        name = self._kek.token("otk", principal, key)
        today = business_date(self._clock.now())
        await self.put(name, {"token": token}, legal_basis=ONE_TIME_BASIS, retain_until=today)
        return name

    async def put(self, token: str, fields: Mapping[str, str], *, legal_basis: str, retain_until: date) -> bool:
        """Keep a subject's fields; return whether nothing lay behind the token. What does is left as it is.

        Args:
            token: drawn by `Kek.token`.
            fields: name -> value.
            legal_basis: the law that lets us keep them.
            retain_until: last day on which they are kept.

        Raises:
            KeyReused: other fields lie behind the token.
            SealBroken: what lies there does not open.
            VaultUnavailable: the database cannot be reached.
        """
        values = {name: value.encode() for name, value in fields.items()}
        sealed = self._door.sealed(token, values)
        async with self._door.transaction() as connection:
            new = await self._door.keep(connection, [sealed], legal_basis=legal_basis, retain_until=retain_until)
            if not new and (await self._door.open_fields(connection, [token])).get(token) != values:
                raise KeyReused("Idempotency-Key was used for another request; a new request needs a new key")
        return bool(new)

    async def get(self, token: str, reading: Reading | None = None) -> dict[str, str]:
        """Return a subject's fields in clear. Whoever calls this has to have been allowed to, and has to be on record.

        Args:
            reading: who reads, and what for; None = the caller's own record says so.

        Raises:
            SubjectNotFound: nothing lies behind the token.
            SealBroken: something there was altered or moved, or the key file is another one.
            VaultUnavailable: the database cannot be reached.
        """
        async with self._door.connected() as connection:
            if reading is not None:
                await self._door.record(connection, reading, [token])
            found = await self._door.open_fields(connection, [token])
        if token not in found:
            raise SubjectNotFound("Nothing is kept behind this token")
        return {field: value.decode() for field, value in found[token].items()}

    async def masked(self, token: str) -> str:
        """Return the account number behind a token with all but its last digits hidden; "***" when it is erased.

        Raises:
            SealBroken: something there was altered or moved, or the key file is another one.
            VaultUnavailable: the database cannot be reached.
        """
        return (await self.masked_all([token]))[token]

    async def masked_all(self, tokens: Iterable[str], field: str = "account_number") -> dict[str, str]:
        """Return the masked numbers in one field of many subjects, over one connection. Raises as `masked`."""
        shown = dict.fromkeys(tokens, MASK)
        async with self._door.connected() as connection:
            found = await self._door.open_fields(connection, list(shown))
        for token, fields in found.items():
            shown[token] = mask(fields.get(field, b"").decode())
        return shown

    async def erase(self, token: str) -> bool:
        """Forget a subject: delete its key and its fields. Returns whether there was anything to forget.

        Raises:
            SubjectHeld: a legal hold lies on one of its fields.
            VaultUnavailable: the database cannot be reached.
        """
        async with self._door.transaction() as connection:
            return await self._door.forget(connection, [token]) == 1

    async def purge(self, today: date) -> int:
        """Forget every subject of whom nothing need be kept on this business day; return how many there were.

        A subject stays while one of its fields is to be kept or under a legal hold.

        Raises:
            VaultUnavailable: the database cannot be reached.

        Source: SPEC R-003.
        """
        gone = 0
        async with self._door.connected() as connection:
            while True:
                made = await connection.execute(
                    self._door.sql(
                        "DELETE FROM {s}.subject WHERE token IN (SELECT token FROM {s}.item o WHERE retain_until < %s"
                        " AND NOT EXISTS (SELECT FROM {s}.item k WHERE k.token = o.token"
                        " AND (k.hold OR k.retain_until >= %s)) LIMIT %s)"
                    ),
                    (today, today, PURGED_AT_A_TIME),
                )
                gone += made.rowcount
                if not made.rowcount:
                    return gone


def open_vault(settings: Settings, database: Database, clock: Clock | None = None) -> Vault:
    """Return the vault of a ledger.

    Raises:
        KekUnusable: there is no usable key file.
        psycopg.Error: the ledger's database cannot be asked for the ledger's id.
    """
    query = SQL("SELECT ledger_id FROM {}.ledger_identity").format(Identifier(database.schema))
    with connect(database.app) as connection:
        (ledger_id,) = connection.execute(query).fetchone() or (UUID(int=0),)
    return Vault(database.vault, database.schema, ledger_id, load_kek(settings), clock)
