"""What diagnostics look at: the votes that count, by pair and outcome, and the models fitted to them."""

from dataclasses import dataclass, replace

import numpy as np

from ranking.estimators.arrays import BoolArray, FloatArray, IntArray
from ranking.estimators.families import FAMILIES
from ranking.estimators.fitting import Fit, fit
from ranking.estimators.newton import evaluate
from ranking.estimators.options import Interval, Method, Options
from ranking.estimators.pairs import FIRST, SECOND, TIED, Pairs
from ranking.estimators.ranking import Solution, solve
from ranking.estimators.votes import TIE, A, Votes


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """The `m` votes that count, and their ranking by Bradley-Terry with sandwich intervals.

    pair, slot (m,): the pair of models of each vote, and who won it: the pair's first, its second, nobody.
    counts (p, 3): votes by pair and slot. number (m,): each vote's place in the input, from 1.
    """

    votes: Votes
    solution: Solution
    pair: IntArray
    slot: IntArray
    counts: IntArray
    number: IntArray

    @property
    def pairs(self) -> Pairs:
        return self.solution.pairs

    @property
    def totals(self) -> IntArray:
        """Votes on each pair, (p,)."""
        return np.asarray(self.counts.sum(axis=1))

    def name(self, model: int) -> str:
        return self.votes.models[model]


@dataclass(frozen=True, slots=True, eq=False)
class Chances:
    """How a fitted model expects the votes within blocks to end.

    inside (p,): which pairs lie within a block. probability (q, 3): of the three slots of each of these.
    """

    fitted: Fit
    inside: BoolArray
    probability: FloatArray


def gather(votes: Votes, *, level: float, dimension: str = "overall") -> Evidence:
    """Weigh each vote that counts as one: weights matter to ratings, and not to how votes agree with one another."""
    counting = np.flatnonzero(votes.weight > 0)
    columns = ("model_a", "model_b", "outcome", "voter")
    kept = replace(votes, **{name: getattr(votes, name)[counting] for name in columns}, weight=np.ones(len(counting)))
    solution = solve(kept, Options(interval=Interval.SANDWICH, level=level), dimension=dimension)
    pairs, n = solution.pairs, max(len(votes.models), 1)
    low, high = np.minimum(kept.model_a, kept.model_b), np.maximum(kept.model_a, kept.model_b)
    pair = np.searchsorted(pairs.first * n + pairs.second, low * n + high)
    won_by_lower = (kept.outcome == A) == (kept.model_a < kept.model_b)
    slot = np.where(kept.outcome == TIE, TIED, np.where(won_by_lower, FIRST, SECOND))
    counts = np.bincount(3 * pair + slot, minlength=3 * len(pairs)).reshape(-1, 3)
    return Evidence(kept, solution, pair, slot, counts.astype(np.int64), counting + 1)


def chances_of(evidence: Evidence) -> Chances | None:
    """By Davidson's model where there are ties (Bradley-Terry says nothing of how often), else by Bradley-Terry.

    None where no vote bears on ratings, where all are ties, or where Davidson's estimate does not exist.
    """
    pairs, tally = evidence.pairs, evidence.counts.astype(np.float64)
    if not tally[:, [FIRST, SECOND]].any():
        return None
    fitted = fit(Method.DAVIDSON, pairs, tally)
    if fitted.separated or not fitted.within.any():
        return None
    return Chances(fitted, fitted.within, probabilities(fitted, pairs))


def without_noise(evidence: Evidence, chances: Chances) -> Chances:
    """The same with strengths drawn together, as estimates spread more than what they estimate.

    By the root of the share of their spread that is not noise (James and Stein, 1961), the noise being that of the
    covariance: what is left has the spread that the true strengths are estimated to have.
    """
    estimate = evidence.solution.estimate
    spread = float((estimate.strength[estimate.structure.rated] ** 2).sum())
    noise = 0.0 if estimate.covariance is None else float(np.diag(estimate.covariance)[estimate.structure.rated].sum())
    share = max(1 - noise / spread, 0.0) if spread > 0 else 0.0
    fitted = replace(chances.fitted, strength=chances.fitted.strength * np.sqrt(share))
    return Chances(fitted, chances.inside, probabilities(fitted, evidence.pairs))


def probabilities(fitted: Fit, pairs: Pairs) -> FloatArray:
    """Of each slot of the pairs within blocks, (q, 3)."""
    family = FAMILIES[fitted.method]
    inner = Pairs(pairs.n_models, pairs.first[fitted.within], pairs.second[fitted.within])
    one_each = np.repeat(np.eye(3)[:, None, :], len(inner), axis=1)
    strength, tie = np.repeat(fitted.strength[None], 3, axis=0), np.full(3, fitted.tie)
    chance = np.exp(evaluate(family, inner, one_each, strength, tie).value).T
    if not family.has_tie:  # a tie is half a win for each there, and no outcome of its own
        chance[:, TIED] = 0
    return np.asarray(chance / chance.sum(axis=1, keepdims=True))
