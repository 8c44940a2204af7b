"""Serving through Slurm: the scripts as golden files, and their bodies run by a stand-in for Slurm."""

import asyncio
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from asgiref.sync import sync_to_async
from django.db import connections

from inference.engine.plan import plan
from inference.engine.slurm.backend import SlurmBackend
from inference.engine.slurm.jobs import read_report
from inference.engine.spec import load_spec
from inference.engine.vllm_args import Launch
from inference.enums import ModelHealth
from inference.exceptions import EngineError, SpecError
from inference.models import ServedModel
from tests.processes import is_alive, listener
from tests.stubs.fake_engine import write_fake_engine

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = Path(__file__).with_name("golden")

CLUSTER = """\
hosts:
  - name: a100
    gpus: {count: 4, memory_gb: 80}
    python: /opt/vllm/bin/python
    slurm:
      partition: gpu
      account: hitz
      time: 14-00:00:00
      cpus_per_task: 8
      mem: 64G
      options: [--exclusive]
      setup: [module load cuda]
  - {name: cpu, slurm: {}}
models:
  - {name: wide, hub_id: a/wide, weights_gb: 141, tensor_parallel_size: 2, host: a100}
  - {name: one, hub_id: a/one, gpu_memory_utilization: 0.49, host: a100}
  - {name: two, hub_id: a/two, gpu_memory_utilization: 0.49, host: a100, env: {HF_HOME: /data/my hub}}
  - {name: three, hub_id: a/three, gpu_memory_utilization: 0.49, host: a100}
  - {name: small, hub_id: a/small, replicas: 2, host: cpu}
"""


def backend_of(text: str, folder: Path, python: Path = Path("/engine/python")) -> SlurmBackend:
    path = folder / "fleet.yaml"
    path.write_text(text)
    spec = load_spec(path, root=folder)
    return SlurmBackend(spec, plan(spec), Launch(folder, python), folder / "run", pause=0.2)


def test_the_scripts(tmp_path: Path) -> None:
    backend = backend_of(CLUSTER, tmp_path)
    described = backend.describe().replace(str(tmp_path), "/shared")
    assert described == (GOLDEN / "slurm.txt").read_text()


def test_servers_that_share_gpus_are_one_task_and_ports_are_never_shared(tmp_path: Path) -> None:
    text = backend_of(CLUSTER, tmp_path).describe()
    assert re.findall(r"--array=(\S+)", text) == ["0-0", "0-1", "0-1"]
    ports = re.findall(r"--port (\d+)", text)
    assert len(set(ports)) == len(ports) == 6


def test_the_folder_of_the_run_may_have_any_name(tmp_path: Path) -> None:
    backend = replace(backend_of(CLUSTER, tmp_path), run=Path("/shared/100% ours"))
    assert "\n#SBATCH --output='/shared/100%% ours/log/slurm-%A_%a.log'\n" in backend.describe()


def test_a_host_that_slurm_does_not_know_is_refused(tmp_path: Path) -> None:
    backend = backend_of("models: [{name: m, hub_id: a/m}]", tmp_path)
    with pytest.raises(SpecError, match=r"'name' of localhost has no 'slurm'"):
        backend.serve(print)


def test_without_slurm_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    backend = backend_of("hosts: [{name: h, slurm: {}}]\nmodels: [{name: m, hub_id: a/m}]", tmp_path)
    with pytest.raises(EngineError, match="There is no squeue here"):
        backend.serve(print)


@pytest.mark.django_db
def test_a_spec_of_hosted_models_alone_needs_no_slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert backend_of("models: [{name: gpt, base_url: 'https://api.openai.com/v1'}]", tmp_path).serve(print)
    assert ServedModel.objects.get().name == "gpt"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "JSONDecodeError"),
        ('{"address": "n1", "state": "died"}', r"KeyError\('port'\)"),
        ('{"address": "n1", "port": 8100, "state": "asleep", "try": 0, "code": 0}', "ValueError.*'asleep'"),
    ],
)
def test_a_report_that_is_none_is_named(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "servers").mkdir()
    (tmp_path / "servers" / "m.json").write_text(text)
    with pytest.raises(EngineError, match=rf"m\.json is no report of a server: {problem}"):
        read_report(tmp_path, "m")


