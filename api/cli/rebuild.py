"""`ledger rebuild`: views built anew from the first fact, swapped in or compared."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from api.cli.console import FAILED, USAGE, AsJson, DataDir, answer, progress, remark, table
from api.cli.runtime import opened
from projections import rebuild as views
from projections.tracking import VIEWS


def rebuild(
    view: Annotated[list[str] | None, typer.Argument(help=f"Of {', '.join(VIEWS)}; all without any.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Compare instead; exit 1 on any difference.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Build views anew from the first fact, beside the live ones and while writes go on, and swap them in.

    Example: ledger rebuild accounts journal --check
    """
    names = tuple(view or ())
    if unknown := [name for name in names if name not in VIEWS]:
        remark(f"ledger: there is no view {unknown[0]}; the views are {', '.join(VIEWS)}")
        raise typer.Exit(USAGE)
    with opened(data_dir, make=False) as ledger, progress("rebuild") as tick:
        if check:
            checked = views.check(ledger.settings, names, tick)
            rows: list[dict[str, Any]] = [one._asdict() for one in checked]
        else:
            checked = []
            rows = [one._asdict() for one in views.rebuild(ledger.settings, names, tick)]
    differences = sum(one.differences for one in checked)
    columns = [name for name in rows[0] if name != "examples"] if rows else []
    made = table("Views", columns, [[row[name] for name in columns] for row in rows])
    answer({"ok": not differences, "checked": check, "differences": differences, "views": rows}, as_json, made)
    if differences:
        raise typer.Exit(FAILED)
