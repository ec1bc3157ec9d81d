"""All commands of `ledger`, and what becomes of an error: one sentence on stderr and an exit status."""

from __future__ import annotations

import sys

import orjson
import psycopg
import typer
from eventsourcing.persistence import MapperDeserialisationError
from pydantic import ValidationError

from aggregates.errors import LedgerError, Malformed
from api.cli import (
    backup,
    demo,
    export,
    imports,
    keys,
    migrate,
    rebuild,
    reconcile,
    replay,
    restore,
    serve,
    status,
    verify,
)
from api.cli.console import FAILED, USAGE
from ledger.backup.manifest import BackupUnusable
from ledger.database import UnsafeDatabase
from ledger.documents.company import CompanyUnusable
from ledger.embedded import EmbeddedServerError
from ledger.imports.profile import ProfileMalformed
from ledger.imports.reader import FileMalformed
from ledger.kek import KekUnusable

app = typer.Typer(
    name="ledger",
    help="An event-sourced payments ledger: every balance change is an immutable, sealed fact.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

app.command("serve")(serve.serve)
app.command("work")(serve.work)
app.command("import")(imports.import_file)
app.command("export")(export.export)
app.command("reconcile")(reconcile.reconcile)
app.command("replay")(replay.replay)
app.command("verify")(verify.verify)
app.command("rebuild")(rebuild.rebuild)
app.add_typer(keys.app, name="keys")
app.command("demo")(demo.demo)
app.command("status")(status.status)
app.command("migrate")(migrate.migrate)
app.command("backup")(backup.backup)
app.command("restore")(restore.restore)
app.command("archive")(backup.archive)


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
