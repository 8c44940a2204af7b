"""Measuring the style of a campaign's answers, each once."""

from collections.abc import Iterator
from itertools import islice

import numpy as np
from django.core.cache import cache
from django.db.models import Exists, OuterRef

from arena.models import Answer, Campaign
from arena.vote_counts import votes_now
from ranking.estimators.arrays import IntArray
from ranking.estimators.style import Covariates
from ranking.files.styles import style_row
from ranking.models import AnswerStyle
from ranking.style_measures import MEASURES, VERSION, StyleMeasures, measure_all

AT_ONCE = 500
"""Answers measured together."""
_READ_AT_ONCE = 20_000
#: Answers measured for the sake of the leaderboard, whenever beat asks: the worker has votes to count as well.
BY_THE_WAY = 2_000


def measure_answers(*, campaign: Campaign, at_most: int | None = None) -> int:
    """Measures the answers of a campaign's votes that are not measured yet; returns how many.

    Takes no lock and can run twice at once: each answer's measures are written over by equal ones. Commits after each
    batch, so that what was measured stays.
    """
    measured = AnswerStyle.objects.current().filter(answer=OuterRef("pk"))
    waiting = Answer.objects.filter(turn__battle__campaign=campaign, turn__battle__ballot__isnull=False)
    keys = waiting.exclude(text="").filter(~Exists(measured)).order_by("pk").values_list("pk", flat=True)
    pending = iter(list(keys[:at_most]))
    done = 0
    while batch := list(islice(pending, AT_ONCE)):
        rows = list(Answer.objects.filter(pk__in=batch).values_list("pk", "run", "text"))
        _store([(key, run) for key, run, _ in rows], measure_all([text for *_, text in rows]))
        done += len(rows)
    return done


def measure_by_the_way(*, campaign: Campaign) -> int:
    """Measures some answers, so that style control does not have to wait for all of them; returns how many.

    Where nothing was left to measure, it looks again when there are newer votes.
    """
    votes, key = votes_now(campaign), f"styles-measured-{campaign.pk}"
    if cache.get(key) == votes:
        return 0
    done = measure_answers(campaign=campaign, at_most=BY_THE_WAY)
    if done < BY_THE_WAY:
        cache.set(key, votes, timeout=None)
    return done


def ballot_styles(*, campaign: Campaign, ballots: IntArray) -> Covariates:
    """The style of votes (n,), by the keys of their ballots: A's less B's; measures first what is not measured yet."""
    measure_answers(campaign=campaign)
    sides: dict[tuple[int, str], list[StyleMeasures]] = {}
    for ballot, side, *counts in _measured(campaign):
        sides.setdefault((ballot, side), []).append(StyleMeasures(*counts))
    nothing: list[StyleMeasures] = []
    rows = [style_row(sides.get((key, "a"), nothing), sides.get((key, "b"), nothing)) for key in ballots.tolist()]
    return Covariates(MEASURES, np.array(rows, dtype=np.float64).reshape(-1, len(MEASURES)))


def _measured(campaign: Campaign) -> Iterator[tuple[int, str, int, int, int, int, int, int]]:
    found = AnswerStyle.objects.current().filter(
        answer__turn__battle__campaign=campaign, answer__turn__battle__ballot__isnull=False
    )
    columns = ("answer__turn__battle__ballot", "answer__side", *AnswerStyle.MEASURES)
    yield from found.order_by().values_list(*columns).iterator(chunk_size=_READ_AT_ONCE)


def _store(answers: list[tuple[int, int]], measured: list[StyleMeasures]) -> None:
    rows = [
        AnswerStyle(
            answer_id=key, run=run, version=VERSION, **{name: getattr(found, name) for name in AnswerStyle.MEASURES}
        )
        for (key, run), found in zip(answers, measured, strict=True)
    ]
    AnswerStyle.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["answer"],
        update_fields=["run", "version", *AnswerStyle.MEASURES],
    )
