"""The files of all eighteen variants, as they were; and as accelerate and bash read them.

After a change that is meant: `pytest tests/training/test_launch_files.py --write-golden`, and look at the difference.
"""

import json
import os
import subprocess
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.training.launches import launch
from training.grid import GRID, Variant, variant_named
from training.launching.axolotl import axolotl_yaml, without_marks
from training.launching.hardware import Here
from training.launching.launch import ACCELERATE, RECIPE, SBATCH, Launch
from training.launching.rendering import Slurm, accelerate_yaml, files_of, sbatch_text
from training.sft.templates import LLAMA_3_1

GOLDEN = Path(__file__).parent / "golden" / "launch"
AXOLOTL = "axolotl.yaml"


def on_slurm(variant: Variant, *argv: str) -> Launch:
    places = {"data": Path("/data") / variant.full_name, "output": Path("/models") / variant.full_name}
    return launch("--launcher", "slurm", "--dry-run", *argv, variant=variant, **places)


def rendered(variant: Variant) -> dict[str, str]:
    launched = on_slurm(variant)
    axolotl = axolotl_yaml(launched, variant.parts, {}, without_marks(LLAMA_3_1))
    return {**files_of(launched, Slurm(partition="boost", account="lab")), AXOLOTL: axolotl}


@pytest.mark.parametrize("variant", GRID, ids=lambda variant: variant.full_name)
def test_files_of_the_grid(variant: Variant, request: pytest.FixtureRequest) -> None:
    folder = GOLDEN / variant.full_name
    files = rendered(variant)
    if request.config.getoption("--write-golden", default=False):
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
    assert {path.name for path in folder.iterdir()} == {RECIPE, ACCELERATE, SBATCH, AXOLOTL} == set(files)
    for name, text in files.items():
        assert text == (folder / name).read_text(encoding="utf-8"), f"{folder / name} is not what is rendered now"


def test_no_variant_is_without_golden_files() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == {variant.full_name for variant in GRID}


def launched_by_accelerate(path: Path, *argv: str) -> tuple[Namespace, dict[str, str]]:
    """What accelerate itself makes of a file: its arguments, and the environment that it gives to workers."""
    from accelerate.commands.launch import _validate_launch_command, launch_command_parser
    from accelerate.utils.launch import prepare_multi_gpu_env

    arguments = ["--config_file", str(path), *argv, "-m", "training.worker", "recipe.json"]
    args, _, _ = _validate_launch_command(launch_command_parser().parse_args(arguments))
    return args, prepare_multi_gpu_env(args)


@pytest.mark.parametrize("variant", GRID, ids=lambda variant: variant.full_name)
def test_accelerate_reads_its_files(variant: Variant, monkeypatch: pytest.MonkeyPatch) -> None:
    from accelerate.commands.config.config_args import load_config_from_file

    path = GOLDEN / variant.full_name / ACCELERATE
    config = load_config_from_file(str(path))
    assert (config.distributed_type.value, config.mixed_precision) == ("FSDP", "bf16")
    monkeypatch.setattr(os, "environ", dict(os.environ))
    nodes = ("--machine_rank", "1", "--main_process_ip", "node-1", "--main_process_port", "29999")
    args, env = launched_by_accelerate(path, *nodes)
    setup = variant.setup
    assert (args.use_fsdp, args.nnodes, args.nproc_per_node) == (True, str(setup.nodes), "4")
    assert args.node_rank == 1
    assert (env["FSDP_VERSION"], env["FSDP_RESHARD_AFTER_FORWARD"]) == ("2", "true")
    assert (env["FSDP_STATE_DICT_TYPE"], env["FSDP_AUTO_WRAP_POLICY"]) == (
        *("SHARDED_STATE_DICT", "TRANSFORMER_BASED_WRAP"),
    )
    mesh = (env.get("PARALLELISM_CONFIG_DP_REPLICATE_SIZE"), env.get("PARALLELISM_CONFIG_DP_SHARD_SIZE"))
    assert mesh == (("32", "4") if setup.sharding == "hybrid" else (None, None))


def test_accelerates_plugin_takes_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    from accelerate import FullyShardedDataParallelPlugin, ParallelismConfig

    path = GOLDEN / "exp_2_101" / ACCELERATE
    monkeypatch.setattr(os, "environ", dict(os.environ))
    _, env = launched_by_accelerate(path, "--main_process_ip", "node-1", "--main_process_port", "29999")
    for name, value in env.items():
        monkeypatch.setitem(os.environ, name, value)
    plugin = FullyShardedDataParallelPlugin(
        backward_prefetch="NO_PREFETCH", use_orig_params=None, sync_module_states=None
    )
    assert (plugin.fsdp_version, plugin.reshard_after_forward) == (2, True)
    mesh = ParallelismConfig()
    assert (mesh.total_size, mesh._get_mesh()) == (128, (("dp_replicate", "dp_shard"), (32, 4)))


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (("--cpu-processes", "2"), {"distributed_type": "MULTI_GPU", "use_cpu": True, "num_processes": 2}),
        (("--gpus-per-node", "4"), {"distributed_type": "FSDP", "use_cpu": False, "num_processes": 4}),
        (
            ("--gpus-per-node", "4", "--sharding", "none", "--dtype", "fp32"),
            {"distributed_type": "MULTI_GPU", "mixed_precision": "no", "num_processes": 4},
        ),
    ],
)
def test_one_machine(argv: tuple[str, ...], expected: dict[str, Any], tmp_path: Path) -> None:
    from accelerate.commands.config.config_args import load_config_from_file

    path = tmp_path / ACCELERATE
    path.write_text(accelerate_yaml(launch("--launcher", "accelerate", "--dry-run", *argv)))
    config = load_config_from_file(str(path)).to_dict()
    assert {name: config[name] for name in expected} == expected
    assert config.get("parallelism_config") in (None, {})


