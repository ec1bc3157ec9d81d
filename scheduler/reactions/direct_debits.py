"""Batches of direct debits: filled and sent within the hours of the bank, and their results recorded (SPEC 10.2, 13).

What goes into which file follows from the clock and the view; a file is asked for by its key before it is sent, and
sent again when nothing is known of it. Results are read whole, put on record, and then recorded line by line in parts;
whatever is killed on the way goes on where it stopped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Container, Sequence
from datetime import date
from hashlib import sha256
from typing import Any

import orjson
import structlog

from aggregates.collecting.debit import Debit
from aggregates.collecting.debit_batch import (
    KINDS,
    PART_MAX,
    DebitBatch,
    Kind,
    batch_id_of,
    open_day,
    times_of,
)
from aggregates.collecting.mandate import Mandate
from aggregates.collecting.obligation import Obligation
from aggregates.dates import business_date
from aggregates.errors import LedgerError
from ledger.command import Command, Outcome
from ledger.commands.collecting.debit_batches import (
    CloseBatch,
    FillDebits,
    FillMandates,
    MissBatch,
    RecordBatchSent,
    RecordDebitResults,
    RecordMandateResults,
    Result,
    WithdrawLines,
)
from ledger.commands.collecting.debits import CALENDAR, ReverseDebit
from ledger.debits.compose import answer_of, read_answer, write_batch
from ledger.debits.debits import read_results
from ledger.debits.layout import FileRefused, word_of
from ledger.engine import Engine
from ledger.ports.direct_debit import BatchFile, ResultFile
from ledger.ports.errors import PortRefused, PortUnavailable
from ledger.vault import Reading
from ledger.vault.debit_papers import BankDetails
from ledger.vault.door import aside
from projections import debit_queries
from scheduler.reactions import cursors
from scheduler.reactions.bench import Bench, Reaction, call_of

log = structlog.get_logger("reactions")

NAME = "direct-debits"
VIEW = "direct_debits"
BATCHES_MAX = 20
LINES_PAGE = 5_000
"""Lines of a file read at a time, with their accounts."""

AT_ONCE = 4
"""Parts of a batch that are decided while others are being committed."""


async def react(bench: Bench) -> int:
    """Fill what is open now, bring a page of batches forward, and take what the institution has said."""
    done = await _fill(bench)
    async with bench.see() as connection:
        rows = await debit_queries.open_batches(connection, limit=BATCHES_MAX)
    for row in rows:
        done += await _forward(bench, row)
    return done + await cursors.follow(bench, VIEW, bench.ports.debits.fetch_results, lambda file: take(bench, file))


REACTION = Reaction(NAME, every_s=1.0, step=react, hinted_by=VIEW)


# -- filling -------------------------------------------------------------------------------------------------------


async def _fill(bench: Bench) -> int:
    now = bench.clock.now()
    done = 0
    for kind in KINDS:
        day = open_day(kind, now, CALENDAR)
        if day is None:
            continue
        async with bench.see() as connection:
            accounts = await debit_queries.accounts_due(connection, kind, day, business_date(now))
        for account_id in accounts:
            done += await fill_batch(bench, account_id, kind, day)
    return done


async def fill_batch(bench: Bench, account_id: str, kind: Kind, day: date) -> int:
    """Put everything of an account that is due into the batch of a day; return how many lines were added."""
    batch_id = batch_id_of(account_id, kind, day)
    today = business_date(bench.clock.now())
    async with bench.see() as connection:
        if await _is_past_filling(connection, batch_id):
            return 0
        pages, after = [], ""
        while True:
            page = (
                await debit_queries.due_mandates(connection, account_id, today=today, after=after, limit=PART_MAX)
                if kind == "mandates"
                else await debit_queries.due_debits(
                    connection, account_id, day=day, same_day=kind == "same_day", after=after, limit=PART_MAX
                )
            )
            if not page:
                break
            pages.append(page)
            after = page[-1]["mandate_id" if kind == "mandates" else "debit_id"]
    outcomes = await in_turns(pages, lambda page: _fill_part(bench.engine, batch_id, kind, page))
    return sum(orjson.loads(outcome.body)["added"] for outcome in outcomes if outcome.status < 400)


async def _is_past_filling(connection: Any, batch_id: str) -> bool:
    try:
        row = await debit_queries.batch(connection, batch_id)
    except LedgerError:
        return False
    return bool(row["status"] != "open")


async def _fill_part(engine: Engine, batch_id: str, kind: Kind, page: Sequence[dict[str, Any]]) -> Outcome:
    """Add a part; under a key of what is added, so that the same again is known, and something else is not."""
    if kind == "mandates":
        things = tuple(row["mandate_id"] for row in page)
        command: Command = FillMandates(batch_id, things)
    else:
        things = tuple(row["debit_id"] for row in page)
        command = FillDebits(batch_id, things)
    await load(engine, batch_id, page)
    mark = sha256(" ".join(things).encode()).hexdigest()[:32]
    return await engine.submit(command, call_of(NAME, f"{batch_id}:fill:{mark}"))


async def load(
    engine: Engine, batch_id: str, page: Sequence[dict[str, Any]], failures: Container[int] | None = None
) -> None:
    """Load all streams of a part of a batch in bulk, and see that they are those of the database.

    Args:
        failures: lines that were not done: of what was done, nobody looks at the mandate. None = all are looked at.
    """
    wanted: list[tuple[type[Any], str]] = [(DebitBatch, batch_id)]
    for row in page:
        if "debit_id" in row:
            wanted += [(Debit, row["debit_id"]), (Obligation, row["obligation_id"])]
            if failures is None or row["serial"] in failures:
                wanted.append((Mandate, row["mandate_id"]))
        else:
            wanted.append((Mandate, row["mandate_id"]))
            if row.get("replaces"):
                wanted.append((Mandate, row["replaces"]))
    await engine.freshen(*(public_id for _, public_id in wanted))
    await engine.warm_up(wanted)


async def in_turns(
    pages: Sequence[Sequence[dict[str, Any]]], work: Callable[[Sequence[dict[str, Any]]], Awaitable[Outcome]]
) -> list[Outcome]:
    """Work pages off, a few at a time, so that one is decided while another is committed."""
    outcomes: list[Outcome] = []
    for start in range(0, len(pages), AT_ONCE):
        outcomes += await asyncio.gather(*(work(page) for page in pages[start : start + AT_ONCE]))
    return outcomes


# -- forward -------------------------------------------------------------------------------------------------------


async def _forward(bench: Bench, row: dict[str, Any]) -> int:
    """Do what a batch waits for; return whether something new was recorded."""
    match row["status"]:
        case "open":
            closes_at = times_of(row["kind"], row["day"], CALENDAR).closes_at
            if bench.clock.now() < closes_at:
                return 0
            return await _do(bench, f"{row['batch_id']}:close", CloseBatch(row["batch_id"]))
        case "closed":
            return await _send(bench, row)
        case "missed":
            return await _withdraw(bench, row)
        case _:
            return await record_results(bench, row)


async def _send(bench: Bench, row: dict[str, Any]) -> int:
    """Send a file, or learn that it was; a file that comes too late is missed, and its lines go with the next."""
    batch_id = row["batch_id"]
    port = bench.ports.debits
    try:
        known = await port.status(batch_id)
        if known.status == "absent":
            content = await write_file(bench, row)
            file = BatchFile(batch_id, row["kind"], row["day"], row["institution_code"], content)
            known = await (port.submit_mandates(file) if row["kind"] == "mandates" else port.submit_debits(file))
    except PortUnavailable:
        return 0
    except PortRefused as refusal:
        code = str(refusal.figures.get("reason") or "refused")
        log.error("a file of direct debits was refused", batch=batch_id, code=code)
        return await _do(bench, f"{batch_id}:missed", MissBatch(batch_id, code))
    return await _do(bench, f"{batch_id}:sent", RecordBatchSent(batch_id, known.sha256 or ""))


async def write_file(bench: Bench, row: dict[str, Any]) -> bytes:
    """Write the file of a batch from the view and the vault. Raises: VaultUnavailable."""
    batch_id, is_mandates = row["batch_id"], row["kind"] == "mandates"
    reading = Reading(f"reaction:{NAME}", "write a file for the bank")
    lines: list[dict[str, Any]] = []
    accounts: dict[str, BankDetails] = {}
    async with bench.see() as connection:
        onboarding = await debit_queries.onboarding(connection, row["account_id"])
        ask = debit_queries.mandate_lines if is_mandates else debit_queries.debit_lines
        while True:
            page = await ask(connection, batch_id, after=lines[-1]["serial"] if lines else 0, limit=LINES_PAGE)
            if not page:
                break
            lines += page
            accounts |= await bench.vault.debit_papers.accounts([line["bank_account"] for line in page], reading)
    settlement = await bench.vault.get(onboarding["settlement"], reading)
    return await aside(len(lines), lambda: write_batch(row, onboarding, settlement, lines, accounts))


async def _withdraw(bench: Bench, row: dict[str, Any]) -> int:
    """Take the lines of a batch that did not go out of it, part by part."""
    batch_id, after, done = row["batch_id"], 0, 0
    is_mandates = row["kind"] == "mandates"
    while True:
        async with bench.see() as connection:
            ask = debit_queries.mandate_lines if is_mandates else debit_queries.debit_lines
            page = await ask(connection, batch_id, after=after, limit=PART_MAX)
        if not page:
            return done
        await load(bench.engine, batch_id, page)
        things = tuple(line["mandate_id" if is_mandates else "debit_id"] for line in page)
        done += await _do(bench, f"{batch_id}:withdraw:{after}", WithdrawLines(batch_id, things))
        after = page[-1]["serial"]


# -- results -------------------------------------------------------------------------------------------------------


async def take(bench: Bench, file: ResultFile) -> bool:
    """Take a file of the institution's; False = not yet."""
    async with bench.see() as connection:
        try:
            row = await debit_queries.batch(connection, file.key)
        except LedgerError:
            return not file.key.startswith("dbb_")
    if row["status"] in ("open", "closed"):
        # It answers what we do not know yet to be sent: that comes first.
        await _forward(bench, row)
        return False
    if file.kind == "returns":
        return await _take_returns(bench, file)
    try:
        results = await aside(len(file.content), lambda: read_answer(row["kind"], file.content))
    except FileRefused as refusal:
        log.error("a file of results is not in order", batch=file.key, line=refusal.figures.get("line"))
        return True
    await _do(bench, f"{file.key}:results:{file.number}", answer_of(file.key, results, file.content))
    return True


