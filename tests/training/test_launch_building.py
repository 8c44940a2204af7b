"""From options to a launch: the study's figures, this machine's, the data's, and what cannot be."""

from pathlib import Path

import pytest

from tests.training.launches import launch, options, prepared
from training.exceptions import BadManifest, CannotLaunch, DoesNotDivide, TrainingError
from training.grid import variant_named
from training.launching.building import launch_of, of_grid, of_ones_own
from training.launching.describing import described
from training.launching.hardware import Here, suited
from training.launching.machines import Machines, sharding_for
from training.launching.rendering import Slurm
from training.recipes import Lora

CARD = Here(gpus=1, has_flash_attention=True, has_liger=True)


def test_on_a_cpu_the_studys_kernels_are_left_out_and_that_is_said() -> None:
    found = launch("--dry-run", here=Here())
    assert (found.recipe.dtype, found.recipe.attention, found.recipe.liger) == ("fp32", "sdpa", False)
    assert (found.recipe.sharding, found.machines.processes) == ("none", 1)
    assert len([note for note in found.notes if "instead of" in note or "no Liger" in note]) == 3


def test_what_is_given_is_taken_and_not_excused() -> None:
    found = launch("--dry-run", "--dtype", "bf16", "--attention", "eager", "--no-liger", "--seed", "7", here=Here())
    assert (found.recipe.dtype, found.recipe.attention, found.recipe.liger) == ("bf16", "eager", False)
    assert found.recipe.seed == 7
    assert [note for note in found.notes if not note.startswith("Not ready")] == []


def test_a_card_has_what_its_packages_allow() -> None:
    assert suited(CARD, uses_gpus=True) == {}
    assert set(suited(Here(gpus=1), uses_gpus=True)) == {"attention", "liger"}


@pytest.mark.parametrize(
    ("machines", "wished", "had"),
    [
        (Machines(32, 4), "hybrid", "hybrid"),
        (Machines(1, 4), "hybrid", "full"),
        (Machines(4, 1), "hybrid", "full"),
        (Machines(64, 4), "full", "full"),
        (Machines(1, 1), "full", "none"),
        (Machines(2, 0, 2), "hybrid", "none"),
    ],
)
def test_sharding_as_far_as_machines_allow(machines: Machines, wished: str, had: str) -> None:
    assert sharding_for(machines, wished) == had


@pytest.mark.parametrize(
    ("argv", "kind", "told"),
    [
        (["--gpus-per-node", "3"], DoesNotDivide, r"256 / 6 = 42\.67 is no whole number .* Take 2 or 4 GPUs"),
        (["--launcher", "slurm", "--nodes", "5"], DoesNotDivide, "over 20 GPUs × 2 a device"),
        (["--cpu-processes", "3"], DoesNotDivide, "over 3 processes"),
        (["--nodes", "2"], CannotLaunch, "starts one node, not 2. Take --launcher slurm"),
        (["--gpus-per-node", "2"], CannotLaunch, "starts one process, not 2. Take --launcher accelerate"),
        (["--sharding", "full"], CannotLaunch, "needs GPUs: on a CPU accelerate would"),
        (["--sharding", "full", "--gpus-per-node", "1"], CannotLaunch, "needs several GPUs"),
        (
            ["--sharding", "hybrid", "--gpus-per-node", "4", "--launcher", "accelerate"],
            CannotLaunch,
            "needs 2 nodes or more with 2 GPUs or more each, and there are 1 × 4. Take --sharding full",
        ),
        (["--resume", "yes"], CannotLaunch, "--resume yes: there is no such checkpoint"),
        (["--warmup", "2"], TrainingError, "warmup must be from 0 to 1"),
    ],
)
def test_what_cannot_be_started_is_refused(argv: list[str], kind: type[Exception], told: str) -> None:
    with pytest.raises(kind, match=told):
        launch("--dry-run", *argv, here=Here())


def test_gpus_that_are_not_here_are_refused_but_may_be_planned_for(tmp_path: Path) -> None:
    data = prepared(tmp_path / "data")
    with pytest.raises(CannotLaunch, match="--gpus-per-node 4: torch finds 0 GPUs on this machine"):
        launch("--launcher", "accelerate", "--gpus-per-node", "4", data=data, here=Here())
    planned = launch("--launcher", "accelerate", "--gpus-per-node", "4", "--dry-run", data=data, here=Here())
    assert (planned.recipe.dtype, planned.recipe.attention, planned.recipe.sharding) == (
        *("bf16", "flash_attention_2", "full"),
    )


