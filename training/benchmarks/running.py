"""One task after another, with one model."""

from dataclasses import dataclass
from typing import Any

from training.benchmarks.catalogue import BENCHMARKS
from training.benchmarks.loading import Index, build
from training.benchmarks.opening import Opened
from training.exceptions import EvaluationFailed

MERGED = ("results", "groups", "group_subtasks", "configs", "versions", "n-shot", "higher_is_better", "n-samples")
"""What a result file of the harness has by task."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How tasks are asked. `shots` and `limit`: None for what a task says, and for all of its questions."""

    shots: int | None = None
    limit: int | None = None
    seed: int = 1234
    with_template: bool = False
    with_samples: bool = False


def shots_of(name: str, settings: Settings) -> int | None:
    """Examples before each question: as asked for, as the study had them, or None for what the task itself says."""
    if settings.shots is not None:
        return settings.shots
    return BENCHMARKS[name].shots if name in BENCHMARKS else None


def evaluate(opened: Opened, found: Index, name: str, settings: Settings) -> dict[str, Any]:
    """What the harness says of a model and a task: the part of its result file under MERGED, and `samples`.

    Raises DataUnreachable, and EvaluationFailed where the model's server fails or the task cannot be asked this way.
    """
    # Not its `simple_evaluate`, which asks pip and the compiler for their versions after every task.
    from lm_eval import evaluator

    tasks = build(found, name)
    for task in tasks["tasks"].values():
        _set(task, shots_of(name, settings), settings.seed)
    model = opened.writes if found.is_generated(name) else opened.scores
    # A text is scored from its first token on: what begins it is the context of that, and no part of it.
    model.add_bos_token = False if found.is_rolling(name) else _begun(opened)
    try:
        said = evaluator.evaluate(
            model,
            tasks,
            limit=settings.limit,
            log_samples=settings.with_samples,
            apply_chat_template=settings.with_template,
            fewshot_as_multiturn=settings.with_template,
        )
    except EvaluationFailed as error:
        raise EvaluationFailed(f"{name}: {error} What is finished is kept.") from error
    except Exception as error:
        # The harness, its models and its tasks raise anything.
        reason = f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}".rstrip(": .")
        raise EvaluationFailed(f"{name} could not be evaluated ({reason}). What is finished is kept.") from error
    if said is None:
        raise EvaluationFailed(
            f"{name}: this is one of several processes that an accelerator's launcher started. Start the command by "
            "itself, over all GPUs by --parallelize, or share tasks out by --shard and --num-shards."
        )
    return {key: said[key] for key in (*MERGED, "samples") if key in said}


def _set(task: Any, shots: int | None, seed: int) -> None:
    """Examples of a task. One that is asked without any by its own settings stays so, as with the harness's program."""
    own = task.get_config("num_fewshot")
    if own is None or (shots is not None and own != 0):
        task.set_config(key="num_fewshot", value=shots or 0)
    task.set_fewshot_seed(seed=seed)


def _begun(opened: Opened) -> bool | None:
    """None leaves it to the harness whether a prompt begins with the token that begins texts: as its tokenizer does."""
    return None if opened.kind == "hf" else True
