"""Reading a spec: what it says, and every way in which it can be wrong."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from inference.engine.spec import AdapterSpec, HostedSpec, HostSpec, ModelSpec, SlurmSpec, load_spec
from inference.exceptions import SpecError

ROOT = Path(__file__).resolve().parents[2]
SPECS = ROOT / "docs" / "specs"

WHOLE = """\
hosts:
  - name: gpu-a
    address: 10.0.0.11
    gpus: {count: 2, memory_gb: 80}
    ports: 9000-9009
    python: /opt/vllm/bin/python
    slurm: {partition: gpu, cpus_per_task: 8, time: "2-00:00:00", options: [--exclusive], setup: [module load cuda]}
  - name: small
    gpus: [24, 48]
models:
  - name: latxa-8b
    hub_id: HiTZ/Latxa-Llama-3.1-8B-Instruct
    revision: abc123
    port: 8101
    dtype: bfloat16
    max_model_len: 8192
    chat_template: docs/specs/llama-3.1-fixed-date.jinja
    gpu_memory_utilization: 0.49
    weights_gb: 16.1
    kv_cache_gb: 4
    tensor_parallel_size: 2
    host: gpu-a
    gpus: [0, 1]
    adapters:
      - {name: formal, hub_id: HiTZ/formal, revision: v2}
    max_lora_rank: 32
    reasoning_parser: deepseek_r1
    system_prompt_mode: user-turn
    max_concurrent_answers: 12
    extra_args: [--seed, 7]
    env: {HF_HOME: /data/hub}
  - {name: spread, path: p, weights_gb: 5, gpu_memory_utilization: fit, replicas: 2, host: [small, gpu-a]}
  - {name: gpt, base_url: "https://api.openai.com/v1", model_name: gpt-4o, api_key_env: OPENAI_API_KEY}
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "spec.yaml"
    path.write_text(text)
    return path


def test_a_whole_spec(tmp_path: Path) -> None:
    spec = load_spec(write(tmp_path, WHOLE))
    slurm = SlurmSpec(
        partition="gpu", cpus_per_task=8, time="2-00:00:00", options=("--exclusive",), setup=("module load cuda",)
    )
    assert spec.hosts == (
        HostSpec(
            name="gpu-a",
            address="10.0.0.11",
            gpus=(80, 80),
            ports=(9000, 9009),
            python="/opt/vllm/bin/python",
            slurm=slurm,
        ),
        HostSpec(name="small", gpus=(24, 48)),
    )
    assert spec.models == (
        ModelSpec(
            name="latxa-8b",
            hub_id="HiTZ/Latxa-Llama-3.1-8B-Instruct",
            revision="abc123",
            port=8101,
            dtype="bfloat16",
            max_model_len=8192,
            chat_template="docs/specs/llama-3.1-fixed-date.jinja",
            gpu_memory_utilization=0.49,
            weights_gb=16.1,
            kv_cache_gb=4,
            tensor_parallel_size=2,
            host=("gpu-a",),
            gpus=(0, 1),
            adapters=(AdapterSpec(name="formal", hub_id="HiTZ/formal", revision="v2"),),
            max_lora_rank=32,
            reasoning_parser="deepseek_r1",
            system_prompt_mode="user_turn",
            max_concurrent_answers=12,
            extra_args=("--seed", "7"),
            env={"HF_HOME": "/data/hub"},
        ),
        ModelSpec(
            name="spread",
            path="p",
            weights_gb=5,
            gpu_memory_utilization="fit",
            replicas=2,
            host=("small", "gpu-a"),
        ),
    )
    assert spec.hosted == (
        HostedSpec(name="gpt", base_url="https://api.openai.com/v1", model_name="gpt-4o", api_key_env="OPENAI_API_KEY"),
    )


def test_what_is_brought_in_by_a_merge_can_be_overridden(tmp_path: Path) -> None:
    text = "models:\n  - &m {name: m, path: p, dtype: float16, port: 8100}\n  - <<: *m\n    name: n\n    port: 8101\n"
    first, second = load_spec(write(tmp_path, text)).models
    assert second == replace(first, name="n", port=8101)


def one(line: str) -> str:
    return f"models:\n  - name: m\n    path: p\n    port: 8100\n    {line}\n"


def on_gpus(line: str, gpus: str = "{count: 2, memory_gb: 80}") -> str:
    return f"hosts: [{{name: h, gpus: {gpus}}}]\nmodels:\n  - name: m\n    path: p\n    {line}\n"


