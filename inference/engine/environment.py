"""Virtual environments with torch, so that their pins do not reach the web's: the engine's. Standard library only.

`python -m inference.engine.environment` installs it, with progress; a second run finds that nothing is to be
done.
"""

import argparse
import hashlib
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from inference.engine import packages
from inference.engine.packages import Say
from inference.exceptions import EngineError

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv-engine"
LOCK = ROOT / "requirements" / "engine.txt"
TORCH = ROOT / "requirements" / "engine-torch.txt"
STAMP = "lehia-engine.sha256"
_KEPT_LINES = 12


@dataclass(frozen=True)
class Engine:
    """Where the environment lies, and what goes into it: vLLM, or something else that is built on torch."""

    venv: Path = VENV
    lock: Path = LOCK
    torch: Path = TORCH
    extra_index: str = ""
    """A further package index, such as PyTorch's for the CPU, where the usual one has no `+cpu` build of torch."""
    title: str = "the engine"
    modules: str = "vllm, torch, transformers"
    """What must be importable in the end."""

    @property
    def python(self) -> Path:
        return self.venv / "bin" / "python"

    @property
    def digest(self) -> str:
        """Changes when anything does that an installed environment depends on."""
        pins = self.lock.read_bytes() + self.torch.read_bytes()
        return hashlib.sha256(pins + sys.version.encode() + str(self.venv).encode()).hexdigest()

    @property
    def is_installed(self) -> bool:
        stamp = self.venv / STAMP
        return stamp.exists() and stamp.read_text() == self.digest and self.python.exists()


def install(engine: Engine, *, say: Say) -> None:
    """Make the environment, unless it is there. Raises EngineError with the end of pip's output."""
    if engine.is_installed:
        say(f"{engine.title} is installed")
        return
    started = time.monotonic()
    say(f"making {engine.venv.name}")
    _run([sys.executable, "-m", "venv", "--clear", str(engine.venv)])
    index = ["--extra-index-url", engine.extra_index] if engine.extra_index else []
    say("installing torch (1 of 2)")
    # --no-deps, since everything that torch needs is in the lock, with its hash.
    try:
        packages.install(engine.python, ["--no-deps", *index, "-r", str(engine.torch)], total=1, say=say)
    except EngineError as error:
        raise EngineError(f"{error}{advice(str(error))}") from error
    total = packages.count_packages(engine.lock.read_text())
    say(f"installing {engine.title}, about {total} packages (2 of 2)")
    arguments = ["--no-deps", "--require-hashes", "-r", str(engine.lock)]
    packages.install(engine.python, arguments, total=total, say=say)
    say("trying it out")
    _run([str(engine.python), "-c", f"import {engine.modules}"])
    (engine.venv / STAMP).write_text(engine.digest)
    say(f"{engine.title} is installed, after {time.monotonic() - started:.0f} s")


def advice(output: str) -> str:
    """What to do about pip's `output`, where that is known."""
    if "No matching distribution found for torch" in output:
        return (
            "\nYour package index has no CPU build of torch. Add PyTorch's: set LEHIA_PIP_EXTRA_INDEX to the "
            "address of its index for the CPU (see README) and run this again."
        )
    return ""


def _run(command: list[str]) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        lines = done.stdout.splitlines()[-_KEPT_LINES:]
        raise EngineError(f"{' '.join(command[:4])} failed:\n" + "\n".join(lines))


def main() -> int:
    """Install the engine."""
    parser = argparse.ArgumentParser(description="Install the model engine into a virtual environment of its own.")
    parser.add_argument("--extra-index", default="", help="a further package index, for the CPU build of torch")
    arguments = parser.parse_args()
    try:
        install(Engine(extra_index=arguments.extra_index), say=lambda text: print(text, flush=True))
    except (EngineError, OSError) as error:
        print(f"The engine could not be installed. {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
