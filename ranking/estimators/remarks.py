"""Which notices a ranking deserves."""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from ranking.estimators.cells import Cells
from ranking.estimators.estimates import Estimate
from ranking.estimators.fit_tests import LEVEL
from ranking.estimators.notices import Case, Notice
from ranking.estimators.options import Interval, Method, Options
from ranking.estimators.pairs import Units
from ranking.estimators.results import Rating
from ranking.estimators.votes import TIE

ENOUGH_VOTERS = 30
ENOUGH_IN_TAIL = 5
"""Resamples that should lie beyond each end of an interval."""


def remarks(
    options: Options,
    every_cell: Cells,
    units: Units,
    estimate: Estimate,
    ratings: Sequence[Rating],
    *,
    by_voter: bool,
    left_out: int,
    ties_dropped: int = 0,
) -> Iterator[Notice]:
    """Everything that a reader of the numbers has to know, most general first."""
    if left_out:
        yield Notice.of(Case.LEFT_OUT, count=left_out)
    if ties_dropped:
        yield Notice.of(Case.TIES_DROPPED, count=ties_dropped)
    kinds = every_cell.without_voters()
    if weightless := int(kinds.count[kinds.weight == 0].sum()):
        yield Notice.of(Case.WEIGHTLESS, count=weightless)
    cells = kinds.without_weightless()
    if not len(cells):
        yield Notice.of(Case.NO_VOTES)
        return
    yield from _of_graph(ratings)
    yield from _of_models(estimate, ratings)
    yield from _of_ties(options, cells, estimate)
    yield from _of_tie_models(options, estimate)
    yield from _of_what_was_asked(options, cells.models, estimate, ratings)
    if options.method is Method.ELO:
        yield _of_elo(options)
    if options.interval is not Interval.NONE:
        yield from _of_intervals(options, every_cell, units, by_voter=by_voter)
    yield from _of_resamples(cells, estimate)


def _of_tie_models(options: Options, estimate: Estimate) -> Iterator[Notice]:
    found = estimate.tie_models
    if found is None:
        return
    p = "-" if found.p is None else f"{found.p:.2g}"
    if found.better is None:
        yield Notice.of(Case.TIE_MODELS_ALIKE, p=p)
    else:
        other = found.rao_kupper if found.better is found.davidson else found.davidson
        yield Notice.of(Case.TIE_MODEL, better=found.better.method.value, other=other.method.value, p=p)
    used = found.davidson if options.method is Method.DAVIDSON else found.rao_kupper
    if used.p is not None and used.p < LEVEL:
        statistic = f"{used.chi_square:.1f}"
        yield Notice.of(Case.TIE_MISFIT, method=used.method.value, statistic=statistic, df=used.df, p=f"{used.p:.2g}")


def _of_what_was_asked(
    options: Options, models: Sequence[str], estimate: Estimate, ratings: Sequence[Rating]
) -> Iterator[Notice]:
    if options.regularisation:
        yield Notice.of(Case.REGULARISED, votes=f"{options.regularisation:g}")
        supported = estimate.supported if estimate.supported is not None else estimate.structure.rated
        for rating in ratings:
            if rating.rating is not None and not supported[models.index(rating.model)]:
                yield Notice.of(Case.REGULARISED_ONLY, model=rating.model)
    if options.side_effect and not estimate.effects:
        yield Notice.of(Case.NO_SIDE_EFFECT)
    groups = {rating.component: rating.model for rating in ratings if rating.battles}
    if options.anchor is not None and len(groups) > 1:
        component = next(rating.component for rating in ratings if rating.model == options.anchor)
        yield Notice.of(Case.ANCHORED_GROUP, model=options.anchor, component=component)


def _of_elo(options: Options) -> Notice:
    if options.elo_orders is None:
        return Notice.of(Case.ELO_ORDER, k=f"{options.elo_k:g}")
    return Notice.of(Case.ELO_ORDERS, k=f"{options.elo_k:g}", count=options.elo_orders, seed=options.seed)


def _of_graph(ratings: Sequence[Rating]) -> Iterator[Notice]:
    counted = Counter(rating.component for rating in ratings if rating.battles)
    if len(counted) > 1:
        yield Notice.of(Case.DISCONNECTED, count=len(counted))
    if sum(counted.values()) == 2:
        yield Notice.of(Case.ONE_PAIR)


def _of_models(estimate: Estimate, ratings: Sequence[Rating]) -> Iterator[Notice]:
    if estimate.fitted is not None and estimate.fitted.separated:
        return
    rated_components = {rating.component for rating in ratings if rating.rating is not None}
    for component in sorted({rating.component for rating in ratings if rating.battles} - rated_components):
        yield Notice.of(Case.NO_SCALE, component=component)
    for rating in ratings:
        if rating.rating is not None:
            continue
        if not rating.battles:
            yield Notice.of(Case.NEVER_COUNTED, model=rating.model)
        elif rating.wins == rating.battles:
            yield Notice.of(Case.NEVER_LOST, model=rating.model, battles=rating.battles)
        elif rating.losses == rating.battles:
            yield Notice.of(Case.NEVER_WON, model=rating.model, battles=rating.battles)
        elif rating.component in rated_components:
            yield Notice.of(Case.SPLIT, model=rating.model)


def _of_ties(options: Options, cells: Cells, estimate: Estimate) -> Iterator[Notice]:
    if (cells.outcome == TIE).all():
        yield Notice.of(Case.ALL_TIES)
    elif estimate.fitted is not None and estimate.fitted.method is not options.method:
        case = Case.TIE_SEPARATED if estimate.fitted.separated else Case.NO_TIES
        yield Notice.of(case, method=options.method.value)


def _of_intervals(options: Options, every_cell: Cells, units: Units, *, by_voter: bool) -> Iterator[Notice]:
    if options.cluster is None and not by_voter:
        yield Notice.of(Case.NO_VOTERS)
    if by_voter and (unknown := every_cell.of_unknown_voters):
        yield Notice.of(Case.UNKNOWN_VOTERS, count=unknown)
    if units.total < 2:
        yield Notice.of(Case.ONE_VOTER if by_voter else Case.ONE_VOTE)
    elif by_voter and units.total < ENOUGH_VOTERS:
        yield Notice.of(Case.FEW_VOTERS, count=units.total)
    if options.interval is Interval.BOOTSTRAP and options.rounds * (1 - options.level) / 2 < ENOUGH_IN_TAIL:
        yield Notice.of(Case.FEW_ROUNDS, rounds=options.rounds)


def _of_resamples(cells: Cells, estimate: Estimate) -> Iterator[Notice]:
    if estimate.constant.any():
        models = ", ".join(cells.models[model] for model in np.flatnonzero(estimate.constant))
        yield Notice.of(Case.CONSTANT, models=models)
    if estimate.resamples is None:
        return
    rounds = len(estimate.resamples)
    absent = np.isnan(estimate.resamples).sum(axis=0)
    unbounded = np.isinf(estimate.resamples).sum(axis=0)
    for model in np.flatnonzero(np.isfinite(estimate.rating)):
        if estimate.one_sided[model]:
            yield Notice.of(Case.ONE_SIDED, model=cells.models[model])
        if absent[model]:
            yield Notice.of(Case.ABSENT, model=cells.models[model], count=int(absent[model]), rounds=rounds)
        if unbounded[model]:
            yield Notice.of(Case.UNBOUNDED, model=cells.models[model], count=int(unbounded[model]), rounds=rounds)
