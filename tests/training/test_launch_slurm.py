"""Training on a stand-in for Slurm, which runs the sbatch files that are submitted to it."""

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.training.launches import launch, prepared
from training.enums import RunState
from training.exceptions import CannotLaunch
from training.launching.cluster import task_of
from training.launching.launch import Launch
from training.launching.rendering import Slurm
from training.launching.running import train_on_slurm
from training.models import PipelineRun

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).parents[2]
#: Each node runs what it is given; `scontrol` knows the nodes of a job and notes what is queued again.
COMMANDS = {
    "srun": 'shift\nSLURM_NODEID=0 exec "$@"',
    "scontrol": 'case $1 in show) echo 127.0.0.1 ;; *) echo "$@" >>"$FAKE_SLURM/requeued" ;; esac',
}
#: In place of accelerate: notes how it was called; trains, or waits until it is told to stop.
ACCELERATE = """
import json, os, signal, sys, time
from pathlib import Path
recipe = Path(next(each for each in sys.argv if each.endswith("recipe.json")))
called = {"argv": sys.argv[1:], "threads": os.environ["OMP_NUM_THREADS"], "cwd": os.getcwd()}
(recipe.parent / "called.json").write_text(json.dumps(called))
def told(*_):
    time.sleep(0.3)
    (recipe.parent / "saved").touch()
    sys.exit(1)
signal.signal(signal.SIGTERM, told)
(recipe.parent / "waits").touch()
while (recipe.parent / "wait").exists(): time.sleep(0.05)
"""


class Cluster:
    def __init__(self, folder: Path) -> None:
        self.state, self.bin = folder / "slurm", folder / "bin"
        self.state.mkdir()
        self.bin.mkdir()
        for name in ("sbatch", "squeue", "scancel"):
            stub = f'PYTHONPATH={ROOT} exec {sys.executable} -m tests.stubs.fake_slurm {name} "$@"'
            self.write(name, f"#!/bin/bash\n{stub}\n")
        for name, text in COMMANDS.items():
            self.write(name, f"#!/bin/bash\n{text}\n")
        self.python = self.write("python", f"#!{sys.executable} -IS\n{ACCELERATE}")

    def write(self, name: str, text: str) -> Path:
        path = self.bin / name
        path.write_text(text)
        path.chmod(0o755)
        return path

    def groups(self) -> list[int]:
        """The process groups of all tasks, in the order of their numbers."""
        return [int(path.read_text().split()[0]) for path in sorted(self.state.glob("*_*"))]


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    found = Cluster(tmp_path)
    monkeypatch.setenv("PATH", f"{found.bin}:{os.environ['PATH']}")
    monkeypatch.setenv("FAKE_SLURM", str(found.state))
    monkeypatch.setenv("SLURM_JOB_ID", "101")
    monkeypatch.setenv("SLURM_JOB_NODELIST", "127.0.0.1")
    yield found
    for group in found.groups():
        try:
            os.killpg(group, signal.SIGKILL)
        except ProcessLookupError:
            continue


def on_slurm(folder: Path, name: str, cluster: Cluster) -> Launch:
    parts = {"exp_2_101": ("corpus_eu", "instructions_en"), "exp_2_100": ("corpus_eu",)}[name]
    data = prepared(folder / f"data of {name}", parts=parts)
    found = launch("--launcher", "slurm", "--nodes", "2", variant=name, data=data, output=folder / "out" / name)
    return replace(found, python=str(cluster.python), project=folder)


def until(path: Path, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} did not come"
        time.sleep(0.05)


def test_an_array_with_a_task_for_each_variant(tmp_path: Path, cluster: Cluster) -> None:
    launches = [on_slurm(tmp_path, name, cluster) for name in ("exp_2_101", "exp_2_100")]
    job = train_on_slurm(launches, Slurm(), job_name="lehia-grid-8B", folder=tmp_path / "out")
    for number, found in enumerate(launches):
        until(found.output / "waits")
        called = json.loads((found.output / "called.json").read_text())
        assert called["argv"] == [
            *("-m", "accelerate.commands.launch", "--config_file", str(tmp_path / "out" / "accelerate.yaml")),
            *("--main_process_ip", "127.0.0.1", "--main_process_port", "20101", "--machine_rank", "0"),
            *("-m", "training.worker", str(found.output / "recipe.json"), "--resume", "auto"),
        ]
        # 16 cores of a node, shared by its 4 processes.
        assert (called["threads"], called["cwd"]) == ("4", str(tmp_path))
        assert json.loads((found.output / "slurm.json").read_text())["task"] == f"{job}_{number}"
    assert {run.arguments["slurm"]: run.state for run in PipelineRun.objects.all()} == {
        f"{job}_0": RunState.WAITING,
        f"{job}_1": RunState.WAITING,
    }


def test_what_is_queued_is_not_queued_twice(tmp_path: Path, cluster: Cluster) -> None:
    found = on_slurm(tmp_path, "exp_2_101", cluster)
    found.output.mkdir(parents=True)
    (found.output / "wait").touch()
    job = train_on_slurm([found], Slurm(), job_name="j", folder=found.output)
    assert task_of(found.output) == f"{job}_0"
    with pytest.raises(CannotLaunch, match=f"exp_2_101 is in Slurm's queue already, or runs, as {job}_0"):
        train_on_slurm([found], Slurm(), job_name="j", folder=found.output)
    (found.output / "wait").unlink()
    deadline = time.monotonic() + 20
    while task_of(found.output):
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.parametrize(("number", "is_requeued"), [(signal.SIGUSR1, True), (signal.SIGTERM, False)])
def test_out_of_time_it_saves_and_is_queued_again_but_not_when_cancelled(
    number: signal.Signals, is_requeued: bool, tmp_path: Path, cluster: Cluster
) -> None:
    found = on_slurm(tmp_path, "exp_2_101", cluster)
    found.output.mkdir(parents=True)
    (found.output / "wait").touch()
    job = train_on_slurm([found], Slurm(), job_name="j", folder=found.output)
    until(found.output / "waits")
    os.kill(cluster.groups()[0], number)
    until(found.output / "saved")
    deadline = time.monotonic() + 20
    while task_of(found.output):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    requeued = cluster.state / "requeued"
    assert requeued.exists() is is_requeued
    if is_requeued:
        assert requeued.read_text() == f"requeue {job}_0\n"


def test_without_slurm_it_says_so(tmp_path: Path, cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    found = on_slurm(tmp_path, "exp_2_101", cluster)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CannotLaunch, match="There is no sbatch here"):
        train_on_slurm([found], Slurm(), job_name="j", folder=found.output)
    assert not PipelineRun.objects.exists()


def test_a_note_of_a_job_that_is_none_is_named(tmp_path: Path) -> None:
    assert task_of(tmp_path) == ""
    (tmp_path / "slurm.json").write_text("[]")
    with pytest.raises(CannotLaunch, match=r"slurm\.json cannot be read"):
        task_of(tmp_path)
