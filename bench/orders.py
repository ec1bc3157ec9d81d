"""Orders: a choice order for 10,000 recipients, from its placing to its last message, beside `ledger work`.

3 % of the coupons fail, 5 % of the recipients are not reached, most choose, the others are silent for 7 days. The time
is that of the machine, the sandbox's clock moved ahead of it; the memory is that of all processes at their largest.

`python -m bench.orders` measures this alone.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson

from bench.serving import worker
from bench.trial import Trial, say
from ledger.database import migrate, open_database
from ledger.settings import Settings

RECIPIENTS = 10_000
ROUNDS = 2
LIMIT_S = 900
PROCESSES = Path("/proc")
KIB = 1024


def run(trial: Trial) -> None:
    """Measure some orders, one in a short run."""
    took_s, peak_mb = measure(trial.lab.folder, RECIPIENTS, trial.count(ROUNDS, 1))
    for seconds in took_s:
        trial.note("orders_10000_s", "s", seconds)
    trial.note("orders_peak_mb", "MB", peak_mb)
    trial.sizes["orders"] = f"{RECIPIENTS:,} recipients"


def measure(folder: Path, recipients: int, rounds: int) -> tuple[list[float], float]:
    """Play orders on a ledger of their own.

    Returns:
        Seconds of each, and megabytes (2^20) of all processes, each at its largest.

    Raises:
        RuntimeError: money was not where it must be, or something did not end.
    """
    settings = Settings(data_dir=folder / "orders")
    with open_database(settings) as database:
        migrate(database)
        with worker(settings.data_folder, folder) as pid, _crowd(settings.data_folder, recipients, rounds) as crowd:
            peak_kib = 0
            began = time.monotonic()
            while crowd.poll() is None:
                if time.monotonic() - began > LIMIT_S:
                    crowd.kill()
                    raise RuntimeError(f"the orders were not done in {LIMIT_S} s")
                peak_kib = max(peak_kib, sum(map(_peak_kib, [crowd.pid, *_family(pid)])))
                time.sleep(0.2)
            out, err = crowd.communicate()
    if crowd.returncode:
        raise RuntimeError(err.decode()[-2_000:])
    took_s: list[float] = orjson.loads(out)
    return took_s, peak_kib / KIB


@contextmanager
def _crowd(data_dir: Path, recipients: int, rounds: int) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "bench.played", str(data_dir), str(recipients), str(rounds)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _family(pid: int) -> list[int]:
    """Return a process and all that it has started."""
    found = PROCESSES.glob(f"{pid}/task/*/children")
    return [pid, *(one for file in found for child in file.read_text().split() for one in _family(int(child)))]


def _peak_kib(pid: int) -> int:
    """Return the largest resident size of a process; 0 when it has gone, or where the kernel does not say."""
    try:
        lines = (PROCESSES / str(pid) / "status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM")), 0)


def main() -> int:
    """Measure this alone; return the exit status."""
    for name in [name for name in os.environ if name.startswith(("LEDGER_", "POSTGRES_", "PG"))]:
        del os.environ[name]
    quick = os.environ.get("QUICK", "0") not in ("", "0")
    folder = Path(tempfile.mkdtemp(prefix="payledger-bench-"))
    folder.chmod(0o711)
    try:
        took_s, peak_mb = measure(folder, RECIPIENTS, 1 if quick else ROUNDS)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    times = ", ".join(f"{seconds:.1f} s" for seconds in took_s)
    say(f"{RECIPIENTS:,} recipients: {times}; {peak_mb:.0f} MB in all processes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
