"""Ratings with a side effect, or regularised: what `Options` asks of the engine for covariates.

The side effect is a covariate that is 1 in every vote: the advantage, in log-odds, of being shown as A.

Regularisation by lambda gives each model lambda fictitious votes, spread evenly over the other models of its
component, half of them won. That is a log-prior of lambda / (size - 1) x log(p (1 - p)) / 2 on each pair, p being the
Bradley-Terry chance of either; it pulls strengths towards one another whatever the likelihood, leaves the tie
parameter and the side effect alone, joins no components, and makes every strength within one finite.
"""

from dataclasses import dataclass, replace

import numpy as np

from ranking.estimators.arrays import BoolArray, FloatArray
from ranking.estimators.bootstrap import percentile_ends
from ranking.estimators.cells import Cells
from ranking.estimators.designs import Pull
from ranking.estimators.effects import Effect
from ranking.estimators.errors import EstimationError
from ranking.estimators.fitting import Fit, fit
from ranking.estimators.options import Interval, Options
from ranking.estimators.pairs import Pairs
from ranking.estimators.point_bootstrap import PointUnits, Refit, point_resamples
from ranking.estimators.points import fit_points
from ranking.estimators.regression import design_points, regression_of
from ranking.estimators.rows import Rows, pair_tallies
from ranking.estimators.scale import ELO_PER_LOG_ODDS
from ranking.estimators.structure import find_structure

SIDE = "side_a"
"""The side effect's name."""


@dataclass(frozen=True, slots=True, eq=False)
class Adjusted:
    """A fit with what was asked, and its uncertainty as in `Estimate`.

    effects: of the side, where it was asked and can be told. supported (n,): whether the votes alone, without
    regularisation, make a model's rating finite.
    """

    fitted: Fit
    effects: tuple[Effect, ...]
    supported: BoolArray
    covariance: FloatArray | None = None
    resamples: FloatArray | None = None


def adjusted(options: Options, cells: Cells) -> Adjusted | None:
    """Fit what is asked, with what the votes can tell of it.

    A side effect that they cannot tell is left out; None where there is nothing else to do, or no votes.
    """
    if not len(cells):
        return None
    if options.side_effect:
        try:
            return _adjusted(options, cells, side=True)
        except EstimationError:  # the votes cannot tell it, and the ranking says so: see `remarks`
            pass
    return _adjusted(options, cells, side=False) if options.regularisation else None


def _adjusted(options: Options, cells: Cells, *, side: bool) -> Adjusted:
    names = (SIDE,) if side else ()
    rows, one = Rows.of_cells(cells, np.ones((len(cells), len(names))), names), np.ones(len(names))
    points, kind = design_points(rows, one)
    sums = np.bincount(3 * kind + rows.outcome, weights=rows.weight * rows.count, minlength=3 * len(points))
    tallies = sums.reshape(-1, 3).astype(np.float64)
    pairs, of_pairs = pair_tallies(points.model_a, points.model_b, tallies, points.n_models)
    pull = _pull(options.regularisation, pairs, of_pairs)
    found = fit_points(options.method, points, tallies, pull=pull)
    fitted = replace(found.fit, side=float(found.coefficients.sum()))
    supported = fit(options.method, pairs, of_pairs).rated
    units = PointUnits.of(rows, kind, len(points), by_voter=cells.by_voter)
    if units.total > 1 and options.interval is Interval.SANDWICH:
        regression = regression_of(found, rows, kind, one, by_voter=cells.by_voter)
        covariance = np.array(regression.covariance[: points.n_models, : points.n_models])
        return Adjusted(fitted, regression.effects(options.level), supported, covariance=covariance)
    if units.total > 1 and options.interval is Interval.BOOTSTRAP:
        refit = Refit(options.method, points, pairs, pull, replace(found, fit=fitted))
        resamples, drawn = point_resamples(refit, units, rounds=options.rounds, seed=options.seed)
        effects = tuple(_resampled(fitted.side, drawn, options.level) for _ in names)
        return Adjusted(fitted, effects, supported, resamples=resamples)
    effects = tuple(Effect.normal(name, fitted.side, np.nan, options.level) for name in names)
    return Adjusted(fitted, effects, supported)


def _pull(votes: float, pairs: Pairs, tally: FloatArray) -> Pull | None:
    """`votes` fictitious votes of each model, spread over the others of its component."""
    if not votes:
        return None
    component = find_structure(pairs, tally, one_scale=True).component
    first, second = np.nonzero(np.triu(component[:, None] == component[None, :], 1))
    size = np.bincount(component)[component]
    return Pull(Pairs(pairs.n_models, first, second), votes / (size[first] - 1))


def _resampled(side: float, drawn: FloatArray, level: float) -> Effect:
    """The side effect from resamples (r, 1): percentiles, and a p-value that these can bear (at least 2 / (r + 1))."""
    low, high = (float(end[0]) for end in percentile_ends(drawn, level))
    beyond = min(int((~(drawn > 0)).sum()), int((~(drawn < 0)).sum()))
    return Effect(
        SIDE,
        ELO_PER_LOG_ODDS * side,
        ELO_PER_LOG_ODDS * low if np.isfinite(low) else None,
        ELO_PER_LOG_ODDS * high if np.isfinite(high) else None,
        min(1.0, 2 * (beyond + 1) / (len(drawn) + 1)),
    )
