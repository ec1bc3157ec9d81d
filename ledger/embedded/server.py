"""The life of the embedded server: started by the first process that needs it, shared, stopped by the last one.

Two lock files in the data folder: `users.lock`, held shared by every process that uses the server (the kernel lets go
of it for a process that is killed), and `start.lock`, held while a server is started. Whether a server lives is asked
by connecting, never read from a file. This file must not know what the server is used for.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from psycopg import pq
from psycopg.conninfo import make_conninfo

from ledger.embedded import keeper
from ledger.embedded.cluster import SUPERUSER, configure, make_cluster, secret
from ledger.embedded.place import SYSTEM_FOLDER, EmbeddedServerError, Place, find_place

START_SECONDS_MAX = 120
STARTS_MAX = 3
STOP_SECONDS_MAX = 70
STOP_STEPS = ((signal.SIGINT, 30), (signal.SIGQUIT, 5), (signal.SIGKILL, 5))
PING_SECONDS_MAX = 5
POLL_SECONDS = 0.02
LOG_BYTES_MAX = 10_000_000
PORT = 5432
PROCESSES = Path("/proc")


def say_on_stderr(sentence: str) -> None:
    """Tell the person at the terminal."""
    sys.stderr.write(f"{sentence}\n")


class EmbeddedServer:
    """One PostgreSQL server over one data folder, for as long as somebody is inside its `with`.

    A process that forks inside the `with` shares the lock with its child: children that use the server should open it
    themselves.
    """

    def __init__(
        self,
        data_dir: Path | str,
        *,
        options: Mapping[str, str] | None = None,
        say: Callable[[str], None] = say_on_stderr,
    ) -> None:
        """Name the server; nothing happens before `start`.

        Args:
            data_dir: folder of the data; made when absent.
            options: configuration on top of our own, e.g. {"shared_buffers": "1GB"}; counts when the server is started.
            say: is told when files go anywhere but into the data folder.
        """
        self.data_dir = Path(data_dir).absolute()
        self._options = dict(options or {})
        self._say = say
        self._place: Place | None = None
        self._users: int | None = None
        self._keeper: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Become a user of the server, and start it if nobody else has.

        Raises:
            EmbeddedServerError: it cannot be started, or did not answer within 120 seconds.
        """
        if self._users is not None:
            return
        try:
            self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._starting():
                self._users = self._lock("users.lock", fcntl.LOCK_SH)
                if self._place is None:
                    self._place = find_place(self.data_dir)
                make_cluster(self._place, self.secret(SUPERUSER))
                self._start_unless_alive()
        except PermissionError as error:
            self._leave()
            raise EmbeddedServerError(
                f"{error.filename} belongs to another user; run as that user or as root"
            ) from None
        except BaseException:
            self._leave()
            raise

    def stop(self) -> None:
        """Leave the server; the last one out waits until it has stopped."""
        users = self._users
        if users is None:
            return
        fcntl.flock(users, fcntl.LOCK_UN)
        deadline = time.monotonic() + STOP_SECONDS_MAX
        while time.monotonic() < deadline:
            if _flocked(users, fcntl.LOCK_EX):  # Nobody is inside, and the keeper is not at work (or was killed).
                self._terminate()
                break
            if _flocked(users, fcntl.LOCK_SH):  # Somebody else is inside: the server is theirs now.
                break
            time.sleep(POLL_SECONDS)  # The keeper holds the lock: it is stopping the server.
        self._leave()

    def is_alive(self) -> bool:
        """Whether the server accepts connections now."""
        return self._ping() == pq.Ping.OK

    def ensure_running(self) -> None:
        """Start the server again if it has died.

        Raises:
            EmbeddedServerError: it cannot be started, or did not answer within 120 seconds.
        """
        if not self.is_alive():
            with self._starting():
                self._start_unless_alive()

    def restart(self) -> None:
        """Stop the server under everybody who uses it, and start it; a hung one is killed.

        Raises:
            EmbeddedServerError: it cannot be started, or did not answer within 120 seconds.
        """
        with self._starting():
            self._terminate()
            self._start_unless_alive()

    def url(self, role: str, database: str) -> str:
        """Return the address of a database for a role. Holds the role's password: not for logs."""
        host = quote(str(self.place.socket), safe="")
        return f"postgresql://{quote(role)}:{quote(self.secret(role))}@/{quote(database)}?host={host}&port={PORT}"

    @property
    def superuser(self) -> str:
        """Name of the role that may do everything; for migrations only."""
        return SUPERUSER

    def secret(self, role: str) -> str:
        """Return a role's password; made at the first call. Giving it to the role is the caller's task."""
        return secret(self.data_dir / "secrets", role)

    @property
    def place(self) -> Place:
        """Where the server's files lie. Only inside the `with`."""
        if self._place is None:
            raise EmbeddedServerError("the embedded server has not been started")
        return self._place

    def postmaster_pid(self) -> int | None:
        """Return the number of the server's first process, if it lives."""
        try:
            pid = int((self.place.cluster / "postmaster.pid").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return None
        return pid if self._is_postmaster(pid) else None

    def _start_unless_alive(self) -> None:
        deadline = time.monotonic() + START_SECONDS_MAX
        starts = 0
        while (ping := self._ping()) != pq.Ping.OK:
            starting = self._keeper is not None and self._keeper.poll() is None
            if ping == pq.Ping.NO_RESPONSE and not starting and self.postmaster_pid() is None:
                if starts == STARTS_MAX:
                    raise EmbeddedServerError(f"PostgreSQL does not start; its log says:\n{self._log_end()}")
                starts += 1
                self._launch()
            if time.monotonic() > deadline:
                raise EmbeddedServerError(
                    f"PostgreSQL did not answer in {START_SECONDS_MAX} s; its log:\n{self._log_end()}"
                )
            time.sleep(POLL_SECONDS)

    def _launch(self) -> None:
        place = self.place
        if SYSTEM_FOLDER in place.home.parents:
            self._say(f"PostgreSQL's user cannot reach {self.data_dir}: the database lies in {place.home}")
        if SYSTEM_FOLDER in place.bin.parents:
            self._say(f"PostgreSQL's user cannot reach the installed program: a copy of it runs from {place.bin}")
        self._clear_leftovers()
        configure(place, self._options)
        if place.log.exists() and place.log.stat().st_size > LOG_BYTES_MAX:
            place.log.replace(place.log.with_suffix(".log.1"))
        command = [sys.executable, "-IS", keeper.__file__, str(self.data_dir / "users.lock")]
        command += [str(place.user.uid), str(place.user.gid), str(place.bin / "postgres"), "-D", str(place.cluster)]
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
        place.log.touch(0o600)
        with place.log.open("ab") as log:
            self._keeper = subprocess.Popen(
                command,
                cwd="/",
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _clear_leftovers(self) -> None:
        """Make way after a kill: end what is left of a server without its first process, and what names a dead one.

        PostgreSQL takes a process number that is in use, by a process not yet reaped or by a stranger after a reboot,
        for a living server, and then refuses to start. Here the process has been looked at.
        """
        for pid in self._orphans():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        (self.place.cluster / "postmaster.pid").unlink(missing_ok=True)
        for name in (f".s.PGSQL.{PORT}", f".s.PGSQL.{PORT}.lock"):
            (self.place.socket / name).unlink(missing_ok=True)

    def _terminate(self) -> None:
        """Stop the server by ever harder signals, and wait until it is gone."""
        for number, seconds in STOP_STEPS:
            pid = self.postmaster_pid()
            if pid is None:
                break
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
            deadline = time.monotonic() + seconds
            while self.postmaster_pid() == pid and time.monotonic() < deadline:
                time.sleep(POLL_SECONDS)

    def _is_postmaster(self, pid: int) -> bool:
        """Whether a process is this server's first one; one that has ended and is not reaped has no command line."""
        if not (PROCESSES / "self").exists():
            return self.place.user.can("kill", "-0", str(pid))
        process = PROCESSES / str(pid)
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
        return _is_postgres(process) and os.fsencode(self.place.cluster) in words

    def _orphans(self) -> list[int]:
        """Return the processes that work in the cluster's folder, whoever started them."""
        if not (PROCESSES / "self").exists():
            return []
        servers = [entry for entry in PROCESSES.iterdir() if entry.name.isdigit() and _is_postgres(entry)]
        return [int(process.name) for process in servers if self._works_here(process)]

    def _works_here(self, process: Path) -> bool:
        cluster, user = self.place.cluster, self.place.user
        try:
            return process.stat().st_uid == user.uid and Path(os.readlink(process / "cwd")) == cluster
        except PermissionError:  # Root in a container may not look at another user's process; that user itself may.
            return user.can("/usr/bin/env", "test", f"{process}/cwd", "-ef", str(cluster))
        except OSError:
            return False

    def _ping(self) -> pq.Ping:
        address = make_conninfo(
            host=str(self.place.socket), port=PORT, user=SUPERUSER, dbname="postgres", connect_timeout=PING_SECONDS_MAX
        )
        return pq.Ping(pq.PGconn.ping(address.encode()))

    def _log_end(self) -> str:
        try:
            return self.place.log.read_text(errors="replace")[-2000:].strip()
        except OSError:
            return "(nothing)"

    @contextlib.contextmanager
    def _starting(self) -> Iterator[None]:
        descriptor = self._lock("start.lock", fcntl.LOCK_EX)
        try:
            yield
        finally:
            os.close(descriptor)

    def _lock(self, name: str, operation: int) -> int:
        """Open a lock file and lock it, waiting for as long as a start or a stop may take."""
        file = self.data_dir / name
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if os.geteuid() == 0:
            owner = self.data_dir.stat()
            os.chown(file, owner.st_uid, owner.st_gid)
        deadline = time.monotonic() + START_SECONDS_MAX + STOP_SECONDS_MAX
        while not _flocked(descriptor, operation):
            if time.monotonic() > deadline:
                os.close(descriptor)
                raise EmbeddedServerError(f"{file} is held by another process that does not finish")
            time.sleep(POLL_SECONDS)
        return descriptor

    def _leave(self) -> None:
        if self._users is not None:
            os.close(self._users)
            self._users = None
        if self._keeper is not None and self.postmaster_pid() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._keeper.wait(1)
                self._keeper = None


def _is_postgres(process: Path) -> bool:
    try:
        return (process / "comm").read_text().strip() == "postgres"
    except OSError:
        return False


def _flocked(descriptor: int, operation: int) -> bool:
    try:
        fcntl.flock(descriptor, operation | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
