"""The recipe of the Ebaluatoia study (Sainz et al., EMNLP 2025), to the digit.

100 resamples of the votes in the order of their file, drawn as pandas' `sample(frac=1.0, replace=True)` draws after
`numpy.random.seed(42)`; Bradley-Terry on each without penalty, a tie as half a win for each, around 1000. The score is
the mean over the resamples, cut to an integer; the interval goes up by the integer part of q95 - q50, and down by that
of q50 - q05. The study fitted with scikit-learn's logistic regression; we take the exact maximum.

What the recipe costs in accuracy is measured in docs/ranking.md. It is here to be compared with, not to be preferred.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from ranking.estimators.arrays import FloatArray, IntArray
from ranking.estimators.errors import EstimationError
from ranking.estimators.families import FAMILIES
from ranking.estimators.fingerprints import sequence_sha256
from ranking.estimators.fitting import Fit, fit
from ranking.estimators.newton import maximise
from ranking.estimators.notices import Case, Notice
from ranking.estimators.options import Cluster, Interval, Method, Options
from ranking.estimators.pairs import FIRST, SECOND, TIED, Pairs
from ranking.estimators.ranking import Solution, solve
from ranking.estimators.results import Ranking, Rating
from ranking.estimators.scale import ELO_PER_LOG_ODDS, MEAN
from ranking.estimators.structure import Structure, blocks_hold
from ranking.estimators.votes import TIE, A, Votes

PAPER = "paper"
ROUNDS, SEED, LEVEL = 100, 42, 0.9


def rank_as_paper(votes: Votes, *, dimension: str = "overall", left_out: int = 0, seed: int = SEED) -> Ranking:
    """The study's ranking of `votes`, whose order matters. Another `seed` than the study's shows what chance does.

    A model that won or lost everything in a resample has no finite mean, hence no rating; the study's script gives it
    a number that depends on where its solver stops. Resamples without a model are left out of its mean, as there.

    Raises `EstimationError` where votes are weighted, which the recipe does not know.
    """
    if (votes.weight != 1).any():
        raise EstimationError("the paper's recipe knows no weights, and these votes have some")
    plain = solve(votes, Options(interval=Interval.NONE), dimension=dimension, left_out=left_out)
    resamples = paper_resamples(votes, plain, seed=seed)
    return replace(
        plain.ranking,
        options=Options(interval=Interval.BOOTSTRAP, level=LEVEL, rounds=ROUNDS, seed=seed, cluster=Cluster.NONE),
        input_sha256=sequence_sha256(votes, by_voter=False),
        ratings=_lines(plain, resamples),
        notices=(*plain.ranking.notices, *_notices(plain, resamples)),
        preset=PAPER,
    )


def paper_resamples(votes: Votes, plain: Solution, *, seed: int = SEED) -> FloatArray:
    """Ratings (ROUNDS, n) of each resample: infinite where unbounded, NaN where a model cannot be placed."""
    n_votes, pairs, whole = len(votes), plain.pairs, plain.estimate.structure
    ratings = np.full((ROUNDS, pairs.n_models), np.nan)
    if not n_votes:
        return ratings
    slot = _slots(votes, pairs)
    generator = np.random.RandomState(seed)  # what `numpy.random.seed` sets, without setting it for everybody
    tallies = np.empty((ROUNDS, len(pairs), 3))
    for tally in tallies:
        drawn = generator.choice(n_votes, size=n_votes, replace=True)
        tally[:] = np.bincount(slot[drawn], minlength=tally.size).reshape(tally.shape)
    within = whole.block[pairs.first] == whole.block[pairs.second]
    regular = blocks_hold(pairs, tallies, whole.block) & bool(within.all())
    if regular.any():
        ratings[regular] = MEAN + ELO_PER_LOG_ODDS * _fit_at_once(pairs, tallies[regular], plain)
    for row in np.flatnonzero(~regular):
        ratings[row] = _placed(fit(Method.BRADLEY_TERRY, pairs, tallies[row]), pairs, tallies[row], whole)
    return ratings


def _fit_at_once(pairs: Pairs, tallies: FloatArray, plain: Solution) -> FloatArray:
    """Log-strengths (r, n) of resamples in which all differences are finite, from the fit to all votes."""
    family, estimate = FAMILIES[Method.BRADLEY_TERRY], plain.estimate
    start = np.repeat(estimate.strength[None], len(tallies), axis=0)
    found = maximise(family, pairs, tallies, estimate.structure.block, strength=start, tie=np.zeros(len(tallies)))
    if not found.converged.all():
        raise EstimationError("the fit to a resample did not converge")
    return found.strength


def _slots(votes: Votes, pairs: Pairs) -> IntArray:
    """Position of each vote in a flat table (p, 3) of pairs and outcomes, (n_votes,)."""
    low, high = np.minimum(votes.model_a, votes.model_b), np.maximum(votes.model_a, votes.model_b)
    pair = np.searchsorted(pairs.first * pairs.n_models + pairs.second, low * pairs.n_models + high)
    won_by_lower = (votes.outcome == A) == (votes.model_a < votes.model_b)
    return np.asarray(3 * pair + np.where(votes.outcome == TIE, TIED, np.where(won_by_lower, FIRST, SECOND)))


def _placed(fitted: Fit, pairs: Pairs, tally: FloatArray, whole: Structure) -> FloatArray:
    """Ratings (n,) of one resample, with mean 1000 over the finite ones of each component of the whole."""
    structure, rating = fitted.structure, np.full(pairs.n_models, np.nan)
    for label in range(len(whole.anchor)):
        members = np.flatnonzero(whole.component == label)
        largest = structure.component[members].min()  # components are numbered largest first
        here = members[structure.component[members] == largest]
        finite = here[fitted.rated[here]]
        if len(finite):
            strength = fitted.strength[finite]
            rating[finite] = MEAN + ELO_PER_LOG_ODDS * (strength - strength.mean())
        others, opponents = np.setdiff1d(here, finite), finite if len(finite) else here
        above = structure.above[np.ix_(others, opponents)].any(axis=1)
        below = structure.above[np.ix_(opponents, others)].any(axis=0)
        rating[others[above & ~below]], rating[others[below & ~above]] = np.inf, -np.inf
    played = tally.sum(axis=1) > 0
    rating[~np.isin(np.arange(pairs.n_models), np.r_[pairs.first[played], pairs.second[played]])] = np.nan
    return rating


def _lines(plain: Solution, resamples: FloatArray) -> tuple[Rating, ...]:
    """The models best first: by cut score, then by mean, within each component."""
    code = {name: position for position, name in enumerate(plain.cells.models)}
    marks = {line.model: _mark(resamples[:, code[line.model]]) for line in plain.ranking.ratings}
    lines = []
    for line in plain.ranking.ratings:
        mark, others = (
            marks[line.model],
            (other for other in plain.ranking.ratings if other.component == line.component),
        )
        rank = 1 + sum(marks[other.model].score > mark.score for other in others)
        lines.append(replace(line, rating=mark.rating, ci_low=mark.low, ci_high=mark.high, rank=rank))
    return tuple(sorted(lines, key=lambda line: (line.component, line.rank, -marks[line.model].mean, line.model)))


@dataclass(frozen=True, slots=True)
class _Mark:
    """One model's mean over the resamples that place it (-inf where none does), and its integers."""

    mean: float
    up: int | None = None
    down: int | None = None

    @property
    def score(self) -> float:
        return float(int(self.mean)) if np.isfinite(self.mean) else self.mean

    @property
    def rating(self) -> float | None:
        return self.score if np.isfinite(self.mean) else None

    @property
    def low(self) -> float | None:
        return None if self.down is None else self.score - self.down

    @property
    def high(self) -> float | None:
        return None if self.up is None else self.score + self.up


def _mark(values: FloatArray) -> _Mark:
    known = values[~np.isnan(values)]
    if not len(known) or (np.isposinf(known).any() and np.isneginf(known).any()):
        return _Mark(-np.inf)
    if not np.isfinite(known).all():
        return _Mark(float(known.mean()))
    low, middle, high = np.quantile(known, [0.05, 0.5, 0.95])
    return _Mark(float(known.mean()), up=int(high - middle), down=int(middle - low))


def _notices(plain: Solution, resamples: FloatArray) -> Iterator[Notice]:
    yield Notice.of(Case.PAPER, rounds=ROUNDS)
    for position, name in enumerate(plain.cells.models):
        values = resamples[:, position]
        if missing := int(np.isnan(values).sum()):
            yield Notice.of(Case.PAPER_ABSENT, model=name, count=missing, rounds=ROUNDS)
        if unbounded := int(np.isinf(values).sum()):
            yield Notice.of(Case.PAPER_UNBOUNDED, model=name, count=unbounded, rounds=ROUNDS)
