"""All commands of `ledger`, and what becomes of an error: one sentence on stderr and an exit status."""

from __future__ import annotations

import sys

import orjson
import psycopg
import typer
from pydantic import ValidationError

from aggregates.errors import LedgerError
from api.cli import demo, imports, keys, migrate, rebuild, replay, serve, status, verify
from api.cli.console import FAILED, USAGE
from ledger.database import UnsafeDatabase
from ledger.embedded import EmbeddedServerError
from ledger.imports.profile import ProfileMalformed
from ledger.imports.reader import FileMalformed

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
app.command("replay")(replay.replay)
app.command("verify")(verify.verify)
app.command("rebuild")(rebuild.rebuild)
app.add_typer(keys.app, name="keys")
app.command("demo")(demo.demo)
app.command("status")(status.status)
app.command("migrate")(migrate.migrate)


def run() -> None:
    """Run the command that the arguments name; end the process with its exit status."""
    try:
        app()
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = "_".join(map(str, first["loc"])).upper().removeprefix("LEDGER_")
        _fail("settings", f"LEDGER_{name} {first['msg'].removeprefix('Value error, ')}", USAGE)
    except (ProfileMalformed, FileMalformed) as error:
        _fail(error.code, error.detail, USAGE)
    except LedgerError as error:
        _fail(error.code, error.detail, FAILED)
    except UnsafeDatabase as error:
        _fail("unsafe_database", str(error), FAILED)
    except EmbeddedServerError as error:
        _fail("server", str(error), FAILED)
    except psycopg.Error as error:
        # The primary message alone: the rest may quote a row.
        _fail("database", error.diag.message_primary or str(error).partition("\n")[0], FAILED)
    except KeyboardInterrupt:
        sys.exit(130)


def _fail(code: str, sentence: str, status: int) -> None:
    if "--json" in sys.argv:
        sys.stdout.write(orjson.dumps({"error": code, "detail": sentence}).decode() + "\n")
    sys.stderr.write(f"ledger: {sentence}\n")
    sys.exit(status)
