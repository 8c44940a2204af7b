"""What each method says of a model: its rating, the ends of its interval, its rank and the range of its rank."""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from ranking.estimators import elo
from ranking.estimators.adjusted import Adjusted, adjusted
from ranking.estimators.anchoring import Anchoring, find_anchoring
from ranking.estimators.arrays import BoolArray, FloatArray
from ranking.estimators.bootstrap import bootstrap_strengths, percentile_ends
from ranking.estimators.bounds import lone_bounds
from ranking.estimators.cells import Cells
from ranking.estimators.effects import Effect
from ranking.estimators.families import FAMILIES
from ranking.estimators.fit_tests import TieModels, compare_tie_models
from ranking.estimators.fitting import Fit, fit
from ranking.estimators.options import Interval, Options
from ranking.estimators.pairs import Pairs, Units
from ranking.estimators.ranks import (
    Ranks,
    better,
    certain_by_covariance,
    certain_by_ends,
    certain_by_resamples,
    ranks_from,
    same_component,
)
from ranking.estimators.results import DECIMALS
from ranking.estimators.sandwich import sandwich_covariance
from ranking.estimators.scale import ELO_PER_LOG_ODDS as ELO_PER_LOG_ODDS
from ranking.estimators.scale import MEAN
from ranking.estimators.structure import Structure, find_structure
from ranking.estimators.votes import Votes

