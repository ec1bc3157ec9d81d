"""Bringing PostgreSQL's files of a backup back to life: into place, recovered to a moment, under passwords of our own.

Nothing of a backup is trusted to log in: the superuser's password is set by a server in single-user mode, which nobody
can connect to, and the roles of the ledger are given theirs by `migrate`.
"""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import tempfile
import time
from datetime import datetime
from pathlib import Path

from psycopg import pq
from psycopg.conninfo import make_conninfo

from ledger.backup import manifest as manifests
from ledger.backup.manifest import BackupUnusable, Manifest, Progress
from ledger.embedded import EmbeddedServer
from ledger.embedded.cluster import SUPERUSER, configure
from ledger.embedded.place import Place, find_place, own, programs

SEGMENT = re.compile(r"([0-9A-F]{24})(\.partial)?")
SAID_CHARACTERS = 1_500
POLL_SECONDS = 0.05


def put_in_place(backup: Path, manifest: Manifest, data_dir: Path, tick: Progress) -> Place:
    """Copy the server's files to where the server of a data folder has them; check the whole backup on the way.

    Raises:
        BackupUnusable: something is not as it was when the backup was made; nothing is left behind.
    """
    place = find_place(data_dir)
    part = Path(tempfile.mkdtemp(dir=place.home, prefix="data.part-"))
    try:
        if findings := manifests.copy(backup, manifest, part, tick):
            raise BackupUnusable(f"{backup} was damaged, and nothing was restored: {_some(findings)}")
        for path in (part, *part.rglob("*")):
            own(path, place.user, 0o700 if path.is_dir() else 0o600)
        (part / "postgresql.auto.conf").write_text("")
        part.rename(place.cluster)
    except BaseException:
        take_away(data_dir)
        raise
    return place


def take_away(data_dir: Path) -> None:
    """Remove the server's files of a data folder, where a restore has put them."""
    home = data_dir / "postgres"
    shutil.rmtree(home.resolve(), ignore_errors=True)
    if home.is_symlink():
        home.unlink()


def recover(place: Place, server: EmbeddedServer, wal: Path | None, to: datetime | None) -> None:
    """Recover the copied files to the end of the log that is there, or to a moment, and make them ours.

    Args:
        wal: folder of an archive; what it holds is added to the log that came with the backup.
        to: the last moment whose commits count; None = all that the log holds.

    Raises:
        BackupUnusable: PostgreSQL could not, or the log ends before that moment; the message carries its own.
    """
    if wal is not None:
        _add_log(place, wal)
    configure(place, {})
    if to is not None:
        _recover_to(place, to)
    command = [str(place.bin / "postgres"), "--single", "-D", str(place.cluster), "postgres"]
    user = {name: value for name, value in place.user.process().items() if name != "stdin"}
    done = subprocess.run(
        command, input=_made_ours(server), capture_output=True, text=True, env={"LC_ALL": "C"}, **user
    )
    if done.returncode != 0 or "FATAL" in done.stderr:
        raise BackupUnusable(f"PostgreSQL could not recover the backup: {_fatal(done.stderr)}")


def _recover_to(place: Place, to: datetime) -> None:
    """Let a server that answers nobody recover to a moment, go on from there on a timeline of its own, and stop it.

    Single-user mode cannot do that.
    """
    (place.cluster / "recovery.signal").touch()
    own(place.cluster / "recovery.signal", place.user, 0o600)
    options = {
        "hot_standby": "off",
        "restore_command": "false",  # All log that there is lies in its folder already.
        "recovery_target_time": to.isoformat(),
        "recovery_target_action": "promote",
    }
    command = [str(place.bin / "postgres"), "-D", str(place.cluster)]
    command += [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
    with tempfile.TemporaryFile("w+") as log:
        postgres = subprocess.Popen(command, stdout=log, stderr=log, env={"LC_ALL": "C"}, **place.user.process())
        address = make_conninfo(host=str(place.socket), user=SUPERUSER, dbname="postgres", connect_timeout=5).encode()
        while postgres.poll() is None and pq.Ping(pq.PGconn.ping(address)) != pq.Ping.OK:
            time.sleep(POLL_SECONDS)
        if postgres.poll() is None:
            postgres.send_signal(signal.SIGINT)
        if postgres.wait() != 0:
            log.seek(0)
            raise BackupUnusable(f"PostgreSQL could not recover the backup to {to.isoformat()}: {_fatal(log.read())}")


def check_version(manifest: Manifest) -> None:
    """Refuse a backup of another major version of PostgreSQL than ours: its files cannot be read.

    Raises:
        BackupUnusable: with both versions.
    """
    done = subprocess.run([str(programs() / "postgres"), "--version"], capture_output=True, text=True, check=True)
    ours = done.stdout.split()[-1]
    if ours.split(".")[0] != manifest.server_version.split(".")[0]:
        text = f"the backup is of PostgreSQL {manifest.server_version}; the embedded server is {ours}"
        raise BackupUnusable(f"{text}. Bring it up with a PostgreSQL of its own version")


def _add_log(place: Place, wal: Path) -> None:
    """Put the segments of an archive beside those of the backup, which are whole: the backup's are left as they are.

    The last segment of an archive is still being written (`.partial`); it counts as far as it goes.
    """
    folder = place.cluster / "pg_wal"
    there = sorted(path.name for path in folder.iterdir() if SEGMENT.fullmatch(path.name))
    if not there:
        raise BackupUnusable("the backup has no log of its own; it cannot be recovered further")
    for path in sorted(wal.iterdir()):
        found = SEGMENT.fullmatch(path.name)
        if found and found[1] > there[-1] and found[1][:8] == there[-1][:8]:
            shutil.copyfile(path, folder / found[1])
            own(folder / found[1], place.user, 0o600)


def _made_ours(server: EmbeddedServer) -> str:
    """Return what a single-user server is told, a line for a statement: our superuser with our password."""
    make = f"IF to_regrole('{SUPERUSER}') IS NULL THEN CREATE ROLE {SUPERUSER}; END IF;"
    alter = f"ALTER ROLE {SUPERUSER} SUPERUSER LOGIN REPLICATION PASSWORD '{server.secret(SUPERUSER)}';"
    return f"DO $$ BEGIN {make} END $$;\n{alter}\n"


def _fatal(log: str) -> str:
    """Return what a server says that it ended for; all it has said, if it gives no reason."""
    reasons = [line.partition("FATAL:")[2].strip() for line in log.splitlines() if "FATAL:" in line]
    # Our own question whether it answers yet is refused in these words.
    return "; ".join(reason for reason in reasons if "is starting up" not in reason) or log.strip()[-SAID_CHARACTERS:]


def _some(findings: list[str]) -> str:
    more = f"; and {len(findings) - 5} more" if len(findings) > 5 else ""
    return "; ".join(findings[:5]) + more
