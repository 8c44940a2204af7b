"""The point estimate: strengths where they are finite, their order where they are not."""

import warnings
from dataclasses import dataclass

import numpy as np

from ranking.estimators.arrays import BoolArray, FloatArray, IntArray
from ranking.estimators.errors import EstimationError
from ranking.estimators.families import FAMILIES, Family
from ranking.estimators.newton import maximise
from ranking.estimators.options import Method
from ranking.estimators.pairs import FIRST, SECOND, TIED, Pairs
from ranking.estimators.structure import Structure, find_structure

# Of choix, see `_spectral`: nobody has to be told.
warnings.filterwarnings("ignore", "Diagonal number", RuntimeWarning)

CHOIX_TOLERANCE = 1e-12
CHOIX_ROUNDS = 1000
SCORE_TOLERANCE = 1e-9
"""Largest score (unexplained wins) of an accepted fit, relative to the number of votes."""


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """A maximum likelihood fit within blocks.

    strength (n,): natural log-strengths, centred on 0 within each block. tie: the tie parameter (0 where the
    method has none). within (p,): which pairs lie within a block; only these say anything about strengths.
    method: the likelihood in fact used (Bradley-Terry where there is no tie to learn from).
    separated: the tie model's estimate does not exist, and `strength` is Bradley-Terry's, good for order only.
    side: advantage of being shown as A, in natural log-odds; 0 where it was not asked for.
    """

    structure: Structure
    within: BoolArray
    strength: FloatArray
    tie: float
    method: Method
    separated: bool
    side: float = 0.0

    @property
    def rated(self) -> BoolArray:
        """Which models have a finite rating, (n,)."""
        return self.structure.rated & (not self.separated)


def fit(method: Method, pairs: Pairs, tally: FloatArray) -> Fit:
    """Fit a method to the weights per pair and slot, (p, 3).

    Votes between blocks have likelihood 1 in the limit and drop out, so the fit is to the votes within blocks.
    """
    structure = find_structure(pairs, tally)
    within = structure.block[pairs.first] == structure.block[pairs.second]
    inner, counts = _subset(pairs, within), tally[within]
    strength = fit_bradley_terry(inner, counts, structure.block)
    if not FAMILIES[method].has_tie or not counts[:, TIED].any():
        return Fit(structure, within, strength, 0.0, Method.BRADLEY_TERRY, False)
    if not counts[:, [FIRST, SECOND]].any():
        # Nothing but ties: for every value of the tie parameter all strengths are equal, as Bradley-Terry says too.
        return Fit(structure, within, strength, 0.0, Method.BRADLEY_TERRY, False)
    if tie_separable(inner, counts):
        return Fit(structure, within, strength, 0.0, Method.BRADLEY_TERRY, True)
    start = np.array([counts[:, TIED].sum() / counts.sum()])
    family = FAMILIES[method]
    best = _newton(family, inner, counts, structure.block, strength, family.tie_start(start))
    return Fit(structure, within, best[0], best[1], method, False)


def fit_bradley_terry(pairs: Pairs, tally: FloatArray, block: IntArray) -> FloatArray:
    """Strengths by choix's iterative Luce spectral ranking on each block's win matrix, a tie as half a win each.

    Of choix's functions only the dense spectral one takes counts, and it is exact: to 1e-10 Elo of Newton's optimum
    with a tolerance of 1e-12. Where it does not get there, our own Newton does. Shapes as in `fit`.
    """
    n = pairs.n_models
    wins = np.zeros((n, n))
    wins[pairs.first, pairs.second] = tally[:, FIRST] + tally[:, TIED] / 2
    wins[pairs.second, pairs.first] = tally[:, SECOND] + tally[:, TIED] / 2
    strength = np.zeros(n)
    for label in np.flatnonzero(np.bincount(block, minlength=n) > 1):
        members = np.flatnonzero(block == label)
        strength[members] = _spectral(wins[np.ix_(members, members)])
    if _is_optimal(wins, strength):
        return strength
    return _newton(FAMILIES[Method.BRADLEY_TERRY], pairs, tally, block, np.zeros(n), np.zeros(1))[0]


def tie_separable(pairs: Pairs, tally: FloatArray) -> bool:
    """Whether a tie model's likelihood grows without end along some direction of strengths and tie parameter.

    That is so exactly if positions exist with every winner ahead of its loser by 1 or more and all ties within 1: a
    system of difference constraints, solvable unless its graph has a negative cycle (Bellman-Ford). The usual
    proof that it is not solvable is a pair in which each side has won once.
    """
    if (np.minimum(tally[:, FIRST], tally[:, SECOND]) > 0).any():
        return False
    position = np.zeros(pairs.n_models)
    ahead, behind, bound = _difference_constraints(pairs, tally)
    for _ in range(pairs.n_models):
        reached = position.copy()
        np.minimum.at(reached, behind, position[ahead] + bound)
        if (reached == position).all():
            return True
        position = reached
    return False


def _difference_constraints(pairs: Pairs, tally: FloatArray) -> tuple[IntArray, IntArray, FloatArray]:
    """Triples (u, v, c) that mean position[v] <= position[u] + c."""
    up, down, tied = (tally[:, slot] > 0 for slot in (FIRST, SECOND, TIED))
    ahead = np.r_[pairs.first[up], pairs.second[down], pairs.first[tied], pairs.second[tied]]
    behind = np.r_[pairs.second[up], pairs.first[down], pairs.second[tied], pairs.first[tied]]
    n_wins = int(up.sum() + down.sum())
    return ahead, behind, np.r_[-np.ones(n_wins), np.ones(2 * int(tied.sum()))]


def _spectral(wins: FloatArray) -> FloatArray:
    try:
        # Late: choix imports scipy.stats, which takes longer than Django does, and every process imports this module.
        import choix

        strength = choix.ilsr_pairwise_dense(wins, max_iter=CHOIX_ROUNDS, tol=CHOIX_TOLERANCE)
    except (RuntimeError, ValueError, RuntimeWarning):
        # Not converged, or the chain is numerically reducible. RuntimeWarning, where warnings are errors: scipy says
        # of a matrix that it is singular, as a Markov chain's generator always is, where rounding left an exact zero.
        return np.full(len(wins), np.nan)
    return np.asarray(strength - strength.mean())


def _is_optimal(wins: FloatArray, strength: FloatArray) -> bool:
    """Whether every model's expected wins equal its wins, which is the likelihood's score being zero."""
    expected = (wins + wins.T) / (1 + np.exp(strength[None, :] - strength[:, None]))
    score = np.abs((wins - expected).sum(axis=1)).max(initial=0.0)
    return bool(score <= SCORE_TOLERANCE * max(wins.sum(), 1.0))


def _newton(
    family: Family, pairs: Pairs, tally: FloatArray, block: IntArray, strength: FloatArray, tie: FloatArray
) -> tuple[FloatArray, float]:
    best = maximise(family, pairs, tally[None], block, strength=strength[None], tie=tie)
    if not best.converged[0]:
        raise EstimationError("the fit to these votes did not converge")
    return best.strength[0], float(best.tie[0])


def _subset(pairs: Pairs, keep: BoolArray) -> Pairs:
    return Pairs(pairs.n_models, pairs.first[keep], pairs.second[keep])
