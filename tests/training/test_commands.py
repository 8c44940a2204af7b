"""What every command of training does with errors, with a full disk, and with SLURM's array."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError

from config import env
from training.commands import told
from training.disk import write_json, writing
from training.exceptions import CannotWrite, TrainingError

ROOT = Path(__file__).resolve().parents[2]


def test_errors_are_told_in_a_sentence() -> None:
    with pytest.raises(CommandError, match="^So it is.$"), told():
        raise TrainingError("So it is.")
    with pytest.raises(CommandError, match=r"'torch9' is missing. It comes with: pip install .\[training\]"), told():
        __import__("torch9")
    with pytest.raises(CommandError, match="Interrupted") as interrupted, told():
        raise KeyboardInterrupt
    assert interrupted.value.returncode == 130


@pytest.mark.parametrize(
    "variables, found",
    [
        ({}, (0, 1)),
        ({"SLURM_ARRAY_TASK_ID": "5", "SLURM_ARRAY_TASK_COUNT": "8"}, (5, 8)),
        ({"SLURM_ARRAY_TASK_ID": "7", "SLURM_ARRAY_TASK_MIN": "1", "SLURM_ARRAY_TASK_COUNT": "8"}, (6, 8)),
        (
            {
                "SLURM_ARRAY_TASK_ID": "14",
                "SLURM_ARRAY_TASK_MIN": "10",
                "SLURM_ARRAY_TASK_STEP": "2",
                "SLURM_ARRAY_TASK_COUNT": "4",
            },
            (2, 4),
        ),
    ],
)
def test_slurms_array(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], found: tuple[int, int]) -> None:
    for name in ("ID", "MIN", "STEP", "COUNT"):
        monkeypatch.delenv(f"SLURM_ARRAY_TASK_{name}", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert env.slurm_array() == found


def test_a_slurm_array_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "two")
    with pytest.raises(ImproperlyConfigured, match="SLURM_ARRAY_TASK_ID"):
        env.slurm_array()


def test_a_variable_that_cannot_be_is_told_in_a_sentence() -> None:
    variables = {**os.environ, "SLURM_ARRAY_TASK_ID": "two"}
    command = [sys.executable, "manage.py", "filter_instructions", "--help"]
    ended = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)
    assert ended.returncode == 1 and ended.stderr.startswith("SLURM_ARRAY_TASK_ID, ")
    assert "Traceback" not in ended.stderr


def test_a_disk_that_fills_up(tmp_path: Path) -> None:
    """In a process of its own, whose files may not grow beyond 1,000 bytes."""
    write_json(tmp_path / "kept.json", {"is": "whole"})
    code = (
        "import resource, signal; from pathlib import Path; from training.disk import write_json;"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000));"
        f"write_json(Path({str(tmp_path)!r}) / 'kept.json', ['x' * 5000])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert "CannotWrite" in done.stderr and "run the same command again to go on" in done.stderr
    assert (tmp_path / "kept.json").read_text() == '{\n  "is": "whole"\n}\n'
    assert [path.name for path in tmp_path.iterdir()] == ["kept.json"]
    assert resource.getrlimit(resource.RLIMIT_FSIZE) != (1000, 1000)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(CannotWrite, match="Permission denied"), writing(tmp_path / "file") as aside:
        aside.write_text("x")