class Cluster:
    """The stand-in's folder, and a Python whose vLLM is the scripted server."""

    def __init__(self, folder: Path) -> None:
        self.state = folder / "slurm"
        self.state.mkdir()
        self.bin = folder / "bin"
        self.bin.mkdir()
        for command in ("sbatch", "squeue", "scancel"):
            path = self.bin / command
            path.write_text(
                f'#!/bin/bash\nPYTHONPATH={ROOT} exec {sys.executable} -m tests.stubs.fake_slurm {command} "$@"\n'
            )
            path.chmod(0o755)
        self.python = write_fake_engine(self.bin)

    def tasks(self) -> list[int]:
        """The process groups of all tasks."""
        return [int(path.read_text().split()[0]) for path in self.state.glob("*_*")]

    def kill(self) -> None:
        for group in self.tasks():
            try:
                os.killpg(group, signal.SIGKILL)
            except ProcessLookupError:
                continue


@pytest.fixture
async def connections_closed() -> AsyncIterator[None]:
    """The thread in which a test's event loop reads the database keeps its connection otherwise."""
    yield
    await sync_to_async(connections.close_all)()


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    found = Cluster(tmp_path)
    monkeypatch.setenv("FAKE_SLURM", str(found.state))
    monkeypatch.setenv("PATH", f"{found.bin}:{os.environ['PATH']}")
    yield found
    found.kill()


def free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as two:
        one.bind(("127.0.0.1", 0))
        two.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1]), int(two.getsockname()[1])


class Serving:
    """A backend that serves in a task, its lines, and what the database says meanwhile."""

    def __init__(self, backend: SlurmBackend) -> None:
        self.lines: list[str] = []
        self.task = asyncio.create_task(backend.watch(self.lines.append))

    async def until(self, **health: str) -> dict[str, ServedModel]:
        """Wait until these served models are in this health; all of them, by name."""
        async with asyncio.timeout(60):
            while True:
                found = {served_model.name: served_model async for served_model in ServedModel.objects.all()}
                if {name: each.health for name, each in found.items() if name in health} == health:
                    return found
                assert not self.task.done(), self.lines
                await asyncio.sleep(0.05)

    async def stop(self) -> bool:
        os.kill(os.getpid(), signal.SIGINT)
        return await asyncio.wait_for(self.task, 30)


def fleet(*ports: int) -> str:
    return f"""\
hosts: [{{name: gpu, ports: {min(ports)}-{max(ports)}, gpus: [80], slurm: {{}}}}]
models:
  - name: one
    hub_id: a/one
    gpu_memory_utilization: 0.49
    port: {ports[0]}
    adapters: [{{name: tuned, hub_id: a/tuned}}]
  - {{name: two, hub_id: a/two, gpu_memory_utilization: 0.49, port: {ports[1]}}}
"""


@pytest.mark.processes
@pytest.mark.usefixtures("transactional_db", "connections_closed")
async def test_servers_are_submitted_registered_and_cancelled(tmp_path: Path, cluster: Cluster) -> None:
    ports = free_ports()
    backend = backend_of(fleet(*ports), tmp_path, cluster.python)
    await sync_to_async(backend.prepare)()
    serving = Serving(backend)
    found = await serving.until(one="ready", tuned="ready", two="ready")
    assert found["one"].base_url == found["tuned"].base_url == f"http://127.0.0.1:{ports[0]}/v1"
    assert found["two"].base_url == f"http://127.0.0.1:{ports[1]}/v1"
    assert "loading one on GPU 0" in (backend.run / "log" / "vllm-one.log").read_text()

    with pytest.raises(EngineError, match="Jobs lehia-fleet are there already. End them first: scancel 100"):
        await sync_to_async(replace(backend, run=tmp_path / "again").prepare)()

    assert await serving.stop()
    found = await sync_to_async(in_bulk)()
    assert {name: each.health_reason for name, each in found.items()} == dict.fromkeys(
        ["one", "tuned", "two"], "The server was stopped."
    )
    async with asyncio.timeout(10):
        while any(is_alive(group) for group in cluster.tasks()):
            await asyncio.sleep(0.05)


