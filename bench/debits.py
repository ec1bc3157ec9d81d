"""Direct debits: a batch of 100,000 of one business day, from the view of what is due to the last recorded result.

What is measured is what the reaction does: debits put into the batch, its file written from view and vault and handed
to the sandbox's bank, the bank's file of results read, and every result recorded; 2 % fail. Making mandates and debits
before, and the view following in its own process, are not in the time; how long the view takes is said beside it.

`python -m bench.debits` measures this alone; QUICK=1 with a tenth of the debits, the time scaled to 100,000.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, TypeVar

import orjson
import structlog
import uvloop

from aggregates.collecting.debit_batch import PART_MAX, batch_id_of, times_of
from aggregates.collecting.mandate import Mandate
from aggregates.collecting.onboarding import CONTRACT, DOCUMENTS, Onboarding, onboarding_id
from aggregates.dates import KST
from aggregates.fact import Fact, Stamp
from bench.trial import Trial, say
from ledger.collector import calm
from ledger.command import Answer, Call, Command, Streams, answer
from ledger.commands.collecting.debit_batches import CloseBatch, RecordBatchSent
from ledger.commands.collecting.debits import CALENDAR, ScheduleDebits, Wanted
from ledger.commands.standing import OpenAccount
from ledger.database import Database, migrate, open_database
from ledger.engine import Engine
from ledger.ports.direct_debit import BatchFile
from ledger.ports.sandbox import sandbox_ports, sandbox_state
from ledger.settings import Settings
from ledger.store import Store
from ledger.vault import open_vault
from ledger.vault.debit_papers import BankDetails
from ledger.vault.door import RETAINED_UNTIL_ERASED
from projections import debit_queries
from projections.connections import connect_to
from projections.direct_debits import DirectDebits
from projections.runner import Runner
from scheduler.reactions.bench import Bench
from scheduler.reactions.direct_debits import fill_batch, record_results, take, write_file

T = TypeVar("T")

DEBITS, DEBITS_QUICK = 100_000, 10_000
AMOUNT_MINOR = 30_000
FAILING_EVERY = 50
"""One debit in so many fails: its account ends in 0021."""

DAY = date(2026, 3, 10)
INSTITUTION = "9912345678"


class SetClock:
    """A clock that is put forward by hand."""

    def __init__(self) -> None:
        self.at = datetime(2026, 3, 3, 10, 0, tzinfo=KST).astimezone()

    def now(self) -> datetime:
        """Return where it stands."""
        return self.at


class Measured(NamedTuple):
    """Seconds of each part; `views`: those in which the view followed."""

    fill: float
    file: float
    answer: float
    record: float
    views: float

    @property
    def whole(self) -> float:
        """All but the view."""
        return self.fill + self.file + self.answer + self.record


@dataclass(frozen=True, slots=True)
class Founding:
    """Approve an account and register mandates of it at once: what a bank and payers take weeks for."""

    ANSWER: ClassVar[str] = "bench-founded/1"

    account_id: str
    tokens: tuple[str, ...]

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record what would have been recorded one by one."""
        streams.account(self.account_id)
        onboarding = streams.stream(Onboarding, onboarding_id(self.account_id))
        if not onboarding.version:
            _approve(onboarding, stamp, self.account_id)
        for index, token in enumerate(self.tokens):
            mandate_id, mandate = streams.new_child(Mandate, "mdt", self.account_id, index)
            mandate.request(
                stamp,
                mandate_id=mandate_id,
                account_id=self.account_id,
                payer=f"mpy_{index}",
                channel="app",
                currency="KRW",
                fixed_minor=AMOUNT_MINOR,
            )
            mandate.enter_account(stamp, bank="004", bank_account=token, shown="0000")
            mandate.verify_account(stamp, entry=1, match="full")
            mandate.consent(stamp, entry=1, evidence=f"mev_{index}", evidence_hash="0" * 64)
            mandate.submit(stamp, batch_id="dbb_bench", serial=index + 1)
            mandate.activate(stamp)


