"""How places in the arena and scores on benchmarks agree: by language, by task, in each dimension. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ranking.benchmark_tasks import LANGUAGES, TASKS, language_of, mean_of
from ranking.benchmarks import FEWEST, Correlation, correlation
from ranking.files.benchmarks import Measured

MEAN = "mean"
FEW = 10
"""Models below which Student's t is a rough guess of the probability."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Ratings of a dimension against a task, or against the mean of a language's tasks without those of bias.

    models: that have both. found: None where these are too few, or all alike.
    """

    dimension: str
    language: str
    benchmark: str
    models: int
    found: Correlation | None

    @property
    def is_mean(self) -> bool:
        return self.benchmark == MEAN

    @property
    def label(self) -> str:
        return f"{MEAN} {self.language}" if self.is_mean else self.benchmark


@dataclass(frozen=True, slots=True)
class ModelScores:
    """A model's scores by task, more being better in all of them."""

    values: Mapping[str, float]

    @classmethod
    def of(cls, scores: Sequence[Measured]) -> "ModelScores":
        return cls({score.task: score.value if score.higher_is_better else -score.value for score in scores})


def means_of(models: Mapping[str, ModelScores], language: str, *, common: bool) -> dict[str, tuple[float, int]]:
    """Each model's mean in a language and over how many tasks; with `common`, only over those that all of them have."""
    among = None
    if common and models:
        with_any = [set(each.values) for each in models.values() if mean_of(language, each.values)[1]]
        among = set.intersection(*with_any) if with_any else set()
    found = {name: mean_of(language, each.values, among=among) for name, each in models.items()}
    return {name: (mean, tasks) for name, (mean, tasks) in found.items() if tasks}


def agreements(
    ratings: Mapping[str, Mapping[str, float]], models: Mapping[str, ModelScores], *, level: float, common: bool = False
) -> list[Agreement]:
    """Of each dimension's ratings with the mean of each language, then with each task.

    ratings: by dimension and model; models: scores of the same names. In the study's order of languages and tasks,
    others after them; benchmarks that no rated model has are left out.
    """
    found: list[Agreement] = []
    for language in LANGUAGES:
        means = {name: mean for name, (mean, _tasks) in means_of(models, language, common=common).items()}
        found += _with_each(ratings, language, MEAN, means, level)
    for task in _tasks(models):
        scores = {name: each.values[task] for name, each in models.items() if task in each.values}
        found += _with_each(ratings, language_of(task), task, scores, level)
    return found


def remarks(
    agreed: Sequence[Agreement], models: Mapping[str, ModelScores], ratings: Mapping[str, Mapping[str, float]]
) -> list[str]:
    """What to know before one believes the numbers, in sentences."""
    said = []
    for language in LANGUAGES:
        tasks = {name: n for name, (_mean, n) in means_of(models, language, common=False).items()}
        if len(set(tasks.values())) > 1:
            fewest = min(tasks, key=lambda name: tasks[name])
            said.append(
                f"{language}: means are over different tasks ({fewest} has {tasks[fewest]} of {max(tasks.values())}). "
                "--common-tasks takes only those that all have."
            )
    few = sorted({each.label for each in agreed if each.models < FEWEST})
    if few:
        said.append(f"fewer than {FEWEST} models, and so no correlation: {', '.join(few)}")
    alike = sorted({each.label for each in agreed if each.models >= FEWEST and each.found is None})
    if alike:
        said.append(f"all alike, and so no correlation: {', '.join(alike)}")
    if any(each.found is not None and each.models < FEW for each in agreed):
        said.append(f"with fewer than {FEW} models, p and the interval are rough")
    without = sorted({model for names in ratings.values() for model in names} - models.keys())
    if without:
        said.append(f"ranked, and without any score: {', '.join(without)}")
    return said


def _with_each(
    ratings: Mapping[str, Mapping[str, float]], language: str, benchmark: str, scores: Mapping[str, float], level: float
) -> list[Agreement]:
    found = []
    for dimension, rated in ratings.items():
        models = len(rated.keys() & scores.keys())
        if models:
            both = correlation(benchmark, rated, scores, level)
            found.append(Agreement(dimension, language, benchmark, models, both))
    return found


def _tasks(models: Mapping[str, ModelScores]) -> list[str]:
    order = {task: position for position, task in enumerate(TASKS)}
    there = {task for each in models.values() for task in each.values}
    return sorted(there, key=lambda task: (order.get(task, len(order)), task))
