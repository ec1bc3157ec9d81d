"""The archive: the server's log, streamed to a folder as it grows.

A slot makes the server keep what the archive has not got yet, within the bound of its configuration. Backup and archive
together bring a ledger back to any moment after the backup.
"""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path
from types import FrameType

from ledger.backup.base import SLOT, command, environment, run


def run_archive(address: str, folder: Path) -> int:
    """Write log to a folder until a signal asks to stop; return the exit status of the program that does.

    Args:
        address: of any database of the server, under a superuser or a role with REPLICATION.

    Raises:
        BackupUnusable: the server does not let it.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    run("pg_receivewal", address, f"--slot={SLOT}", "--create-slot", "--if-not-exists")
    # It connects again by itself, for as long as it takes, and says that it has something when that is on disk.
    receiving = subprocess.Popen(
        command("pg_receivewal", address, f"--directory={folder}", f"--slot={SLOT}", "--synchronous"),
        env=environment(address),
        stdin=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C at the terminal comes by us, once.
    )

    def stop(number: int, frame: FrameType | None) -> None:
        receiving.terminate()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    return receiving.wait()


def drop_archive(address: str) -> None:
    """Let the server keep log for the archive no more.

    Raises:
        BackupUnusable: there is no archive, or it runs.
    """
    run("pg_receivewal", address, f"--slot={SLOT}", "--drop-slot")
