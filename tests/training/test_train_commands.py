"""`train_variant` and `train_grid`, as they are typed, with the real worker and a tiny model."""

import json
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import CommandError, call_command

from tests.training.launches import prepared
from training.enums import RunState
from training.exceptions import TrainingFailed
from training.grid import variants_of
from training.launching.launch import Launch
from training.models import PipelineRun
from training.worker.folder import RunFolder

pytestmark = pytest.mark.django_db

MIXES = {
    "101": ("corpus_eu", "instructions_en"),
    "100": ("corpus_eu",),
    "010": ("instructions_eu",),
}


def run(*argv: Any) -> str:
    out = StringIO()
    call_command(*[str(each) for each in argv], stdout=out)
    return out.getvalue()


@pytest.fixture
def rows(tmp_path: Path, tiny_model: Path) -> Path:
    """A few short texts and conversations, prepared as the mix of exp_2_101."""
    folder = tmp_path
    texts = [{"text": f"Kaixo, mundua: {number}. Zer moduz?"} for number in range(24)]
    turns = [{"from": "human", "value": "Zenbat?"}, {"from": "gpt", "value": "Bat."}]
    chats = [{"instruction": "Zenbat?", "response": "Bat.", "conversations": turns} for _ in range(8)]
    for name, lines in (("corpus", texts), ("en", chats)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    sources = ("--corpus", folder / "corpus.jsonl", "--instructions-en", folder / "en.jsonl")
    where = ("--tokenizer", tiny_model, "--output", folder / "101")
    run("prepare_sft", "--variant", "exp_2_101", *sources, *where, "--sequence-length", 128, "--validation-share", 0)
    return folder / "101"


def test_a_variant_is_trained_by_the_real_worker(tmp_path: Path, rows: Path, tiny_model: Path) -> None:
    asked = ("train_variant", "exp_2_101", "--data", rows, "--output", tmp_path / "out", "--base", tiny_model)
    asked = (*asked, "--max-steps", 2, "--sequences-per-step", 4, "--factors", "backbone=tiny")
    said = run(*asked)
    assert "2 (--max-steps)" in said and f"exp_2_101 is trained: {tmp_path / 'out' / 'model'}" in said
    about = json.loads((tmp_path / "out" / "model" / "lehia-model.json").read_text())
    assert (about["name"], about["steps"], about["kind"]) == ("exp_2_101", 2, "full")
    assert (about["factors"]["backbone"], about["factors"]["corpus"]) == ("tiny", "eu")
    record = PipelineRun.objects.get(stage="train_variant")
    assert (record.state, record.done, record.total) == (RunState.FINISHED, 2, 2)
    assert run(*asked).startswith("exp_2_101 is trained: ")
    assert PipelineRun.objects.filter(stage="train_variant").count() == 1
    with pytest.raises(CommandError, match=r"another run \(learning_rate is 1e-05 there, and 0\.1 here\)"):
        run(*asked, "--learning-rate", 0.1)


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["exp_9_101"], r"no variant 'exp_9_101' at 8B\. It has exp_0_010, exp_0_011"),
        (["exp_2_001"], "equals the released model meta-llama/Llama-3.1-8B-Instruct: there is nothing to train"),
        (["exp_0_101", "--size", "70B"], r"at 70B\. It has exp_2_101\."),
        (["exp_2_101", "--gpus-per-node", "3"], r"256 / 6 = 42\.67 is no whole number"),
        (["exp_2_101"], "no folder of a stage"),
        (["mine", "--own"], "What does mine start from"),
    ],
)
def test_bad_input_is_told_in_a_sentence(argv: list[str], told: str, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=told):
        run("train_variant", *argv, "--data", tmp_path, "--output", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_dry_run_writes_nothing_unless_it_is_asked_to(tmp_path: Path) -> None:
    asked = ("train_variant", "exp_2_101", "--size", "70B", "--data", tmp_path / "none", "--output", tmp_path / "out")
    asked = (*asked, "--launcher", "slurm", "--dry-run")
    assert "512 sequences = 256 GPUs × 2 a device × 1" in run(*asked)
    assert not (tmp_path / "out").exists()
    run(*asked, "--write")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        *("recipe.json", "accelerate.yaml", "train.sbatch", "log"),
    }
    assert not PipelineRun.objects.exists()


def test_axolotls_configuration_is_printed_or_written(tmp_path: Path) -> None:
    asked = ("train_variant", "exp_2_010", "--data", "data", "--output", "/models/x", "--source", "instructions_eu=/eu")
    printed = run(*asked, "--export-axolotl", "-")
    assert run(*asked, "--export-axolotl", tmp_path / "axolotl.yaml").startswith("Written: ")
    assert (tmp_path / "axolotl.yaml").read_text().strip() == printed.strip()
    value = yaml.safe_load(printed)
    assert (value["seed"], value["datasets"][0]["path"], value["dp_replicate_size"]) == (42, "/eu", 32)


