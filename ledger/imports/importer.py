"""The importer: movements from a file through the one door for writing, in the file's order, each one once.

Slices of rows are looked up by their keys in one query; what is known costs nothing more, so a second run of the same
file adds nothing and a run that was killed goes on where it stopped. Missing accounts are opened on the way. A row
that cannot be taken, or that the ledger refuses, is handed to the caller with its line, its reason and its text.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import orjson

from aggregates import ids
from aggregates.errors import LedgerError, Unavailable
from ledger.command import Call, Command, Outcome
from ledger.commands.standing import OpenAccount
from ledger.commands.transfers import ImportMovement
from ledger.engine import Engine
from ledger.imports.profile import Profile
from ledger.imports.reader import Broken, Raw, SourceFile
from ledger.imports.rows import Movement, Rows
from ledger.keys import command_key
from ledger.recall import check_same_request, recall

PRINCIPAL = "cli:import"

SLICE_ROWS = 1_000
"""Rows that are looked up, decided and awaited together; far below what the engine lets stand open."""

ACCOUNTS_MAX = 200_000
"""How many of the file's accounts are remembered; one more costs a look-up by its key."""

LOADS_MAX = 8
"""Cold accounts that are loaded at a time."""

PATIENCE_S = 60.0
"""How long a database that does not answer is waited for."""

RequestHash = Callable[[str, str, bytes], str]
"""Keyed hash over (method, path, body), as for a request over HTTP."""


class Rejection(NamedTuple):
    """A row that was not taken.

    Attributes:
        line: its number in the file, from 1. code: stable word. reason: one sentence. text: the row as it is.
    """

    line: int
    code: str
    reason: str
    text: str


@dataclass(slots=True)
class Progress:
    """How far an import is.

    Attributes:
        rows: read so far = imported + known + rejected + skipped.
        imported: new facts of movements. known: taken by an earlier run. accounts_opened: new accounts.
        position: of the last fact that was added or found.
    """

    bytes_read: int = 0
    bytes_total: int = 0
    rows: int = 0
    imported: int = 0
    known: int = 0
    rejected: int = 0
    skipped: int = 0
    accounts_opened: int = 0
    position: int = 0
    seconds: float = 0.0  # a duration, not money

    @property
    def facts_added(self) -> int:
        """How many facts the import has added to the ledger."""
        return self.imported + self.accounts_opened


class _Row(NamedTuple):
    raw: Raw
    movement: Movement


_Became = Outcome | LedgerError
_Item = tuple[Command, Call]


