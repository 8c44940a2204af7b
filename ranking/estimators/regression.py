"""Comparisons with covariates: strengths and effects together, with a robust covariance of all of them.

    rows = Rows.of(votes, covariates, ["headings", "basque"])
    found = regress(rows)
    found.coefficients, found.errors, found.effects()

The linear predictor of "A wins" is strength[a] - strength[b] + x @ coefficients, x being the covariates of that one
comparison (A's value less B's, or 1 for the advantage of being shown as A). Families as in `families`.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from ranking.estimators.arrays import BoolArray, FloatArray, IntArray, frozen
from ranking.estimators.designs import Pull
from ranking.estimators.effects import Effect
from ranking.estimators.errors import EstimationError
from ranking.estimators.options import Cluster, Method
from ranking.estimators.points import Points, PointsFit, fit_points
from ranking.estimators.rows import Rows as Rows
from ranking.estimators.rows import distinct
from ranking.estimators.structure import Structure


@dataclass(frozen=True, slots=True, eq=False)
class Regression:
    """Strengths and effects of covariates, in natural log-odds.

    strength (n,): centred within each block; those of models that are not `rated` are of no meaning.
    coefficients (k,): change of the log-odds of A per unit of each covariate. covariance (n + k, n + k): of both.
    method: the family in fact used (Bradley-Terry where no vote that bears on ratings is a tie).
    n_votes: how many votes bear on ratings; n_units: votes, or voters, that the covariance takes as independent.
    """

    models: tuple[str, ...]
    names: tuple[str, ...]
    structure: Structure
    method: Method
    strength: FloatArray
    coefficients: FloatArray
    tie: float
    covariance: FloatArray
    log_likelihood: float
    n_rows: int
    n_votes: int
    n_units: int
    by_voter: bool

    def __post_init__(self) -> None:
        for array in (self.strength, self.coefficients, self.covariance):
            frozen(array)

    @property
    def rated(self) -> BoolArray:
        """Which models have a finite rating, (n,)."""
        return self.structure.rated

    @property
    def errors(self) -> FloatArray:
        """Standard errors of the coefficients, (k,); NaN where a single unit shows none."""
        return np.asarray(np.sqrt(np.diag(self.covariance)[len(self.models) :]))

    def effects(self, level: float = 0.95) -> tuple[Effect, ...]:
        """The covariates' effects in Elo points per unit, with normal intervals and two-sided p."""
        columns = zip(self.names, self.coefficients.tolist(), self.errors.tolist(), strict=True)
        return tuple(Effect.normal(name, value, error, level) for name, value, error in columns)


def regress(
    rows: Rows,
    *,
    method: Method = Method.BRADLEY_TERRY,
    cluster: Cluster | None = None,
    ridge: float = 0.0,
    pull: Pull | None = None,
) -> Regression:
    """Fit strengths and effects together; the covariance is a sandwich, clustered by voter where asked.

    `cluster=None` means by voter where voters are known. `ridge` takes ridge / 2 times the sum of squares of the
    coefficients (each times its covariate's root mean square) off the log-likelihood; `pull` joins all models of a
    component by fictitious votes (see `Pull`). Neither is used unless asked.

    Raises `EstimationError` where no vote bears on ratings, where a covariate does not vary or cannot be told from
    the models and the covariates before it, where covariates separate the outcomes, or where a tie model's estimate
    does not exist; covariates are named.
    """
    rows = rows.only((rows.weight > 0) & (rows.count > 0))
    by_voter = clustered(rows, cluster)
    scale = _scale(rows)
    points, kind = design_points(rows, scale)
    weights = (rows.weight * rows.count).astype(np.float64)
    sums = np.bincount(3 * kind + rows.outcome, weights=weights, minlength=3 * len(points))
    found = fit_points(method, points, sums.reshape(-1, 3).astype(np.float64), ridge=ridge, pull=pull)
    return regression_of(found, rows, kind, scale, by_voter=by_voter)


def clustered(rows: Rows, cluster: Cluster | None) -> bool:
    """Whether errors are clustered by voter. Raises `EstimationError` where that is asked and no voter is known."""
    known = bool((rows.voter >= 0).any())
    if cluster is Cluster.VOTER and not known:
        raise EstimationError("errors are to be clustered by voter, but no vote names its voter")
    return known and cluster is not Cluster.NONE


def design_points(rows: Rows, scale: FloatArray) -> tuple[Points, IntArray]:
    """The distinct settings of the rows, covariates divided by `scale` (k,), and each row's, (m,)."""
    n = len(rows.models)
    columns = [rows.model_a * n + rows.model_b, *(rows.covariates / scale).T]
    first, kind = distinct(columns)
    x = np.stack([column[first] for column in columns[1:]], axis=1) if len(columns) > 1 else np.empty((len(first), 0))
    return Points(n, rows.names, rows.model_a[first], rows.model_b[first], x), kind


