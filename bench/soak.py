"""Full load for minutes: is memory flat, are all maps bounded? `python -m bench.soak [MINUTES]`, ten when not said.

Callers spend on one hot account and on ten thousand others in turns, with fresh keys all the time. After a warm-up, in
which keys and accounts fill their bounded memories, the resident size of this process may grow by 5 % at most. Writes
docs/soak.md.
"""

from __future__ import annotations

import gc
import sys
import time
from pathlib import Path
from typing import NamedTuple

from bench.desk import Desk
from bench.lab import open_lab
from bench.trial import say
from ledger.keys import RECENT_MAX

ACCOUNTS = 10_000
SUBMITTERS = 256
SLICE_S = 10.0
WARM_UP_SHARE = 0.2
GROWTH_MAX = 0.05
REPORT = Path(__file__).parent.parent / "docs" / "soak.md"


class Sample(NamedTuple):
    """The process at one moment."""

    seconds: float
    commands: int
    resident_kib: int
    keys: int
    streams: int
    waiting: int


def resident_kib() -> int:
    """Return the resident size of this process."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise RuntimeError("this system does not say how large a process is")


def soak(minutes: float) -> list[Sample]:
    """Load the engine and look at it every ten seconds."""
    samples: list[Sample] = []
    with open_lab() as lab:
        desk = Desk(lab, lab.ledger("bench_soak"))
        accounts = desk.open_accounts(ACCOUNTS + 1)
        started, commands = time.monotonic(), 0
        while time.monotonic() - started < minutes * 60:
            for chosen in (accounts[:1], accounts[1:]):
                commands += desk.spend(chosen, SUBMITTERS, SLICE_S / 2).commands
            gc.collect()
            engine = desk.engine
            samples.append(
                Sample(
                    time.monotonic() - started,
                    commands,
                    resident_kib(),
                    engine.remembered_keys,
                    len(engine.warm),
                    engine.open_commands,
                )
            )
            last = samples[-1]
            say(f"  {last.seconds:.0f} s, {commands:,} commands, {last.resident_kib:,} KiB, {last.keys:,} keys")
        desk.close()
    return samples


def growth(samples: list[Sample]) -> float:
    """Return how much the process grew after the warm-up, as a share: the last fifth against the second fifth."""
    fifth = max(1, int(len(samples) * WARM_UP_SHARE))
    early, late = samples[fifth : 2 * fifth] or samples[:1], samples[-fifth:]
    mean_early = sum(sample.resident_kib for sample in early) / len(early)
    return sum(sample.resident_kib for sample in late) / len(late) / mean_early - 1


def main() -> int:
    """Soak, write the report; 1 when memory was not flat or a map not bounded."""
    minutes = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    samples = soak(minutes)
    grown, last = growth(samples), samples[-1]
    flat = grown <= GROWTH_MAX and max(sample.keys for sample in samples) <= RECENT_MAX
    lines = [
        "# Soak",
        "",
        "Written by `python -m bench.soak`; do not edit.",
        "",
        f"{last.commands:,} spends in {last.seconds:.0f} s by {SUBMITTERS} callers, on one account and on {ACCOUNTS:,} "
        f"in turns. Resident size, the last fifth of the run against the second: {grown:+.1%} "
        f"(at most {GROWTH_MAX:+.0%}): {'flat' if flat else 'NOT FLAT'}.",
        "",
        "| s | commands | resident KiB | keys in memory | streams in memory | uncommitted |",
        "|---:|---:|---:|---:|---:|---:|",
        *(
            f"| {s.seconds:.0f} | {s.commands:,} | {s.resident_kib:,} | {s.keys:,} | {s.streams:,} | {s.waiting} |"
            for s in samples[:: max(1, len(samples) // 20)]
        ),
    ]
    REPORT.write_text("\n".join(lines) + "\n")
    say(lines[4])
    return 0 if flat else 1


if __name__ == "__main__":
    sys.exit(main())
