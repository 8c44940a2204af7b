"""Models that span hosts: the commands that start Ray and vLLM, as a golden file, and what is refused."""

import socket
from dataclasses import replace
from pathlib import Path

import pytest

from inference.engine.local import LocalBackend
from inference.engine.plan import plan
from inference.engine.ray import RayBackend
from inference.engine.spec import load_spec
from inference.engine.vllm_args import Launch
from inference.exceptions import EngineError, SpecError

GOLDEN = Path(__file__).with_name("golden")

SPAN = """\
hosts:
  - {name: gpu-a, address: 10.0.0.11, gpus: {count: 4, memory_gb: 80}, python: /opt/vllm/bin/python}
  - {name: gpu-b, address: 10.0.0.12, gpus: {count: 4, memory_gb: 80}}
models:
  - {name: wide, hub_id: a/wide, weights_gb: 400, tensor_parallel_size: 2, pipeline_parallel_size: 3}
  - {name: small, hub_id: a/small, host: gpu-b, gpu_memory_utilization: 0.49}
"""


def backend_of(text: str, folder: Path, ray_address: str = "") -> RayBackend:
    path = folder / "span.yaml"
    path.write_text(text)
    spec = load_spec(path, root=folder)
    launch = Launch(Path("/lehia"), Path("/engine/bin/python"), ray_address=ray_address)
    return RayBackend(LocalBackend(spec, plan(spec, may_span=True), launch, folder / "log"))


def test_the_commands(tmp_path: Path) -> None:
    assert backend_of(SPAN, tmp_path).describe() + "\n" == (GOLDEN / "ray.txt").read_text()


def test_a_head_that_is_named_is_joined(tmp_path: Path) -> None:
    text = backend_of(SPAN, tmp_path, "10.0.0.9:7000").describe()
    assert "--head" not in text
    assert text.count("ray start --address=10.0.0.9:7000") == 2
    assert "RAY_ADDRESS=10.0.0.9:7000" in text


def test_without_ray_the_commands_that_start_it_are_said(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        backend = backend_of(SPAN, tmp_path, f"127.0.0.1:{unused.getsockname()[1]}")
        with pytest.raises(EngineError, match=r"(?s)Ray does not answer at 127.*Start it:.*on gpu-a.*ray start"):
            backend.serve(print)


def test_a_ray_that_answers_is_enough_to_go_on(tmp_path: Path) -> None:
    with socket.socket() as head:
        head.bind(("127.0.0.1", 0))
        head.listen()
        backend = backend_of(SPAN, tmp_path, f"127.0.0.1:{head.getsockname()[1]}")
        with pytest.raises(EngineError, match="The host gpu-a .* is not this machine"):
            backend.serve(print)


def test_hosts_that_others_cannot_reach_are_refused(tmp_path: Path) -> None:
    text = SPAN.replace("name: gpu-a, address: 10.0.0.11,", "name: localhost,")
    with pytest.raises(SpecError, match=r"span\.yaml:2: 'address' of localhost must be an IP address"):
        backend_of(text, tmp_path).describe()


def test_without_a_model_that_spans_ray_is_not_needed(tmp_path: Path) -> None:
    backend = backend_of(SPAN.replace("pipeline_parallel_size: 3", "replicas: 2").replace("400", "90"), tmp_path)
    assert "ray" not in backend.describe().lower()
    alone = replace(backend.local, named_host="gpu-a")
    with pytest.raises(EngineError, match="is not this machine"):
        RayBackend(alone).serve(print)