def test_data_say_how_long_sequences_are_and_how_many(tmp_path: Path) -> None:
    data = prepared(tmp_path / "data", rows=100, length=64)
    found = launch("--sequences-per-step", "8", data=data, here=Here())
    assert (found.rows, found.recipe.sequence_length, found.tokens_per_step) == (100, 64, 512)
    # 50 batches of 2, 4 of them a step: 12 whole steps and half a one.
    assert (found.steps_per_epoch, found.steps) == (13, 52)
    assert launch("--sequences-per-step", "8", "--epochs", "0.5", data=data, here=Here()).steps == 7
    assert launch("--max-steps", "5", data=data, here=Here()).steps == 5


@pytest.mark.parametrize(
    ("argv", "parts", "told"),
    [
        (("--sequence-length", "128"), ("corpus_eu", "instructions_en"), "with sequences of 64 tokens, and .* is 128"),
        ((), ("corpus_eu",), r"holds corpus_eu, and the mix of exp_2_101 is corpus_eu \+ instructions_en"),
        ((), (), "holds nothing, and the mix of"),
    ],
)
def test_data_of_another_kind_are_refused(
    argv: tuple[str, ...], parts: tuple[str, ...], told: str, tmp_path: Path
) -> None:
    with pytest.raises(CannotLaunch, match=told):
        launch(*argv, data=prepared(tmp_path / "data", parts=parts), here=Here())


def test_data_that_are_not_there_are_refused_but_may_be_planned_for(tmp_path: Path) -> None:
    with pytest.raises(BadManifest, match="no folder of a stage"):
        launch(data=tmp_path, here=Here())
    planned = launch("--dry-run", data=tmp_path, here=Here())
    assert (planned.rows, planned.steps, planned.recipe.data_sha256) == (None, None, "")
    assert "Note: Not ready: " in described(planned, Slurm())


def test_data_without_rows_or_of_another_stage_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadManifest, match="no rows to train on"):
        launch(data=prepared(tmp_path / "empty", rows=0), here=Here())
    data = prepared(tmp_path / "data")
    manifest = data / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"prepare_sft"', '"magpie_generate"'))
    with pytest.raises(BadManifest, match="made by magpie_generate, and training reads what prepare_sft makes"):
        launch(data=data, here=Here())


def test_adapters_have_a_rate_of_their_own() -> None:
    found = launch("--lora", "--lora-rank", "8", "--dry-run", here=Here())
    assert (found.recipe.lora, found.recipe.learning_rate) == (Lora(rank=8), 1e-4)
    assert launch("--lora", "--learning-rate", "3e-4", "--dry-run", here=Here()).recipe.learning_rate == 3e-4


def test_a_backbone_from_elsewhere_is_taken_for_a_copy_and_that_is_said(tmp_path: Path) -> None:
    variant = variant_named("exp_0_110")
    assert of_grid(variant).note == ""
    assert "is taken for a copy of Llama-3.1-8B" in of_grid(variant, base=str(tmp_path)).note
    said = of_grid(variant, base=str(tmp_path), factors={"backbone": "tiny"})
    assert (said.note, said.factors["backbone"], said.factors["corpus"]) == ("", "tiny", "eu")


def test_variants_of_ones_own(tmp_path: Path) -> None:
    subject = of_ones_own("cy_1", base=str(tmp_path), factors={"language": "cy"})
    data = prepared(tmp_path / "data", parts=("corpus_eu",))
    found = launch_of(subject, data=data, output=tmp_path, options=options(), here=Here(), project=tmp_path)
    assert (found.recipe.name, found.recipe.base, found.recipe.factors) == ("cy_1", str(tmp_path), {"language": "cy"})
    with pytest.raises(CannotLaunch, match="needs --base"):
        of_ones_own("cy_1", base="", factors={})
    with pytest.raises(CannotLaunch, match=r"'\.\./cy' is no name"):
        of_ones_own("../cy", base="a/b", factors={})


@pytest.mark.parametrize("base", ["./none", "/none", "~/none", "a/b/c"])
def test_a_base_that_is_no_folder_and_no_hub_id_is_refused(base: str) -> None:
    subject = of_ones_own("own", base=base, factors={})
    with pytest.raises(CannotLaunch, match="there is no such folder"):
        launch_of(
            subject,
            data=Path("d"),
            output=Path("o"),
            options=options("--dry-run"),
            here=Here(),
            project=Path("/lehia"),
        )


def test_paths_do_not_depend_on_where_the_worker_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = launch("--dry-run", data=Path("data"), output=Path("out"), here=Here())
    assert (found.recipe.data, found.recipe.output) == (str(tmp_path / "data"), str(tmp_path / "out"))


def test_the_plan_in_words() -> None:
    text = described(launch("--launcher", "slurm", "--dry-run"), Slurm())
    assert "32 × 4 GPUs, sharding hybrid" in text
    assert "256 sequences = 128 GPUs × 2 a device × 1 (gradient accumulation); up to 2,097,152 tokens" in text
    assert "files      /models/recipe.json, /models/accelerate.yaml, /models/train.sbatch" in text
    assert "command    sbatch /models/train.sbatch" in text
