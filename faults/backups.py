"""Backups under load, the archive of a server that was killed, damage, moments, and people who were erased in between.

Real processes: `ledger serve` and `ledger archive`; backups and restores by the functions that the commands call.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import httpx
import psycopg

from api.cli.runtime import Opened, write_anchor, write_erasures
from faults.checks import Count, check_store, read_store
from faults.history import History
from faults.load import Clients, prepare
from faults.service import Service
from ledger import erasures
from ledger.backup import manifest as manifests
from ledger.backup.make import make_backup
from ledger.backup.recover import take_away
from ledger.backup.restore import Restored, Wanted, restore
from ledger.clock import SystemClock
from ledger.database import Database, open_database
from ledger.settings import Settings
from ledger.vault import SubjectNotFound, Vault, open_vault

CLIENTS = 4
BALANCE = 400_000
CANARIES = 5
DAMAGED = 50
STORE_CHECKS = ("C2", "C3", "C4", "C5", "C6")
GAP_S = 0.05
"""Between the mark before a moment, the moment, and the mark after it."""

ARCHIVE_LIMIT_S = 60.0


class Made(NamedTuple):
    """A backup. acknowledged: last position that a client had an answer for when it began."""

    folder: Path
    acknowledged: int
    seconds: float
    size: int


class Moment(NamedTuple):
    """An instant, and the positions acknowledged just before it and just after it."""

    at: datetime
    before: int
    after: int


class Lived(NamedTuple):
    """What happened before the kill. kept, gone: tokens of people, the latter erased after the last backup."""

    backups: list[Made]
    history: History
    marked: list[Moment]
    kept: list[str]
    gone: list[str]


@dataclass(slots=True)
class BackupsPlayed:
    """What was done, and what was counted afterwards.

    Attributes:
        acknowledged: how many commands had an answer when PostgreSQL was killed. behind: how many of these the archive
            did not have yet: it follows the commits, it does not hold them up.
    """

    backups: list[Made] = field(default_factory=list)
    restores_s: list[float] = field(default_factory=list)
    counts: list[Count] = field(default_factory=list)
    acknowledged: int = 0
    behind: int = 0

    @property
    def damage(self) -> int:
        """Sum of all damage."""
        return sum(count.damage for count in self.counts)


def play_backups(folder: Path, backups: int, moments: int, seed: int) -> BackupsPlayed:
    """Back up a ledger under load, kill it, restore it in many ways, and count.

    Args:
        folder: empty, that the server's user can reach.
        backups: made under load, one after the other. moments: restored to, each from the first backup.
    """
    chance = random.Random(seed)  # noqa: S311 (faults need not be unguessable)
    settings = Settings(data_dir=folder / "data")
    lived = asyncio.run(_live(settings, folder, backups, moments, chance))
    played = BackupsPlayed(lived.backups)
    played.counts = list(_check(settings, folder, played, lived, chance))
    return played


async def _live(settings: Settings, folder: Path, backups: int, moments: int, chance: random.Random) -> Lived:
    """Let clients write, back up, erase, mark moments, and kill PostgreSQL and the service under load."""
    with Service(settings.data_dir) as service:
        principal, key, accounts = await prepare(service, 2, BALANCE)
        history = History(principal)
        with open_database(settings) as database, archive(settings, folder / "log"):
            vault = open_vault(settings, database)
            kept, gone = [[await canary(vault, f"{name}-{n}") for n in range(CANARIES)] for name in ("kept", "gone")]
            clients = Clients(service, key, accounts, history)
            load = asyncio.create_task(clients.run(CLIENTS))
            made = [
                await _backup(settings, database, folder / f"backup-{number}", history) for number in range(backups)
            ]
            for token in gone:
                await vault.erase(token)
            # As the service does once a minute.
            write_erasures(Opened(settings, database))
            write_anchor(Opened(settings, database))
            marked = [await _mark(service, key, accounts[0], number, chance) for number in range(moments)]
            service.kill_postgres()
            service.kill_all()
            load.cancel()
            await asyncio.wait([load])
    return Lived(made, history, marked, kept, gone)


@contextmanager
def archive(settings: Settings, log: Path) -> Iterator[None]:
    """Run `ledger archive` as a process of its own."""
    command = [sys.executable, "-m", "api.cli", "archive", "--output", str(log)]
    process = subprocess.Popen([*command, "--data-dir", str(settings.data_folder)], stderr=subprocess.DEVNULL)
    until = time.monotonic() + ARCHIVE_LIMIT_S
    while not (log.exists() and any(log.iterdir())):
        if time.monotonic() > until:
            raise TimeoutError("the archive does not begin")
        time.sleep(0.05)
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(ARCHIVE_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


async def canary(vault: Vault, key: str) -> str:
    """Keep somebody in the vault; return the token."""
    return await vault.put_destination("faults", key, account_number="000-12-345678", holder="Canary")


async def _backup(settings: Settings, database: Database, folder: Path, history: History) -> Made:
    acknowledged = max((seen.position for seen in history.acknowledged.values()), default=0)
    began = time.monotonic()
    made = await asyncio.to_thread(make_backup, settings, database, folder, SystemClock(), dict)
    return Made(folder, acknowledged, time.monotonic() - began, made.manifest.size)


async def _mark(service: Service, key: str, account_id: str, number: int, chance: random.Random) -> Moment:
    """Spend once before a moment and once after it, while others go on."""
    async with httpx.AsyncClient(base_url=service.url, timeout=10) as http:

        async def spend(name: str) -> int:
            headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": f"mark-{number}-{name}"}
            answer = await http.post(f"/v1/accounts/{account_id}/spends", json={"amount": 1}, headers=headers)
            answer.raise_for_status()
            return int(answer.headers["ledger-position"])

        await asyncio.sleep(chance.uniform(0, 4 * GAP_S))
        before = await spend("before")
        await asyncio.sleep(GAP_S)
        at = datetime.now(UTC)
        await asyncio.sleep(GAP_S)
        return Moment(at, before, await spend("after"))


def _check(
    settings: Settings,
    folder: Path,
    played: BackupsPlayed,
    lived: Lived,
    chance: random.Random,
) -> Iterator[Count]:
    data, log = settings.data_folder, folder / "log"
    key = data / "secrets" / "kek"
    first, last = played.backups[0], played.backups[-1]
    with brought(played, Wanted(last.folder, key, [data / "anchors.ndjson"], wal=log)) as (into, done):
        yield from _check_all(into, done, lived, played)
    short = kept = gone = 0
    for made in played.backups:
        with brought(played, Wanted(made.folder, key, erased=[data / erasures.FILE_NAME])) as (into, done):
            short += not done.ok or _position(done) < made.acknowledged
            kept, gone = kept + _readable(into, lived.kept), gone + _readable(into, lived.gone)
    people = len(played.backups) * CANARIES
    yield Count("B2", "backups that lack what was acknowledged before they began", short, len(played.backups))
    yield Count("B3", "people kept who cannot be read", people - kept, people)
    yield Count("B4", "people erased who can be read again", gone, people)
    missed = 0
    for moment in lived.marked:
        with brought(played, Wanted(first.folder, key, wal=log, to=moment.at)) as (_, done):
            missed += not (done.ok and moment.before <= _position(done) < moment.after)
    yield Count("B5", "moments without the mark before, or with the one after", missed, len(lived.marked))
    yield check_damage(first.folder, folder / "hurt", chance)


@contextmanager
def brought(played: BackupsPlayed, wanted: Wanted) -> Iterator[tuple[Settings, Restored]]:
    """Restore into a folder that is thrown away afterwards."""
    into = Settings(data_dir=wanted.backup.parent / "restored")
    done = restore(into, wanted)
    played.restores_s.append(done.seconds)
    try:
        yield into, done
    finally:
        take_away(into.data_folder)
        shutil.rmtree(into.data_folder)


def _check_all(settings: Settings, done: Restored, lived: Lived, played: BackupsPlayed) -> Iterator[Count]:
    """Hold the ledger that came back after the kill against what the clients had answers for."""
    findings = sum(report.findings_total for report in (done.sealed, done.folded) if report is not None)
    facts = done.sealed.facts if done.sealed else 0
    yield Count("B1", "findings of seal, anchors and replay after restoring backup and archive", findings, facts)
    with open_database(settings) as database, psycopg.connect(database.app) as connection:
        stored = read_store(connection, database.schema)
    marks = History(lived.history.principal)
    for number, moment in enumerate(lived.marked):
        for name, position in (("before", moment.before), ("after", moment.after)):
            marks.sending(f"mark-{number}-{name}")
            marks.answered(f"mark-{number}-{name}", 201, b"", position)
    counts = {count.code: count for count in check_store(stored, lived.history, marks)}
    played.behind, played.acknowledged = counts["C1"].damage, counts["C1"].looked_at
    yield from (counts[code] for code in STORE_CHECKS)


def check_damage(backup: Path, copy: Path, chance: random.Random) -> Count:
    """Change a byte in each of 50 files of a copy, delete one, cut one short; count what is not found."""
    shutil.copytree(backup, copy)
    files = [path for path in sorted(copy.rglob("*")) if path.is_file() and path.stat().st_size]
    hurt = chance.sample([path for path in files if path.name != manifests.FILE_NAME], DAMAGED + 2)
    for path in hurt[:DAMAGED]:
        with path.open("r+b") as file:
            at = chance.randrange(path.stat().st_size)
            os.pwrite(file.fileno(), bytes([os.pread(file.fileno(), 1, at)[0] ^ 1 << chance.randrange(8)]), at)
    hurt[DAMAGED].unlink()
    os.truncate(hurt[DAMAGED + 1], hurt[DAMAGED + 1].stat().st_size - 1)
    manifest, _ = manifests.read(copy)
    named = {finding.split(" ")[0] for finding in manifests.check(copy, manifest)}
    missed = {str(path.relative_to(copy)) for path in hurt} - named
    shutil.rmtree(copy)
    return Count("B6", "damaged, missing and shortened files that are not found", len(missed), len(hurt))


def _position(done: Restored) -> int:
    return done.sealed.position if done.sealed else 0


def _readable(settings: Settings, tokens: Sequence[str]) -> int:
    """Return how many people can be read."""

    async def count() -> int:
        readable = 0
        with open_database(settings) as database:
            vault = open_vault(settings, database)
            for token in tokens:
                try:
                    await vault.get(token)
                    readable += 1
                except SubjectNotFound:
                    continue
        return readable

    return asyncio.run(count())


def section(played: BackupsPlayed) -> str:
    """Return the part of the report about backups, as Markdown."""
    sizes = max(made.size for made in played.backups) / 1e6
    lines = [
        "",
        "## Backups",
        "",
        f"{len(played.backups)} backups of up to {sizes:.0f} MB while {CLIENTS} clients write and `ledger archive` "
        f"follows; then `kill -9` of PostgreSQL and the service under that load, and {len(played.restores_s)} "
        f"restores, each with digests, erasures, seal and replay. Of {played.acknowledged:,} acknowledged commands "
        f"the archive did not have {played.behind:,} yet when PostgreSQL was killed. A backup took "
        f"{statistics.median(made.seconds for made in played.backups):.1f} s, a restore "
        f"{statistics.median(played.restores_s):.1f} s (medians).",
        "",
        "| checker | damage |",
        "|---|---:|",
    ]
    lines += [f"| {count.code} {count.meaning} | {count.damage} of {count.looked_at:,} |" for count in played.counts]
    return "\n".join(lines) + "\n"