def two(first: str, second: str, hosts: str = "") -> str:
    return f"{hosts}models:\n  - {{name: m, path: p, {first}}}\n  - {{name: n, path: p, {second}}}\n"


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("", "", "the file is empty"),
        ("models: [", ":1", "not YAML"),
        ("- a\n", ":1", "must be a mapping"),
        ("hosts: [{name: localhost}]\n", ":1", "'models' is missing"),
        ("models: []\n", ":1", "'models' must be a list of at least one"),
        ("models: 7\n", ":1", "'models' must be a list of at least one"),
        ("models: [a]\n", ":1", "a model must be a mapping"),
        ("model: []\n", ":1", "'model' is unknown"),
        (one("speed: 7"), ":5", "'speed' is unknown"),
        (one("port: 8101"), ":5", "'port' is given twice"),
        (one("hub_id: a/b"), ":2", "'path' or 'hub_id'"),
        (one("revision: abc"), ":5", "'revision' is for models from the hub"),
        (one("dtype: int3"), ":5", "'dtype' must be one of auto"),
        (one("dtype: [auto]"), ":5", "'dtype' must be one of auto"),
        (one("max_model_len: 0"), ":5", "'max_model_len' must be a whole number from 1"),
        (one("max_model_len: yes"), ":5", "'max_model_len' must be a whole number"),
        (one("gpu_memory_utilization: 1.5"), ":5", "'gpu_memory_utilization' must be a number above 0"),
        (one("tensor_parallel_size: two"), ":5", "'tensor_parallel_size' must be a whole number"),
        (one("system_prompt_mode: maybe"), ":5", "'system_prompt_mode' must be one of system"),
        (one("extra_args: --seed 7"), ":5", "'extra_args' must be a list"),
        (one("env: {lower: 1}"), ":5", "'env' must be a mapping of variables"),
        (one("env: {A: *nothing}"), ":5", "not YAML"),
        ("models: " + "[" * 3000, "", "too deep to be read"),
        (one("[dtype]: auto"), ":5", "a key of a model must be a word"),
        (one('chat_template: "a\\0b"'), ":5", "'chat_template' must be text"),
        (one('extra_args: ["a\\0b"]'), ":5", "'extra_args' must be a list"),
        (one('chat_template: "a\\ud800"'), ":5", "'chat_template' must be text"),
        (one(f"chat_template: {'t' * 300}"), ":5", "'chat_template' must be a path, and is longer than any"),
        (one("dtype: !!bool maybe"), ":5", "'dtype' is no value of its kind"),
        (one("max_model_len: !!int ''"), ":5", "'max_model_len' is no value of its kind"),
        (one('env: {A: "a\\0b"}'), ":5", "'env' must have a text or a number"),
        (one("env: {A: }"), ":5", "'env' must have a text or a number for each variable"),
        (one("extra_args: [--flag, true]"), ":5", "'extra_args' must be a list"),
        ("models: \0", "", "this is not YAML: unacceptable character"),
        ("models:\n  - &m {<<: *m, name: m}\n", ":2", "'<<' leads back to itself"),
        (one("<<: {<<: [{path: q}, {dtype: 7}]}"), ":5", "'dtype' must be one of"),
        ("models:\n  - {path: p, port: 8100}\n", ":2", "'name' is missing"),
        ("models:\n  - {name: m, port: 8100}\n", ":2", "'path' or 'hub_id'"),
        ("models:\n  - {name: m, path: p, port: 80}\n", ":2", "'port' must be a whole number from 1024"),
        ("models:\n  - {name: 'a b', path: p, port: 8100}\n", ":2", "'name' must look like"),
        (f"models:\n  - {{name: {'m' * 101}, path: p}}\n", ":2", "'name' must look like"),
        (f"models:\n  - {{name: m, hub_id: a/b, revision: {'7' * 101}x}}\n", ":2", "'revision' must be at most 100"),
        ("models:\n  - {name: m, hub_id: nothing, port: 8100}\n", ":2", "'hub_id' must look like"),
        ("models:\n  - {name: m, hub_id: --help/me, port: 8100}\n", ":2", "'hub_id' must look like"),
        (
            "models:\n  - {name: m, path: p, port: 8100}\n  - {name: m, path: p, port: 8101}\n",
            ":3",
            "'name' m is given twice, first in line 2",
        ),
        (
            "models:\n  - {name: m, path: p, port: 8100}\n  - {name: n, path: p, port: 8100}\n",
            ":3",
            "'port' 8100 is given twice: m has it on localhost too",
        ),
        (one("env: {CUDA_VISIBLE_DEVICES: 0}"), ":5", "'env' must not set CUDA_VISIBLE_DEVICES"),
        (one("extra_args: [--port, 8101]"), ":5", "'extra_args' must not have --port: the spec's key port sets it"),
        (one("extra_args: ['--max_model_len=9']"), ":5", "the spec's key max_model_len sets it"),
        (one("extra_args: [--tensor-parallel, 2]"), ":5", "the spec's key tensor_parallel_size sets it"),
        (one("extra_args: [--api-key, s3cret]"), ":5", "must not have --api-key: the arena could not ask the server"),
        (one("env: {VLLM_API_KEY: s3cret}"), ":5", "'env' must not set VLLM_API_KEY: the arena could not ask"),
        (one("extra_args: [-dp, 2]"), ":5", "must not have -dp: the spec's key replicas sets it"),
        (one("chat_template: nowhere.jinja"), ":5", "'chat_template' is not there: "),
        (one("replicas: 2"), ":4", "'port' must be left out where there are several replicas"),
        (one("replicas: 0"), ":5", "'replicas' must be a whole number from 1"),
        (one("weights_gb: heavy"), ":5", "'weights_gb' must be a number of gigabytes"),
        (one("max_lora_rank: 17"), ":5", "'max_lora_rank' must be one of 1, 8, 16"),
        (one("max_lora_rank: true"), ":5", "'max_lora_rank' must be one of 1, 8, 16"),
        (one("max_lora_rank: 16.0"), ":5", "'max_lora_rank' must be one of 1, 8, 16"),
        (one("max_lora_rank: 16"), ":5", "'max_lora_rank' is for models with adapters, and none are named"),
        (one("reasoning_parser: 'a b'"), ":5", "'reasoning_parser' must look like"),
        (one("host: gpu7"), ":5", "'host' gpu7 is not among the hosts: localhost"),
        (one("host: [localhost, localhost]"), ":5", "'host' must be one or a list of different ones"),
        (one("tensor_parallel_size: 2"), ":5", "'tensor_parallel_size' needs GPUs, and none are named"),
        (one("gpu_memory_utilization: fit"), ":5", "'gpu_memory_utilization' fit needs GPUs"),
        (one("gpus: 0"), ":5", "'gpus' needs GPUs"),
        (one("api_key_env: A_API_KEY"), ":5", "'api_key_env' is unknown; a model without base_url may have"),
        (one("adapters: []"), ":5", "'adapters' must be a list of at least one"),
        (one("adapters: [{name: a}]"), ":5", "'path' or 'hub_id' must be given"),
        (one("adapters: [{path: a}]"), ":5", "'name' is missing"),
        (one("adapters: [{name: a, rank: 7, path: b}]"), ":5", "'rank' is unknown; an adapter may have"),
        (one("adapters: [{name: m, hub_id: a/b}]"), ":5", "'name' m is given twice, first in line 2"),
        (one("<<: 7"), ":5", "a model must be a mapping"),
        (on_gpus("gpus: 2"), ":5", "'gpus' names GPU 2, which is not there: h has 2, numbered from 0"),
        (on_gpus("gpus: [0, 1]"), ":5", "'gpus' names 2, but one server needs 1"),
        (on_gpus("gpu_memory_utilization: fit"), ":5", "fit needs the size of the weights"),
        (on_gpus("dtype: auto", "8"), ":1", "'gpus' must be like {count: 8, memory_gb: 80}"),
        (on_gpus("dtype: auto", "{count: 0, memory_gb: 80}"), ":1", "'gpus' must be a whole number from 1"),
        (on_gpus("dtype: auto", "[80, none]"), ":1", "'gpus' must be a number of gigabytes"),
        (two("port: 8100", "adapters: [{name: m, hub_id: a/b}]"), ":3", "'name' m is given twice"),
        (
            two("port: 8100, host: a", "port: 8100, host: [a, b]", "hosts: [{name: a}, {name: b}]\n"),
            ":4",
            "'port' 8100 is given twice: m has it on a too",
        ),
        (
            two("port: 8100, host: a", "port: 8100, host: b", "hosts: [{name: a, slurm: {}}, {name: b, slurm: {}}]\n"),
            ":4",
            "'port' 8100 is given twice: m has it on a node of Slurm too",
        ),
        (one("dtype: auto") + "hosts: [{name: a, slurm: {time: 12:00:00}}]\n", ":6", "'time' must look like"),
        ("models: [{base_url: 'https://a/v1'}]", ":1", "'name' is missing"),
        ("models: [{name: a, base_url: 'ftp://a/v1'}]", ":1", "'base_url' must look like https://"),
        ("models: [{name: a, base_url: 'https://a/v1?key=7'}]", ":1", "'base_url' must look like https://"),
        ('models: [{name: a, base_url: "https://a/\\0"}]', ":1", "'base_url' must look like https://"),
        ("models: [{name: a, base_url: 'https:///v1'}]", ":1", "'base_url' must name a host"),
        ("models: [{name: a, base_url: 'https://a:99999/v1'}]", ":1", "'base_url' must name a host, and no port above"),
        ("models: [{name: a, base_url: 'https://a/v1', path: p}]", ":1", "'path' is unknown; a model with a base_url"),
        ("models: [{name: a, base_url: 'https://a/v1', api_key_env: sk-7}]", ":1", "'api_key_env' must look like"),
        (
            f"models: [{{name: a, base_url: 'https://a/v1', api_key_env: {'A' * 93}_API_KEY}}]",
            ":1",
            "'api_key_env' must look like OPENAI_API_KEY, with at most 100",
        ),
        (one("dtype: auto") + f"hosts: [{{name: {'h' * 254}}}]\n", ":6", "'name' must look like gpu-node-1"),
        (one("dtype: auto") + "hosts: [{name: a, address: 0.0.0.0}]\n", ":6", "'address' must be one that others can"),
        (one("dtype: auto") + 'hosts: [{name: a, slurm: {mem: "2\\r3"}}]\n', ":6", "must be one line of text"),
        (one("dtype: auto") + "hosts: [{name: localhost, cpus: 8}]\n", ":6", "'cpus' is unknown"),
        (one("dtype: auto") + "hosts: [{}]\n", ":6", "'name' is missing"),
        (one("dtype: auto") + "hosts: [{name: a}, {name: a}]\n", ":6", "'name' a is given twice"),
        (one("dtype: auto") + "hosts: [{name: a, address: b}, {name: b}]\n", ":6", "'address' b is that of a already"),
        (one("dtype: auto") + "hosts: [{name: a, ports: 8100}]\n", ":6", "'ports' must be like 8100-8199"),
        (one("dtype: auto") + "hosts: [{name: a, ports: 8199-8100}]\n", ":6", "'ports' must begin with the smaller"),
        (one("dtype: auto") + "hosts: [{name: a, slurm: {queue: b}}]\n", ":6", "'queue' is unknown; slurm may have"),
        (one("dtype: auto") + 'hosts: [{name: a, slurm: {partition: "a\\nb"}}]\n', ":6", "must be one line of text"),
    ],
)
def test_a_wrong_spec_is_refused_naming_file_line_and_key(tmp_path: Path, text: str, line: str, message: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(SpecError) as caught:
        load_spec(path)
    assert str(caught.value).startswith(f"{path}{line}: ")
    assert message in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"nothing\.yaml: cannot be read"):
        load_spec(tmp_path / "nothing.yaml")


