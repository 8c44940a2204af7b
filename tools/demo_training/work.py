"""What the demo's steps share: where things lie, running commands with their time, and going on where it stopped."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from inference.engine.guard import guarded

ROOT = Path(__file__).resolve().parents[2]
PORT = 8190
BASE_URL = f"http://127.0.0.1:{PORT}/v1"
CAMPAIGN = "demo-training"
ORIGINAL = "smollm2-original"
SERVED = "smollm2-original"
"""What the server calls the model without adapters."""
_SHOWN = 15
_VARIABLES = {
    "LEHIA_LOG_LEVEL": "WARNING",
    "TOKENIZERS_PARALLELISM": "false",
    # Threads that wait must sleep: where another program has one of the two cores, spinning makes training ten times
    # slower.
    "OMP_WAIT_POLICY": "PASSIVE",
}
_GRACE = 60.0
"""Seconds in which a command may save what it has: training ends its step and writes a checkpoint."""


class Failed(Exception):
    """A step that failed. The text is a sentence, or the end of what a command said."""


@dataclass
class Work:
    """The demo's folder and its progress. `base` is the model that everything starts from."""

    var: Path
    base: Path
    steps: int
    began: float = field(default_factory=time.monotonic)
    times: list[tuple[str, float]] = field(default_factory=list)
    _number: int = 0

    @property
    def folder(self) -> Path:
        return self.var / "demo-training"

    def path(self, *names: str) -> Path:
        return self.folder.joinpath(*names)

    @contextmanager
    def step(self, title: str, *made: Path) -> Iterator[bool]:
        """A step, with its time. Gives whether there is something to do: False where all that it makes is there."""
        if made and all(path.exists() for path in made):
            self.is_there(title)
            yield False
            return
        self._number += 1
        say(f"[{self._number}/{self.steps}] {title} …")
        began = time.monotonic()
        yield True
        self.times.append((title, time.monotonic() - began))
        say(f"[{self._number}/{self.steps}] {title}: {self.times[-1][1]:.0f} s")

    def is_there(self, title: str) -> None:
        """A step that has nothing to do."""
        self._number += 1
        say(f"[{self._number}/{self.steps}] {title}: is there")

    def manage(self, command: str, *arguments: object, accept: Sequence[int] = (0,)) -> int:
        """Run a command of `manage.py`, showing its lines; its exit code. Raises Failed where that is not accepted."""
        return run([sys.executable, "manage.py", command, *map(str, arguments)], self.path("log"), accept=accept)


def say(text: str) -> None:
    print(text, flush=True)


def run(command: list[str], logs: Path, *, accept: Sequence[int] = (0,)) -> int:
    """Run a program to its end, showing its lines and keeping what it says on stderr in a log. Raises Failed."""
    logs.mkdir(parents=True, exist_ok=True)
    name = command[2] if command[1] in ("manage.py", "-m") else Path(command[0]).name
    log = logs / f"{name}.log"
    with log.open("a+", encoding="utf-8") as errors:
        start = errors.tell()
        # Guarded: whatever ends the demo ends the command too, and all below it.
        with subprocess.Popen(
            guarded(command, grace=_GRACE),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={**_VARIABLES, **os.environ},
            start_new_session=True,
        ) as process:
            try:
                assert process.stdout is not None
                for line in process.stdout:
                    say(f"    {line.rstrip()}")
                code = process.wait()
            finally:
                stop(process)
        if code not in accept:
            errors.seek(start)
            said = errors.read().strip().splitlines()[-_SHOWN:]
            raise Failed("\n".join([f"{name} ended with code {code}. All that it said is in {log}.", *said]))
    return code


def stop(process: "subprocess.Popen[str]") -> None:
    """End a guarded program and all below it."""
    if process.poll() is None:
        process.terminate()
        process.wait()
