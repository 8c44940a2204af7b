"""Ratings with the style of answers held equal: covariates of each vote, fitted together with the strengths.

    measured = Covariates(("tokens", "basque"), differences)
    found = solve_with_style(votes, measured, Options(style_control=True))
    found.controlled.ranking.effects, found.controlled.ranking.ratings, found.plain.ranking.ratings

The linear predictor of "A wins" is strength[a] - strength[b] + x @ effects (Chatbot Arena's style control, Li and
others 2024). Covariates are differences, A's less B's. They are divided by their root mean square, which is their
standard deviation, since sides are turned by chance; and not centred, so that answers alike in style gain nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ranking.estimators.adjusted import SIDE, Adjusted
from ranking.estimators.arrays import BoolArray, FloatArray, IntArray, frozen
from ranking.estimators.errors import EstimationError
from ranking.estimators.fitting import Fit
from ranking.estimators.identification import entangled
from ranking.estimators.notices import Case, Notice
from ranking.estimators.options import Cluster, Interval, Options, Ties
from ranking.estimators.pairs import Pairs
from ranking.estimators.ranking import Solution, solve
from ranking.estimators.regression import Rows, regress
from ranking.estimators.results import Ranking
from ranking.estimators.rows import pair_tallies
from ranking.estimators.votes import TIE, Votes


@dataclass(frozen=True, slots=True, eq=False)
class Covariates:
    """Of each of n votes, A's style less B's, values (n, k) by name; NaN where it is not known."""

    names: tuple[str, ...]
    values: FloatArray

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or self.values.shape[1] != len(self.names):
            shape = f"(n, {len(self.names)})"
            raise EstimationError(f"the covariates should have the shape {shape}, and have {self.values.shape}")
        if np.isinf(self.values).any():
            raise EstimationError("a covariate is infinite")
        frozen(self.values)


@dataclass(frozen=True, slots=True, eq=False)
class StyleSolution:
    """Rankings of the same votes, those whose style is known: with style held equal, and as they are.

    missing: how many votes are left out, as the style of an answer is not known. scale: what a unit of each effect is,
    in the covariate's own.
    """

    controlled: Solution
    plain: Solution
    missing: int
    scale: tuple[tuple[str, float], ...]

    @property
    def ranking(self) -> Ranking:
        """The controlled ranking, which knows the plain one's ratings."""
        return self.controlled.ranking


def solve_with_style(
    votes: Votes, covariates: Covariates, options: Options, *, dimension: str = "overall", left_out: int = 0
) -> StyleSolution:
    """Rank votes with the style of their answers held equal, and without.

    Effects are in Elo per standard deviation of their covariate. Votes with a covariate that is not known are left out
    of both rankings, and covariates that never vary, or that the models and those before them determine, of the
    fit; notices say so. Options as in `solve`, with `style_control`.

    Raises `EstimationError` where nothing is left, and as `regress` does.
    """
    if len(covariates.values) != len(votes):
        raise EstimationError(f"there are {len(votes)} votes and covariates of {len(covariates.values)}")
    known = np.asarray(np.isfinite(covariates.values).all(axis=1))
    if not known.any():
        raise EstimationError("style control needs votes with answers whose style is known, and there are none")
    votes, values = _in_order(_only(votes, known), covariates.values[known])
    counted = votes.weight > 0
    scale = np.sqrt(np.mean(values[counted] ** 2, axis=0)) if counted.any() else np.zeros(len(covariates.names))
    used, notices = _usable(votes, values, scale, covariates.names)
    if missing := int((~known).sum()):
        notices.insert(0, Notice.of(Case.STYLE_MISSING, count=missing))
    names = tuple(name for name, kept in zip(covariates.names, used, strict=True) if kept)
    if not names:
        raise EstimationError("none of the measures of style varies, or can be told from the models")
    adjusted = _adjusted(votes, values[:, used] / scale[used], names, options)
    plain = solve(votes, replace(options, style_control=False), dimension=dimension, left_out=left_out)
    controlled = solve(
        votes, options, dimension=dimension, left_out=left_out, found=adjusted, further=notices, without=plain.ranking
    )
    return StyleSolution(controlled, plain, missing, tuple(zip(names, scale[used].tolist(), strict=True)))


def _adjusted(votes: Votes, x: FloatArray, names: tuple[str, ...], options: Options) -> Adjusted:
    """The fit with covariates x (n, k) in standard deviations."""
    if options.ties is Ties.DROP:
        won = votes.outcome != TIE
        votes, x = _only(votes, won), x[won]
    if options.side_effect:
        x, names = np.c_[np.ones(len(votes)), x], (SIDE, *names)
    clustered = options.interval is not Interval.NONE
    rows = Rows.of(votes, x, names)
    found = regress(rows, method=options.method, cluster=options.cluster if clustered else Cluster.NONE)
    block = found.structure.block
    tallies = np.zeros((len(votes), 3))
    tallies[np.arange(len(votes)), votes.outcome] = votes.weight
    pairs = _pairs(votes, tallies)
    fitted = Fit(
        structure=found.structure,
        within=block[pairs.first] == block[pairs.second],
        strength=found.strength,
        tie=found.tie,
        method=found.method,
        separated=False,
        side=float(found.coefficients[0]) if options.side_effect else 0.0,
    )
    n = len(votes.models)
    known = clustered and found.n_units > 1
    return Adjusted(
        fitted=fitted,
        effects=found.effects(options.level),
        supported=found.rated,
        covariance=np.array(found.covariance[:n, :n]) if known else None,
    )


def _pairs(votes: Votes, tallies: FloatArray) -> Pairs:
    counted = votes.weight > 0
    return pair_tallies(votes.model_a[counted], votes.model_b[counted], tallies[counted], len(votes.models))[0]


def _usable(
    votes: Votes, values: FloatArray, scale: FloatArray, names: Sequence[str]
) -> tuple[BoolArray, list[Notice]]:
    """Which covariates can be fitted (k,), and what to say of the others."""
    used, notices = scale > 0, []
    if not used.all():
        constant = [name for name, kept in zip(names, used, strict=True) if not kept]
        notices.append(Notice.of(Case.STYLE_CONSTANT, names=", ".join(constant)))
    kept = [name for name, keep in zip(names, used, strict=True) if keep]
    counted = votes.weight > 0
    x = values[counted][:, used] / scale[used]
    determined = entangled(votes.model_a[counted], votes.model_b[counted], x, kept, len(votes.models)) if kept else ()
    if determined:
        notices.append(Notice.of(Case.STYLE_DETERMINED, names=", ".join(determined)))
    return used & np.array([name not in determined for name in names]), notices


def _only(votes: Votes, keep: BoolArray | IntArray) -> Votes:
    columns = ("model_a", "model_b", "outcome", "weight", "voter")
    return replace(votes, **{name: getattr(votes, name)[keep] for name in columns})


def _in_order(votes: Votes, values: FloatArray) -> tuple[Votes, FloatArray]:
    """Votes and covariates in an order that depends on nothing but them, so that sums come out alike."""
    keys = (*values.T[::-1], votes.weight, votes.outcome, votes.model_b, votes.model_a, votes.voter)
    order = np.lexsort(keys)
    return _only(votes, order), values[order]