@pytest.mark.parametrize("path", sorted(SPECS.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_specs_in_docs_are_right(path: Path) -> None:
    assert load_spec(path).models


def adapter(folder: Path, config: object) -> str:
    (folder / "a").mkdir()
    (folder / "a" / "adapter_config.json").write_text(json.dumps(config))
    (folder / "a" / "adapter_model.safetensors").write_bytes(b"")
    return one("adapters: [{name: a, path: a}]")


def test_the_rank_of_an_adapter_is_read_from_its_files(tmp_path: Path) -> None:
    text = adapter(tmp_path, {"peft_type": "LORA", "r": 8, "rank_pattern": {"q_proj": 24}})
    (model,) = load_spec(write(tmp_path, text), root=tmp_path).models
    assert [each.rank for each in model.adapters] == [24]


@pytest.mark.parametrize("config", [{}, [], "r", {"r": "many"}, {"r": 0}, {"peft_type": "IA3", "r": 8}])
def test_an_adapter_whose_config_says_no_rank_is_refused(tmp_path: Path, config: object) -> None:
    path = write(tmp_path, adapter(tmp_path, config))
    with pytest.raises(SpecError, match=r"spec.yaml:5: 'path' is no adapter: .*adapter_config.json has no rank"):
        load_spec(path, root=tmp_path)


def test_an_adapter_above_the_highest_rank_is_refused(tmp_path: Path) -> None:
    text = adapter(tmp_path, {"r": 64}) + "    max_lora_rank: 32\n"
    with pytest.raises(SpecError, match=r"spec.yaml:5: 'path' is an adapter of rank 64, above max_lora_rank 32 of m"):
        load_spec(write(tmp_path, text), root=tmp_path)


def test_an_adapter_that_is_not_there_or_none_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, one("adapters: [{name: a, path: a}]"))
    folder = tmp_path / "a"
    for message, make in (
        ("is no folder: .*/a, the adapter a of m", folder.mkdir),
        ("has no adapter_config.json", lambda: (folder / "adapter_config.json").write_text("{}")),
        ("has no adapter_model.safetensors", lambda: None),
    ):
        with pytest.raises(SpecError, match=f"spec.yaml:5: 'path' is no .*{message.removeprefix('is no ')}"):
            load_spec(path, root=tmp_path)
        make()


def test_the_weights_are_measured_where_they_are_on_the_disk(tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    for name in ("one.safetensors", "two.safetensors", "old.bin"):
        (tmp_path / "p" / name).write_bytes(b"0" * 1_000_000)
    (model,) = load_spec(write(tmp_path, one("dtype: auto")), root=tmp_path).models
    assert model.weights_gb == 0.002
