"""Taking a file: read as a whole, what it says of people into the vault, the rest in one commit."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import date
from hashlib import sha256

from aggregates import ids
from aggregates.errors import Rejected
from aggregates.fact import Stream
from aggregates.reconciliation import Remittance, SourceFile, Tally
from ledger.command import Call, Outcome
from ledger.commands.source_files import FileRow, TakeFile, file_name, remittance_name, tally_name
from ledger.engine import Engine, Overloaded
from ledger.reconcile.profile import Source
from ledger.reconcile.rows import ReadRow, read_rows
from ledger.vault import Vault

TRIES_MAX = 3
"""How often a file of very many days is warmed up when other writers push its tallies out of memory."""


async def take_file(engine: Engine, vault: Vault, source: Source, content: bytes, call: Call) -> Outcome:
    """Take a file; the very same one again is refused as `file_known` and changes nothing.

    What people wrote goes to the vault before the facts that name it; where the file is not taken, it is forgotten.

    Args:
        content: the file's bytes. call: who asks, under which key.

    Returns:
        The file as it was taken, or a remembered refusal.

    Raises:
        LedgerError: as of `Engine.submit`. VaultUnavailable.

    Source: SPEC R-062.
    """
    digest = sha256(content).hexdigest()
    try:
        read = await asyncio.to_thread(read_rows, content, source)
    except Rejected as refusal:
        return await engine.submit(TakeFile(source.name, source.side, source.currency, digest, (), refusal), call)
    rows, notes = await asyncio.to_thread(_marked, read, source, vault)
    command = TakeFile(source.name, source.side, source.currency, digest, rows)
    for tried in range(1, TRIES_MAX + 1):
        await engine.warm_up(_streams(engine, command))
        kept = await vault.notes.put({row.note: notes[row.note] for row in _unknown(engine, command) if row.note})
        try:
            outcome = await engine.submit(command, call)
        except Overloaded:
            await vault.notes.forget(kept)
            if tried == TRIES_MAX:
                raise
            continue
        if outcome.status >= 400:
            await vault.notes.forget(kept)
        return outcome
    raise AssertionError("the last try returns or raises")


def _marked(
    read: list[ReadRow], source: Source, vault: Vault
) -> tuple[tuple[FileRow, ...], dict[str, tuple[tuple[str, str], ...]]]:
    """Return the rows as the command takes them, and by token what they say of people."""
    rows: list[FileRow] = []
    notes: dict[str, tuple[tuple[str, str], ...]] = {}
    for row in read:
        mark = vault.request_hash("LINE", source.name, f"{row.day}\x1f{row.identity}".encode())
        content = vault.request_hash("SAID", source.name, row.said.encode())
        token = vault.notes.token(source.name, mark) if row.notes else None
        if token is not None:
            notes[token] = row.notes
        rows.append(
            FileRow(
                row.row, row.day, mark, content, row.amount_minor, row.fee_minor, row.method, row.reference,
                row.remittance, token,
            )
        )  # fmt: skip
    return tuple(rows), notes


def _streams(engine: Engine, command: TakeFile) -> Iterator[tuple[type[Stream], str]]:
    number = engine.store.ledger_number
    yield SourceFile, ids.named_id("fil", number, file_name(command.source, command.digest))
    for day in command.days:
        yield Tally, ids.named_id("tly", number, tally_name(command.source, day))
    for name in command.remittances:
        yield Remittance, ids.named_id("rmt", number, remittance_name(command.source, name))


def _unknown(engine: Engine, command: TakeFile) -> list[FileRow]:
    """Return the rows that are not known already: of the others nothing is kept that may have been erased since."""
    number = engine.store.ledger_number
    known: dict[date, dict[str, str]] = {}
    for day in command.days:
        tally = engine.warm.get(ids.stream_id(ids.named_id("tly", number, tally_name(command.source, day))))
        known[day] = tally.marks if isinstance(tally, Tally) else {}
    return [row for row in command.rows if row.mark not in known[row.day]]
