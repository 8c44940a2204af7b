"""Run a worker from this machine: its output passed on and kept, its steps watched, and stopped in good order."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import IO

from django.conf import settings

from inference.engine.guard import descendants, guarded
from training.exceptions import CannotWrite, TrainingFailed
from training.launching.launch import SECONDS_TO_SAVE, Launch
from training.recipes import STOPPED

LOG = "train.log"
SECONDS_BETWEEN_LOOKS = 2.0
ERROR = "error: "
"""How the worker begins the line that says why it ended."""
_KEPT = 65536


def run_worker(launch: Launch, *, watch: Callable[[], None], say: Callable[[str], None], lock: int) -> None:
    """Run the launch's command to its end. `watch` is called now and then; `lock` is held while anything runs.

    Raises KeyboardInterrupt when the worker was stopped, by Ctrl-C or SIGTERM to either of us, and TrainingFailed.
    The command runs under a guard: if this process dies, the worker is told to stop too.
    """
    command = guarded(["env", *_variables(), *launch.command], grace=SECONDS_TO_SAVE)
    with _kept_log(launch.output / LOG) as log, sigterm_interrupts():
        reading, writing = os.pipe()
        process = subprocess.Popen(
            command,
            cwd=launch.project,
            stdin=subprocess.DEVNULL,
            stdout=writing,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            # The guard keeps a reader of the pipe: a worker that outlives us must not die of its next line.
            pass_fds=(lock, reading),
        )
        os.close(writing)
        tail = _Tail(reading, log)
        code = _wait(process, watch, say)
        last = tail.end()
    watch()
    if code == STOPPED:
        raise KeyboardInterrupt
    if code != 0:
        raise TrainingFailed(
            f"The worker of {launch.recipe.name} ended with code {code}{_ended(code, last)} All of its output is in "
            f"{launch.output / LOG}."
        )


def _variables() -> list[str]:
    """What the worker's environment has besides ours."""
    # Threads that wait must sleep: where another program has one of the cores, spinning makes all ten times slower.
    waiting = f"OMP_WAIT_POLICY={settings.OMP_WAIT_POLICY}"
    return [f"TORCH_ELASTIC_SHUTDOWN_TIMEOUT={SECONDS_TO_SAVE}", "PYTHONUNBUFFERED=1", waiting]


@contextmanager
def sigterm_interrupts() -> Iterator[None]:
    """SIGTERM is taken like Ctrl-C, so that the run is recorded as interrupted. For the main thread."""
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _wait(process: subprocess.Popen[bytes], watch: Callable[[], None], say: Callable[[str], None]) -> int:
    try:
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return process.wait(SECONDS_BETWEEN_LOOKS)
            watch()
    except BaseException as error:
        _stop(process, say, is_asked=isinstance(error, KeyboardInterrupt))
        raise


def _stop(process: subprocess.Popen[bytes], say: Callable[[str], None], *, is_asked: bool) -> None:
    """Ask the worker to save and end; a second Ctrl-C ends it at once."""
    if is_asked:
        say("Stopping: the worker saves a checkpoint. Ctrl-C again ends it at once.")
    process.terminate()
    try:
        process.wait()
    except KeyboardInterrupt:
        for pid in descendants(process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()


@contextmanager
def _kept_log(path: Path) -> Iterator[IO[bytes]]:
    try:
        file = path.open("ab", buffering=0)
    except OSError as error:
        raise CannotWrite(f"{path} cannot be written: {error.strerror or error}.") from error
    with file:
        yield file


class _Tail:
    """Passes on what a process prints, keeps it in a file, and remembers the end of it."""

    def __init__(self, pipe: int, log: IO[bytes]) -> None:
        self._pipe = pipe
        self._log = log
        self._end = b""
        self._decoder = getincrementaldecoder("utf-8")(errors="replace")
        self._thread = threading.Thread(target=self._pass_on, daemon=True)
        self._thread.start()

    def end(self) -> str:
        """Once all is read: the last line that a worker marked as an error, else the last that says something."""
        self._thread.join()
        text = self._end.decode(errors="replace").replace("\r", "\n")
        lines = [line.strip() for line in reversed(text.splitlines()) if line.strip()]
        marked = (line.removeprefix(ERROR) for line in lines if line.startswith(ERROR))
        return next(marked, lines[0] if lines else "")

    def _pass_on(self) -> None:
        while chunk := os.read(self._pipe, 65536):
            self._end = (self._end + chunk)[-_KEPT:]
            sys.stderr.write(self._decoder.decode(chunk))
            sys.stderr.flush()
            # The disk may be full of checkpoints: that must neither end what is passed on, nor block the worker.
            with contextlib.suppress(OSError):
                self._log.write(chunk)
        os.close(self._pipe)


def _ended(code: int, last: str) -> str:
    killed = " It was killed: by somebody, or because memory ran out." if code == 128 + signal.SIGKILL else ""
    return (f": {last.removesuffix('.')}." if last else ", and said nothing.") + killed