TELLS = """
import json, sys
from accelerate import Accelerator
# As the trainer of transformers asks for it, where there is no GPU.
state = Accelerator(cpu=True).state
said = [state.distributed_type.value, state.backend, state.num_processes]
open(f"{sys.argv[1]}/{state.process_index}", "w").write(json.dumps(said))
"""


def test_two_processes_on_a_cpu_are_two_processes(tmp_path: Path) -> None:
    config = tmp_path / ACCELERATE
    config.write_text(
        accelerate_yaml(launch("--launcher", "accelerate", "--cpu-processes", "2", "--dry-run", here=Here()))
    )
    (tmp_path / "tells.py").write_text(TELLS)
    starts = [sys.executable, "-m", "accelerate.commands.launch", "--config_file", str(config)]
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    run = [*starts, "--main_process_port", "0", str(tmp_path / "tells.py"), str(tmp_path)]
    done = subprocess.run(run, env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert [json.loads((tmp_path / name).read_text()) for name in "01"] == [["MULTI_CPU", "gloo", 2]] * 2


@pytest.mark.parametrize("launcher", ["local", "accelerate"])
def test_one_process_is_started_without_accelerate(launcher: str) -> None:
    launched = launch("--launcher", launcher, "--dry-run", here=Here())
    assert launched.command == [
        *("/venv/bin/python", "-m", "training.worker", "/models/recipe.json", "--resume", "auto"),
    ]
    assert set(files_of(launched, Slurm())) == {RECIPE}


def test_one_process_on_slurm() -> None:
    launched = launch("--launcher", "slurm", "--nodes", "1", "--gpus-per-node", "1", "--dry-run")
    files = files_of(launched, Slurm(setup=("module load cuda",)))
    assert set(files) == {RECIPE, SBATCH}
    assert 'srun --kill-on-bad-exit=1 /venv/bin/python -m training.worker "$output/recipe.json" --resume auto &' in (
        files[SBATCH].splitlines()
    )
    assert "accelerate" not in files[SBATCH]


@pytest.mark.parametrize("variant", GRID, ids=lambda variant: variant.full_name)
def test_bash_and_yaml_can_be_parsed(variant: Variant) -> None:
    folder = GOLDEN / variant.full_name
    subprocess.run(["bash", "-n", folder / SBATCH], check=True)
    axolotl = yaml.safe_load((folder / AXOLOTL).read_text())
    assert [each["type"] for each in axolotl["datasets"]] == [
        "completion" if part == "corpus_eu" else "chat_template" for part in variant.parts
    ]
    assert axolotl["seed"] == variant.seed
    assert axolotl["micro_batch_size"] * axolotl["gradient_accumulation_steps"] * variant.setup.nodes * 4 == (
        variant.setup.sequences_per_step
    )


def test_paths_with_spaces_and_quotes_survive_the_shell(tmp_path: Path) -> None:
    variant = variant_named("exp_2_101")
    output = tmp_path / "a 'b' $c"
    launched = launch("--launcher", "slurm", "--dry-run", variant=variant, output=output)
    text = sbatch_text([launched], Slurm(setup=("echo set up",)), job_name="j", folder=output)
    lines = text.splitlines()
    begin, end = lines.index("outputs=("), lines.index(")")
    shell = "\n".join([*lines[begin : end + 1], 'printf %s "${outputs[0]}"'])
    assert subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=True).stdout == str(output)
    assert "echo set up" in lines


def test_axolotls_template_renders_the_same_without_marks() -> None:
    from jinja2 import Environment

    messages = [{"role": "user", "content": "Kaixo"}, {"role": "assistant", "content": "Bai"}]
    text = without_marks(LLAMA_3_1)
    assert "generation" not in text.replace("add_generation_prompt", "")
    shown = Environment().from_string(text).render(messages=messages, bos_token="<|begin_of_text|>")
    assert shown.endswith("<|start_header_id|>assistant<|end_header_id|>\n\nBai<|eot_id|>")


def test_axolotl_of_an_adapter_of_ones_own() -> None:
    launched = launch("--lora", "--lora-targets", "q_proj", "--launcher", "slurm", "--nodes", "1", "--dry-run")
    value = yaml.safe_load(axolotl_yaml(launched, ("instructions_eu",), {"instructions_eu": "/eu.jsonl"}, ""))
    assert (value["adapter"], value["lora_r"], value["lora_target_modules"]) == ("lora", 16, ["q_proj"])
    assert (value["datasets"][0]["path"], value["datasets"][0]["chat_template"]) == ("/eu.jsonl", "tokenizer_default")
    assert (value["dp_shard_size"], "dp_replicate_size" in value) == (4, False)
