"""Workers on this machine: real processes that behave as they are told to, in place of the one that trains."""

import json
import os
import signal
import stat
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from config import env
from tests.processes import is_alive
from tests.training.launches import launch, prepared
from training.enums import RunState
from training.exceptions import CannotLaunch, PlanDiffers, TrainingFailed
from training.launching.hardware import Here
from training.launching.launch import Launch
from training.launching.local import _variables
from training.launching.running import train_here
from training.launching.standing import Standing, alone, progress_of, standing_of
from training.models import PipelineRun
from training.worker.folder import RunFolder

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).parents[2]
#: What a worker does after it has said that it begins; `out` is the run's folder.
TRAINS = """
(out / "metrics.jsonl").write_text('{"step": 1, "loss": 2.0}\\n{"step": 2, "loss": 1.5}\\n{"step": 3, "lo')
(out / "model").mkdir(exist_ok=True)
(out / "model" / "lehia-model.json").write_text("{}")
"""
FAILS = 'print("error: The rows are no rows.", file=sys.stderr); print("=" * 20); sys.exit(1)'
WAITS = """
def told(*_):
    (out / "saved").touch()
    print("saved", flush=True)
    sys.exit(75)
signal.signal(signal.SIGTERM, told)
(out / "waits").touch()
for _ in range(600): time.sleep(0.1)
"""
STUBBORN = 'signal.signal(signal.SIGTERM, signal.SIG_IGN); (out / "waits").touch(); time.sleep(60)'


def worker(folder: Path, does: str) -> Path:
    """A Python that runs this, whatever module it is asked for; it has the run's recipe as an argument."""
    path = folder / "python"
    code = f"import signal, sys, time\nfrom pathlib import Path\nout = Path(sys.argv[3]).parent\n{does}"
    path.write_text(f"#!{sys.executable} -IS\n{code}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def launched(folder: Path, does: str) -> Launch:
    found = launch(data=prepared(folder / "data"), output=folder / "out", here=Here())
    found.output.mkdir(exist_ok=True)
    # What the real worker does first.
    RunFolder(found.output).claim(found.recipe, found.recipe.data_sha256)
    return replace(found, python=str(worker(folder, does)), project=folder)


def test_a_run_is_followed_and_recorded(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    found = launched(tmp_path, f'print("Kaixo", flush=True)\n{TRAINS}')
    train_here(found, print)
    run = PipelineRun.objects.get()
    assert (run.stage, run.state, run.done, run.total) == ("train_variant", RunState.FINISHED, 2, 4)
    assert run.counts == {"step": 2, "loss": 1.5}
    assert run.arguments["recipe"] == json.loads((found.output / "recipe.json").read_text())
    assert "Kaixo" in (found.output / "train.log").read_text()
    assert "Kaixo" in capfd.readouterr().err
    assert standing_of(found) is Standing.FINISHED


def test_a_worker_that_fails_is_quoted(tmp_path: Path) -> None:
    found = launched(tmp_path, FAILS)
    with pytest.raises(TrainingFailed, match=r"exp_2_101 ended with code 1: The rows are no rows\. All of its output"):
        train_here(found, print)
    run = PipelineRun.objects.get()
    assert (run.state, "The rows are no rows" in run.error) == (RunState.FAILED, True)
    assert standing_of(found) is Standing.STARTED


def test_a_worker_that_was_killed(tmp_path: Path) -> None:
    found = launched(tmp_path, 'import os; print("step 1", flush=True); os.kill(os.getpid(), signal.SIGKILL)')
    with pytest.raises(TrainingFailed, match=r"code 137: step 1\. It was killed: by somebody, or because"):
        train_here(found, print)


def test_a_worker_that_ends_well_without_a_model_has_failed(tmp_path: Path) -> None:
    with pytest.raises(TrainingFailed, match=r"ended well, and there is no .*model"):
        train_here(launched(tmp_path, ""), print)


def test_a_worker_that_cannot_be_started(tmp_path: Path) -> None:
    found = replace(launched(tmp_path, ""), python=str(tmp_path / "no-python"))
    with pytest.raises(TrainingFailed, match="ended with code 127: .*no-python"):
        train_here(found, print)


def test_a_worker_that_was_stopped_is_recorded_as_interrupted(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        train_here(launched(tmp_path, "sys.exit(75)"), print)
    assert PipelineRun.objects.get().state == RunState.INTERRUPTED


SCRIPT = """
import os, sys
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
import django
django.setup()
from pathlib import Path
from tests.training.test_launch_local import launched
import tests.training.test_launch_local as here
from training.launching.running import train_here
from training.commands import told
with told():
    train_here(launched(Path(sys.argv[1]), getattr(here, sys.argv[2])), print)
"""


def command(folder: Path, does: str) -> subprocess.Popen[str]:
    """A process that trains in `folder`, with its own empty place for a database; returns once its worker waits."""
    env = {**os.environ, "LEHIA_VAR_DIR": str(folder / "var"), "PYTHONPATH": str(ROOT)}
    env.pop("LEHIA_DATABASE_URL", None)
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(folder), does],
        cwd=ROOT,
        env=env,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # As from a terminal: pytest's own runner may have it ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    until(lambda: (folder / "out" / "waits").exists() or process.poll() is not None)
    assert process.poll() is None, process.communicate()
    return process


def until(is_so, seconds: float = 20) -> None:  # type: ignore[no-untyped-def]
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.05)


def workers(folder: Path) -> list[int]:
    """The process groups of this folder's workers that live."""
    lines = subprocess.run(["ps", "-eo", "pgid,args"], capture_output=True, text=True, check=True).stdout.splitlines()
    groups = [int(line.split()[0]) for line in lines if f"{folder / 'python'} -m" in line and "guard.py" not in line]
    return [group for group in set(groups) if is_alive(group)]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_lets_the_worker_save(number: signal.Signals, tmp_path: Path) -> None:
    process = command(tmp_path, "WAITS")
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, (tmp_path / "out" / "saved").exists()) == (1, True)
    assert "Ctrl-C again ends it at once" in out
    assert "saved" in err and "Run the same command again to go on" in err
    record = json.loads((tmp_path / "out" / "run-00000.json").read_text())
    assert record["state"] == "interrupted"
    assert not workers(tmp_path)


