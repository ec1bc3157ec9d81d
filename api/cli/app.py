"""All commands of `ledger`, and what becomes of an error: one sentence on stderr and an exit status."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import orjson
import typer
from typer.core import TyperGroup
from typer.main import get_command

from api.cli.console import FAILED, PLAIN, USAGE

COMMANDS = {
    "serve": "api.cli.serve:serve",
    "work": "api.cli.serve:work",
    "import": "api.cli.imports:import_file",
    "export": "api.cli.export:export",
    "reconcile": "api.cli.reconcile:reconcile",
    "replay": "api.cli.replay:replay",
    "verify": "api.cli.verify:verify",
    "rebuild": "api.cli.rebuild:rebuild",
    "keys": "api.cli.keys:app",
    "demo": "api.cli.demo:demo",
    "status": "api.cli.status:status",
    "migrate": "api.cli.migrate:migrate",
    "backup": "api.cli.backup:backup",
    "restore": "api.cli.restore:restore",
    "archive": "api.cli.backup:archive",
}
"""Name of each command, and where its function or its own commands are."""


class LazyGroup(TyperGroup):
    """Commands that are imported when they are asked for: a service's supervisor holds no code of the others'."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import a command; None = there is none of this name."""
        place = COMMANDS.get(cmd_name)
        if place is None:
            return None
        module, _, name = place.partition(":")
        found = getattr(importlib.import_module(module), name)
        if isinstance(found, typer.Typer):
            return get_command(found)
        one = typer.Typer(**PLAIN)
        one.command(cmd_name)(found)
        return get_command(one)


app = typer.Typer(
    name="ledger",
    cls=LazyGroup,
    no_args_is_help=True,
    **PLAIN,
)


@app.callback()
def ledger() -> None:
    """An event-sourced payments ledger: every balance change is an immutable, sealed fact."""


def run() -> None:
    """Run the command that the arguments name; end the process with its exit status."""
    try:
        app()
    except Exception as error:
        said = explain(error)
        if said is None:
            raise
        code, sentence, status = said
        if "--json" in sys.argv:
            sys.stdout.write(orjson.dumps({"error": code, "detail": sentence}).decode() + "\n")
        sys.stderr.write(f"ledger: {sentence}\n")
        sys.exit(status)


def explain(error: Exception) -> tuple[str, str, int] | None:
    """Return (code, sentence, exit status) of an error that people can act on; None for a mistake of ours."""
    # Imported here: a command that ends well needs none of them.
    import psycopg
    from eventsourcing.persistence import MapperDeserialisationError
    from pydantic import ValidationError

    from aggregates.errors import LedgerError, Malformed
    from ledger.backup.manifest import BackupUnusable
    from ledger.database import UnsafeDatabase
    from ledger.documents.company import CompanyUnusable
    from ledger.embedded import EmbeddedServerError
    from ledger.imports.profile import ProfileMalformed
    from ledger.imports.reader import FileMalformed
    from ledger.kek import KekUnusable

    match error:
        case ValidationError():
            first = error.errors(include_input=False, include_url=False)[0]
            name = "_".join(map(str, first["loc"]))
            if error.title == "Settings":
                name = f"LEDGER_{name.upper().removeprefix('LEDGER_')}"
            return "malformed", f"{name} {first['msg'].removeprefix('Value error, ')}", USAGE
        case ProfileMalformed() | FileMalformed() | Malformed():
            return error.code, error.detail, USAGE
        case LedgerError():
            return error.code, error.detail, FAILED
        case UnsafeDatabase():
            return "unsafe_database", str(error), FAILED
        case MapperDeserialisationError():
            return "unreadable_fact", f"{error} (was it stored by another version of this program?)", FAILED
        case BackupUnusable():
            return "backup_unusable", str(error), FAILED
        case KekUnusable() | EmbeddedServerError() | CompanyUnusable():
            return "unusable", str(error), FAILED
        case psycopg.Error():
            # The primary message alone: the rest may quote a row.
            return "database", error.diag.message_primary or str(error).partition("\n")[0], FAILED
        case LookupError() if type(error) is LookupError:
            return "not_migrated", str(error), FAILED
    return None
