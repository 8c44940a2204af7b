"""Make the virtual environment and install a lock file into it, unless that is done. Standard library only.

`python3 -m tools.venv web` for running, `python3 -m tools.venv dev` for tests and checks too.
"""

import argparse
import hashlib
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
_KEPT_LINES = 12
_SECONDS_BETWEEN_LINES = 5.0


def lock_of(kind: str) -> Path:
    """The lock file of `web` or `dev`; what `dev` pins is a superset of `web`, with the same versions."""
    return ROOT / "requirements" / f"{kind}.txt"


def digest(kind: str) -> str:
    """Changes with the lock, the Python and the place."""
    return hashlib.sha256(lock_of(kind).read_bytes() + sys.version.encode() + str(VENV).encode()).hexdigest()


def is_installed(kind: str) -> bool:
    """Whether the environment holds what the lock of `kind` says."""
    stamp = VENV / f"lehia-{kind}.sha256"
    return PYTHON.exists() and stamp.exists() and stamp.read_text() == digest(kind)


def install(kind: str) -> int:
    """Install the lock of `kind`; the exit code of what failed, or 0."""
    if is_installed(kind):
        return 0
    started = time.monotonic()
    if not PYTHON.exists():
        print(f"making {VENV.name} with Python {sys.version.split()[0]}", flush=True)
        made = subprocess.run([sys.executable, "-m", "venv", str(VENV)])
        if made.returncode:
            print("No virtual environment could be made. On Debian: apt install python3-venv", file=sys.stderr)
            return made.returncode
    lock = lock_of(kind)
    total = sum("==" in line and line[:1].isalnum() for line in lock.read_text().splitlines())
    print(f"installing {total} packages from {lock.relative_to(ROOT)}", flush=True)
    code = _pip(
        [str(PYTHON), "-m", "pip", "install", "--require-hashes", "--progress-bar", "off", "-r", str(lock)], total
    )
    if code == 0:
        (VENV / f"lehia-{kind}.sha256").write_text(digest(kind))
        print(f"installed after {time.monotonic() - started:.0f} s", flush=True)
    return code


def _pip(command: list[str], total: int) -> int:
    """Run pip, saying now and then how far it is; its last lines if it fails."""
    collected, said, kept = 0, time.monotonic(), list[str]()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip:
        assert pip.stdout is not None
        for line in pip.stdout:
            kept = [*kept[1 - _KEPT_LINES :], line.rstrip()]
            collected += line.startswith(("Collecting ", "Requirement already satisfied"))
            if time.monotonic() - said > _SECONDS_BETWEEN_LINES:
                print(f"{min(collected, total)} of {total}", flush=True)
                said = time.monotonic()
    if pip.returncode:
        print("\n".join(kept), file=sys.stderr)
    return pip.returncode


def main() -> int:
    """Install."""
    parser = argparse.ArgumentParser(description="Install Lehia's packages into .venv.")
    parser.add_argument("kind", choices=["web", "dev"])
    return install(parser.parse_args().kind)


if __name__ == "__main__":
    sys.exit(main())
