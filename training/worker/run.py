"""A training run from its recipe to its model."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.exceptions import TrainingError
from training.manifests import SHARDS
from training.recipes import STOPPED, Recipe, accumulation
from training.sft.preparing import VALIDATION
from training.worker import setup
from training.worker.checkpoints import Checkpoint, checkpoint_at, newest_whole
from training.worker.data import Data, dataset, open_data, write_arrow
from training.worker.folder import ABOUT, RunFolder, about_model
from training.worker.measuring import Cards, Meter
from training.worker.saving import prepared_tokenizer, save_weights, write_model
from training.worker.speed import flops_per_token, parameters
from training.worker.stopping import Stop


@dataclass(frozen=True, slots=True)
class _Run:
    recipe: Recipe
    data: Data
    folder: RunFolder
    is_main: bool

    def say(self, text: str) -> None:
        if self.is_main:
            print(text, flush=True)


def train(recipe: Recipe, resume: str = "auto") -> int:
    """Train by a recipe: 0 when the model is there, STOPPED when it was told to stop. Raises TrainingError.

    `resume` is `auto`, `never`, or the path of a checkpoint. With `never` nothing may have been trained in the folder.
    """
    stop = Stop()
    stop.listen()
    setup.check_machine(recipe)
    data = open_data(Path(recipe.data), recipe.data_sha256)
    if data.length > recipe.sequence_length:
        raise setup.CannotTrain(
            f"{data.folder} has rows of {data.length} tokens, "
            f"and the recipe's sequence_length is {recipe.sequence_length}."
        )
    folder = RunFolder(Path(recipe.output))
    args = setup.settings(recipe, folder.checkpoints, accumulation=1, evaluates=data.evaluation_rows > 0)
    what = "processes" if args.use_cpu else "GPUs"
    args.gradient_accumulation_steps = accumulation(
        recipe.sequences_per_step, recipe.sequences_per_device, args.world_size, what
    )
    run = _Run(recipe, data, folder, args.process_index == 0)
    with args.distributed_state.main_process_first():
        if run.is_main:
            folder.claim(recipe, data.sha256)
    if (folder.model / ABOUT).exists():
        run.say(f"{folder.model} is there: this run has ended.")
        return 0
    return _go(run, args, _start(run, resume), stop)


def _start(run: _Run, resume: str) -> Checkpoint | None:
    """The checkpoint to go on from. Raises BadCheckpoint, and TrainingError where `never` would mix two runs."""
    if resume not in ("auto", "never"):
        return checkpoint_at(Path(resume))
    whole, broken = newest_whole(run.folder.checkpoints)
    if resume == "never":
        if whole:
            raise TrainingError(
                f"{run.folder.path} has checkpoints, up to step {whole.step}. Resume, or give another folder."
            )
        return None
    for each in broken:
        run.say(f"{each.path} is passed over, it is not whole: {each.problem}.")
    return whole


def _go(run: _Run, args: Any, start: Checkpoint | None, stop: Stop) -> int:
    # Late: these import torch and TRL, which take seconds, and the folder has been checked by now.
    from transformers import PrinterCallback
    from transformers.utils.logging import disable_progress_bar

    from training.worker.trainer import Watcher, WholeCheckpoints

    disable_progress_bar()
    recipe, data, folder = run.recipe, run.data, run.folder
    with args.distributed_state.main_process_first():
        if run.is_main:
            write_arrow(data, folder.rows)
    total = setup.schedule(args, recipe, data.manifest.rows, args.world_size)
    tokenizer = setup.load_tokenizer(recipe, data)
    trainer = WholeCheckpoints(
        model=setup.load_model(recipe, data),
        args=args,
        train_dataset=dataset(data, folder.rows, SHARDS),
        eval_dataset=dataset(data, folder.rows, VALIDATION) if data.evaluation_rows else None,
        processing_class=tokenizer,
        peft_config=setup.lora_of(recipe),
    )
    setup.check_sharding(recipe, trainer.accelerator.distributed_type.value)
    trainer.about_run = {"about": _about(run, trainer, 0)}
    trainer.remove_callback(PrinterCallback)
    meter = _meter(run, trainer, total, start)
    watcher = Watcher(meter, stop, trainer.accelerator.device)
    trainer.add_callback(watcher)
    _train(run, trainer, start, total)
    if watcher.stopped:
        run.say(f"Told to stop: step {trainer.state.global_step} of {total} is saved. Start again with --resume auto.")
        return STOPPED
    _finish(run, trainer, meter, total)
    return 0


def _meter(run: _Run, trainer: Any, total: int, start: Checkpoint | None) -> Meter | None:
    import torch

    if not run.is_main:
        return None
    # What was measured after the checkpoint is measured again.
    measured = run.folder.keep_metrics(start.step if start else 0)
    tokens = max((int(line["tokens"]) for line in measured if "tokens" in line), default=0)
    trainer._total_train_tokens = tokens
    cards = trainer.args.world_size if torch.cuda.is_available() else 0
    name = torch.cuda.get_device_name() if cards else ""
    return Meter(run.folder.metrics, Cards(name, cards, flops_per_token(*parameters(trainer.model))), total, tokens)


def _train(run: _Run, trainer: Any, start: Checkpoint | None, total: int) -> None:
    if start is None:
        run.say(f"{run.recipe.name}: {total} steps from {run.recipe.base}.")
        trainer.train()
    elif start.step < total:
        run.say(f"{run.recipe.name}: on from {start.path}, step {start.step} of {total}.")
        trainer.train(resume_from_checkpoint=str(start.path))
    elif run.recipe.sharding == "none":
        run.say(f"{run.recipe.name}: all {total} steps were done; the model is written from {start.path}.")
        trainer._load_from_checkpoint(str(start.path))


def _finish(run: _Run, trainer: Any, meter: Meter | None, total: int) -> None:
    speed = f" {summary}." if meter and (summary := meter.summary()) else ""
    if run.recipe.sharding != "none":
        last = run.folder.checkpoints / f"checkpoint-{total}"
        run.say(f"{total} steps done.{speed} To merge its shards: merge_checkpoint {last} --output {run.folder.model}")
        return
    if run.is_main:
        model = trainer.accelerator.unwrap_model(trainer.model)
        write_model(
            run.folder.model,
            _about(run, trainer, total),
            lambda aside: save_weights(model, run.recipe.dtype, aside),
            prepared_tokenizer(run.data.folder),
        )
    run.say(f"{total} steps done.{speed} {run.folder.model}")


def _about(run: _Run, trainer: Any, steps: int) -> dict[str, Any]:
    return about_model(run.recipe, run.data.sha256, steps, trainer.model.generation_config.eos_token_id)
