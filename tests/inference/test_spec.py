from pathlib import Path

import pytest

from inference.engine.spec import ModelSpec, load_spec
from inference.engine.vllm_args import server_command
from inference.exceptions import SpecError

ROOT = Path(__file__).resolve().parents[2]
SPECS = ROOT / "docs" / "specs"

WHOLE = """\
hosts:
  - name: localhost
models:
  - name: latxa-8b
    hub_id: HiTZ/Latxa-Llama-3.1-8B-Instruct
    revision: abc123
    port: 8101
    dtype: bfloat16
    max_model_len: 8192
    chat_template: docs/specs/template.jinja
    gpu_memory_utilization: 0.49
    tensor_parallel_size: 2
    system_prompt_mode: user_turn
    extra_args: [--seed, 7]
    env: {CUDA_VISIBLE_DEVICES: 0}
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "spec.yaml"
    path.write_text(text)
    return path


def test_a_whole_spec(tmp_path: Path) -> None:
    spec = load_spec(write(tmp_path, WHOLE))
    assert [host.name for host in spec.hosts] == ["localhost"]
    assert spec.models == (
        ModelSpec(
            name="latxa-8b",
            hub_id="HiTZ/Latxa-Llama-3.1-8B-Instruct",
            revision="abc123",
            port=8101,
            dtype="bfloat16",
            max_model_len=8192,
            chat_template="docs/specs/template.jinja",
            gpu_memory_utilization=0.49,
            tensor_parallel_size=2,
            system_prompt_mode="user_turn",
            extra_args=("--seed", "7"),
            env={"CUDA_VISIBLE_DEVICES": "0"},
        ),
    )
    assert spec.models[0].base_url == "http://127.0.0.1:8101/v1"


def one(line: str) -> str:
    return f"models:\n  - name: m\n    path: p\n    port: 8100\n    {line}\n"


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
        ("models:\n  - {path: p, port: 8100}\n", ":2", "'name' is missing"),
        ("models:\n  - {name: m, path: p}\n", ":2", "'port' is missing"),
        ("models:\n  - {name: m, port: 8100}\n", ":2", "'path' or 'hub_id'"),
        ("models:\n  - {name: m, path: p, port: 80}\n", ":2", "'port' must be a whole number from 1024"),
        ("models:\n  - {name: 'a b', path: p, port: 8100}\n", ":2", "'name' must look like"),
        ("models:\n  - {name: m, hub_id: nothing, port: 8100}\n", ":2", "'hub_id' must look like"),
        (
            "models:\n  - {name: m, path: p, port: 8100}\n  - {name: m, path: p, port: 8101}\n",
            ":3",
            "'name' m is given twice",
        ),
        (
            "models:\n  - {name: m, path: p, port: 8100}\n  - {name: n, path: p, port: 8100}\n",
            ":3",
            "'port' 8100 is given twice",
        ),
        (one("dtype: auto") + "hosts: [{name: gpu7}]\n", ":6", "'name' must be localhost"),
        (one("dtype: auto") + "hosts: [{name: localhost, gpus: 8}]\n", ":6", "'gpus' is unknown"),
        (one("dtype: auto") + "hosts: [{}]\n", ":6", "'name' is missing"),
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
    for model in load_spec(path).models:
        assert not model.chat_template or (ROOT / model.chat_template).exists()


def test_four_gpus_are_given_by_their_numbers() -> None:
    (model,) = load_spec(SPECS / "latxa-70b.yaml").models
    assert model.env["CUDA_VISIBLE_DEVICES"].split(",") == ["0", "1", "2", "3"]
    assert model.tensor_parallel_size == 4


def test_the_command_of_a_model_from_the_hub(tmp_path: Path) -> None:
    (model,) = load_spec(write(tmp_path, WHOLE)).models
    command = server_command(model, python=Path("/engine/python"), root=Path("/lehia"))
    assert " ".join(command.arguments) == (
        "/engine/python -m vllm.entrypoints.openai.api_server --model HiTZ/Latxa-Llama-3.1-8B-Instruct"
        " --served-model-name latxa-8b --host 127.0.0.1 --port 8101 --dtype bfloat16 --revision abc123"
        " --max-model-len 8192 --chat-template /lehia/docs/specs/template.jinja"
        " --gpu-memory-utilization 0.49 --tensor-parallel-size 2 --seed 7"
    )
    assert command.env == {"VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1", "CUDA_VISIBLE_DEVICES": "0"}


def test_the_command_of_the_demo() -> None:
    (model,) = load_spec(SPECS / "demo.yaml").models
    command = server_command(model, python=Path("/engine/python"), root=Path("/lehia"))
    assert " ".join(command.arguments) == (
        "/engine/python -m vllm.entrypoints.openai.api_server --model /lehia/var/models/smollm2-135m-instruct"
        " --served-model-name smollm2-135m-instruct --host 127.0.0.1 --port 8100 --dtype bfloat16"
        " --max-model-len 2048 --enforce-eager"
    )
    assert command.env["VLLM_CPU_KVCACHE_SPACE"] == "1"
    assert command.env["HF_HUB_OFFLINE"] == "1"
