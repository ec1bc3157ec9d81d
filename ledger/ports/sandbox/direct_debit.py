"""The sandbox's institution for direct debits.

Magic account numbers, by their last four digits: 0021 has no money, 0022 has half of it (taken where a part may be),
0011 is no account, 0013 is somebody else's, 0051 was cancelled by the payer at the bank, 0061 pays and takes the money
back 30 days later. In files of mandates 0011 and 0013 fail. A file of debits whose total ends in 002 is taken and not
answered. Hours are those of the business calendar; account numbers are looked at and not kept.
"""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from typing import Literal, NamedTuple

import orjson
from psycopg.rows import DictRow

from aggregates.calendar import BusinessCalendar
from aggregates.collecting.debit_batch import Kind, times_of
from ledger.debits import (
    DebitFile,
    ResultLine,
    Results,
    read_debits,
    read_mandates,
    write_mandate_results,
    write_results,
)
from ledger.debits.layout import RETURNED_CODE, FileRefused
from ledger.ports.direct_debit import BatchFile, FileState, ResultFile
from ledger.ports.errors import PortRefused, PortUnavailable
from ledger.ports.sandbox import feeds
from ledger.ports.sandbox.state import Connection, SandboxState, find, one, rows
from ledger.vault.door import aside

PROVIDER = "direct_debits"
FETCHED_MAX = 20
TIMEOUT_ENDING = 2
RETURNED_AFTER = timedelta(days=30)
CALENDAR = BusinessCalendar()

NOTHING_CODES = ("0011", "0013", "0021", "0051")
MANDATE_CODES = ("0011", "0013")
HALF_CODE = "0022"
SHORT_CODE = "0021"

CUT_OFF_PASSED = "cut_off_passed"


class _Outcome(NamedTuple):
    """What will become of a file: its lines, what they ask for, what of it comes wholly, and what does not."""

    lines: int
    total_minor: int
    whole_minor: int
    failures: list[ResultLine]
    returns: list[ResultLine]


class SandboxDebits:
    """A `DirectDebitPort` for tests and demos."""

    def __init__(self, state: SandboxState) -> None:
        self._state = state

    async def submit_mandates(self, batch: BatchFile) -> FileState:
        """As `DirectDebitPort.submit_mandates`."""
        return await self._take(batch)

    async def submit_debits(self, batch: BatchFile) -> FileState:
        """As `DirectDebitPort.submit_debits`."""
        return await self._take(batch)

    async def status(self, key: str) -> FileState:
        """As `DirectDebitPort.status`."""
        async with self._state.connected() as connection:
            row = await find(connection, "SELECT * FROM debit_file WHERE key = %s", key)
        return FileState(key, "absent") if row is None else self._shown(row)

    async def fetch_results(self, after: int) -> tuple[ResultFile, ...]:
        """As `DirectDebitPort.fetch_results`."""
        async with self._state.connected() as connection, connection.transaction():
            await feeds.lock_feed(connection, PROVIDER)
            await self._tell(connection, "results")
            await self._tell(connection, "returns")
            found = (await feeds.read(connection, PROVIDER, after))[:FETCHED_MAX]
            made = []
            for number, name in found:
                key, _, kind = name.rpartition(":")
                row = await one(connection, "SELECT * FROM debit_file WHERE key = %s", key)
                told: Literal["results", "returns"] = "returns" if kind == "returns" else "results"
                made.append(ResultFile(number, key, told, _content(row, kind)))
            return tuple(made)

    async def _take(self, batch: BatchFile) -> FileState:
        kind: Kind = batch.kind
        times = times_of(kind, batch.day, CALENDAR)
        digest = sha256(batch.content).hexdigest()
        async with self._state.connected() as connection:
            known = await find(
                connection, "UPDATE debit_file SET asked = asked + 1 WHERE key = %s RETURNING *", batch.key
            )
            if known is not None:
                if known["sha256"] != digest:
                    raise PortRefused("the key stands for another file")
                return self._shown(known)
            if not CALENDAR.is_business_day(batch.day) or self._state.now() >= times.cut_off_at:
                raise PortRefused("the hour until which files of this day are taken has passed", reason=CUT_OFF_PASSED)
            try:
                outcome = await aside(len(batch.content), lambda: _outcome(batch))
            except FileRefused as refusal:
                raise PortRefused(f"the file is not in order: {refusal.detail}", reason="file_refused") from refusal
            row = await one(
                connection,
                "INSERT INTO debit_file (key, kind, day, institution_code, sha256, lines, whole_minor, failures,"
                " returns, results_at, returns_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s::jsonb, %s::jsonb, %s, %s)"
                " ON CONFLICT (key) DO UPDATE SET asked = debit_file.asked + 1 RETURNING *",
                batch.key, kind, batch.day, batch.institution_code, digest, outcome.lines, outcome.whole_minor,
                _kept(outcome.failures), _kept(outcome.returns), times.results_at,
                times.results_at + RETURNED_AFTER,
            )  # fmt: skip
        if outcome.total_minor % 1000 == TIMEOUT_ENDING:
            raise PortUnavailable("the institution did not answer; ask for the status", 1)
        return self._shown(row)

    async def _tell(self, connection: Connection, kind: Literal["results", "returns"]) -> None:
        """Add to the feed what is answered by now, in the order in which it was due."""
        rates = await self._state.rates(connection)
        now = self._state.now()
        due = (
            "UPDATE debit_file SET results_told = true WHERE results_at <= %s AND NOT results_told"
            " RETURNING key, results_at AS at"
            if kind == "results"
            else "UPDATE debit_file SET returns_told = true WHERE returns_at <= %s AND NOT returns_told"
            " AND results_told AND returns <> '[]'::jsonb RETURNING key, returns_at AS at"
        )
        for row in sorted(await rows(connection, due, now), key=lambda row: (row["at"], row["key"])):
            await feeds.tell(connection, rates, PROVIDER, f"{row['key']}:{kind}", row["at"])

    def _shown(self, row: DictRow) -> FileState:
        answered = self._state.now() >= row["results_at"]
        return FileState(row["key"], "answered" if answered else "accepted", row["sha256"])


