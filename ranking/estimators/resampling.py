"""Fits to many resamples of the same votes, which all lie near the fit to the votes themselves.

Every resample starts at that fit and goes by *chord steps*: Newton's steps with one information matrix for all, that
of the full fit, so that a step is one product of matrices. Where votes are many, each step divides the error by ten or
more. A resample whose steps shrink too slowly (few votes, many models) gets its own information matrix, by Cholesky,
and goes on with chord steps of its own, renewed when they become slow again. What has still not settled after
`MAX_STEPS` is left to `newton.maximise`, which searches along its steps.

Arrays are laid out (…, r), resamples last.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.linalg import lapack

from ranking.estimators.arrays import BoolArray, FloatArray, IntArray
from ranking.estimators.families import FAMILIES
from ranking.estimators.newton import STEP_TOLERANCE, block_centre, evaluate, information, maximise
from ranking.estimators.options import Method
from ranking.estimators.pairs import Pairs
from ranking.estimators.scores import score_of

SLOW = 0.2
"""A step larger than this share of the one before is slow."""
MAX_STEPS = 40
FARTHEST = 1e3
"""Steps above this (natural log-odds) have gone astray."""


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """The full fit of `n` models, and what every resample needs of it.

    strength (n,), tie: the fit. towards (n, p): sums what belongs to pairs by model, with its sign. centre (n, n):
    see `block_centre`. inverse (m, m): of the information, m being n, or n + 1 with a tie parameter.
    """

    method: Method
    pairs: Pairs
    block: IntArray
    strength: FloatArray
    tie: float
    towards: sparse.csr_array
    centre: FloatArray
    inverse: FloatArray

    @property
    def has_tie(self) -> bool:
        return FAMILIES[self.method].has_tie


def start_at(
    method: Method, pairs: Pairs, tally: FloatArray, block: IntArray, strength: FloatArray, tie: float
) -> Start:
    """The start from the fit to `tally` (p, 3), whose pairs must all lie within blocks (n,)."""
    incidence, centre = pairs.incidence(), block_centre(block)
    terms = evaluate(FAMILIES[method], pairs, tally[None], strength[None], np.array([tie]))
    inverse = np.linalg.inv(information(FAMILIES[method], pairs, terms, centre, incidence)[0])
    return Start(method, pairs, block, strength, tie, incidence.T.tocsr(), centre, inverse)


def fit_resamples(start: Start, tallies: FloatArray) -> FloatArray:
    """Log-strengths (n, r) of resamples (p, 3, r), centred within blocks; NaN where there is no convergence.

    Every block must be strongly connected in every resample.
    """
    fitted, settled = _by_chords(start, tallies)
    strength = fitted[: start.pairs.n_models]
    strength -= start.centre @ strength
    restless = np.flatnonzero(~settled)
    if len(restless):
        strength[:, restless] = _searched(start, tallies[..., restless])
    return strength


class _OwnSteps:
    """Chord steps of resamples that have an information matrix of their own."""

    def __init__(self, start: Start) -> None:
        self._start = start
        self._factors: dict[int, FloatArray] = {}
        n, size = start.pairs.n_models, len(start.inverse)
        self._base = np.zeros((size, size))
        self._base[:n, :n] = start.centre
        self._places = start.pairs.first * size + start.pairs.second
        self._sums = abs(start.towards)

    def renew(self, columns: IntArray, tallies: FloatArray, at: FloatArray) -> None:
        """Take the information of these resamples at where they are, (m, r)."""
        start, n = self._start, self._start.pairs.n_models
        at = at[:, columns]
        d, tie = at[start.pairs.first] - at[start.pairs.second], at[n] if start.has_tie else np.zeros(len(columns))
        first, second, tied = (np.ascontiguousarray(tallies[:, slot, columns]) for slot in range(3))
        terms = FAMILIES[start.method].terms(d, tie, first, second, tied)
        diagonal = -(self._sums @ terms.dd)
        cross = start.towards @ terms.dt if start.has_tie else None
        for position, (column, across) in enumerate(zip(columns.tolist(), terms.dd.T, strict=True)):
            info = self._base.copy()
            info.reshape(-1)[self._places] += across
            info.reshape(-1)[: n * len(info) : len(info) + 1] += diagonal[:, position]
            if cross is not None:
                info[:n, n], info[n, n] = -cross[:, position], -terms.tt[:, position].sum()
            # Only the upper half is filled, which in Fortran's order is the lower.
            factor, failed = lapack.dpotrf(info.T, lower=1, clean=0, overwrite_a=1)
            self._factors[column] = factor if not failed else np.full_like(info, np.nan)

    def take(self, steps: FloatArray, gradient: FloatArray) -> None:
        """Put these resamples' own steps in the place of the common ones, (m, r) each."""
        for column, factor in self._factors.items():
            steps[:, column] = lapack.dpotrs(factor, gradient[:, column], lower=1)[0]


def _by_chords(start: Start, tallies: FloatArray) -> tuple[FloatArray, BoolArray]:
    """Parameters (m, r) where chord steps lead, and which resamples settled, (r,)."""
    n, rounds = start.pairs.n_models, tallies.shape[-1]
    score, own = score_of(start.method, tallies), _OwnSteps(start)
    at = np.repeat(np.r_[start.strength, [start.tie] * start.has_tie][:, None], rounds, axis=1)
    before = np.full(rounds, np.inf)
    settled = np.zeros(rounds, dtype=bool)
    with np.errstate(all="ignore"):  # what goes astray becomes infinite or NaN, and is searched for afterwards
        for step in range(MAX_STEPS):
            here = at if step else at[:, :1]  # all begin at one place
            d = here[start.pairs.first] - here[start.pairs.second]
            by_pair, by_tie = score(d, at[n] if start.has_tie else before)
            gradient = start.towards @ by_pair
            if start.has_tie:
                gradient = np.vstack([gradient, by_tie])
            steps = start.inverse @ gradient
            own.take(steps, gradient)
            at += steps
            size = np.abs(steps).max(axis=0, initial=0)
            settled |= size < STEP_TOLERANCE
            astray = ~(size < FARTHEST)
            if (settled | astray).all():
                break
            slow = np.flatnonzero((size > SLOW * before) & ~settled & ~astray)
            if len(slow):
                own.renew(slow, tallies, at)
            before = size
    return at, settled & np.isfinite(at).all(axis=0)


def _searched(start: Start, tallies: FloatArray) -> FloatArray:
    best = maximise(
        FAMILIES[start.method],
        start.pairs,
        np.ascontiguousarray(tallies.transpose(2, 0, 1)),
        start.block,
        strength=np.repeat(start.strength[None], tallies.shape[-1], axis=0),
        tie=np.full(tallies.shape[-1], start.tie),
    )
    best.strength[~best.converged] = np.nan
    return best.strength.T
