"""Ratings as effects of what models are made of, by generalised least squares (Aitken, 1936).

The log-strengths of a fit are regressed on dummies of the factors' levels, weighted by the inverse of their full
covariance, so that standard errors know that ratings depend on one another. Strengths have no origin, so everything is
computed from their contrasts, and the covariance, which is singular, is inverted on these.
"""

from collections.abc import Sequence

import numpy as np
from scipy.special import chdtrc

from ranking.estimators.arrays import FloatArray, IntArray
from ranking.estimators.errors import EstimationError
from ranking.estimators.estimates import ELO_PER_LOG_ODDS
from ranking.estimators.factor_design import Design, Factors, Term, known_factors, label, parse_terms
from ranking.estimators.factor_remarks import factor_remarks
from ranking.estimators.factor_results import (
    FactorAnalysis,
    FittedRating,
    LackOfFit,
    LevelDifference,
    LevelEffect,
    TermTest,
)
from ranking.estimators.generalised import LeastSquares, interval, two_sided
from ranking.estimators.ranking import Solution
from ranking.estimators.results import DECIMALS


def analyse_factors(solution: Solution, factors: Factors, by: Sequence[str]) -> FactorAnalysis:
    """Analyse a solution with sandwich intervals. `by` names factors, and interactions as `backbone*corpus`.

    Raises `EstimationError` for an unknown factor, one with a single level, fewer than three rated models that have
    them all, and where the votes or voters are too few for a covariance.
    """
    terms = parse_terms(by, known_factors(factors))
    covariance = solution.estimate.covariance
    if covariance is None:
        raise EstimationError("factors are analysed by the ratings' covariance, which these votes do not give")
    kept = _kept(solution, factors, terms)
    names = [solution.cells.models[code] for code in kept]
    if len(kept) < 3:
        raise EstimationError(f"factors need three rated models that have them, and there are {len(kept)}")
    design = Design.of(terms, [factors[name] for name in names])
    strength = solution.estimate.strength[kept]
    found = LeastSquares.solve(design.matrix(), strength, covariance[np.ix_(kept, kept)])
    level = solution.ranking.options.level
    effects = tuple(_effects(design, found, level))
    lack = _lack_of_fit(found)
    return FactorAnalysis(
        terms=tuple(label(term) for term in terms),
        level=level,
        effects=effects,
        differences=tuple(_differences(design, found, level)),
        tests=tuple(_tests(design, found)),
        lack_of_fit=lack,
        models=tuple(_fitted(names, design, solution.estimate.rating[kept], found)),
        left_out=tuple(name for code, name in enumerate(solution.cells.models) if code not in set(kept.tolist())),
        warnings=tuple(factor_remarks(design, effects, lack)),
    )


def _kept(solution: Solution, factors: Factors, terms: Sequence[Term]) -> IntArray:
    """Codes of the models of the largest component that have a rating and all the factors."""
    needed = {name for term in terms for name in term}
    structure = solution.estimate.structure
    rated = np.isfinite(solution.estimate.rating) & (structure.component == 0)
    described = [needed <= factors.get(name, {}).keys() for name in solution.cells.models]
    return np.flatnonzero(rated & np.array(described, dtype=bool))


def _effects(design: Design, found: LeastSquares, level: float) -> list[LevelEffect]:
    effects = []
    for term in design.terms:
        for cell, contrast in design.effects(term):
            models = design.members(term, cell)
            if not found.tells(contrast):
                effects.append(LevelEffect(label(term), ":".join(cell), models, None, None, None, None))
                continue
            value, error = found.value(contrast)
            low, high = interval(value, error, level)
            effects.append(
                LevelEffect(
                    label(term), ":".join(cell), models, _elo(value), _elo(low), _elo(high), two_sided(value, error)
                )
            )
    return effects


def _differences(design: Design, found: LeastSquares, level: float) -> list[LevelDifference]:
    rows: list[tuple[str, str, str, float, float]] = []
    for term in design.terms:
        if len(term) > 1:
            continue
        effects = list(design.effects(term))
        for i, (first, one) in enumerate(effects):
            for second, other in effects[i + 1 :]:
                if found.tells(one - other):
                    rows.append((term[0], first[0], second[0], *found.value(one - other)))
    p = [two_sided(value, error) for *_, value, error in rows]
    corrected = _holm(np.array(p))
    found_differences = []
    for i, (factor, above, below, value, error) in enumerate(rows):
        low, high = interval(value, error, level)
        found_differences.append(
            LevelDifference(factor, above, below, _elo(value), _elo(low), _elo(high), p[i], corrected[i])
        )
    return found_differences


def _tests(design: Design, found: LeastSquares) -> list[TermTest]:
    tests = []
    for term in design.terms:
        contrasts = [contrast for _, contrast in design.effects(term) if found.tells(contrast)]
        if contrasts:
            statistic, df = found.wald(np.array(contrasts))
            if df:
                tests.append(TermTest(label(term), round(statistic, DECIMALS), df, float(chdtrc(df, statistic))))
    return tests


def _lack_of_fit(found: LeastSquares) -> LackOfFit | None:
    statistic, df = found.lack_of_fit()
    if df == 0:
        return None
    between = _elo(found.between())
    return LackOfFit(round(statistic, DECIMALS), df, float(chdtrc(df, statistic)), between)


def _fitted(names: Sequence[str], design: Design, rating: FloatArray, found: LeastSquares) -> list[FittedRating]:
    needed = list(design.levels)
    residual = ELO_PER_LOG_ODDS * found.residual
    return [
        FittedRating(
            model=name,
            levels=tuple((factor, levels[factor]) for factor in needed),
            rating=round(float(rating[i]), DECIMALS),
            fitted=round(float(rating[i] - residual[i]), DECIMALS),
            residual=round(float(residual[i]), DECIMALS),
        )
        for i, (name, levels) in enumerate(zip(names, design.rows, strict=True))
    ]


def _holm(p: FloatArray) -> list[float]:
    order = np.argsort(p, kind="stable")
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1)
    return [float(value) for value in corrected]


def _elo(value: float) -> float:
    return round(float(value) * ELO_PER_LOG_ODDS, DECIMALS)
