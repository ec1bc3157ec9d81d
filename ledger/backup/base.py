"""PostgreSQL's own programs for backups: the base backup of a running server, and the log that follows it.

Passwords go by environment, never by argument: arguments can be read by everybody on the machine.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from ledger.backup.manifest import BackupUnusable
from ledger.embedded.place import programs

SLOT = "ledger_archive"
"""Keeps the server from throwing log away that the archive has not got yet."""


def take_base_backup(address: str, into: Path) -> None:
    """Copy all databases of a running server into a new folder, with the log that makes them one moment.

    Args:
        address: of any of its databases, under a superuser or a role with REPLICATION.
        into: must not exist.

    Raises:
        BackupUnusable: the server refused, or went away; the message carries its own.
    """
    # The server sends a digest of every file beside it; what arrived is held against it when the manifest is made.
    options = ["--wal-method=stream", "--checkpoint=fast", "--manifest-checksums=SHA256"]
    run("pg_basebackup", address, f"--pgdata={into}", *options)


def run(program: str, address: str, *options: str) -> None:
    """Run one of PostgreSQL's programs against a server, to its end.

    Raises:
        BackupUnusable: it failed; the message carries its own.
    """
    done = subprocess.run(command(program, address, *options), capture_output=True, text=True, env=environment(address))
    if done.returncode != 0:
        said = done.stderr.strip().replace("\n", "; ") or f"exit status {done.returncode}"
        raise BackupUnusable(f"{program} failed: {said}")


def command(program: str, address: str, *options: str) -> list[str]:
    """Return the command of a program against a server, without the password."""
    shown = {name: str(value) for name, value in conninfo_to_dict(address).items() if name != "password"}
    return [str(programs() / program), f"--dbname={make_conninfo(**shown)}", "--no-password", *options]


def environment(address: str) -> dict[str, str]:
    """Return the environment for such a command: the password, and none of the caller's own settings."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG", "LEDGER_"))}
    return {**plain, "LC_ALL": "C", "PGPASSWORD": str(conninfo_to_dict(address).get("password", ""))}