@pytest.mark.processes
@pytest.mark.usefixtures("transactional_db", "connections_closed")
async def test_a_server_that_dies_is_started_again_by_its_task(tmp_path: Path, cluster: Cluster) -> None:
    ports = free_ports()
    backend = backend_of(fleet(*ports), tmp_path, cluster.python)
    await sync_to_async(backend.prepare)()
    serving = Serving(backend)
    await serving.until(one="ready", two="ready")
    os.kill(listener(ports[1]), signal.SIGKILL)
    found = await serving.until(one="ready", two="failing")
    assert found["two"].health_reason == "The server ended; it is started again. ended with code 137"
    await serving.until(one="ready", two="ready")
    assert await serving.stop()


@pytest.mark.processes
@pytest.mark.usefixtures("transactional_db", "connections_closed")
async def test_when_the_jobs_end_the_models_fail_and_the_log_is_shown(tmp_path: Path, cluster: Cluster) -> None:
    await ServedModel.objects.acreate(name="two", base_url="http://old:8100/v1", model_name="two")
    backend = backend_of(fleet(*free_ports()), tmp_path, cluster.python)
    await sync_to_async(backend.prepare)()
    serving = Serving(backend)
    await serving.until(one="ready", two="ready")
    (cluster.state / "full").touch()
    async with asyncio.timeout(20):
        while not any("Socket timed out" in line for line in serving.lines):
            await asyncio.sleep(0.05)
    assert not serving.task.done()
    (cluster.state / "full").unlink()
    report = backend.run / "servers" / "two.json"
    kept = report.read_text()
    report.write_text("half a rep")
    async with asyncio.timeout(20):
        while not any("is no report of a server" in line for line in serving.lines):
            await asyncio.sleep(0.05)
    report.write_text(kept)
    await serving.until(two="ready")
    cluster.kill()
    assert not await asyncio.wait_for(serving.task, 30)
    found = await sync_to_async(in_bulk)()
    assert {each.health for each in found.values()} == {ModelHealth.FAILING}
    assert "its task 100_0 has ended" in found["two"].health_reason
    assert any("Serving one" in line for line in serving.lines)


@pytest.mark.processes
@pytest.mark.usefixtures("transactional_db", "connections_closed")
async def test_a_server_that_cannot_load_shows_the_end_of_its_log(tmp_path: Path, cluster: Cluster) -> None:
    text = fleet(*free_ports()).replace("name: two,", "name: broken,")
    backend = backend_of(text, tmp_path, cluster.python)
    await sync_to_async(backend.prepare)()
    serving = Serving(backend)
    await serving.until(one="ready", broken="failing")
    assert any(line.startswith("broken: ended with code 3; its task starts it again") for line in serving.lines)
    assert any("no such weights" in line for line in serving.lines)
    assert await serving.stop()


@pytest.mark.processes
@pytest.mark.usefixtures("transactional_db", "connections_closed")
async def test_a_task_without_gpus_says_so(tmp_path: Path, cluster: Cluster) -> None:
    (cluster.state / "no-gpus").touch()
    backend = backend_of(fleet(*free_ports()), tmp_path, cluster.python)
    await sync_to_async(backend.prepare)()
    serving = Serving(backend)
    assert not await asyncio.wait_for(serving.task, 30)
    assert any("CUDA_VISIBLE_DEVICES: is not set: Slurm has told this task of no GPU" in line for line in serving.lines)


def in_bulk() -> dict[str, ServedModel]:
    return {served_model.name: served_model for served_model in ServedModel.objects.all()}