async def _take_returns(bench: Bench, file: ResultFile) -> bool:
    """Take money that was taken back, each line once."""
    try:
        results = read_results(file.content)
    except FileRefused as refusal:
        log.error("a file of returns is not in order", batch=file.key, line=refusal.figures.get("line"))
        return True
    for line in results.lines:
        async with bench.see() as connection:
            debit_id = await debit_queries.debit_of_line(connection, file.key, line.serial)
        if debit_id is None:
            log.error("a return is of no line of the batch", batch=file.key, line=line.serial)
            continue
        await _do(bench, f"{file.key}:return:{line.serial}", ReverseDebit(debit_id, word_of(line.code)))
    return True


async def record_results(bench: Bench, row: dict[str, Any]) -> int:
    """Record what became of the lines of an answered batch, from where it stopped; return how many parts were new."""
    batch_id, kind = row["batch_id"], row["kind"]
    async with bench.see() as connection:
        failures = await debit_queries.failures(connection, batch_id)
        ask = debit_queries.mandate_lines if kind == "mandates" else debit_queries.debit_lines
        pages, after = [], row["settled"]
        while page := await ask(connection, batch_id, after=after, limit=PART_MAX):
            pages.append(page)
            after = page[-1]["serial"]
    outcomes = await in_turns(pages, lambda page: record_part(bench.engine, batch_id, kind, page, failures))
    return sum(outcome.status < 400 and not outcome.replayed for outcome in outcomes)


async def record_part(
    engine: Engine, batch_id: str, kind: str, page: Sequence[dict[str, Any]], failures: dict[int, tuple[str, int]]
) -> Outcome:
    """Record what became of a part of the lines."""
    await load(engine, batch_id, page, failures)
    command: Command
    if kind == "mandates":
        new = [line for line in page if line["change"] == "new"]
        results = tuple(Result(line["mandate_id"], failures.get(line["serial"], ("", 0))[0]) for line in new)
        command = RecordMandateResults(batch_id, results, ends=len(page) - len(new))
    else:
        command = RecordDebitResults(
            batch_id, tuple(Result(line["debit_id"], *failures.get(line["serial"], ("", 0))) for line in page)
        )
    return await engine.submit(command, call_of(NAME, f"{batch_id}:record:{page[0]['serial']}"))


async def _do(bench: Bench, key: str, command: Command) -> int:
    outcome = await bench.do(NAME, key, command)
    if outcome.status >= 400 and not outcome.replayed:
        log.warning("a step of a batch was refused", key=key, status=outcome.status, said=outcome.body.decode())
    return int(not outcome.replayed and outcome.status < 400)
