"""Training runs in processes of their own, from a server that has imported the libraries once."""

import json
import os
import resource
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from training.recipes import Recipe, write_recipe

_SERVER = get_context("forkserver")
_SERVER.set_forkserver_preload(["training.worker.trainer", "training.worker.run", "peft", "datasets"])


def recipe_for(rows: Path, model: Path, output: Path, **changes: Any) -> Recipe:
    """Eight steps of eight rows, a checkpoint every second one."""
    recipe = Recipe(
        name="exp_2_101",
        base=str(model),
        data=str(rows),
        output=str(output),
        sequence_length=128,
        sequences_per_step=8,
        sequences_per_device=2,
        learning_rate=3e-3,
        dtype="fp32",
        attention="sdpa",
        liger=False,
        gradient_checkpointing=False,
        evaluations_per_epoch=3,
        max_steps=8,
        factors={"corpus": "eu"},
    )
    return replace(recipe, **changes)


@dataclass(frozen=True)
class Fate:
    """What befalls a worker: a signal when it has measured a step, or instead of sealing the checkpoint of one."""

    signal: int
    step: int
    instead_of_seal: bool = False


def start(
    recipe: Recipe,
    *,
    resume: str = "auto",
    log: Path,
    env: Mapping[str, str] | None = None,
    fate: Fate | None = None,
    largest_file: int = 0,
) -> ForkServerProcess:
    """Start the worker; what it says goes to `log`. No file may grow beyond `largest_file` bytes, as on a full disk."""
    path = log.with_suffix(".recipe.json")
    write_recipe(path, recipe)
    process = _SERVER.Process(target=_run, args=(str(path), resume, str(log), dict(env or {}), fate, largest_file))
    process.start()
    return process


def finish(process: ForkServerProcess) -> int:
    """Wait for its end; the exit code."""
    process.join(120)
    assert process.exitcode is not None, "the worker did not end"
    return process.exitcode


def train(recipe: Recipe, *, resume: str = "auto", log: Path) -> str:
    """Train to the end; what it said."""
    code = finish(start(recipe, resume=resume, log=log))
    assert code == 0, log.read_text()
    return log.read_text()


def fails(recipe: Recipe, *, resume: str = "auto", log: Path, largest_file: int = 0) -> str:
    """Train until the error; what it said."""
    assert finish(start(recipe, resume=resume, log=log, largest_file=largest_file)) == 1, log.read_text()
    assert "Traceback" not in log.read_text()
    return log.read_text()


def metrics(output: Path) -> list[dict[str, Any]]:
    """The whole lines of a run's metrics; none where it has not begun."""
    try:
        lines = (output / "metrics.jsonl").read_text().split("\n")[:-1]
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in lines]


def losses(output: Path, name: str = "loss") -> dict[int, float]:
    """Losses by step."""
    return {line["step"]: line[name] for line in metrics(output) if name in line}


def rendezvous(processes: int) -> list[dict[str, str]]:
    """The environments of processes that train together, as a launcher gives them."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    common = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": str(processes)}
    return [
        {**common, "RANK": str(rank), "LOCAL_RANK": str(rank), "ACCELERATE_USE_CPU": "true"}
        for rank in range(processes)
    ]


def _run(recipe: str, resume: str, log: str, env: dict[str, str], fate: Fate | None, largest_file: int) -> None:
    with open(log, "ab", buffering=0) as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.environ.update(env)
    import torch

    torch.set_num_threads(1)
    from training.worker.__main__ import main

    if fate:
        _befall(fate)
    if largest_file:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
    code = main([recipe, "--resume", resume])
    if "django" in sys.modules:
        code = 99
    # Not the interpreter's own end, which waits for threads of the libraries.
    os._exit(code)


def _befall(fate: Fate) -> None:
    from training.worker import measuring, trainer

    measured, seal = measuring.Meter.measured, trainer.seal

    def after(self: measuring.Meter, step: int, logs: dict[str, Any]) -> None:
        measured(self, step, logs)
        if step == fate.step and "loss" in logs and not fate.instead_of_seal:
            os.kill(os.getpid(), fate.signal)

    def instead(path: Path, step: int, about: dict[str, Any]) -> None:
        if step == fate.step and fate.instead_of_seal:
            os.kill(os.getpid(), fate.signal)
        seal(path, step, about)

    measuring.Meter.measured = after  # type: ignore[method-assign]
    trainer.seal = instead
