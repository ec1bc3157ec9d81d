"""Import: rows a second of a file like the bank transactions of the example profile, made here, into a new ledger."""

from __future__ import annotations

import random
from hashlib import sha256
from pathlib import Path

import bench
from bench.desk import Desk
from bench.trial import Side, Trial
from ledger.imports.importer import Importer, Progress
from ledger.imports.profile import load_profile

PROFILE = Path(bench.__file__).parents[1] / "docs" / "examples" / "pkdd99.toml"
ACCOUNTS = 500
HEADER = '"trans_id";"account_id";"date";"type";"operation";"amount";"balance";"k_symbol";"bank";"account"'


def write_file(path: Path, rows: int) -> None:
    """Write a file of the example profile's format, the same one each time."""
    draw = random.Random(1999)
    lines = [HEADER]
    for number in range(rows):
        kind = draw.choice(("PRIJEM", "VYDAJ", "VYBER"))
        date = f"9{draw.randrange(3, 9)}{draw.randrange(1, 13):02d}{draw.randrange(1, 29):02d}"
        amount = f"{draw.randrange(100, 5_000_000) / 100:.2f}"
        lines.append(f'{number + 1};{draw.randrange(1, ACCOUNTS + 1)};{date};"{kind}";"";{amount};0.00;"";"";')
    path.write_text("\n".join(lines) + "\n")


def run(trial: Trial) -> None:
    """Import the file into a new ledger each round, then the same file again, which adds nothing."""
    file = trial.lab.folder / "transactions.csv"
    rows = trial.count(20_000, 5_000)
    write_file(file, rows)
    desks: list[Desk] = []

    def first() -> float:
        while desks:
            desks.pop().close()
        desks.append(Desk(trial.lab, trial.lab.ledger("bench_import")))
        progress = _take(desks[0], file)
        assert (progress.imported, progress.rejected) == (rows, 0), "every row is taken"
        return progress.rows / progress.seconds

    def again() -> float:
        progress = _take(desks[0], file)
        assert progress.facts_added == 0, "the same file again adds nothing"
        return progress.rows / progress.seconds

    try:
        trial.take_turns([Side("import_rows_per_s", "rows/s", first), Side("import_again_rows_per_s", "rows/s", again)])
    finally:
        for desk in desks:
            desk.close()
    trial.sizes["import"] = f"{rows:,} rows of {ACCOUNTS} accounts"


def _take(desk: Desk, file: Path) -> Progress:
    importer = Importer(desk.engine, load_profile(PROFILE), _request_hash, "req_bench_import")
    return desk.lab.run(importer.run(file))


def _request_hash(method: str, path: str, body: bytes) -> str:
    return sha256(b"\0".join((method.encode(), path.encode(), body))).hexdigest()[:32]
