"""Replay: fold every fact from the first one, in order, to balances and one digest.

Balances are computed twice: by the folds of the accounts, and by adding up the postings of every fact. Both must
agree with each other, with the balance that each fact carries and with every stored snapshot. Nothing is taken from a
view, a snapshot or a warm aggregate, and nothing is changed. The same facts give the same digest on every run and on
every machine.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from psycopg import AsyncConnection, sql
from psycopg.conninfo import make_conninfo

from aggregates.account import Account
from aggregates.account.snapshot import AccountSnapshot
from ledger import crew
from ledger.folding import Folding
from ledger.stream import row_blocks
from ledger.verify import Finding

STRETCH_FACTS = 50_000
"""Facts read by one COPY; the snapshots among them are compared after it."""


class LedgerSum(NamedTuple):
    """Debits and credits of one ledger account in one currency, minor units, both >= 0."""

    account: str
    currency: str
    debit_minor: int
    credit_minor: int


class Report(NamedTuple):
    """What a replay has found.

    Attributes:
        position: of the last fact folded. facts: how many. seconds: how long the folding took.
        digest: SHA-256 over every account's state, in the order of account ids; hex.
        totals: currency -> sums over all accounts: balance, held, refund_pending, overdrawn, receivable (minor units).
        sums: the trial balance, computed from the facts.
        snapshots: how many stored snapshots were compared.
        findings: at most FINDINGS_MAX of them; findings_total counts all.
    """

    position: int
    facts: int
    accounts: int
    digest: str
    totals: dict[str, dict[str, int]]
    sums: list[LedgerSum]
    snapshots: int
    seconds: float
    findings: list[Finding]
    findings_total: int

    @property
    def ok(self) -> bool:
        """Whether everything agrees."""
        return not self.findings_total


@asynccontextmanager
async def frozen(connection: AsyncConnection[Any], schema: str) -> AsyncIterator[None]:
    """See the ledger as it is at one moment for as long as the `with` lasts, while others go on writing."""
    async with connection.transaction():
        await connection.execute(f"SET LOCAL search_path = {sql.Identifier(schema).as_string()}, pg_catalog".encode())
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


class Replay:
    """Folds facts, up to any position and then further.

    Args:
        connection: inside `frozen`.
        progress: told (position reached, last position) now and then.
    """

    def __init__(
        self, connection: AsyncConnection[Any], progress: Callable[[int, int], None] = lambda done, total: None
    ) -> None:
        self._connection = connection
        self._progress = progress
        self._last: int | None = None
        self._folding = Folding()
        self._snapshots_checked = 0
        self._seconds = 0.0  # a duration, not money

    @property
    def position(self) -> int:
        """Position of the last fact folded."""
        return self._folding.position

    @property
    def accounts(self) -> dict[UUID, Account]:
        """Every account as far as it is folded, by stream."""
        return self._folding.accounts

    def found(self, code: str, position: int, detail: str) -> None:
        """Write down that something does not agree."""
        self._folding.found(code, position, detail)

    async def last_position(self) -> int:
        """Return the position of the last fact of the ledger."""
        if self._last is None:
            await self._begin()
        assert self._last is not None, "set by _begin"
        return self._last

    async def fold(self, up_to: int | None = None) -> None:
        """Fold the facts after `position`, up to and with the one at `up_to` (None = all)."""
        last = await self.last_position()
        folding = self._folding
        first, stop = folding.position + 1, last if up_to is None else min(up_to, last)
        started = time.monotonic()
        parts = crew.size(stop - first + 1)
        if parts > 1 and not await self._is_dense(first, stop):
            # Only who sees all positions can say which are missing.
            parts = 1
        with crew.beside(folding, await self._place(parts), first, stop, parts) as others:
            while first <= stop:
                goal = min(first + STRETCH_FACTS - 1, stop)
                async with aclosing(row_blocks(self._connection, first, goal, (0, parts))) as blocks:
                    async for rows in blocks:
                        folding.take(rows, alone=parts == 1)
                        self._progress(folding.position, last)
                await self._check_snapshots()
                first = goal + 1
            for part in others():
                folding.take_in(part)
                await self._check_snapshots()
        if parts > 1 and folding.position < stop:
            folding.position = stop
            self._progress(stop, last)
        if folding.position < stop:
            first = folding.position + 1
            self.found("missing_fact", first, f"positions {first}..{stop} are missing")
            folding.position = stop
        self._seconds += time.monotonic() - started

    def report(self) -> Report:
        """Return what was found so far."""
        self._folding.check_accounts()
        return Report(
            self.position, self._folding.facts, len(self.accounts), self.digest(), self.totals(), self.sums(),
            self._snapshots_checked, self._seconds, self._folding.findings, self._folding.findings_total,
        )  # fmt: skip

    def digest(self) -> str:
        """Return the SHA-256 (hex) of one canonical JSON line for each account, in the order of their ids."""
        digest = sha256(b"payments-ledger-replay/1\n")
        for account in sorted(self.accounts.values(), key=lambda account: account.account_id):
            state = {**account.dump(), "version": account.version}
            digest.update(orjson.dumps(state, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE))
        return digest.hexdigest()

    def totals(self) -> dict[str, dict[str, int]]:
        """Return the sums over all accounts by currency, minor units."""
        totals: dict[str, dict[str, int]] = {}
        for account in self.accounts.values():
            sums = totals.setdefault(account.currency, dict.fromkeys(_FIGURES, 0) | {"accounts": 0})
            sums["accounts"] += 1
            for name in _FIGURES:
                sums[name] += getattr(account, f"{name}_minor")
        return dict(sorted(totals.items()))

    def sums(self) -> list[LedgerSum]:
        """Return debits and credits of every ledger account, by currency and name."""
        return sorted(
            (
                LedgerSum(account, currency, debit, credit)
                for currency, sums in self._folding.sums.items()
                for account, (debit, credit) in sums.items()
            ),
            key=lambda line: (line.currency, line.account),
        )

    async def _begin(self) -> None:
        cursor = await self._connection.execute("SELECT coalesce(max(last_position), 0) FROM ledger_blocks")
        row = await cursor.fetchone()
        self._last = row[0] if row else 0
        cursor = await self._connection.execute("SELECT originator_id, originator_version FROM ledger_snapshots")
        self._folding.expect_snapshots(await cursor.fetchall())

    async def _is_dense(self, first: int, last: int) -> bool:
        cursor = await self._connection.execute(_COUNT, (first, last))
        wanted = last - first + 1
        return await cursor.fetchone() == (wanted, wanted)

    async def _place(self, parts: int) -> crew.Place:
        """Return how another process sees what this one sees."""
        info = self._connection.info
        address = make_conninfo(info.dsn, password=info.password)
        if parts == 1:
            return crew.Place(address, "", "")
        cursor = await self._connection.execute("SELECT pg_export_snapshot(), current_setting('search_path')")
        row = await cursor.fetchone()
        assert row is not None, "a SELECT without FROM gives one row"
        return crew.Place(address, *row)

    async def _check_snapshots(self) -> None:
        """Hold the snapshots of what was folded against the accounts as they were at their versions."""
        waiting, self._folding.snapshots = self._folding.snapshots, []
        for stream_id, version, position, dumped in waiting:
            cursor = await self._connection.execute(_SNAPSHOT, (stream_id, version))
            row = await cursor.fetchone()
            stored = None if row is None else orjson.loads(row[0])
            if stored is not None and not AccountSnapshot.is_current(stored):
                # An earlier version of this program has left it, and nothing reads it any more.
                continue
            self._snapshots_checked += 1
            if dumped is None or stored != orjson.loads(dumped):
                text = f"the snapshot of stream {stream_id} at version {version} is not what its facts add up to"
                self.found("snapshot_differs", position, text)


_COUNT = b"SELECT count(*), count(DISTINCT notification_id) FROM ledger_events WHERE notification_id BETWEEN %s AND %s"
_SNAPSHOT = b"SELECT state FROM ledger_snapshots WHERE originator_id = %s AND originator_version = %s"
_FIGURES = ("balance", "held", "refund_pending", "overdrawn", "receivable", "member_receivable")
