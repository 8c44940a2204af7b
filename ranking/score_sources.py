"""Where `correlate` has its scores from: the database, or files without any."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ranking.agreement import ModelScores
from ranking.benchmark_names import first_of, names_of
from ranking.benchmark_scores import scores_of
from ranking.files.benchmarks import Measured
from ranking.files.scores import read_scores


def scores_of_files(paths: Sequence[Path]) -> dict[str, ModelScores]:
    """Scores by the names that the files give. Raises `BadFile` and `ScoresDiffer`."""
    measured, _notices = read_scores(paths)
    by_model: dict[str, list[Measured]] = defaultdict(list)
    for score in scores_of(measured).scores:
        by_model[score.model].append(score)
    return {model: ModelScores.of(scores) for model, scores in by_model.items()}


def scores_of_database() -> dict[str, ModelScores]:
    """All scores that were imported, by the names that they have."""
    from ranking.models import BenchmarkScore

    by_model: dict[str, dict[str, float]] = defaultdict(dict)
    for score in BenchmarkScore.objects.iterator():
        by_model[score.model][score.task] = score.value if score.higher_is_better else -score.value
    return {model: ModelScores(values) for model, values in by_model.items()}


def under_names_of(slug: str, scores: Mapping[str, ModelScores]) -> dict[str, ModelScores]:
    """The scores of a campaign's competitors, under their names in its ranking."""
    from arena.models import Competitor

    competitors: Iterable[Competitor] = Competitor.objects.filter(campaign__slug=slug).select_related("served_model")
    names = {competitor.name: first_of(names_of(competitor), scores) for competitor in competitors}
    return {name: scores[known] for name, known in names.items() if known}
