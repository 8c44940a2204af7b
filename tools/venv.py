"""Make a virtual environment and install a lock file into it, unless that is done. Standard library only.

`python3 -m tools.venv web` for running, `python3 -m tools.venv dev` for tests and checks too, both in .venv;
`python3 -m tools.venv training` for making models, in .venv-training, which has all of `dev` and torch.
"""

import argparse
import hashlib
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

from inference.engine import environment, packages
from inference.engine.environment import Engine
from inference.exceptions import EngineError

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
TRAINING_VENV = ROOT / ".venv-training"


def lock_of(kind: str) -> Path:
    """The lock file of `web`, `dev` or `training`; each pins a superset of the one before, in the same versions."""
    return ROOT / "requirements" / f"{kind}.txt"


def digest(kind: str) -> str:
    """Changes with the lock, the Python and the place."""
    return hashlib.sha256(lock_of(kind).read_bytes() + sys.version.encode() + str(VENV).encode()).hexdigest()


def is_installed(kind: str) -> bool:
    """Whether the environment holds what the lock of `kind` says."""
    stamp = VENV / f"lehia-{kind}.sha256"
    return PYTHON.exists() and stamp.exists() and stamp.read_text() == digest(kind)


def install(kind: str) -> None:
    """Make the environment and install the lock of `kind`. Raises EngineError with the end of pip's output."""
    if is_installed(kind):
        return
    started = time.monotonic()
    if not PYTHON.exists():
        print(f"making {VENV.name} with Python {sys.version.split()[0]}", flush=True)
        if subprocess.run([sys.executable, "-m", "venv", str(VENV)]).returncode:
            raise EngineError("No virtual environment could be made. On Debian: apt install python3-venv")
    lock = lock_of(kind)
    total = packages.count_packages(lock.read_text())
    print(f"installing {total} packages from {lock.relative_to(ROOT)}", flush=True)
    packages.install(PYTHON, ["--require-hashes", "-r", str(lock)], total=total, say=partial(print, flush=True))
    (VENV / f"lehia-{kind}.sha256").write_text(digest(kind))
    print(f"installed after {time.monotonic() - started:.0f} s", flush=True)


def install_training(extra_index: str) -> None:
    """Make the environment of `training/`. Raises EngineError with the end of pip's output."""
    wanted = Engine(
        venv=TRAINING_VENV,
        lock=lock_of("training"),
        extra_index=extra_index,
        title="what training needs",
        modules="torch, transformers",
    )
    environment.install(wanted, say=partial(print, flush=True))


def main() -> int:
    """Install."""
    parser = argparse.ArgumentParser(description="Install Lehia's packages into .venv, or .venv-training.")
    parser.add_argument("kind", choices=["web", "dev", "training"])
    parser.add_argument("--extra-index", default="", help="a further package index, for the CPU build of torch")
    arguments = parser.parse_args()
    try:
        if arguments.kind == "training":
            install_training(arguments.extra_index)
        else:
            install(arguments.kind)
    except (EngineError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
