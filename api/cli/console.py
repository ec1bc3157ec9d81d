"""How commands speak: answers on stdout, for people or as one JSON object; progress and remarks on stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

FAILED = 1
"""A check failed, or the ledger said no."""

USAGE = 2
"""The command was called in a way that cannot be."""

FILE_COLUMNS = 250
"""How wide a table may be that does not go to a terminal."""

REDRAW_S = 0.1
"""How often a progress bar is drawn anew."""

PLAIN: dict[str, Any] = {"add_completion": False, "pretty_exceptions_enable": False, "rich_markup_mode": None}
"""How every `typer.Typer` is made: help without boxes, tracebacks without values."""

DataDir = Annotated[
    Path | None, typer.Option("--data-dir", help="Folder of the embedded server and of secrets [LEDGER_DATA_DIR].")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]

Tick = Callable[[int, int], None]
"""Told (done, in all) now and then."""

errors = Console(stderr=True, highlight=False, soft_wrap=True)


def remark(sentence: str) -> None:
    """Tell the person at the terminal something that is not the answer."""
    errors.print(sentence, markup=False)


def answer(body: dict[str, Any], as_json: bool, *more: Table) -> None:
    """Print a command's answer: as one JSON object, or its plain values as lines and `more` as tables."""
    if as_json:
        sys.stdout.write(orjson.dumps(body, default=str).decode() + "\n")
        sys.stdout.flush()
        return
    # A pipe has no width: what is read by a program or kept in a file is not folded.
    console = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else FILE_COLUMNS)
    width = max((len(name) for name in body), default=0)
    for name, value in body.items():
        if not isinstance(value, (dict, list)):
            console.print(f"{name.replace('_', ' '):<{width}}  {_shown(value)}", markup=False)
    for table in more:
        if table.row_count:
            console.print(table)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Table:
    """Return a table; numbers stand on the right, and what names a row stays in one piece."""
    made = Table(title=title, title_justify="left")
    lines = [list(row) for row in rows]
    for index, column in enumerate(columns):
        numbers = all(isinstance(line[index], int) for line in lines)
        made.add_column(column, justify="right" if numbers else "left", overflow="fold", no_wrap=index == 0)
    for line in lines:
        made.add_row(*(_shown(value) for value in line))
    return made


@contextmanager
def progress(title: str) -> Iterator[Tick]:
    """Show a progress bar on stderr while a long work lasts; on a terminal only."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    # Drawn by hand: a thread of its own would keep a rebuild or a replay from forking (`ledger.forks`).
    with Progress(*columns, console=errors, transient=True, auto_refresh=False, disable=not errors.is_terminal) as bar:
        task, drawn_at = bar.add_task(title, total=None), -REDRAW_S

        def tick(done: int, total: int) -> None:
            nonlocal drawn_at
            bar.update(task, completed=done, total=total)
            if monotonic() - drawn_at >= REDRAW_S or done >= total:
                drawn_at = monotonic()
                bar.refresh()

        yield tick


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)
