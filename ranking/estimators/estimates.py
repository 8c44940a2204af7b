"""What each method says of a model: its rating, the ends of its interval, its rank and the range of its rank."""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from ranking.estimators import elo
from ranking.estimators.arrays import BoolArray, FloatArray
from ranking.estimators.bootstrap import bootstrap_strengths, percentile_ends
from ranking.estimators.bounds import lone_bounds
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
)
from ranking.estimators.results import DECIMALS
from ranking.estimators.sandwich import sandwich_covariance
from ranking.estimators.structure import Structure, find_structure
from ranking.estimators.votes import Votes

MEAN = 1000.0
ELO_PER_LOG_ODDS = 400 / np.log(10)
NO_WIDTH = 1e-9
"""Log-odds below which an interval's width is rounding."""


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """All arrays have shape (n,) and are on the Elo scale; NaN is no rating, an infinite end is no bound.

    constant (n,): whether nothing that was drawn changed the model's rating, so that its interval is not known.
    one_sided (n,): whether it won all its votes, or lost all, and has a rating nonetheless (Elo).
    resamples (r, n): what the bootstrap drew, where it ran. fitted: the likelihood fit, where there is one.
    """

    structure: Structure
    rating: FloatArray
    low: FloatArray
    high: FloatArray
    ranks: Ranks
    constant: BoolArray
    one_sided: BoolArray
    resamples: FloatArray | None = None
    fitted: Fit | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Spread:
    """Uncertainty of log-strengths: a covariance (n, n), or resamples (r, n), or neither."""

    covariance: FloatArray | None = None
    resamples: FloatArray | None = None

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
            return certain_by_resamples(self.resamples, candidates, alpha)
        if self.covariance is not None:
            return certain_by_covariance(strength, self.covariance, candidates, alpha)
        return np.zeros_like(candidates)


def likelihood_estimate(options: Options, pairs: Pairs, units: Units) -> Estimate:
    """Bradley-Terry, Davidson or Rao-Kupper."""
    fitted = fit(options.method, pairs, units.all_tallies())
    spread = _spread_of_fit(options, pairs, units, fitted)
    rated = fitted.rated
    alpha = 1 - options.level
    low, high = spread.ends(fitted.strength, options.level)
    certain_low, certain_high = low, high
    if not rated.all() and options.interval is not Interval.NONE:
        # Half of the error goes to the pairs with a model that has no rating, shared among all models (Bonferroni).
        alpha /= 2
        certain_low, certain_high = spread.ends(fitted.strength, 1 - alpha / pairs.n_models)
        tally = units.all_tallies()
        low, high = _with_lone_ends(pairs, tally, fitted, low, high, (1 - options.level) / 2)
        certain_low, certain_high = _with_lone_ends(
            pairs, tally, fitted, certain_low, certain_high, alpha / pairs.n_models / 2
        )
    constant = rated & (high - low < NO_WIDTH)
    together = _same_component(fitted.structure)
    both_rated = together & rated[:, None] & rated[None, :]
    certain = spread.claims(fitted.strength, both_rated, alpha)
    certain |= certain_by_ends(certain_low, certain_high, together & ~both_rated)
    return Estimate(
        structure=fitted.structure,
        rating=np.where(rated, _on_elo_scale(fitted.strength), np.nan),
        low=np.where(constant, -np.inf, _on_elo_scale(low)),
        high=np.where(constant, np.inf, _on_elo_scale(high)),
        ranks=_ranks(fitted.structure, fitted.strength, certain),
        constant=constant,
        one_sided=np.zeros_like(rated),
        resamples=spread.resamples,
        fitted=fitted,
    )


def elo_estimate(options: Options, votes: Votes, pairs: Pairs, units: Units, *, by_voter: bool) -> Estimate:
    """Online Elo. It gives every model that took part a number, so nobody is unbounded."""
    structure = find_structure(pairs, units.all_tallies(), one_scale=True)
    strength = (elo.elo_ratings(votes) - MEAN) / ELO_PER_LOG_ODDS
    spread = _Spread()
    if options.interval is Interval.BOOTSTRAP and units.total > 1:
        resamples = elo.elo_resamples(votes, rounds=options.rounds, seed=options.seed, by_voter=by_voter)
        spread = _Spread(resamples=(resamples - MEAN) / ELO_PER_LOG_ODDS)
    low, high = spread.ends(strength, options.level)
    rated, one_sided = structure.rated, _one_sided(pairs, units.all_tallies())
    constant = rated & (high - low < NO_WIDTH)
    sure = rated & ~one_sided  # no resample shows how else a one-sided record might have ended
    certain = spread.claims(strength, _same_component(structure) & sure[:, None] & sure[None, :], 1 - options.level)
    return Estimate(
        structure=structure,
        rating=np.where(rated, _on_elo_scale(strength), np.nan),
        low=np.where(constant, -np.inf, _on_elo_scale(low)),
        high=np.where(constant, np.inf, _on_elo_scale(high)),
        ranks=_ranks(structure, strength, certain),
        constant=constant,
        one_sided=one_sided,
        resamples=spread.resamples,
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


def _same_component(structure: Structure) -> BoolArray:
    component = structure.component
    return np.asarray((component[:, None] == component[None, :]) & ~np.eye(len(component), dtype=bool))


def _on_elo_scale(strength: FloatArray) -> FloatArray:
    return np.asarray(MEAN + ELO_PER_LOG_ODDS * strength)