NO_WIDTH = 1e-9
"""Log-odds below which an interval's width is rounding."""


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """All arrays have shape (n,) and are on the Elo scale; NaN is no rating, an infinite end is no bound.

    constant (n,): whether nothing that was drawn changed the model's rating, so that its interval is not known.
    one_sided (n,): whether it won all its votes, or lost all, and has a rating nonetheless (Elo).
    strength (n,): natural log-strengths, centred on 0 within each block.
    covariance (n, n): of the log-strengths, where intervals are sandwiches. resamples (r, n): log-strengths that the
    bootstrap drew, where it ran. fitted: the likelihood fit, where there is one. All of these know nothing of an
    anchor, which moves ratings and ends only. effects: of the side, where it was asked.
    supported (n,): whether the votes alone, without regularisation, make a model's rating finite. tie_models: which of
    them the votes support, where one was asked.
    """

    structure: Structure
    rating: FloatArray
    low: FloatArray
    high: FloatArray
    ranks: Ranks
    constant: BoolArray
    one_sided: BoolArray
    strength: FloatArray
    covariance: FloatArray | None = None
    resamples: FloatArray | None = None
    fitted: Fit | None = None
    effects: tuple[Effect, ...] = ()
    supported: BoolArray | None = None
    tie_models: TieModels | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Spread:
    """Uncertainty of log-strengths: a covariance (n, n), or resamples (r, n), or neither."""

    covariance: FloatArray | None = None
    resamples: FloatArray | None = None

    def shown(self, anchoring: Anchoring, strength: FloatArray) -> "_Spread":
        """The uncertainty of ratings on an anchored scale."""
        covariance = None if self.covariance is None else anchoring.covariance(self.covariance)
        resamples = None if self.resamples is None else anchoring.resamples(self.resamples, strength)
        return _Spread(covariance, resamples)

    def ends(self, strength: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
        """Ends (n,) of the central intervals; unbounded where nothing is known."""
        if self.resamples is not None:
            return percentile_ends(self.resamples, level)
        if self.covariance is not None:
            half = -ndtri((1 - level) / 2) * np.sqrt(np.maximum(np.diag(self.covariance), 0))
            return strength - half, strength + half
        return np.full_like(strength, -np.inf), np.full_like(strength, np.inf)

    def claims(self, strength: FloatArray, candidates: BoolArray, alpha: float) -> BoolArray:
        """Which of the candidate pairs are certainly in order, (n, n); error of any claim: at most alpha."""
        if self.resamples is not None:
            return certain_by_resamples(strength, self.resamples, candidates, alpha)
        if self.covariance is not None:
            return certain_by_covariance(strength, self.covariance, candidates, alpha)
        return np.zeros_like(candidates)


def likelihood_estimate(
    options: Options, cells: Cells, pairs: Pairs, units: Units, found: Adjusted | None = None
) -> Estimate:
    """Bradley-Terry, Davidson or Rao-Kupper; from a fit `found` otherwise, where there is one.

    Raises `EstimationError` where the anchor is unknown or has no rating.
    """
    fit_with = _plain if not (options.side_effect or options.regularisation) else _as_asked
    found = found or fit_with(options, cells, pairs, units)
    fitted, rated = found.fitted, found.fitted.rated
    spread = _Spread(found.covariance, found.resamples)
    anchoring = find_anchoring(options, cells.models, fitted.structure, rated, fitted.strength)
    low, high = spread.shown(anchoring, fitted.strength).ends(fitted.strength, options.level)
    certain = _certain(options, pairs, units, found, spread)
    if not rated.all() and options.interval is not Interval.NONE:
        low, high = _with_lone_ends(pairs, units.all_tallies(), fitted, low, high, (1 - options.level) / 2)
    low, high = np.where(rated & ~found.supported, [[-np.inf], [np.inf]], [low, high])
    constant = rated & (high - low < NO_WIDTH)
    low, high = np.where(constant, [[-np.inf], [np.inf]], [low, high])
    if anchoring.model is not None:
        low[anchoring.model] = high[anchoring.model] = fitted.strength[anchoring.model]
        constant[anchoring.model] = False
    return Estimate(
        structure=fitted.structure,
        rating=np.where(rated, anchoring.ratings(fitted.strength), np.nan),
        low=anchoring.ratings(low),
        high=anchoring.ratings(high),
        ranks=_ranks(fitted.structure, fitted.strength, certain),
        constant=constant,
        one_sided=np.zeros_like(rated),
        strength=fitted.strength,
        covariance=found.covariance,
        resamples=found.resamples,
        fitted=fitted,
        effects=found.effects,
        supported=found.supported,
        tie_models=compare_tie_models(pairs, units) if FAMILIES[fitted.method].has_tie else None,
    )


def elo_estimate(options: Options, votes: Votes, pairs: Pairs, units: Units, *, by_voter: bool) -> Estimate:
    """Online Elo. It gives every model that took part a number, so nobody is unbounded.

    Raises `EstimationError` where the anchor is unknown or has no rating.
    """
    structure = find_structure(pairs, units.all_tallies(), one_scale=True)
    strength = (_elo_ratings(options, votes) - MEAN) / ELO_PER_LOG_ODDS
    spread = _Spread()
    if options.interval is Interval.BOOTSTRAP and units.total > 1:
        spread = _Spread(resamples=(_elo_resamples(options, votes, by_voter=by_voter) - MEAN) / ELO_PER_LOG_ODDS)
    rated, one_sided = structure.rated, _one_sided(pairs, units.all_tallies())
    anchoring = find_anchoring(options, votes.models, structure, rated, strength)
    low, high = spread.shown(anchoring, strength).ends(strength, options.level)
    constant = rated & (high - low < NO_WIDTH)
    low, high = np.where(constant, [[-np.inf], [np.inf]], [low, high])
    if anchoring.model is not None:
        low[anchoring.model] = high[anchoring.model] = strength[anchoring.model]
        constant[anchoring.model] = False
    sure = rated & ~one_sided  # no resample shows how else a one-sided record might have ended
    certain = spread.claims(strength, same_component(structure) & sure[:, None] & sure[None, :], 1 - options.level)
    return Estimate(
        structure=structure,
        rating=np.where(rated, anchoring.ratings(strength), np.nan),
        low=anchoring.ratings(low),
        high=anchoring.ratings(high),
        ranks=_ranks(structure, strength, certain),
        constant=constant,
        one_sided=one_sided,
        strength=strength,
        resamples=spread.resamples,
        supported=rated,
    )


def _plain(options: Options, cells: Cells, pairs: Pairs, units: Units) -> Adjusted:
    fitted = fit(options.method, pairs, units.all_tallies())
    spread = _spread_of_fit(options, pairs, units, fitted)
    return Adjusted(fitted, (), fitted.rated, spread.covariance, spread.resamples)


def _as_asked(options: Options, cells: Cells, pairs: Pairs, units: Units) -> Adjusted:
    return adjusted(options, cells) or _plain(options, cells, pairs, units)


def _certain(options: Options, pairs: Pairs, units: Units, found: Adjusted, spread: _Spread) -> BoolArray:
    """Claims "i above j" (n, n) that hold at once with probability `level`."""
    fitted, alpha = found.fitted, 1 - options.level
    rated, together = fitted.rated, same_component(fitted.structure)
    known = rated & found.supported
    both = together & known[:, None] & known[None, :]
    if rated.all() or options.interval is Interval.NONE:
        return spread.claims(fitted.strength, both, alpha)
    # Half of the error goes to the pairs with a model that has no rating, shared among all models (Bonferroni).
    tail = alpha / 2 / pairs.n_models
    low, high = spread.ends(fitted.strength, 1 - tail)
    low, high = _with_lone_ends(pairs, units.all_tallies(), fitted, low, high, tail / 2)
    loose = together & ~(rated[:, None] & rated[None, :])
    return spread.claims(fitted.strength, both, alpha / 2) | certain_by_ends(low, high, loose)


def _elo_ratings(options: Options, votes: Votes) -> FloatArray:
    if options.elo_orders is None:
        return elo.elo_ratings(votes, k=options.elo_k)
    canonical = elo.in_canonical_order(votes)
    return elo.elo_averaged(canonical, k=options.elo_k, orders=options.elo_orders, seed=options.seed)


def _elo_resamples(options: Options, votes: Votes, *, by_voter: bool) -> FloatArray:
    return elo.elo_resamples(
        votes if options.elo_orders is None else elo.in_canonical_order(votes),
        k=options.elo_k,
        rounds=options.rounds,
        seed=options.seed,
        by_voter=by_voter,
        orders=options.elo_orders,
    )


def _spread_of_fit(options: Options, pairs: Pairs, units: Units, fitted: Fit) -> _Spread:
    if units.total < 2 or not fitted.rated.any():
        return _Spread()
    match options.interval:
        case Interval.BOOTSTRAP:
            return _Spread(
                resamples=bootstrap_strengths(
                    options.method, pairs, units, fitted, rounds=options.rounds, seed=options.seed
                )
            )
        case Interval.SANDWICH:
            return _Spread(covariance=sandwich_covariance(pairs, units, fitted))
        case Interval.NONE:
            return _Spread()


def _with_lone_ends(
    pairs: Pairs, tally: FloatArray, fitted: Fit, low: FloatArray, high: FloatArray, tail: float
) -> tuple[FloatArray, FloatArray]:
    lone_low, lone_high = lone_bounds(pairs, tally, fitted, tail)
    return np.where(fitted.rated, low, lone_low), np.where(fitted.rated, high, lone_high)


def _one_sided(pairs: Pairs, tally: FloatArray) -> BoolArray:
    """Which models won all their votes, or lost all, (n,)."""
    n = pairs.n_models
    score = np.bincount(pairs.first, tally @ [1, -1, 0], n) - np.bincount(pairs.second, tally @ [1, -1, 0], n)
    weight = tally.sum(axis=1)
    total = np.bincount(pairs.first, weight, n) + np.bincount(pairs.second, weight, n)
    return np.asarray((total > 0) & (np.abs(score) == total))


def _ranks(structure: Structure, strength: FloatArray, certain: BoolArray) -> Ranks:
    rounded = np.round(strength * ELO_PER_LOG_ODDS, DECIMALS)
    return ranks_from(structure.component, better(structure, rounded), certain)
