"""What a run leaves behind: a table at the terminal, `bench/results.json`, after a full run `docs/performance.md`."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import orjson

from bench.engine import LATENCY, THROUGHPUT
from bench.growth import COLD, COST
from bench.plots import line_plot
from bench.targets import Judged, judge
from bench.trial import Trial

HERE = Path(__file__).parent
RESULTS = HERE / "results.json"
LIMITS = HERE / "limits.md"
PAGE = HERE.parent / "docs" / "performance.md"
PLOTS = HERE.parent / "docs" / "performance"
PACKAGES = ("eventsourcing", "psycopg", "fastapi", "pydantic", "uvicorn", "uvloop", "orjson")

PLOT_AXES: dict[str, tuple[str, str, str, bool, bool]] = {
    THROUGHPUT: ("throughput", "submitters", "commands/s", True, False),
    LATENCY: ("latency", "percentile", "ms", False, True),
    COST: ("cost", "facts in the store", "microseconds per command", True, False),
    COLD: ("cold-load", "facts of the account", "ms", True, False),
}
"""Title of a plot -> file name, axes, whether x and y are logarithmic."""


def short(value: float) -> str:
    """Write a figure with as many digits as it deserves."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def rows_of(judged: Sequence[Judged], trial: Trial) -> list[list[str]]:
    """Return the table: promises first, then every figure by itself."""
    rows = []
    for one in judged:
        bound = "at most " if one.target.at_most else ""
        value = "-" if one.value is None else short(one.value)
        verdict = one.verdict + (", aim reached" if one.reaches_aim else "")
        rows.append([one.target.name, value, one.unit, f"{bound}{one.target.passes:g}", f"{one.target.aim:g}", verdict])
    judged_names = {one.target.name for one in judged}
    others = [figure for figure in trial.figures.values() if figure.name not in judged_names]
    return rows + [[figure.name, short(figure.median), figure.unit, "", "", ""] for figure in others]


HEAD = ["name", "value", "unit", "pass", "aim", ""]


def terminal_table(rows: Sequence[Sequence[str]]) -> str:
    """Return the table in columns."""
    widths = [max(len(row[column]) for row in [HEAD, *rows]) for column in range(len(HEAD))]
    lines = []
    for row in [HEAD, *rows]:
        cells = [
            cell.rjust(width) if column == 1 else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def markdown_table(rows: Sequence[Sequence[str]]) -> str:
    """Return the table in Markdown."""
    lines = ["| " + " | ".join([*HEAD[:-1], "verdict"]) + " |", "|---|---:|---|---|---|---|"]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def results(judged: Sequence[Judged], trial: Trial) -> list[dict[str, str | float | None]]:
    """Return what is written as JSON: what was measured; what was not is left out."""
    found: dict[str, dict[str, str | float | None]] = {}
    for figure in trial.figures.values():
        found[figure.name] = {"name": figure.name, "value": figure.median, "unit": figure.unit, "target": None}
    for one in judged:
        if one.value is not None:
            found[one.target.name] = {
                "name": one.target.name,
                "value": one.value,
                "unit": one.unit,
                "target": one.target.passes,
            }
    return list(found.values())


def finish(trial: Trial, *, whole: bool) -> None:
    """Print the table and write the files; the page only after a full run in which every group ran."""
    judged = judge(trial.figures)
    rows = rows_of(judged, trial)
    print(terminal_table(rows))
    for group, reason in trial.failed.items():
        print(f"\n{group} did not run: {reason}")
    RESULTS.write_bytes(orjson.dumps(results(judged, trial), option=orjson.OPT_INDENT_2) + b"\n")
    if whole and not trial.quick and not trial.failed:
        PLOTS.mkdir(exist_ok=True)
        names = [_write_plot(trial, title) for title in PLOT_AXES if trial.curves.get(title)]
        PAGE.write_text(page(rows, trial, names))


def page(rows: Sequence[Sequence[str]], trial: Trial, plots: Sequence[tuple[str, str]]) -> str:
    """Return the page of figures. `plots`: (title, file name)."""
    sizes = "\n".join(f"- {name}: {size}" for name, size in trial.sizes.items())
    pictures = "\n\n".join(f"![{title}](performance/{name}.svg)" for title, name in plots)
    return f"""# Performance

Written by `make bench`; the words on what limits it are kept in `bench/limits.md`. All sides of a comparison ran in one
run, in turns, on one machine and one PostgreSQL; values are medians of {trial.rounds} rounds or more.
Absolute figures are this machine's on that day, ratios travel.

## Machine

{machine(trial)}

## Sizes

{sizes}

## Figures

{markdown_table(rows)}

## Plots

{pictures}

{LIMITS.read_text().strip()}
"""


def machine(trial: Trial) -> str:
    """Return a list of what it ran on."""
    with trial.lab.admin() as connection:
        row = connection.execute("SELECT current_setting('server_version')").fetchone()
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    lines = [
        f"processor: {_processor()}, {os.cpu_count()} cores",
        f"memory: {memory:.0f} GiB",
        f"system: {platform.system()} {'.'.join(platform.release().split('.')[:2])}",
        f"Python {platform.python_version()}, PostgreSQL {row[0] if row else '?'} (embedded, as configured by us)",
        packages,
    ]
    return "\n".join(f"- {line}" for line in lines)


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _write_plot(trial: Trial, title: str) -> tuple[str, str]:
    name, x_title, y_title, log_x, log_y = PLOT_AXES[title]
    text = line_plot(title, trial.curves[title], x_title, y_title, log_x=log_x, log_y=log_y)
    (PLOTS / f"{name}.svg").write_text(text)
    return title, name
