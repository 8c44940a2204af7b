"""TRL's trainer, which here says what it measures, stops when told, and knows when a checkpoint is whole."""

import shutil
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from torch.distributed.checkpoint import CheckpointException
from transformers import Trainer, TrainerCallback
from trl import SFTTrainer

from training.exceptions import CannotWrite
from training.sft.tokenizers import disk_refusals
from training.worker.checkpoints import newest_whole, prune, seal
from training.worker.measuring import Meter
from training.worker.stopping import Stop


class WholeCheckpoints(SFTTrainer):  # type: ignore[misc]
    """Its checkpoints are sealed when every process has written its part, and removed where one cannot be written."""

    about_run: dict[str, Any] = {}
    """Goes into each checkpoint's seal."""

    def _save(self, output_dir: str | None = None, state_dict: dict[str, Any] | None = None) -> None:
        with disk_refusals():
            super()._save(output_dir, state_dict)

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        path = Path(self.args.output_dir) / f"checkpoint-{self.state.global_step}"
        try:
            # Not TRL's, which writes a model card beside it.
            Trainer._save_checkpoint(self, model, trial)
            self.accelerator.wait_for_everyone()
            if self.is_world_process_zero():
                is_last = self.state.global_step >= self.state.max_steps
                seal(path, self.state.global_step, {**self.about_run, "last": is_last})
                prune(path.parent)
        except (OSError, RuntimeError, SafetensorError, CheckpointException, CannotWrite) as error:
            shutil.rmtree(path, ignore_errors=True)
            former, _broken = newest_whole(path.parent)
            rest = f"{former.path.name} before it is whole" if former else "There is none before it"
            raise CannotWrite(
                f"{path} could not be written, and what there was of it is removed: {_reason(error)} {rest}: "
                "make room and start again with --resume auto."
            ) from error


class Watcher(TrainerCallback):  # type: ignore[misc]
    """Tells the meter what happens, and the trainer to save and stop when that was asked for."""

    def __init__(self, meter: Meter | None, stop: Stop, device: Any) -> None:
        self._meter = meter
        self._stop = stop
        self._device = device
        self.stopped = False

    def on_step_begin(self, args: Any, state: Any, control: Any, **_others: Any) -> None:
        if self._meter:
            self._meter.begin()

    def on_step_end(self, args: Any, state: Any, control: Any, **_others: Any) -> None:
        if state.global_step >= state.max_steps:
            control.should_evaluate = args.eval_strategy != "no"
        elif self._stop.asked_of_any(self._device):
            self.stopped = control.should_save = control.should_training_stop = True

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **_others: Any) -> None:
        if self._meter:
            self._meter.measured(state.global_step, logs or {})


def _reason(error: BaseException) -> str:
    line = (str(error).splitlines() or [type(error).__name__])[0]
    return line if line.endswith(".") else f"{line}."
