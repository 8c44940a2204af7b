"""Run one program so that it can never be left behind. Standard library only.

`python guard.py [--grace SECONDS] -- PROGRAM ARGUMENT...` runs the program in a session of its own. When the guard is
told to stop, or its own parent dies, however it died, it asks the program to end, and kills after the grace; when the
program ends, also by itself, every process below it ends. vLLM needs this: its engine and workers live on, with their
memory, when its server process is killed.
"""

import contextlib
import ctypes
import os
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
DEFAULT_GRACE = 20.0
"""Seconds that the program has to end after SIGTERM, before it is killed."""
# A parent's death is told by a signal on Linux; elsewhere it is noticed within this many seconds.
_LOOK_AGAIN = 2.0


def guarded(command: list[str], *, grace: float = DEFAULT_GRACE) -> list[str]:
    """The command line that runs `command` under a guard."""
    return [sys.executable, "-I", "-S", str(Path(__file__)), "--grace", str(grace), "--", *command]


def die_with_parent(signal_number: int = signal.SIGTERM) -> None:
    """On Linux, have `signal_number` sent to this process when the thread that started it ends."""
    _prctl(PR_SET_PDEATHSIG, signal_number)


def _prctl(option: int, argument: int) -> None:
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, argument, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {option} failed")


class Guard:
    """One program, its process group and its descendants."""

    def __init__(self, command: list[str], *, grace: float, parent: int) -> None:
        self._grace = grace
        self._parent = parent
        self._signals, waker = socket.socketpair()
        self._signals.setblocking(False)
        waker.setblocking(False)
        self._waker = waker
        signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, _noted)
        # Grandchildren whose parent dies become ours instead of init's, so that they are still found.
        _prctl(PR_SET_CHILD_SUBREAPER, 1)
        self._child = subprocess.Popen(command, start_new_session=True)

    def run(self) -> int:
        """Wait for the program or for the end of the parent; the program's exit code, 128 + signal if killed."""
        while self._child.poll() is None and not self._told_to_stop():
            pass
        self._stop()
        code = self._child.wait()
        return code if code >= 0 else 128 - code

    def _told_to_stop(self) -> bool:
        numbers = self._wait(_LOOK_AGAIN)
        return bool(numbers - {signal.SIGCHLD}) or os.getppid() != self._parent

    def _wait(self, seconds: float) -> set[int]:
        """The signals that arrive within `seconds`, returning at the first."""
        ready, _, _ = select.select([self._signals], [], [], max(seconds, 0))
        return set(self._signals.recv(4096)) if ready else set()

    def _stop(self) -> None:
        """End every process of the program: asked first, killed after the grace."""
        deadline = time.monotonic() + self._grace
        if self._child.poll() is None:
            # Only the program itself is asked: celery and gunicorn finish the work of their own children first.
            self._child.terminate()
            while self._child.poll() is None and time.monotonic() < deadline:
                self._wait(min(deadline - time.monotonic(), _LOOK_AGAIN))
        for _ in range(50):
            self._kill_group()
            if not _kill_descendants():
                return
            self._wait(0.02)

    def _kill_group(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._child.pid, signal.SIGKILL)


def _noted(number: int, frame: FrameType | None) -> None:
    """The wake-up socket tells of the signal; the handler only has to exist."""


def _kill_descendants() -> bool:
    """Kill the processes below this one, also those that left the group. True while there were any alive."""
    alive = descendants(os.getpid())
    for pid in alive:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return bool(alive)


def descendants(root: int) -> list[int]:
    """Process ids below `root` that are not zombies, from /proc; none on systems without it."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # The name, in brackets, may hold anything, spaces and brackets too.
            state, parent = stat.read_text(errors="replace").rpartition(")")[2].split()[:2]
            if state not in {"Z", "X"}:
                children.setdefault(int(parent), []).append(int(stat.parent.name))
    found: list[int] = []
    waiting = [root]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def main(arguments: list[str]) -> int:
    """Run the guard; see the module's text."""
    parent = os.getppid()
    die_with_parent()
    grace = DEFAULT_GRACE
    if arguments[:1] == ["--grace"]:
        grace, arguments = float(arguments[1]), arguments[2:]
    if arguments[:1] != ["--"] or len(arguments) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        return Guard(arguments[1:], grace=grace, parent=parent).run()
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        return 127


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
