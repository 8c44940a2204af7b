"""Writes of benchmark scores."""

from collections import Counter
from collections.abc import Collection, Mapping

from django.db import IntegrityError, transaction

from ranking.benchmark_scores import ScoresDiffer
from ranking.benchmark_tasks import language_of
from ranking.files.benchmarks import Measured
from ranking.models import BenchmarkScore

#: Differences that an error names; it says how many there are of more.
_NAMED = 5


@transaction.atomic
def import_scores(*, scores: Collection[Measured], replace: bool = False) -> Mapping[str, int]:
    """Store scores, one a model and task; how many are `new`, `same` and `replaced`. All of them or none.

    What is there with the same value stays as it is, so that the same files can be imported again. Takes no lock: the
    constraint refuses a row that came up meanwhile, and of two that replace the same score at once the last one wins.
    Raises ScoresDiffer where a value is another and is not to be replaced, and
    ValidationError on names and numbers that cannot be stored.
    """
    rows = BenchmarkScore.objects.of_models(score.model for score in scores)
    there = {(row.model, row.task): row for row in rows}
    changed = [score for score in scores if (row := there.get((score.model, score.task))) and not _same(row, score)]
    if changed and not replace:
        raise ScoresDiffer(_said(changed, there))
    new = [_checked(score) for score in scores if (score.model, score.task) not in there]
    _create(new)
    for score in changed:
        row = _checked(score)
        row.pk = there[score.model, score.task].pk
        row.save()
    counts = Counter(new=len(new), replaced=len(changed))
    counts["same"] = len(scores) - counts.total()
    return counts


def _create(rows: list[BenchmarkScore]) -> None:
    try:
        with transaction.atomic():
            BenchmarkScore.objects.bulk_create(rows)
    except IntegrityError as error:
        raise ScoresDiffer(
            "Somebody else imported scores of these models at the same time. Nothing was imported; run it again."
        ) from error


def _same(row: BenchmarkScore, score: Measured) -> bool:
    return row.metric == score.metric and abs(row.value - score.value) <= 1e-12 * max(1.0, abs(score.value))


def _checked(score: Measured) -> BenchmarkScore:
    row = _row(score)
    row.full_clean(validate_unique=False, validate_constraints=False)
    return row


def _row(score: Measured) -> BenchmarkScore:
    return BenchmarkScore(
        model=score.model,
        task=score.task,
        language=language_of(score.task),
        metric=score.metric,
        value=score.value,
        stderr=score.stderr,
        higher_is_better=score.higher_is_better,
        n=score.n,
        n_in_all=score.n_in_all,
        shots=score.shots,
        harness=score.source.harness,
        file_name=score.source.path.name[:255],
        file_sha256=score.source.sha256,
    )


def _said(changed: list[Measured], there: Mapping[tuple[str, str], BenchmarkScore]) -> str:
    named = [
        f"{score.task} of {score.model} is {there[score.model, score.task].value:g} and would be {score.value:g}"
        for score in changed[:_NAMED]
    ]
    more = f", and {len(changed) - _NAMED} more" if len(changed) > _NAMED else ""
    return f"Other scores are there already: {'; '.join(named)}{more}. Nothing was imported; --replace takes the new."