def _outcome(batch: BatchFile) -> _Outcome:
    """Read a file and decide on each line. Raises: FileRefused."""
    if batch.kind == "mandates":
        mandates = read_mandates(batch.content)
        failed = [
            ResultLine(line.serial, line.number, 0, line.account[-4:])
            for line in mandates.lines
            if line.change == "new" and line.account[-4:] in MANDATE_CODES
        ]
        return _Outcome(len(mandates.lines), 0, 0, failed, [])
    return _outcome_of_debits(read_debits(batch.content))


def _outcome_of_debits(file: DebitFile) -> _Outcome:
    failures, returns = [], []
    whole_minor = 0
    for line in file.lines:
        last = line.account[-4:]
        if last in NOTHING_CODES:
            failures.append(ResultLine(line.serial, line.number, 0, last))
        elif last == HALF_CODE:
            half = line.amount_minor // 2 if line.partial else 0
            failures.append(ResultLine(line.serial, line.number, half, HALF_CODE if half else SHORT_CODE))
        else:
            whole_minor += line.amount_minor
            if last == RETURNED_CODE:
                returns.append(ResultLine(line.serial, line.number, line.amount_minor, last))
    return _Outcome(len(file.lines), sum(line.amount_minor for line in file.lines), whole_minor, failures, returns)


def _content(row: DictRow, kind: str) -> bytes:
    """Return the content of a file of results."""
    code, on = row["institution_code"], row["day"]
    if kind == "returns":
        return write_results(Results(code, on, tuple(ResultLine(*line) for line in row["returns"])))
    failed = tuple(ResultLine(*line) for line in row["failures"])
    if row["kind"] == "mandates":
        return write_mandate_results(Results(code, on, failed))
    parts = [line.amount_minor for line in failed if line.amount_minor]
    whole = row["lines"] - len(failed)
    return write_results(Results(code, on, failed, whole, row["whole_minor"], len(parts), sum(parts)))


def _kept(lines: list[ResultLine]) -> str:
    return orjson.dumps([[*line] for line in lines]).decode()
