"""Exports in flat memory: four times the rows take no more of it, measured on a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from projections.exports.asked import Asked
from projections.exports.export import run
from tests.projections.exports.conftest import Library, opened
from tests.projections.town import Town

MANY, TIMES = 104_000, 4
"""Entries of the journal, each of two lines; and how many times more that is than what comes first."""

GROWTH_MB_MAX = 18
"""A window of rows, a group of Parquet and what its allocator keeps (11 to 14 MB, by chance); the rows that are more
would be 22 MB as CSV."""

FORMATS = {"csv": MANY, "parquet": MANY, "beancount": MANY, "xlsx": 16_000}
"""Format -> entries. The cells of a workbook take as long as all the rest, and would take 40 MB if they were kept."""

ENTRIES = """
INSERT INTO view_journal_names
SELECT md5(n::text)::uuid, 'acc_' || lpad(n::text, 18, '0') FROM generate_series(1, 100) AS n;
INSERT INTO view_journal
SELECT n, line, md5((n % 100 + 1)::text)::uuid, n, 'account.charged', at, at::date,
    CASE line WHEN 1 THEN 'asset.gateway_receivable.card' ELSE 'liability.prepaid' END,
    CASE line WHEN 1 THEN n ELSE -n END, 'KRW'
FROM generate_series(1, {entries}) AS n, generate_series(1, 2) AS line,
    LATERAL (SELECT timestamptz '2025-01-01' + n * interval '2 minutes' AS at) AS t;
INSERT INTO view_journal_days
SELECT account, currency, business_date, sum(greatest(amount_minor, 0)), sum(greatest(-amount_minor, 0))
FROM view_journal GROUP BY 1, 2, 3;
UPDATE ledger_tracking SET notification_id = {entries} WHERE application_name = 'view_journal';
"""
"""Charges, two lines each."""


@pytest.fixture(scope="module")
def crowded(new_library: Callable[[Town], Library]) -> Library:
    """A ledger whose views hold many rows, written there without their facts."""
    library = new_library(Town())
    library.feed()
    with opened(library.database.migrate, library.database.schema) as owner:
        owner.execute(ENTRIES.format(entries=MANY).encode())
        owner.execute("SET session_replication_role = replica")
        owner.execute(
            "INSERT INTO ledger_blocks (number, first_position, last_position, facts, refusals, digest, previous, hash)"
            " VALUES (1, 1, %s, %s, 0, %b, %b, %b)",
            [MANY, MANY, bytes(32), bytes(32), bytes(32)],
        )
    return library


class Nowhere:
    """Takes bytes and keeps none."""

    def write(self, part: bytes) -> None:
        """Forget a part."""


def peak_mb() -> float:
    """Return the most memory that this process has had so far."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise LookupError("the system does not tell")


def measure(address: str, schema: str) -> dict[str, Any]:
    """Export few rows, then many, in each format; return by how much the peak grew, and how many rows that were."""
    found = {}
    for form, entries in FORMATS.items():
        peaks, rows = [], 0
        for position in (entries // TIMES, entries):
            with opened(address, schema) as connection:
                rows = run(connection, Asked("journal", form, position), Nowhere()).rows  # type: ignore[arg-type]
            peaks.append(peak_mb())
        found[form] = {"grew_mb": peaks[1] - peaks[0], "rows": rows}
    return found


def test_four_times_the_rows_take_no_more_memory(crowded: Library) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "ADDRESS": crowded.database.app}
    program = f"import os, orjson; from {__name__} import measure; " + (
        f"print(orjson.dumps(measure(os.environ['ADDRESS'], '{crowded.database.schema}')).decode())"
    )

    child = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False
    )

    assert child.returncode == 0, child.stderr
    found = orjson.loads(child.stdout)
    assert {form: each["rows"] for form, each in found.items()} == {form: 2 * many for form, many in FORMATS.items()}
    assert {form: each["grew_mb"] for form, each in found.items() if each["grew_mb"] > GROWTH_MB_MAX} == {}
