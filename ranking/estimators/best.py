"""The probability of being best."""

import numpy as np

from ranking.estimators.arrays import BoolArray, FloatArray
from ranking.estimators.estimates import Estimate
from ranking.estimators.joint import normal_errors


def best_probabilities(estimate: Estimate) -> FloatArray:
    """Probability (n,) of each model to be the best of its component, from the joint distribution of the strengths.

    It is the share of draws (normal ones from the covariance, or the bootstrap's resamples) in which the model is
    first, draws that put several first being split. A model below all others without bound has none: 0. NaN where a
    component has no rating, no interval, or a model without rating that may stand above the rated ones.
    """
    probability = np.full(len(estimate.strength), np.nan)
    drawn = _draws(estimate)
    if drawn is None:
        return probability
    structure = estimate.structure
    rated = np.isfinite(estimate.rating)
    for label in range(len(structure.anchor)):
        members = structure.component == label
        inside = np.flatnonzero(members & rated)
        outside = np.flatnonzero(members & ~rated)
        if not len(inside) or not structure.above[np.ix_(inside, outside)].all():
            continue
        first = _first_in(drawn[inside])
        shares = first / np.maximum(first.sum(axis=0), 1)
        told = first.any(axis=0)
        if told.any():
            probability[inside] = shares[:, told].mean(axis=1)
            probability[outside] = 0.0
    return probability


def _draws(estimate: Estimate) -> FloatArray | None:
    """Strengths (n, r) as they might have come out; None without intervals."""
    if estimate.resamples is not None:
        return np.asarray(estimate.resamples.T)
    if estimate.covariance is not None:
        return np.asarray(estimate.strength[:, None] + normal_errors(estimate.covariance))
    return None


def _first_in(drawn: FloatArray) -> BoolArray:
    """Which models are first in each draw, (m, r); nobody where a draw leaves all unknown."""
    known = ~np.isnan(drawn)
    return np.asarray(known & (drawn == np.where(known, drawn, -np.inf).max(axis=0)))
