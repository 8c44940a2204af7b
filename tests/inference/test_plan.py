"""From a spec to servers, tables and command lines. The golden files are what an operator would read."""

from pathlib import Path

import pytest

from inference.engine.local import commands_by_host
from inference.engine.plan import Server, plan
from inference.engine.spec import Spec, load_spec
from inference.engine.table import plan_table
from inference.engine.vllm_args import Launch, server_command
from inference.exceptions import SpecError

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = Path(__file__).with_name("golden")
LAUNCH = Launch(Path("/lehia"), Path("/engine/python"))


def spec_of(folder: Path, text: str) -> Spec:
    path = folder / "spec.yaml"
    path.write_text(text)
    return load_spec(path, root=folder)


def described(spec: Spec, servers: list[Server]) -> str:
    return "\n".join([plan_table(spec, servers), *commands_by_host(servers, LAUNCH), ""])


@pytest.mark.parametrize("name", ["demo", "latxa-8b", "latxa-70b", "paper-fleet"])
def test_the_plan_and_every_argument_of_the_specs_in_docs(name: str) -> None:
    spec = load_spec(ROOT / "docs" / "specs" / f"{name}.yaml")
    assert described(spec, plan(spec)) == (GOLDEN / f"{name}.txt").read_text()


EVERYTHING = """\
hosts:
  - {name: gpu-a, address: 10.0.0.11, gpus: [80, 80], ports: 9000-9009, python: env/bin/python}
  - {name: "localhost", gpus: [24]}
models:
  - name: latxa
    hub_id: HiTZ/Latxa-Llama-3.1-8B-Instruct
    revision: abc123
    weights_gb: 16.1
    kv_cache_gb: 10
    gpu_memory_utilization: fit
    pipeline_parallel_size: 2
    host: gpu-a
    reasoning_parser: deepseek_r1
    adapters:
      - {name: formal, path: adapters/formal}
      - {name: informal, hub_id: HiTZ/informal}
    extra_args: [--seed, 7]
    env: {HF_HOME: /data/my hub}
  - {name: twin, path: models/twin, weights_gb: 3, gpu_memory_utilization: 0.5, replicas: 2}
"""


@pytest.fixture
def everything(tmp_path: Path) -> Spec:
    adapter = tmp_path / "adapters" / "formal"
    adapter.mkdir(parents=True)
    (adapter / "adapter_config.json").write_text('{"r": 24}')
    (adapter / "adapter_model.safetensors").touch()
    return spec_of(tmp_path, EVERYTHING)


def test_every_key_reaches_the_command_line(everything: Spec) -> None:
    assert described(everything, plan(everything)) == (GOLDEN / "everything.txt").read_text()


def test_replicas_are_servers_of_their_own(everything: Spec) -> None:
    _, one, two = plan(everything)
    assert (one.name, two.name) == ("twin#1", "twin#2")
    assert one.base_url != two.base_url


def test_a_server_can_be_told_to_take_the_gpus_that_it_is_given(everything: Spec) -> None:
    command = server_command(plan(everything)[0], LAUNCH, bind="0.0.0.0", choose_gpus=False)
    assert "CUDA_VISIBLE_DEVICES" not in command.env
    assert command.arguments[command.arguments.index("--host") + 1] == "0.0.0.0"


def test_gpus_have_the_names_that_cuda_knows(everything: Spec) -> None:
    launch = Launch(Path("/lehia"), Path("/engine/python"), gpu_names=("GPU-5ac", "GPU-90f").__getitem__)
    assert server_command(plan(everything)[0], launch).env["CUDA_VISIBLE_DEVICES"] == "GPU-5ac,GPU-90f"


MODEL = "models: [{name: m, path: p, "


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "hosts: [{name: h, gpus: [80, 80]}]\n" + MODEL + "tensor_parallel_size: 4}]",
            ":2: 'tensor_parallel_size' of m needs 4 GPUs on one host: h has 2.",
        ),
        (
            "hosts: [{name: h, gpus: [80, 80]}, {name: i, gpus: [80, 80]}]\n" + MODEL + "tensor_parallel_size: 4}]",
            ":2: 'tensor_parallel_size' of m needs 4 GPUs on one host: h has 2, i has 2; --backend ray spreads",
        ),
        (
            "hosts: [{name: h, gpus: [80]}]\n" + MODEL + "replicas: 3, gpu_memory_utilization: 0.49}]",
            ":2: 'gpu_memory_utilization' of m#3 cannot be had: it needs 0.49 of the memory of 1 GPU",
        ),
        (
            "hosts: [{name: h, gpus: [80]}]\n" + MODEL + "weights_gb: 90}]",
            "0.9 × 80 GB = 72.0 GB is less than the 90.0 GB of weights on it",
        ),
        (
            "hosts: [{name: h, ports: 8100-8101}]\n" + MODEL + "replicas: 3}]",
            ":1: 'ports' 8100-8101 are fewer than the servers of h.",
        ),
        (MODEL + "replicas: 101}]", "spec.yaml: 'ports' 8100-8199 are fewer than the servers of localhost."),
    ],
)
def test_what_cannot_be_planned_is_refused_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    spec = spec_of(tmp_path, text)
    with pytest.raises(SpecError) as caught:
        plan(spec)
    assert str(caught.value).startswith(str(spec.source))
    assert message in str(caught.value)


def test_ports_that_are_given_are_left_out_of_the_range(tmp_path: Path) -> None:
    spec = spec_of(
        tmp_path, "models:\n  - {name: a, path: p}\n  - {name: b, path: p, port: 8100}\n  - {name: c, path: p}\n"
    )
    assert [server.port for server in plan(spec)] == [8101, 8100, 8102]
