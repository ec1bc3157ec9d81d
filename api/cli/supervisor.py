"""Keeps processes alive: starts them, starts them again when they die, and ends them all when it ends itself.

It knows nothing of ledgers. A child loads its code, then waits for a word on its standard input before it begins; so a
spare can stand by, loaded, and take over at once. A child dies with its supervisor, however that one ends, so nothing
is left behind that holds a port or a lock.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import structlog

log = structlog.get_logger("supervisor")

PAUSES_S = (0.0, 0.25, 0.5, 1.0)
"""Pauses before a child is started for the second, third, ... time; the last one for all further times."""

STEADY_S = 10.0
"""A child that has lived this long begins with the first pause again."""

SPARE_AFTER_S, SPARE_AGAIN_AFTER_S = 6.0, 2.0
"""How long after a start its spare is started, so that the two do not load at the same time: behind a child that has
just been launched, and behind one that was a spare itself."""

STOP_LIMIT_S = 10.0
"""How long a child may take to end before it is killed."""

GO = b"g"
PR_SET_PDEATHSIG = 1

Process = subprocess.Popen[bytes]


@dataclass(slots=True)
class Child:
    """One process to keep alive.

    Attributes:
        name: of its kind, for the log. command: its arguments. inherit: descriptors that it is given.
        standby: whether a spare shall stand by, loaded, to take over at once.
        process: the running one; None before the first start. spare: the one that stands by.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    inherit: tuple[int, ...] = ()
    standby: bool = False
    process: Process | None = None
    spare: Process | None = None
    starts: int = 0
    started_at: float = 0.0
    start_at: float = 0.0
    spare_at: float = 0.0


@dataclass(slots=True)
class Supervisor:
    """Starts children and watches them."""

    children: list[Child] = field(default_factory=list)

    def tend(self) -> None:
        """Start what is not running and may; call it several times a second, always from the same thread."""
        for child in self.children:
            now = time.monotonic()
            if child.spare is not None and child.spare.poll() is not None:
                child.spare = None
            if child.process is not None and child.process.poll() is not None:
                self._died(child, now)
            if child.process is None and now >= child.start_at:
                self._start(child, now)
            elif child.standby and child.spare is None and now >= child.spare_at:
                child.spare = _launch(child)

    def stop(self) -> None:
        """Ask all children to end, and kill those that take too long."""
        for child in self.children:
            if child.spare is not None:
                child.spare.kill()
                child.spare.wait()
        running = [child.process for child in self.children if child.process is not None]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + STOP_LIMIT_S
        for process in running:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                log.warning("child does not end and is killed", pid=process.pid)
                process.kill()
                process.wait()

    def _start(self, child: Child, now: float) -> None:
        child.spare_at = now + (SPARE_AFTER_S if child.spare is None else SPARE_AGAIN_AFTER_S)
        process, child.spare = child.spare or _launch(child), None
        assert process.stdin is not None, "children are launched with a pipe"
        try:
            process.stdin.write(GO)
            process.stdin.flush()
        except BrokenPipeError:  # It has died meanwhile; the next turn sees it.
            pass
        child.process = process
        child.starts += 1
        child.started_at = now
        log.info("child started", child=child.name, pid=process.pid, starts=child.starts)

    def _died(self, child: Child, now: float) -> None:
        assert child.process is not None, "only a started child dies"
        if now - child.started_at > STEADY_S:
            child.starts = 1
        pause_s = PAUSES_S[min(child.starts, len(PAUSES_S)) - 1]
        log.error("child died", child=child.name, status=child.process.returncode, again_in_s=pause_s)
        child.process = None
        child.start_at = now + pause_s


def _launch(child: Child) -> Process:
    return subprocess.Popen(
        [*child.command, str(os.getpid())],
        env=dict(child.environment),
        stdin=subprocess.PIPE,
        pass_fds=child.inherit,
        # Ctrl-C at a terminal is for the supervisor, which then ends its children in order.
        start_new_session=True,
    )


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when its parent dies; call it first thing in a child.

    Args:
        parent: process number of the supervisor. When it is gone already, this process ends.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(1)


def wait_for_go() -> None:
    """Stand by until the supervisor says go; end when it is gone."""
    if os.read(sys.stdin.fileno(), 1) != GO:
        sys.exit(0)
    if sys.platform != "linux":
        threading.Thread(target=_end_with_supervisor, daemon=True).start()


def _end_with_supervisor() -> None:
    """End at the end of the standard input: where the kernel does not tell of a parent's death, the pipe does."""
    os.read(sys.stdin.fileno(), 1)
    os._exit(1)
