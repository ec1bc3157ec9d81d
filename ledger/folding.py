"""Folding: stored rows to accounts, to balances by postings and to sums by ledger account; in this process, no I/O.

A part of the streams can be folded in another process: it starts as a copy of this one (`begin_part`), and what it made
is handed over (`part`) and taken in (`take_in`). A stream belongs to exactly one part, so parts never meet.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

import orjson
from eventsourcing.persistence import MapperDeserialisationError

from aggregates.account import Account
from aggregates.fact import Fact
from aggregates.postings import entry_of
from aggregates.postings.chart import PREPAID, PREPAID_HOLD, REFUND_PAYABLE, TRADE_RECEIVABLE, UNBILLED_RECEIVABLE
from ledger.mapper import to_fact
from ledger.stream import HEAD, TOPIC_AT, part_of
from ledger.verify import Finding

FINDINGS_MAX = 1_000
"""After this many findings the rest is only counted."""

DEBIT, CREDIT = 0, 1

BALANCES = (PREPAID, PREPAID_HOLD, REFUND_PAYABLE, UNBILLED_RECEIVABLE, TRADE_RECEIVABLE)
"""Ledger accounts whose sum on one stream is a figure of its account; what it is owed is below zero here."""

Lines = tuple[tuple[str, int], ...]
"""(ledger account, signed amount) of each line of an entry."""

Sums = dict[str, dict[str, list[int]]]
"""Currency -> ledger account -> [debit, credit], minor units."""


class Snapshot(NamedTuple):
    """An account as its facts add up to, where a snapshot of it is stored. `dumped`: None when there is none."""

    stream_id: UUID
    version: int
    position: int
    dumped: bytes | None


class Part(NamedTuple):
    """What one process has folded: its facts, sums, findings and snapshots since it began; its streams as they stand.

    Attributes:
        streams: (id, balances, version, dumped account or None).
    """

    facts: int
    sums: list[tuple[str, str, int, int]]
    findings: list[Finding]
    findings_total: int
    snapshots: list[Snapshot]
    streams: list[tuple[UUID, dict[str, int], int, bytes | None]]


class Folding:
    """All streams as far as they are folded.

    Attributes:
        position: of the last fact folded. facts: how many.
        accounts: by stream.
        sums: debits and credits of all postings.
        snapshots: those that stand in what was folded and were not compared yet.
        findings: at most FINDINGS_MAX of them; findings_total counts all.
    """

    def __init__(self) -> None:
        self._streams: dict[bytes, _Folded] = {}
        self.accounts: dict[UUID, Account] = {}
        self.position = 0
        self._begin()

    def _begin(self) -> None:
        self.facts = 0
        self.sums: Sums = defaultdict(lambda: defaultdict(lambda: [0, 0]))
        self.snapshots: list[Snapshot] = []
        self.findings: list[Finding] = []
        self.findings_total = 0

    def found(self, code: str, position: int, detail: str) -> None:
        """Write down that something does not agree."""
        self.findings_total += 1
        if len(self.findings) < FINDINGS_MAX:
            self.findings.append(Finding(code, position, detail))

    def expect_snapshots(self, stored: Iterable[tuple[UUID, int]]) -> None:
        """Be told (stream, version) of all snapshots, before anything is folded."""
        for stream_id, version in stored:
            stream = self._streams.setdefault(stream_id.bytes, _Folded(stream_id))
            stream.snapshots = stream.snapshots | {version}

    def check_accounts(self) -> None:
        """Hold every account's figures against its postings and its lots."""
        for stream in self._streams.values():
            if stream.account is not None:
                self._check(stream.account, stream.balances)

    def begin_part(self) -> None:
        """Begin to fold some of the streams alone, in a process of its own; what was found before is another's."""
        self._begin()

    def part(self, number: int, parts: int) -> Part:
        """Return what this process has made of its streams."""
        return Part(
            self.facts,
            [
                (currency, name, debit_minor, credit_minor)
                for currency, names in self.sums.items()
                for name, (debit_minor, credit_minor) in names.items()
            ],
            self.findings,
            self.findings_total,
            self.snapshots,
            [
                (stream.id, stream.balances, stream.account.version if stream.account else 0, stream.dumped())
                for key, stream in self._streams.items()
                if part_of(key, parts) == number
            ],
        )

    def take_in(self, part: Part) -> None:
        """Take in what another process has folded."""
        self.facts += part.facts
        for currency, name, debit_minor, credit_minor in part.sums:
            sums = self.sums[currency][name]
            sums[DEBIT] += debit_minor
            sums[CREDIT] += credit_minor
        self.findings = sorted(self.findings + part.findings, key=lambda finding: finding.position)[:FINDINGS_MAX]
        self.findings_total += part.findings_total
        self.snapshots += part.snapshots
        for stream_id, balances, version, dumped in part.streams:
            stream = self._streams.setdefault(stream_id.bytes, _Folded(stream_id))
            stream.balances = balances
            if dumped is not None:
                stream.account = Account.restore(stream_id, version, orjson.loads(dumped))
                self.accounts[stream_id] = stream.account

    def take(self, rows: list[bytes], *, alone: bool) -> None:
        """Fold the rows that are next, as `stream.row_blocks` gives them.

        Args:
            alone: no other process folds a part: every position must be among them.
        """
        streams = self._streams
        expected = self.position + 1
        for row in rows:
            position, key, version, topic_bytes = HEAD(row)
            topic_end = TOPIC_AT + topic_bytes
            topic = row[TOPIC_AT:topic_end].decode()
            of_account = topic.startswith(_ACCOUNT)
            if position != expected and alone:
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
                    self._fold(position, version, stream, fact)
                else:
                    self._sum_up(fact)
            if version in stream.snapshots:
                self.snapshots.append(Snapshot(stream.id, version, position, stream.dumped()))
        self.position = expected - 1
        self.facts += len(rows)

    def _fold(self, position: int, version: int, stream: _Folded, fact: Fact) -> None:
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
        for name, amount_minor in self._sum_up(fact):
            if name in balances:
                balances[name] -= amount_minor
        stored = getattr(fact, "balance_minor", None)
        if stored is not None and stored != balances[PREPAID]:
            text = (
                f"the fact at position {position} says balance {stored}; the postings up to it say {balances[PREPAID]}"
            )
            self.found("balance_differs", position, text)

    def _sum_up(self, fact: Fact) -> Lines:
        """Add a fact's postings to the sums, whichever stream it is on; return them."""
        currency, lines = entry_of(fact)
        if lines:
            sums = self.sums[currency]
            for name, amount_minor in lines:
                if amount_minor > 0:
                    sums[name][DEBIT] += amount_minor
                elif amount_minor:
                    sums[name][CREDIT] -= amount_minor
        return lines

    def _check(self, account: Account, balances: dict[str, int]) -> None:
        billing = account.billing
        figures = (
            account.balance_minor,
            account.held_minor,
            account.refund_pending_minor,
            -billing.unbilled_minor,
            -billing.trade_receivable_minor,
        )
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
