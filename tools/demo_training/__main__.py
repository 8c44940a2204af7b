"""`python -m tools.demo_training`, in .venv-training: run the demo, or go on with it where it stopped."""

import argparse
import fcntl
import os
import signal
import sys
import time
from pathlib import Path

from inference.engine.demo_model import TARGET
from tools.demo_training import steps
from tools.demo_training.story import tell
from tools.demo_training.work import ROOT, Failed, Work, say
from training.exceptions import TrainingError

_STEPS = 14


def main() -> int:
    """Run all steps; 0 when all of it is there."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGHUP, _interrupt)
    began = time.monotonic()
    try:
        _go(began)
    except (Failed, TrainingError) as error:
        say(f"\n{error}\nWhen that is put right, `make demo-training` goes on from here.")
        return 1
    except KeyboardInterrupt:
        say("\nStopped, and its servers with it. `make demo-training` goes on from here.")
        return 130
    return 0


def _go(began: float) -> None:
    work = Work(Path(os.environ.get("LEHIA_VAR_DIR") or ROOT / "var"), TARGET, _STEPS)
    work.folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(work.path("lock"), os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Failed("Another `make demo-training` is running here.") from None
    steps.demo_model()
    for part in (steps.site, steps.texts, steps.instructions, steps.train, steps.evaluate, steps.compete):
        part(work)
    tell(work, time.monotonic() - began)


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