def test_a_second_one_ends_it_at_once(tmp_path: Path) -> None:
    process = command(tmp_path, "STUBBORN")
    process.send_signal(signal.SIGINT)
    assert process.stdout is not None
    assert "Stopping" in process.stdout.readline()
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert time.monotonic() - began < 10
    assert not workers(tmp_path)


def test_a_launcher_that_is_killed_lets_the_worker_save(tmp_path: Path) -> None:
    process = command(tmp_path, "WAITS")
    process.kill()
    process.communicate(timeout=20)
    until(lambda: (tmp_path / "out" / "saved").exists())
    until(lambda: not workers(tmp_path))


def test_nobody_else_trains_in_the_same_folder(tmp_path: Path) -> None:
    found = launched(tmp_path, TRAINS)
    with alone(found.output), pytest.raises(CannotLaunch, match="Another process is training in"):
        train_here(found, print)
    train_here(found, print)


def test_a_folder_of_another_run_is_refused(tmp_path: Path) -> None:
    found = launched(tmp_path, TRAINS)
    with pytest.raises(PlanDiffers, match=r"another run \(seed is 33 there, and 34 here\)"):
        standing_of(replace(found, recipe=replace(found.recipe, seed=34)))
    other_machines = replace(found.recipe, sequences_per_device=1, gradient_checkpointing=False)
    assert standing_of(replace(found, recipe=other_machines)) is Standing.STARTED
    with pytest.raises(PlanDiffers, match="data_sha256"):
        standing_of(replace(found, recipe=replace(found.recipe, data_sha256="0" * 64)))
    (found.output / "run.json").write_text("[")
    with pytest.raises(PlanDiffers, match="cannot be read"):
        standing_of(found)


def test_progress_is_the_newest_whole_line(tmp_path: Path) -> None:
    assert progress_of(tmp_path) == {}
    lines = [json.dumps({"step": number, "loss": 1.0}) for number in range(2000)]
    (tmp_path / "metrics.jsonl").write_text("\n".join(lines) + '\nnonsense\n{"step": 20')
    assert progress_of(tmp_path) == {"step": 1999, "loss": 1.0}


def test_threads_of_a_worker_sleep_while_they_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless somebody said otherwise."""
    assert "OMP_WAIT_POLICY=PASSIVE" in _variables()
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    assert env.wait_policy() == "ACTIVE"
