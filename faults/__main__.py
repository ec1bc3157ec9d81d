"""Run the faults and write down what they did: `python -m faults [--kills 20] [--report docs/faults.md]`."""

from __future__ import annotations

import argparse
import asyncio
import platform
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from faults import backups, collections
from faults.checks import Count, check_seal, check_store, read_store
from faults.history import History
from faults.load import Clients, prepare
from faults.orders import play_orders, section
from faults.second import SecondWriter
from faults.service import Service
from faults.views import count_views, until_seen
from ledger.database import Database, open_database
from ledger.settings import Settings

CLIENTS = 8
ACCOUNTS = 4
BALANCE = 400_000

BACKUPS = "backups under load, restored after kill -9"
ORDERS = "kill -9 of the process that issues and sends orders"
COLLECTIONS = "kill -9 of the process that takes payments of collections and pays out"
WAVE, DEBITORS = 30, 40
"""Links, bills and pay-out links of one wave, each, and whose accounts are debited in it."""

PAUSE_S = 0.5
"""Between two choices of recipients: an order of 10,000 lasts for the kills."""


@dataclass(frozen=True, slots=True)
class Round:
    """One kind of fault: what is killed, how often, and what was counted afterwards."""

    name: str
    kills: int
    seconds: float
    sent: int
    acknowledged: int
    retries: int
    second_writer: int
    ready_s_max: float
    counts: list[Count]

    @property
    def damage(self) -> int:
        """Sum of all damage."""
        return sum(count.damage for count in self.counts)


async def play(name: str, kill: Callable[[Service], None], kills: int, seed: int) -> Round:
    """Kill something again and again under load, with a second writing process beside the service; then count."""
    chance = random.Random(seed)  # noqa: S311 (faults need not be unguessable)
    began = time.monotonic()
    with own_folder() as folder:
        settings = Settings(data_dir=folder / "data")
        with Service(settings.data_dir) as service, open_database(settings) as database:
            principal, key, accounts = await prepare(service, ACCOUNTS, BALANCE)
            history = History(principal)
            clients = Clients(service, key, accounts, history)
            second = SecondWriter(database, accounts)
            ready_s = []
            async with asyncio.TaskGroup() as load:
                load.create_task(clients.run(CLIENTS))
                load.create_task(second.run())
                for _ in range(kills):
                    await asyncio.sleep(chance.uniform(0.8, 2.0))
                    await asyncio.to_thread(kill, service)
                    ready_s.append(await asyncio.to_thread(service.wait_ready))
                await asyncio.sleep(1.0)
                clients.stop()
                second.stop()
            await until_seen(database)
            counts = await asyncio.to_thread(count_damage, settings, database, [history, *second.histories])
        sent = sum(seen.sent for seen in history.keys.values())
        acknowledged = len(history.acknowledged)
        lasted = time.monotonic() - began
        return Round(
            name, kills, lasted, sent, acknowledged, history.retries, second.acknowledged, max(ready_s), counts
        )


@contextmanager
def own_folder() -> Iterator[Path]:
    """Give a short folder that the server's user can reach, and remove it."""
    folder = Path(tempfile.mkdtemp(prefix="payledger-faults-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def count_damage(settings: Settings, database: Database, histories: list[History]) -> list[Count]:
    """Run all checkers on what the round has left behind."""
    with psycopg.connect(database.app) as connection:
        stored = read_store(connection, database.schema)
    counts = check_store(stored, *histories)
    with psycopg.connect(database.app) as connection:
        counts.append(check_seal(connection, database.schema))
    counts.append(count_views(settings))
    return sorted(counts, key=lambda count: int(count.code[1:]))


def kill_everything(service: Service) -> None:
    """End the supervisor and start the service again on the same folder and port."""
    service.kill_all()
    service.start()


ROUNDS: dict[str, Callable[[Service], None]] = {
    "kill -9 of the HTTP process": Service.kill_http,
    "kill -9 of PostgreSQL": Service.kill_postgres,
    "kill -9 of the process that feeds the views": Service.kill_views,
    "kill -9 of the supervisor, then a new start": kill_everything,
}


def report(rounds: list[Round], seed: int) -> str:
    """Return the report as Markdown."""
    lines = [
        "# Faults",
        "",
        "Written by `make faults`; do not edit. Real processes: `ledger serve` on its embedded PostgreSQL, "
        f"{CLIENTS} HTTP clients that retry blindly, and a second writing process on the same accounts.",
        "",
        f"Last run: {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, seed {seed}, Python {platform.python_version()}, "
        f"{platform.system()} {platform.machine()}.",
        "",
        "| fault | kills | sent | without answer, retried | acknowledged | by the second writer | slowest return |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {played.name} | {played.kills} | {played.sent:,} | {played.retries:,} | {played.acknowledged:,} "
        f"| {played.second_writer:,} | {played.ready_s_max:.1f} s |"
        for played in rounds
    ]
    lines += ["", "Damage found, and how much was looked at. All must be 0; 0 of n bounds the rate to 3/n at 95 %.", ""]
    lines += ["| checker | " + " | ".join(played.name for played in rounds) + " |"]
    lines += ["|---|" + "---:|" * len(rounds)]
    for index, count in enumerate(rounds[0].counts):
        cells = (f"{played.counts[index].damage} of {played.counts[index].looked_at:,}" for played in rounds)
        lines.append(f"| {count.code} {count.meaning} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Play all rounds; exit 1 when anything was damaged."""
    parser = argparse.ArgumentParser(prog="faults", description=__doc__)
    parser.add_argument("--kills", type=int, default=20, help="kills in each round")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--report", type=Path, default=None, help="write the report to this file")
    parser.add_argument(
        "--only", default="", help="play only rounds whose name contains this: orders, collections, backups, ..."
    )
    parser.add_argument("--order-kills", type=int, default=50, help="kills while orders are issued and sent")
    parser.add_argument("--recipients", type=int, default=10_000, help="of each of those orders")
    parser.add_argument("--collection-kills", type=int, default=20, help="kills while money is collected and paid out")
    parser.add_argument("--backups", type=int, default=3, help="backups made under load")
    parser.add_argument("--moments", type=int, default=20, help="moments that are restored")
    arguments = parser.parse_args()
    rounds = []
    for name, kill in ROUNDS.items():
        if arguments.only in name:
            played = asyncio.run(play(name, kill, arguments.kills, arguments.seed))
            rounds.append(played)
            sys.stdout.write(f"{name}: damage {played.damage}, {played.acknowledged:,} acknowledged\n")
            sys.stdout.flush()
    text = report(rounds, arguments.seed) if rounds else ""
    damage = sum(played.damage for played in rounds)
    if arguments.only in ORDERS:
        with own_folder() as folder:
            work = play_orders(folder, arguments.order_kills, arguments.recipients, arguments.seed, PAUSE_S)
            orders = asyncio.run(work)
        text += section(orders)
        damage += orders.damage
    if arguments.only in COLLECTIONS:
        with own_folder() as folder:
            playing = collections.play_collections(folder, arguments.collection_kills, WAVE, DEBITORS, arguments.seed)
            collected = asyncio.run(playing)
        text += collections.section(collected)
        damage += collected.damage
    if arguments.only in BACKUPS:
        with own_folder() as folder:
            made = backups.play_backups(folder, arguments.backups, arguments.moments, arguments.seed)
        text += backups.section(made)
        damage += made.damage
    if arguments.report:
        arguments.report.write_text(text)
    sys.stdout.write(text)
    return 1 if damage else 0


if __name__ == "__main__":
    sys.exit(main())
