"""The point estimate of strengths and effects, from votes summed to design points."""

from dataclasses import dataclass

import numpy as np

from ranking.estimators.arrays import BoolArray, FloatArray, IntArray
from ranking.estimators.designs import Design, Maximiser, Point, Pull
from ranking.estimators.errors import EstimationError
from ranking.estimators.families import FAMILIES
from ranking.estimators.fitting import Fit, tie_separable
from ranking.estimators.identification import entangled
from ranking.estimators.options import Method
from ranking.estimators.pairs import FIRST, SECOND, TIED, Pairs
from ranking.estimators.rows import pair_tallies
from ranking.estimators.structure import find_structure

LARGEST_ERROR = 100.0
"""Standard error, in log-odds for a covariate of unit size, from which an estimate is none."""


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """`p` settings of a comparison among `n_models`: codes model_a, model_b (p,); covariates x (p, k), by name."""

    n_models: int
    names: tuple[str, ...]
    model_a: IntArray
    model_b: IntArray
    x: FloatArray

    def __len__(self) -> int:
        return len(self.model_a)


@dataclass(frozen=True, slots=True, eq=False)
class PointsFit:
    """A maximum of the (penalised) likelihood.

    fit: strengths and tie parameter, as without covariates. coefficients (k,). kept (p,): which points lie within a
    block and say something; `maximiser`, `tallies` (1, s, 3) and `point` are of these.
    """

    fit: Fit
    coefficients: FloatArray
    kept: BoolArray
    maximiser: Maximiser
    tallies: FloatArray
    point: Point


def fit_points(
    method: Method, points: Points, tallies: FloatArray, *, ridge: float = 0.0, pull: Pull | None = None
) -> PointsFit:
    """Fit strengths and coefficients to the weights (p, 3) of A won, B won, tied at each point.

    With a `pull`, all differences within a component are finite. Raises `EstimationError` as `regress` does.
    """
    n, k = points.n_models, len(points.names)
    pairs, sums = pair_tallies(points.model_a, points.model_b, tallies, n)
    structure = find_structure(pairs, sums, one_scale=pull is not None)
    block = structure.block
    within = block[pairs.first] == block[pairs.second]
    kept = (block[points.model_a] == block[points.model_b]) & (tallies.sum(axis=1) > 0)
    if not kept.any():
        raise EstimationError("no vote bears on the difference of two models, so effects cannot be estimated")
    a, b, x, counts = points.model_a[kept], points.model_b[kept], points.x[kept], tallies[kept][None]
    if k and not ridge:
        _check_identified(points.names, a, b, x, n)
    inner = Pairs(n, pairs.first[within], pairs.second[within])
    used = _usable(method, inner, sums[within], pulled=pull is not None)
    family = FAMILIES[used]
    maximiser = Maximiser(family, Design(a, b, x, block, ridge, pull))
    share = np.array([counts[..., TIED].sum() / counts.sum()])
    tie = family.tie_start(share) if family.has_tie else np.zeros(1)
    found = maximiser.fit(counts, Point(np.zeros((1, n)), np.zeros((1, k)), tie))
    if not found.converged[0]:
        raise EstimationError(_why_not(found.point, points.names))
    if k and not ridge:
        _check_told(maximiser, counts, found.point, points.names)
    fitted = Fit(structure, within, found.point.strength[0], float(found.point.tie[0]), used, False)
    return PointsFit(fitted, found.point.coefficients[0], kept, maximiser, counts, found.point)


def _usable(method: Method, pairs: Pairs, tally: FloatArray, *, pulled: bool) -> Method:
    """The family that votes (p, 3) within blocks let us fit: Bradley-Terry where none of them, or each, is a tie."""
    if not FAMILIES[method].has_tie or not tally[:, TIED].any() or not tally[:, [FIRST, SECOND]].any():
        return Method.BRADLEY_TERRY
    if not pulled and tie_separable(pairs, tally):
        raise EstimationError(f"the votes are too few, or too regular, for {method.value}: its estimate does not exist")
    return method


def _check_identified(names: tuple[str, ...], a: IntArray, b: IntArray, x: FloatArray, n: int) -> None:
    for name, size in zip(names, np.abs(x).max(axis=0).tolist(), strict=True):
        if size == 0:
            raise EstimationError(f"covariate {name!r} is 0 in every vote that bears on ratings")
    if found := entangled(a, b, x, names, n):
        raise EstimationError(
            f"these covariates cannot be told from the models and the other covariates: {', '.join(found)}"
        )


def _check_told(maximiser: Maximiser, counts: FloatArray, point: Point, names: tuple[str, ...]) -> None:
    """Newton may come to rest far out, where the likelihood is flat to the last bit: the information shows it."""
    info, n = maximiser.information(maximiser.terms(counts, point), point)[0], point.strength.shape[1]
    try:
        variance = np.diag(np.linalg.inv(info))[n:]
    except np.linalg.LinAlgError:
        raise EstimationError(_why_not(point, names)) from None
    if not ((variance > 0) & (variance < LARGEST_ERROR**2)).all():
        raise EstimationError(_why_not(point, names))


def _why_not(point: Point, names: tuple[str, ...]) -> str:
    if not names:
        return "the fit to these votes did not converge"
    worst = names[int(np.abs(point.coefficients[0]).argmax())]
    return f"the estimate does not exist: covariate {worst!r} (or it together with others) separates the outcomes"
