"""What is inside the server's folder: a new cluster, its configuration, and the passwords of its roles.

Every connection gives a password (scram), over a socket that only the server's user can reach. Nothing listens on a
network.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from ledger.embedded.place import EmbeddedServerError, Place, User, own

SUPERUSER = "postgres"

# Durability is spelled out: `ledger.database.check_safety` refuses to write without it. Statements and values stay out
# of the log, because they may hold what belongs in the vault.
CONFIGURATION = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "ssl": "off",
    "max_connections": "100",
    "password_encryption": "scram-sha-256",
    "allow_alter_system": "off",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "wal_level": "replica",
    "wal_compression": "off",
    "wal_buffers": "16MB",
    "min_wal_size": "256MB",
    "max_wal_size": "2GB",
    "max_slot_wal_keep_size": "4GB",  # An archive that does not come back must not fill the disk.
    "checkpoint_timeout": "15min",
    "shared_buffers": "128MB",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "log_checkpoints": "off",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length_on_error": "0",
}
ACCESS = "local all all scram-sha-256\nlocal replication all scram-sha-256\n"


def make_cluster(place: Place, password: str) -> None:
    """Make a new cluster with checksums and C.UTF-8, unless there is one. A half-made one is thrown away.

    Args:
        password: of the superuser.

    Raises:
        EmbeddedServerError: initdb failed; the message carries its own.
    """
    if (place.cluster / "PG_VERSION").exists():
        return
    for left in place.home.glob("data.part-*"):
        shutil.rmtree(left, ignore_errors=True)
    # A name of its own each time: the initdb of a process that was killed may still be at work in the last one.
    part = Path(tempfile.mkdtemp(dir=place.home, prefix="data.part-"))
    own(part, place.user, 0o700)
    with tempfile.NamedTemporaryFile("w", dir=place.socket) as file:
        file.write(password)
        file.flush()
        own(Path(file.name), place.user, 0o600)
        command = [str(place.bin / "initdb"), f"--pgdata={part}", f"--username={SUPERUSER}", f"--pwfile={file.name}"]
        command += ["--auth=scram-sha-256", "--data-checksums", "--encoding=UTF8", "--no-instructions"]
        command += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        done = subprocess.run(command, capture_output=True, text=True, env={"LC_ALL": "C"}, **place.user.process())
    if done.returncode != 0:
        raise EmbeddedServerError(f"PostgreSQL's initdb failed in {part}: {done.stderr.strip()}")
    part.rename(place.cluster)


def configure(place: Place, options: Mapping[str, str]) -> None:
    """Write the server's configuration anew; what an older release wrote does not linger."""
    settings = {**CONFIGURATION, "unix_socket_directories": str(place.socket), **options}
    quoted = {name: value.replace("'", "''") for name, value in settings.items()}
    lines = "".join(f"{name} = '{value}'\n" for name, value in quoted.items())
    _replace(place.cluster / "postgresql.conf", lines, place.user)
    _replace(place.cluster / "pg_hba.conf", ACCESS, place.user)


def secret(folder: Path, name: str) -> str:
    """Return the password of a role, from a 0600 file; makes it when there is none.

    Args:
        folder: where secrets lie; made 0700, and given to the owner of the folder around it.
        name: of the role.

    Raises:
        EmbeddedServerError: the file belongs to another user.
    """
    file = folder / name
    owner = User(folder.parent.stat().st_uid, folder.parent.stat().st_gid)
    try:
        if not folder.exists():
            folder.mkdir(exist_ok=True)
            own(folder, owner, 0o700)
        if not file.exists():
            handle, part = tempfile.mkstemp(dir=folder)
            with os.fdopen(handle, "w") as out:
                out.write(secrets.token_urlsafe(32))
                out.flush()
                os.fsync(out.fileno())
            own(Path(part), owner, 0o600)
            with contextlib.suppress(FileExistsError):  # Another process was first; its secret counts.
                os.link(part, file)
            Path(part).unlink()
        return file.read_text()
    except PermissionError:
        raise EmbeddedServerError(
            f"{file} belongs to another user; run as that user, or choose another data folder"
        ) from None


def _replace(file: Path, text: str, user: User) -> None:
    if file.exists() and file.read_text() == text:
        return
    part = file.with_suffix(".part")
    part.write_text(text)
    own(part, user, 0o600)
    part.replace(file)