@answer("bench-founded/1")
def founded(facts: Sequence[Fact]) -> Answer:
    """Answer with the mandates that were registered."""
    return Answer(201, {"items": [fact.mandate_id for fact in facts if isinstance(fact, Mandate.Activated)]})


def _approve(onboarding: Onboarding, stamp: Stamp, account_id: str) -> None:
    onboarding.draft(stamp, account_id=account_id, settlement="stl_bench", statement_text="BLUE KITE")
    for kind in (*DOCUMENTS, CONTRACT):
        onboarding.file_document(stamp, kind=kind, document=f"odc_{kind}", sha256="0" * 64)
    onboarding.apply_for(stamp)
    onboarding.sign_contract(stamp)
    onboarding.submit_surety(stamp, kind="deposit", amount_minor=1, currency="KRW", reference="D-1")
    onboarding.start_test(stamp)
    onboarding.approve(stamp, institution_code=INSTITUTION)


def run(trial: Trial) -> None:
    """Measure one batch: of 100,000 debits, in a short run of a tenth, scaled."""
    count = trial.count(DEBITS, DEBITS_QUICK)
    measured = trial.lab.run(measure(trial.lab.folder / "debits", count))
    trial.note("debits_100000_s", "s", measured.whole * DEBITS / count)
    trial.sizes["direct debits"] = told(measured, count)


def told(measured: Measured, count: int) -> str:
    """Say what the parts took."""
    parts = ", ".join(f"{name} {getattr(measured, name):.1f} s" for name in ("fill", "file", "answer", "record"))
    scaled = "" if count == DEBITS else f", scaled to {DEBITS:,}"
    return f"{count:,} of one day{scaled}: {parts}; the view follows in {measured.views:.1f} s"


async def measure(folder: Path, count: int) -> Measured:
    """Collect a batch of so many debits on a ledger of its own.

    Raises:
        RuntimeError: a debit or money is not where it must be.
    """
    clock = SetClock()
    settings = Settings(data_dir=folder)
    with open_database(settings) as database:
        migrate(database)
        async with _bench(settings, database, clock) as bench:
            return await _collect(bench, clock, await _found(bench, count), count)


@asynccontextmanager
async def _bench(settings: Settings, database: Database, clock: SetClock) -> AsyncIterator[Bench]:
    engine = Engine(Store(database.app, database.schema), clock)
    await engine.start()
    calm()
    vault = open_vault(settings, database, clock)
    async with sandbox_state(settings, database, clock) as state:
        bench = Bench(engine, sandbox_ports(state), vault, database, clock)
        try:
            yield bench
        finally:
            await bench.close()
            await engine.stop()


async def _found(bench: Bench, count: int) -> str:
    """Open the account, with mandates and the debits of the day."""
    account_id: str = (await _do(bench, OpenAccount("Mill Road Academy", "prepaid", "KRW", None, 0), "open"))["id"]
    settlement = {"account_number": "110220330440", "holder": "Blue Kite", "identity": "1234567891", "bank": "004"}
    await bench.vault.put("stl_bench", settlement, legal_basis="bench", retain_until=RETAINED_UNTIL_ERASED)
    for start in range(0, count, PART_MAX):
        numbers = range(start, min(count, start + PART_MAX))
        accounts = {f"mba_bench{number}": _account(number) for number in numbers}
        await bench.vault.debit_papers.put_accounts(accounts)
        mandates = (await _do(bench, Founding(account_id, tuple(accounts)), f"found-{start}"))["items"]
        items = tuple(Wanted(mandate_id, AMOUNT_MINOR, DAY) for mandate_id in mandates)
        await _do(bench, ScheduleDebits(account_id, items), f"debits-{start}")
    return account_id


def _account(number: int) -> BankDetails:
    last = "0021" if number % FAILING_EVERY == 0 else f"{1000 + number % 8000}"
    return BankDetails(f"11{number:06d}{last}", "Haneul", "900815")