def regression_of(found: PointsFit, rows: Rows, kind: IntArray, scale: FloatArray, *, by_voter: bool) -> Regression:
    """The fit with its covariance; `kind` (m,): each row's point, `scale` (k,): what covariates were divided by."""
    inner = found.kept[kind]
    within, position = rows.only(inner), (np.cumsum(found.kept) - 1)[kind[inner]]
    n, n_units = len(rows.models), _n_units(rows, by_voter=by_voter)
    spread = _sandwich(found, within, position, by_voter=by_voter, n_units=n_units)
    unscale = np.r_[np.ones(n), 1 / scale]
    return Regression(
        models=rows.models,
        names=rows.names,
        structure=found.fit.structure,
        method=found.fit.method,
        strength=found.fit.strength,
        coefficients=found.coefficients / scale,
        tie=found.fit.tie,
        covariance=spread * unscale[:, None] * unscale[None, :],
        log_likelihood=float(found.maximiser.terms(found.tallies, found.point).value.sum()),
        n_rows=len(within),
        n_votes=int(within.count.sum()),
        n_units=n_units,
        by_voter=by_voter,
    )


def _scale(rows: Rows) -> FloatArray:
    """Root mean squares of the covariates, (k,); 1 for what is 0 throughout."""
    size = np.sqrt(np.mean(rows.covariates**2, axis=0)) if len(rows) else np.ones(len(rows.names))
    return np.asarray(np.where(size > 0, size, 1.0))


def _n_units(rows: Rows, *, by_voter: bool) -> int:
    if not by_voter:
        return int(rows.count.sum())
    return int(rows.count[rows.voter < 0].sum()) + len(np.unique(rows.voter[rows.voter >= 0]))


def _sandwich(found: PointsFit, rows: Rows, kind: IntArray, *, by_voter: bool, n_units: int) -> FloatArray:
    """Covariance (n + k, n + k) of strengths and coefficients, the scores summed over votes or over voters."""
    maximiser, design = found.maximiser, found.maximiser.design
    size = design.n_models + design.x.shape[1]
    if n_units < 2:
        return np.full((size, size), np.nan)
    scores = _unit_scores(found, rows, kind, by_voter=by_voter)
    meat = (scores.T @ scores).toarray()
    bread = np.linalg.inv(maximiser.information(maximiser.terms(found.tallies, found.point), found.point)[0])
    covariance = bread @ meat @ bread * (n_units / (n_units - 1))
    return np.asarray(covariance[:size, :size])


def _unit_scores(found: PointsFit, rows: Rows, kind: IntArray, *, by_voter: bool) -> sparse.csr_array:
    """Scores of strengths, coefficients and tie parameter, a line per unit (those of equal votes times the root of
    their number, so that the lines' squares add up)."""
    maximiser, design = found.maximiser, found.maximiser.design
    m, n, k = len(rows), design.n_models, design.x.shape[1]
    d, tie = maximiser.predictor(found.point)[:, kind], found.point.tie[:, None]
    won, lost, tied = (np.asarray(rows.outcome[None] == slot, dtype=np.float64) for slot in range(3))
    terms = maximiser.family.terms(d, tie, won, lost, tied)
    alone = rows.voter < 0 if by_voter else np.ones(m, dtype=bool)
    weight = rows.weight * np.where(alone, np.sqrt(rows.count), rows.count)
    width = 2 + k + maximiser.family.has_tie
    values, columns = np.empty((m, width)), np.empty((m, width), dtype=np.int32)
    values[:, 0], values[:, 1], values[:, 2 : 2 + k] = terms.d[0], -terms.d[0], design.x[kind] * terms.d[0][:, None]
    columns[:, 0], columns[:, 1], columns[:, 2:] = design.model_a[kind], design.model_b[kind], n + np.arange(width - 2)
    if maximiser.family.has_tie:
        values[:, -1] = terms.t[0]
    values *= weight[:, None]
    starts = np.arange(0, m * width + 1, width)
    scores = sparse.csr_array((values.ravel(), columns.ravel(), starts), shape=(m, n + width - 2))
    if alone.all():
        return scores
    unit = np.empty(m, dtype=np.int64)
    voters, unit[~alone] = np.unique(rows.voter[~alone], return_inverse=True)
    unit[alone] = len(voters) + np.arange(int(alone.sum()))
    member = sparse.csr_array((np.ones(m), unit, np.arange(m + 1)), shape=(m, int(unit.max()) + 1))
    return sparse.csr_array(member.T @ scores)
