"""A launch in words, for whoever is about to start it."""

import shlex
from collections.abc import Iterable, Sequence

from training.launching.launch import NOT_READY, Launch, Launcher
from training.launching.machines import Machines
from training.launching.rendering import Slurm, files_of


def described(launch: Launch, slurm: Slurm) -> str:
    """The plan of a run: what it trains on what, the arithmetic of a step, files and command."""
    rows = [*_what(launch), *_how_long(launch), *_how(launch), *_started_by(launch, slurm)]
    return "\n".join([launch.recipe.name, *_lines(rows), *(f"Note: {note}" for note in launch.notes)])


def shared(launch: Launch) -> str:
    """What the runs of a whole grid have in common, but for their seeds."""
    rows = [row for row in (*_how_long(launch), *_how(launch)) if row[0] != "steps"]
    common = [note for note in launch.notes if not note.startswith(NOT_READY)]
    return "\n".join([*_lines(rows), *(f"Note: {note}" for note in common)])


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Columns side by side, as wide as they need to be."""
    cells = [list(head), *(list(row) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
    )


def _lines(rows: Sequence[tuple[str, str]]) -> list[str]:
    width = max(len(name) for name, _ in rows)
    return [f"  {name:<{width}}  {text}" for name, text in rows]


def _what(launch: Launch) -> Iterable[tuple[str, str]]:
    recipe = launch.recipe
    rows = "not there yet" if launch.rows is None else f"{launch.rows:,} sequences of {recipe.sequence_length:,} tokens"
    yield "base", f"{recipe.base}{f' at {recipe.base_revision}' if recipe.base_revision else ''}"
    yield "data", f"{recipe.data} ({rows})"
    yield "output", recipe.output
    yield "factors", ", ".join(f"{name}={level}" for name, level in recipe.factors.items()) or "none"


def _how_long(launch: Launch) -> Iterable[tuple[str, str]]:
    recipe, machines = launch.recipe, launch.machines
    yield "machines", f"{machines}, sharding {recipe.sharding}"
    yield (
        "a step",
        f"{recipe.sequences_per_step} sequences = {_processes(machines)} × "
        f"{recipe.sequences_per_device} a device × {launch.accumulation} (gradient accumulation); "
        f"up to {launch.tokens_per_step:,} tokens",
    )
    yield "steps", _steps(launch)


def _processes(machines: Machines) -> str:
    return "1 process" if machines.processes == 1 else f"{machines.processes} {machines.what}"


def _steps(launch: Launch) -> str:
    recipe = launch.recipe
    if recipe.max_steps:
        return f"{recipe.max_steps:,} (--max-steps)"
    if launch.steps is None:
        return f"known when the data are there: {recipe.epochs:g} epochs"
    return f"{launch.steps:,}: {recipe.epochs:g} epochs of {launch.steps_per_epoch:,}"


def _how(launch: Launch) -> Iterable[tuple[str, str]]:
    recipe, lora = launch.recipe, launch.recipe.lora
    yield (
        "optimiser",
        f"AdamW, betas {recipe.betas[0]:g} and {recipe.betas[1]:g}, weight decay {recipe.weight_decay:g}, "
        f"peak {recipe.learning_rate:g}, warm-up {recipe.warmup:.0%}, cosine to {recipe.min_lr_rate:.0%}, "
        f"NEFTune {recipe.neftune:g}, seed {recipe.seed}",
    )
    kernels = ["Liger kernels"] if recipe.liger else []
    saving = ["gradient checkpointing"] if recipe.gradient_checkpointing else []
    yield "precision", ", ".join([recipe.dtype, recipe.attention, *kernels, *saving])
    yield "adapter", f"rank {lora.rank}, alpha {lora.alpha}" if lora else "none: the whole model is trained"


def _started_by(launch: Launch, slurm: Slurm) -> Iterable[tuple[str, str]]:
    yield "files", ", ".join(str(launch.output / name) for name in files_of(launch, slurm))
    yield "command", shlex.join(launch.command)
    if launch.launcher is not Launcher.SLURM:
        yield "resume", launch.resume