async def _collect(bench: Bench, clock: SetClock, account_id: str, count: int) -> Measured:
    views = await _feed(bench)
    batch_id = batch_id_of(account_id, "debits", DAY)
    times = times_of("debits", DAY, CALENDAR)
    clock.at = times.closes_at
    fill, added = await _timed(lambda: fill_batch(bench, account_id, "debits", DAY))
    if added != count:
        raise RuntimeError(f"{added} of {count} debits went into the batch")
    await _do(bench, CloseBatch(batch_id), f"{batch_id}:close")
    views += await _feed(bench)
    row = await _row(bench, batch_id)
    file, digest = await _timed(lambda: _send(bench, row))
    await _do(bench, RecordBatchSent(batch_id, digest), f"{batch_id}:sent")
    clock.at = times.results_at + timedelta(seconds=1)
    (results,) = await bench.ports.debits.fetch_results(0)
    views += await _feed(bench)
    answer, taken = await _timed(lambda: take(bench, results))
    views += await _feed(bench)
    row = await _row(bench, batch_id)
    record, parts = await _timed(lambda: record_results(bench, row))
    views += await _feed(bench)
    account = (await bench.engine.account(account_id)).account
    failing = len(range(0, count, FAILING_EVERY))
    settled = await _row(bench, batch_id)
    if not taken or parts < 1 or settled["failed"] != failing:
        raise RuntimeError("the results were not recorded")
    if account.collections_minor != (count - failing) * AMOUNT_MINOR or settled["status"] != "settled":
        raise RuntimeError("money is not where it must be")
    head = (await bench.engine.account(account_id)).position
    await take(bench, results)
    if (await bench.engine.account(account_id)).position != head:
        raise RuntimeError("the same results changed something")
    return Measured(fill, file, answer, record, views)


async def _send(bench: Bench, row: dict[str, Any]) -> str:
    """Write the file of a batch and hand it in."""
    content = await write_file(bench, row)
    file = BatchFile(row["batch_id"], "debits", DAY, INSTITUTION, content)
    return (await bench.ports.debits.submit_debits(file)).sha256 or ""


async def _row(bench: Bench, batch_id: str) -> dict[str, Any]:
    async with bench.see() as connection:
        return await debit_queries.batch(connection, batch_id)


async def _feed(bench: Bench) -> float:
    """Bring the view to the head; return the seconds that it took."""
    began = time.perf_counter()
    await asyncio.to_thread(_feed_here, bench.database)
    return time.perf_counter() - began


def _feed_here(database: Database) -> None:
    connecting = connect_to(database)
    with connecting() as project:
        runner = Runner(connecting, (DirectDebits(),))
        runner.prepare(project)
        while runner.feed(project, project):
            pass


async def _timed(work: Callable[[], Awaitable[T]]) -> tuple[float, T]:
    began = time.perf_counter()
    done = await work()
    return time.perf_counter() - began, done


async def _do(bench: Bench, command: Command, key: str) -> dict[str, Any]:
    outcome = await bench.engine.submit(command, Call("key_bench", "", f"bench-{key}", "0" * 32, f"req_{key}"))
    if outcome.status >= 400:
        raise RuntimeError(outcome.body.decode())
    body: dict[str, Any] = orjson.loads(outcome.body)
    return body


def main() -> int:
    """Measure this alone; return the exit status."""
    for name in [name for name in os.environ if name.startswith(("LEDGER_", "POSTGRES_", "PG"))]:
        del os.environ[name]
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    count = DEBITS_QUICK if os.environ.get("QUICK", "0") not in ("", "0") else DEBITS
    folder = Path(tempfile.mkdtemp(prefix="payledger-bench-"))
    folder.chmod(0o711)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            measured = runner.run(measure(folder / "debits", count))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    say(f"{told(measured, count)}: {measured.whole:.1f} s in all")
    return 0


if __name__ == "__main__":
    sys.exit(main())