@pytest.fixture
def grid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """`train_grid` for three variants of two backbones, one without data, one of them an own folder of data."""
    for mix in ("101", "010"):
        prepared(tmp_path / "data" / mix, parts=MIXES[mix])
    prepared(tmp_path / "data" / "exp_1_010", parts=MIXES["010"], rows=50)
    for name in ("Latxa-Llama-3.1-8B", "Llama-3.1-8B-Instruct"):
        (tmp_path / "bases" / name).mkdir(parents=True)
    monkeypatch.setattr("training.management.commands.train_grid.train_here", Trainer(tmp_path))
    asked = ["train_grid", "--data-root", tmp_path / "data", "--output", tmp_path / "out"]
    only = ["--only", "exp_1_010", "exp_2_101", "exp_2_100", "exp_2_010"]
    return [*asked, "--base-root", tmp_path / "bases", *only, "--python", sys.executable]


class Trainer:
    """Stands in for training: notes what it is given, and fails for those that a file `fails` names."""

    trained: list[Launch]

    def __init__(self, folder: Path) -> None:
        self.fails = folder / "fails"
        Trainer.trained = []

    def __call__(self, launch: Launch, _say: Any) -> None:
        Trainer.trained.append(launch)
        if self.fails.exists() and launch.recipe.name in self.fails.read_text():
            raise TrainingFailed(f"The worker of {launch.recipe.name} ended with code 1.")
        folder = RunFolder(launch.output)
        folder.claim(launch.recipe, launch.recipe.data_sha256)
        folder.model.mkdir()
        (folder.model / "lehia-model.json").write_text("{}")


def test_the_grid_goes_on_past_what_fails_and_trains_what_is_left(grid: list[Any], tmp_path: Path) -> None:
    (tmp_path / "fails").write_text("exp_2_101")
    with pytest.raises(CommandError, match=r"2 of 4 are not trained: exp_2_100: .*no folder of a stage.* exp_2_101: "):
        run(*grid)
    assert [launch.recipe.name for launch in Trainer.trained] == ["exp_1_010", "exp_2_101", "exp_2_010"]
    first, _, last = Trainer.trained
    assert (first.rows, last.rows) == (50, 100)
    assert first.recipe.base == str(tmp_path / "bases" / "Latxa-Llama-3.1-8B")
    assert (first.recipe.seed, last.recipe.seed) == (33, 42)
    (tmp_path / "fails").unlink()
    prepared(tmp_path / "data" / "100", parts=MIXES["100"])
    Trainer.trained.clear()
    said = run(*grid)
    assert [launch.recipe.name for launch in Trainer.trained] == ["exp_2_101", "exp_2_100"]
    states = dict(line.split()[:1] + line.split()[-2:-1] for line in said.splitlines()[1:5])
    assert states == {"exp_1_010": "finished", "exp_2_101": "started", "exp_2_100": "started", "exp_2_010": "finished"}


def test_fail_fast_stops_at_the_first(grid: list[Any], tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="Nothing was started, because of --fail-fast"):
        run(*grid, "--fail-fast")
    prepared(tmp_path / "data" / "100", parts=MIXES["100"])
    (tmp_path / "fails").write_text("exp_2_101")
    with pytest.raises(CommandError, match="1 of 4 are not trained: exp_2_101"):
        run(*grid, "--fail-fast")
    assert [launch.recipe.name for launch in Trainer.trained] == ["exp_1_010", "exp_2_101"]


def test_a_dry_run_of_the_grid_says_which_data_are_missing(grid: list[Any]) -> None:
    said = run(*grid, "--dry-run")
    assert [line.split()[0] for line in said.splitlines() if "no data yet" in line] == ["exp_2_100"]
    assert "256 sequences = 1 process × 2 a device × 128 (gradient accumulation)" in said
    assert not Trainer.trained


def test_a_count_that_does_not_divide_is_told_once(grid: list[Any]) -> None:
    with pytest.raises(CommandError, match=r"^256 sequences a step over 3 GPUs"):
        run(*grid, "--gpus-per-node", "3")
    assert not Trainer.trained


def test_the_whole_grid_is_seventeen_tasks_of_one_array(tmp_path: Path) -> None:
    for variant in variants_of("8B"):
        prepared(tmp_path / variant.mix, parts=variant.parts)
    asked = ("train_grid", "--data-root", tmp_path, "--output", tmp_path / "out", "--launcher", "slurm", "--dry-run")
    assert run(*asked, "--write").count("not started") == 17
    text = (tmp_path / "out" / "train.sbatch").read_text()
    assert "#SBATCH --array=0-16\n" in text and "#SBATCH --job-name=lehia-grid-8B\n" in text
    assert len(list((tmp_path / "out").glob("exp_*/recipe.json"))) == 17
