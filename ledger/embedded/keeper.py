"""The server's parent process: reaps it, and stops it when nobody uses it any more.

Started as a script, with the standard library alone, in a session of its own: Ctrl-C at a terminal does not reach it.
Every process that uses the server holds a shared lock; the keeper waits for the exclusive one. The kernel grants it
when the last user has left, also one that was killed, and then the server is stopped. It ends with the server, whatever
the cause.

Usage: keeper.py LOCK_FILE UID GID COMMAND...
"""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

FAST_SHUTDOWN_SECONDS = 60


def stop(postgres: subprocess.Popen[bytes]) -> None:
    """Ask for a fast shutdown; when that takes too long, for an immediate one (the next start then recovers)."""
    postgres.send_signal(signal.SIGINT)
    try:
        postgres.wait(FAST_SHUTDOWN_SECONDS)
    except subprocess.TimeoutExpired:
        postgres.send_signal(signal.SIGQUIT)


def stop_when_unused(lock_file: Path, postgres: subprocess.Popen[bytes]) -> None:
    """Wait until nobody holds the lock, then stop the server. The lock is kept until the keeper ends."""
    descriptor = os.open(lock_file, os.O_RDWR)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    stop(postgres)


def main() -> int:
    """Run the server until it ends; return its exit code."""
    lock_file, uid, gid, *command = sys.argv[1:]
    foreign = {} if int(uid) == os.geteuid() else {"user": int(uid), "group": int(gid), "extra_groups": []}
    postgres = subprocess.Popen(command, cwd="/", umask=0o077, stdin=subprocess.DEVNULL, **foreign)  # type: ignore[call-overload]
    signal.signal(signal.SIGTERM, lambda *_: postgres.send_signal(signal.SIGINT))
    threading.Thread(target=stop_when_unused, args=(Path(lock_file), postgres), daemon=True).start()
    return int(postgres.wait())


if __name__ == "__main__":
    sys.exit(main())
