"""From what files say to one score of each model on each task. Pure."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ranking.benchmark_tasks import TASKS, whole_of
from ranking.files.benchmarks import Measured
from ranking.files.errors import BadFile


class ScoresDiffer(Exception):
    """Two files say different things of the same model and task."""


@dataclass(frozen=True, slots=True)
class Scores:
    """One score a model and task, by name, and what has to be said of them, in sentences."""

    scores: tuple[Measured, ...]
    notices: tuple[str, ...]


def scores_of(measured: Iterable[Measured], *, newest: bool = False) -> Scores:
    """One score of each model on each task.

    A task that is made of parts gets the mean of its parts weighted by their sizes, whatever a file gives as the
    whole; the whole where there are no parts. What is said twice must be the same, unless the `newest` is to be
    taken, by the dates in the files.

    Raises ScoresDiffer, and BadFile for parts whose sizes are not known.
    """
    found: dict[tuple[str, str], Measured] = {}
    parts: dict[tuple[str, str], list[Measured]] = defaultdict(list)
    for each in _once(measured, newest=newest):
        whole = whole_of(each.task)
        if whole is None:
            found[each.model, each.task] = each
        else:
            parts[each.model, whole.name].append(each)
    for key, members in parts.items():
        found[key] = _weighted(key[1], members, found.get(key))
    scores = tuple(found[key] for key in sorted(found))
    made = [f"{task} of {model}: from {len(parts[model, task])} parts" for model, task in sorted(parts)]
    return Scores(scores, (*made, *_remarks(scores)))


def check_sound(scores: Iterable[Measured]) -> None:
    """Raises BadFile where a score of one of the study's tasks is no share from 0 to 1, such as a percentage.

    And where a name has characters that cannot be shown.
    """
    for score in scores:
        if not f"{score.model}{score.task}".isprintable():
            raise BadFile(
                f"{score.source.path} has a name with control characters: {score.model!r}, {score.task!r}. "
                "Nothing was imported."
            )
        if score.task in TASKS and not 0 <= score.value <= 1:
            raise BadFile(
                f"{score.source.path}: the score of {score.model} in {score.task} is {score.value:g}, and must be a "
                "share from 0 to 1. Nothing was imported."
            )


def by_task(scores: Iterable[Measured]) -> dict[str, dict[str, float]]:
    """Scores by task and model, turned where lower is better, so that more is better in all of them."""
    found: dict[str, dict[str, float]] = {}
    for score in scores:
        found.setdefault(score.task, {})[score.model] = score.value if score.higher_is_better else -score.value
    return found


def same(one: Measured, other: Measured) -> bool:
    """Whether two scores say the same: the value, to twelve digits, and by which metric."""
    return one.metric == other.metric and math.isclose(one.value, other.value, rel_tol=1e-12, abs_tol=1e-12)


def _once(measured: Iterable[Measured], *, newest: bool) -> Iterable[Measured]:
    kept: dict[tuple[str, str], Measured] = {}
    for each in sorted(measured, key=lambda each: each.source.date):
        there = kept.get((each.model, each.task))
        if there is not None and not newest and not same(there, each):
            raise ScoresDiffer(
                f"{each.model} has two scores in {each.task}: {there.value:g} in {there.source.path} and "
                f"{each.value:g} in {each.source.path}. Give one of the files, or --replace to take the newest. "
                "Nothing was imported."
            )
        if there is None or newest:
            kept[each.model, each.task] = each
    return kept.values()


def _weighted(task: str, parts: Sequence[Measured], whole: Measured | None) -> Measured:
    """The mean of the parts' scores weighted by their sizes; its standard error, where each part has one."""
    sizes = [part.n for part in parts if part.n]
    if len(sizes) < len(parts):
        if whole is not None:
            return whole
        unsized = next(part for part in parts if not part.n)
        raise BadFile(
            f"{unsized.source.path} does not say how many questions {unsized.task} has, so that the score of {task} "
            "cannot be computed. Nothing was imported."
        )
    n = sum(sizes)
    errors = [part.stderr for part in parts if part.stderr is not None]
    variance = sum((size * error) ** 2 for size, error in zip(sizes, errors, strict=False)) / n**2
    in_all = [part.n_in_all for part in parts if part.n_in_all is not None]
    return replace(
        parts[-1],
        task=task,
        value=sum(size * part.value for size, part in zip(sizes, parts, strict=True)) / n,
        stderr=math.sqrt(variance) if len(errors) == len(parts) else None,
        n=n,
        n_in_all=sum(in_all) if len(in_all) == len(parts) else None,
        shots=parts[0].shots if len({part.shots for part in parts}) == 1 else None,
    )


def _remarks(scores: Sequence[Measured]) -> list[str]:
    others = sorted({score.task for score in scores} - TASKS.keys())
    remarks = [f"not among the study's tasks, kept, in no mean: {', '.join(others)}"] if others else []
    for score in scores:
        if score.n is not None and score.n_in_all is not None and score.n < score.n_in_all:
            remarks.append(f"{score.task} of {score.model}: {score.n} of {score.n_in_all} questions only")
        if (task := TASKS.get(score.task)) and score.shots is not None and score.shots != task.shots:
            remarks.append(f"{score.task} of {score.model}: {score.shots} examples shown, {task.shots} in the study")
    return remarks
