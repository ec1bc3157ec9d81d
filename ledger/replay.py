"""Replay: fold every fact from the first one, in order, to balances and one digest.

Balances are computed twice: by the folds of the accounts, and by adding up the postings of every fact. Both must
agree with each other, with the balance that each fact carries and with every stored snapshot. Nothing is taken from a
view, a snapshot or a warm aggregate, and nothing is changed. The same facts give the same digest on every run and on
every machine.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from eventsourcing.persistence import MapperDeserialisationError
from psycopg import AsyncConnection, sql

from aggregates.account import Account
from aggregates.fact import Fact
from aggregates.postings import PREPAID, PREPAID_HOLD, REFUND_PAYABLE, entry_of
from ledger.mapper import to_fact
from ledger.stream import HEAD, TOPIC_AT, row_blocks
from ledger.verify import Finding

STRETCH_FACTS = 50_000
"""Facts read by one COPY; the snapshots among them are compared after it."""

FINDINGS_MAX = 1_000
"""After this many findings the rest is only counted."""

DEBIT, CREDIT = 0, 1

BALANCES = (PREPAID, PREPAID_HOLD, REFUND_PAYABLE)
"""Ledger accounts whose sum on one stream is a figure of its account: balance, held, refund_pending."""


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

    Attributes:
        position: of the last fact folded. accounts: by stream.
    """

    def __init__(
        self, connection: AsyncConnection[Any], progress: Callable[[int, int], None] = lambda done, total: None
    ) -> None:
        self._connection = connection
        self._progress = progress
        self._last: int | None = None
        self._streams: dict[bytes, _Folded] = {}
        self._snapshots: list[tuple[UUID, int, int, bytes | None]] = []
        self._sums: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
        self._findings: list[Finding] = []
        self._findings_total = 0
        self._snapshots_checked = 0
        self._seconds = 0.0  # a duration, not money
        self.accounts: dict[UUID, Account] = {}
        self.position = 0
        self.facts = 0

    def found(self, code: str, position: int, detail: str) -> None:
        """Write down that something does not agree."""
        self._findings_total += 1
        if len(self._findings) < FINDINGS_MAX:
            self._findings.append(Finding(code, position, detail))

    async def last_position(self) -> int:
        """Return the position of the last fact of the ledger."""
        if self._last is None:
            await self._begin()
        assert self._last is not None, "set by _begin"
        return self._last

    async def fold(self, up_to: int | None = None) -> None:
        """Fold the facts after `position`, up to and with the one at `up_to` (None = all)."""
        last = await self.last_position()
        stop = last if up_to is None else min(up_to, last)
        started = time.monotonic()
        after = self.position
        while after < stop:
            goal = min(after + STRETCH_FACTS, stop)
            async with aclosing(row_blocks(self._connection, after + 1, goal)) as blocks:
                async for rows in blocks:
                    self._fold_rows(rows)
                    self._progress(self.position, last)
            await self._check_snapshots()
            after = goal
        if self.position < stop:
            self.found("missing_fact", self.position + 1, f"positions {self.position + 1}..{stop} are missing")
            self.position = stop
        self._seconds += time.monotonic() - started

    def report(self) -> Report:
        """Return what was found so far."""
        for stream in self._streams.values():
            if stream.account is not None:
                self._check_account(stream.account, stream.balances)
        return Report(
            self.position, self.facts, len(self.accounts), self.digest(), self.totals(), self.sums(),
            self._snapshots_checked, self._seconds, self._findings, self._findings_total,
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
                for currency, sums in self._sums.items()
                for account, (debit, credit) in sums.items()
            ),
            key=lambda line: (line.currency, line.account),
        )

    async def _begin(self) -> None:
        cursor = await self._connection.execute("SELECT coalesce(max(last_position), 0) FROM ledger_blocks")
        row = await cursor.fetchone()
        self._last = row[0] if row else 0
        cursor = await self._connection.execute("SELECT originator_id, originator_version FROM ledger_snapshots")
        for stream_id, version in await cursor.fetchall():
            stream = self._streams.setdefault(stream_id.bytes, _Folded(stream_id))
            stream.snapshots = stream.snapshots | {version}

    def _fold_rows(self, rows: list[bytes]) -> None:
        streams = self._streams
        expected = self.position + 1
        for row in rows:
            position, key, version, topic_bytes = HEAD(row)
            topic_end = TOPIC_AT + topic_bytes
            topic = row[TOPIC_AT:topic_end].decode()
            of_account = topic.startswith(_ACCOUNT)
            if position != expected:
                self.found("missing_fact", expected, f"positions {expected}..{position - 1} are missing")
            expected = position + 1
            stream = streams.get(key)
            if stream is None:
                stream = _Folded(UUID(bytes=key))
                if of_account:
                    streams[key] = stream
            try:
                fact = to_fact(stream.id, version, topic, row[topic_end + 4 :])
            except MapperDeserialisationError as error:
                self.found("unreadable_fact", position, f"the fact at position {position} cannot be read: {error}")
            else:
                if of_account:
                    self._fold_fact(position, version, stream, fact)
            if version in stream.snapshots:
                self._snapshots.append((stream.id, version, position, stream.dumped()))
        self.position = expected - 1
        self.facts += len(rows)

    def _fold_fact(self, position: int, version: int, stream: _Folded, fact: Fact) -> None:
        account = stream.account
        if version != (1 if account is None else account.version + 1):
            self.found("version_gap", position, f"the fact at position {position} has version {version} of its account")
        try:
            stream.account = fact.mutate(account)
        except (LookupError, ValueError, TypeError, AttributeError) as error:
            # A fold never refuses what was decided; it can only stumble over a history that was altered.
            self.found("unfoldable_fact", position, f"the fact at position {position} cannot be folded: {error!r}")
        if account is None and stream.account is not None:
            self.accounts[stream.id] = stream.account
        balances = stream.balances
        currency, lines = entry_of(fact)
        if lines:
            sums = self._sums[currency]
            for name, amount_minor in lines:
                if amount_minor > 0:
                    sums[name][DEBIT] += amount_minor
                elif amount_minor:
                    sums[name][CREDIT] -= amount_minor
                if name in balances:
                    balances[name] -= amount_minor
        stored = getattr(fact, "balance_minor", None)
        if stored is not None and stored != balances[PREPAID]:
            text = (
                f"the fact at position {position} says balance {stored}; the postings up to it say {balances[PREPAID]}"
            )
            self.found("balance_differs", position, text)

    def _check_account(self, account: Account, balances: dict[str, int]) -> None:
        figures = (account.balance_minor, account.held_minor, account.refund_pending_minor)
        for name, folded_minor in zip(BALANCES, figures, strict=True):
            # Holds of a postpaid account are use of its limit, not money: nothing is posted for them.
            if folded_minor != balances[name] and not (name == PREPAID_HOLD and account.mode == "postpaid"):
                text = (
                    f"{account.account_id} has {name} {folded_minor} by its folds and {balances[name]} by its postings"
                )
                self.found("balance_differs", 0, text)
        covered_minor = sum(lot.remaining_minor for lot in account.lots) - account.overdrawn_minor
        if covered_minor != account.balance_minor:
            text = f"{account.account_id} has balance {account.balance_minor}; lots less overdrawn are {covered_minor}"
            self.found("lots_differ", 0, text)

    async def _check_snapshots(self) -> None:
        """Hold the snapshots of the last stretch against the accounts as they were at their versions."""
        waiting, self._snapshots = self._snapshots, []
        for stream_id, version, position, dumped in waiting:
            cursor = await self._connection.execute(_SNAPSHOT, (stream_id, version))
            row = await cursor.fetchone()
            self._snapshots_checked += 1
            if row is None or dumped is None or orjson.loads(row[0]) != orjson.loads(dumped):
                text = f"the snapshot of stream {stream_id} at version {version} is not what its facts add up to"
                self.found("snapshot_differs", position, text)


class _Folded:
    """One stream as far as it is folded.

    Attributes:
        account: None before its first fact, and for streams that are no account.
        balances: by postings alone, for the names in BALANCES.
        snapshots: versions of which one is stored.
    """

    __slots__ = ("account", "balances", "id", "snapshots")

    def __init__(self, id: UUID) -> None:
        self.id = id
        self.account: Account | None = None
        self.balances = dict.fromkeys(BALANCES, 0)
        self.snapshots: frozenset[int] = frozenset()

    def dumped(self) -> bytes | None:
        """Return the account's state as a snapshot stores it."""
        return None if self.account is None else orjson.dumps(self.account.dump())


_ACCOUNT = "account."
_SNAPSHOT = b"SELECT state FROM ledger_snapshots WHERE originator_id = %s AND originator_version = %s"
_FIGURES = ("balance", "held", "refund_pending", "overdrawn", "receivable", "member_receivable")
