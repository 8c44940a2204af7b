"""The worker's parts that need no training: checkpoints, metrics, speed, folders."""

import json
from pathlib import Path

import pytest

from training.exceptions import CannotWrite
from training.worker.checkpoints import WHOLE, BadCheckpoint, checkpoint_at, found_in, newest_whole, prune, seal
from training.worker.folder import RunFolder
from training.worker.measuring import Cards, Diverged, Meter
from training.worker.saving import write_model
from training.worker.speed import flops_per_token, peak_of, share_of_peak

CPU = Cards("", 0, 6 * 90_000)


def checkpoint(folder: Path, step: int, *, sealed: bool = True) -> Path:
    path = folder / f"checkpoint-{step}"
    (path / "shards").mkdir(parents=True)
    (path / "model.safetensors").write_bytes(b"weights")
    (path / "shards/0.distcp").write_bytes(b"shard")
    if sealed:
        seal(path, step, {"last": False})
    return path


def test_only_whole_checkpoints_count(tmp_path: Path) -> None:
    assert newest_whole(tmp_path) == (None, [])
    checkpoint(tmp_path, 5)
    checkpoint(tmp_path, 10)
    checkpoint(tmp_path, 15, sealed=False)
    (checkpoint(tmp_path, 20) / "shards/0.distcp").unlink()
    (checkpoint(tmp_path, 100) / "model.safetensors").write_bytes(b"weigh")
    (checkpoint(tmp_path, 101) / WHOLE).write_text("{")
    (tmp_path / "checkpoint-new").mkdir()
    whole, broken = newest_whole(tmp_path)
    assert whole and whole.step == 10
    assert {each.step: each.problem for each in broken} == {
        101: "whole.json cannot be read (JSONDecodeError)",
        100: "model.safetensors has another size than was written",
        20: "0.distcp is missing",
        15: "whole.json is missing",
    }
    prune(tmp_path, keep=1)
    assert [each.step for each in found_in(tmp_path)] == [10, 15, 20, 100, 101]


def test_a_checkpoint_by_name(tmp_path: Path) -> None:
    assert checkpoint_at(checkpoint(tmp_path, 5)).step == 5
    with pytest.raises(BadCheckpoint, match="is no checkpoint of a run"):
        checkpoint_at(tmp_path / "checkpoint-6")
    with pytest.raises(BadCheckpoint, match="is not whole: whole.json is missing. Give another"):
        checkpoint_at(checkpoint(tmp_path, 7, sealed=False))


def test_measures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "metrics.jsonl"
    meter = Meter(path, Cards("NVIDIA H100 80GB HBM3", 2, flops_per_token(8 * 10**9, 8 * 10**9)), total=4)
    meter.begin()
    meter.measured(1, {"loss": 2.5, "learning_rate": 1e-5, "grad_norm": 0.7, "num_tokens": 4096.0, "epoch": 0.5})
    meter.measured(1, {"eval_loss": 2.25, "eval_num_tokens": 4096, "epoch": 0.5})
    meter.measured(1, {"train_runtime": 3.0})
    one, two = (json.loads(line) for line in path.read_text().splitlines())
    assert (one["step"], one["loss"], one["lr"], one["grad_norm"], one["tokens"]) == (1, 2.5, 1e-5, 0.7, 4096)
    assert one["share_of_peak"] == pytest.approx(one["tokens_per_s"] * 48e9 / (2 * 989.4e12), rel=0.01)
    assert two == {"step": 1, "epoch": 0.5, "eval_loss": 2.25}
    assert "of the peak of 2 × NVIDIA H100 80GB HBM3" in meter.summary()
    assert "step 1/4: loss 2.5000, lr 1e-05, 4,096 tokens" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["loss", "eval_loss"])
def test_a_loss_that_is_no_number(tmp_path: Path, name: str) -> None:
    meter = Meter(tmp_path / "metrics.jsonl", CPU, total=4)
    logs = {name: float("nan"), "learning_rate": 1.0, "num_tokens": 1}
    with pytest.raises(Diverged, match=f"At step 3 the {name} is nan"):
        meter.measured(3, logs)


def test_metrics_that_cannot_be_written(tmp_path: Path) -> None:
    meter = Meter(tmp_path / "nowhere/metrics.jsonl", CPU, total=4)
    with pytest.raises(CannotWrite, match="make room and start again with --resume auto"):
        meter.measured(1, {"eval_loss": 1.0})


def test_metrics_of_steps_that_are_done_again_go(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    assert folder.keep_metrics(3) == []
    lines = [json.dumps({"step": step, "loss": 1.0, "tokens": step}) for step in range(1, 6)]
    folder.metrics.write_text("\n".join([*lines, '{"step": 6, "lo']))
    assert [line["step"] for line in folder.keep_metrics(3)] == [1, 2, 3]
    assert folder.metrics.read_text() == "".join(f"{line}\n" for line in lines[:3])


def test_flops_and_peaks() -> None:
    assert flops_per_token(100, 100) == 600
    assert flops_per_token(100, 0) == 400
    assert peak_of("NVIDIA H100 PCIe") == 756e12
    assert peak_of("NVIDIA H200") == 989.4e12
    assert peak_of("NVIDIA A100-SXM4-80GB") == 312e12
    assert peak_of("NVIDIA L4") == 121e12
    assert share_of_peak(1000, 312 * 10**9, "NVIDIA A100-SXM4-80GB", 4) == pytest.approx(0.25)
    assert share_of_peak(1000, 600, "", 0) is None


def test_a_model_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    def fail(aside: Path) -> None:
        (aside / "model.safetensors").write_bytes(b"half")
        raise OSError(28, "No space left on device")

    with pytest.raises(CannotWrite, match="No space left on device"):
        write_model(tmp_path / "model", {}, fail, None)
    assert list(tmp_path.iterdir()) == []