@dataclass(slots=True)
class Importer:
    """Imports one file.

    Args:
        engine: started. request_hash: keyed hash of a row. request_id: stands in all facts of this run.
        on_reject: told of each row that was not taken, in the order of the lines.
        on_progress: told after each slice.
    """

    engine: Engine
    profile: Profile
    request_hash: RequestHash
    request_id: str
    on_reject: Callable[[Rejection], None] = lambda rejection: None
    on_progress: Callable[[Progress], None] = lambda progress: None
    progress: Progress = field(default_factory=Progress)
    _accounts: OrderedDict[str, str | LedgerError | Outcome] = field(default_factory=OrderedDict)

    async def run(self, path: Path) -> Progress:
        """Import the file at `path`.

        Raises:
            FileMalformed: the file does not fit the profile; nothing was taken.
            Unavailable: the database stayed away; run it again to go on.
        """
        started = time.monotonic()
        rows = Rows(self.profile)
        with SourceFile(path, self.profile) as source:
            self.progress.bytes_total = source.bytes_total
            raws = iter(source)
            while slice_ := list(islice(raws, SLICE_ROWS)):
                rejections: list[Rejection] = []
                await self._take(list(self._understood(slice_, rows, rejections)), rejections)
                for rejection in sorted(rejections):
                    self.on_reject(rejection)
                self.progress.rejected += len(rejections)
                self.progress.rows += len(slice_)
                self.progress.bytes_read = source.bytes_read
                self.progress.seconds = time.monotonic() - started
                self.on_progress(self.progress)
        return self.progress

    def _understood(self, slice_: Sequence[Raw | Broken], rows: Rows, rejections: list[Rejection]) -> Iterator[_Row]:
        for raw in slice_:
            if isinstance(raw, Broken):
                rejections.append(Rejection(raw.line, "bad_row", raw.reason, raw.text))
            elif rows.skips(raw):
                self.progress.skipped += 1
            else:
                try:
                    yield _Row(raw, rows.movement(raw))
                except LedgerError as error:
                    rejections.append(Rejection(raw.line, error.code, error.detail, raw.text))

    async def _take(self, rows: list[_Row], rejections: list[Rejection]) -> None:
        """Submit a slice and count what became of its rows."""
        opened = await self._open_missing([row.movement for row in rows])
        items: list[_Item] = []
        submitted: list[_Row] = []
        for row in rows:
            account = opened[_account_name(self.profile, row.movement)]
            if isinstance(account, str):
                items.append((_command(account, row.movement), self._row_call(row.movement)))
                submitted.append(row)
            else:
                rejections.append(_rejection(row.raw, account))
        for row, became in zip(submitted, await self._submit(items), strict=True):
            if isinstance(became, Outcome) and became.status < 400:
                self.progress.position = max(self.progress.position, became.position)
                self.progress.known += became.replayed
                self.progress.imported += not became.replayed
            else:
                rejections.append(_rejection(row.raw, became))

    async def _open_missing(self, movements: Sequence[Movement]) -> dict[str, str | LedgerError | Outcome]:
        """Return the ledger's account for each of the file's accounts, or why there is none."""
        first: dict[str, Movement] = {}
        for movement in movements:
            first.setdefault(_account_name(self.profile, movement), movement)
        missing = {name: movement for name, movement in first.items() if name not in self._accounts}
        items = [(self._open(movement), self._open_call(name, movement)) for name, movement in missing.items()]
        for name, became in zip(missing, await self._submit(items), strict=True):
            if isinstance(became, Outcome) and became.status < 400:
                self._accounts[name] = orjson.loads(became.body)["id"]
                self.progress.accounts_opened += not became.replayed
                self.progress.position = max(self.progress.position, became.position)
            else:
                self._accounts[name] = became
        found = {name: self._accounts[name] for name in first}
        for name in first:
            self._accounts.move_to_end(name)
        while len(self._accounts) > ACCOUNTS_MAX:
            self._accounts.popitem(last=False)
        return found

    async def _submit(self, items: Sequence[_Item]) -> list[_Became]:
        """Do commands in order, each once; wait for a database that is away, up to `PATIENCE_S` without a step.

        Raises:
            Unavailable: it stayed away.
        """
        became: dict[int, _Became] = {}
        waiting = list(range(len(items)))
        until = time.monotonic() + PATIENCE_S
        while waiting:
            try:
                tried = await self._submit_once([items[index] for index in waiting])
            except Unavailable as error:
                tried = [error] * len(waiting)
            left = [index for index, one in zip(waiting, tried, strict=True) if isinstance(one, Unavailable)]
            became |= dict(zip(waiting, tried, strict=True))
            if len(left) < len(waiting):
                until = time.monotonic() + PATIENCE_S
            elif time.monotonic() > until:
                raise Unavailable("the ledger's database stays away; import the file again to go on where it stopped")
            waiting = left
            if waiting:
                await asyncio.sleep(0.2)
        return [became[index] for index in range(len(items))]

    async def _submit_once(self, items: Sequence[_Item]) -> list[_Became]:
        keys = [command_key(call) for _, call in items]
        known = await recall(self.engine.store, keys)
        unknown = [index for index, key in enumerate(keys) if key not in known]
        fresh = [items[index] for index in unknown]
        await self._warm_up({command.account_id for command, _ in fresh if isinstance(command, ImportMovement)})
        new = await self.engine.submit_in_order(fresh, look_up=False)
        became: dict[int, _Became] = dict(zip(unknown, new, strict=True))
        for index, key in enumerate(keys):
            if key in known:
                try:
                    check_same_request(known[key], items[index][1])
                    became[index] = known[key].outcome(replayed=True)
                except LedgerError as error:
                    became[index] = error
        return [became[index] for index in range(len(items))]

    async def _warm_up(self, account_ids: set[str]) -> None:
        """Load accounts that are not in memory, several at a time, so that no decision has to wait for one."""
        gate = asyncio.Semaphore(LOADS_MAX)

        async def load(account_id: str) -> None:
            async with gate:
                await self.engine.account(account_id)

        cold = [account_id for account_id in account_ids if self.engine.warm.get(ids.stream_id(account_id)) is None]
        await asyncio.gather(*map(load, cold))

    def _open(self, movement: Movement) -> OpenAccount:
        accounts = self.profile.accounts
        return OpenAccount(
            name=accounts.name.format(account=movement.account, profile=self.profile.name),
            mode="prepaid",
            currency=movement.currency,
            credit_limit_minor=None,
            overdraft_limit_minor=accounts.overdraft_limit_minor,
        )

    def _open_call(self, name: str, movement: Movement) -> Call:
        # Not its name and overdraft: a profile that was changed since still finds the accounts it has opened.
        return self._call(f"account:{name}", orjson.dumps([movement.account, movement.currency]), None)

    def _row_call(self, movement: Movement) -> Call:
        return self._call(f"row:{movement.reference}", orjson.dumps([*movement]), movement)

    def _call(self, key: str, request: bytes, movement: Movement | None) -> Call:
        return Call(
            principal=PRINCIPAL,
            owner="",
            key=f"import:{self.profile.name}:{key}",
            request_hash=self.request_hash("IMPORT", self.profile.name, request),
            request_id=self.request_id,
            occurred_at=movement.occurred_at if movement else None,
        )


def _account_name(profile: Profile, movement: Movement) -> str:
    """Return what an account of the file is known by: one ledger account for each currency it moves."""
    same = movement.currency == profile.currency
    return movement.account if same else f"{movement.account} {movement.currency}"


def _command(account_id: str, movement: Movement) -> ImportMovement:
    return ImportMovement(
        account_id=account_id,
        amount_minor=movement.amount_minor,
        booked_on=movement.booked_on,
        reference=movement.reference,
        text=movement.text,
    )


def _rejection(raw: Raw, became: _Became) -> Rejection:
    """Return why the ledger did not take a row."""
    if isinstance(became, LedgerError):
        return Rejection(raw.line, became.code, became.detail, raw.text)
    problem = orjson.loads(became.body)
    return Rejection(raw.line, problem["code"], problem["detail"], raw.text)
