"""Run pip into a virtual environment and say how far it is. Standard library only."""

import subprocess
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from inference.exceptions import EngineError

SECONDS_BETWEEN_LINES = 10.0
_KEPT_LINES = 12

Say = Callable[[str], None]


def count_packages(lock: str) -> int:
    """How many packages a lock file names, each one once."""
    return len({line.split("==")[0] for line in lock.splitlines() if "==" in line and line[:1].isalnum()})


def install(python: Path, arguments: Sequence[str], *, total: int, say: Say) -> None:
    """`pip install` with `arguments` into the environment of `python`, `total` packages or somewhat fewer.

    Raises EngineError with the end of pip's output.
    """
    # Modules are compiled when they are first used: most never are, and compiling them all takes as long as unpacking.
    command = [
        str(python),
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "--progress-bar",
        "off",
        "--no-compile",
    ]
    kept: list[str] = []
    with (
        subprocess.Popen([*command, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip,
        _Progress(python, total, say) as progress,
    ):
        assert pip.stdout is not None
        for line in pip.stdout:
            kept = [*kept[1 - _KEPT_LINES :], line.rstrip()]
            progress.note(line)
    if pip.returncode != 0:
        raise EngineError("\n".join(kept))


@dataclass
class _Progress:
    """Says every ten seconds how many packages are downloaded, and then how many are unpacked."""

    python: Path
    total: int
    say: Say
    _downloaded: int = 0
    _is_unpacking: bool = False
    _over: threading.Event = field(default_factory=threading.Event)

    def note(self, line: str) -> None:
        """Take in a line of pip's."""
        self._downloaded += line.startswith(("Collecting ", "Requirement already satisfied"))
        self._is_unpacking = self._is_unpacking or line.startswith("Installing collected packages")

    def __enter__(self) -> "_Progress":
        self._before = self._installed()
        self._thread = threading.Thread(target=self._tick, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._over.set()
        self._thread.join()

    def _tick(self) -> None:
        while not self._over.wait(SECONDS_BETWEEN_LINES):
            done, verb = self._downloaded, "downloaded"
            if self._is_unpacking:
                done, verb = self._installed() - self._before, "unpacked"
            if self.total > 1:
                self.say(f"{verb} {min(done, self.total)} of about {self.total}")
            else:
                self.say("unpacking" if self._is_unpacking else "downloading")

    def _installed(self) -> int:
        return sum(1 for _ in self.python.parents[1].glob("lib/python3*/site-packages/*.dist-info"))
