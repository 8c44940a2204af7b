"""Resamples that differ from the votes in what they can tell: some model is absent, or wins or loses everything."""

import numpy as np

from ranking.estimators.arrays import FloatArray
from ranking.estimators.fitting import Fit
from ranking.estimators.pairs import Pairs


def placed(again: Fit, pairs: Pairs, tally: FloatArray, fitted: Fit) -> FloatArray:
    """Strengths (n,) of one resample, fitted `again`, read for the models of each block of the point estimate.

    +inf or -inf for a model that is infinitely far from the resample's rated models, NaN for one that is absent or
    not connected to them.
    """
    structure = again.structure
    strength = np.full(pairs.n_models, np.nan)
    if again.separated:
        return strength
    met = np.zeros(pairs.n_models, dtype=bool)
    played = tally.sum(axis=1) > 0
    met[pairs.first[played]] = met[pairs.second[played]] = True
    for label in np.unique(fitted.structure.block):
        members = np.flatnonzero(fitted.structure.block == label)
        largest = structure.component[members].min()  # components are numbered largest first
        anchor = structure.anchor[largest]
        here = members[structure.component[members] == largest]
        rated = here[structure.block[here] == anchor]
        strength[rated] = again.strength[rated]
        others = here[structure.block[here] != anchor]
        opponents = rated if len(rated) else here
        above = structure.above[np.ix_(others, opponents)].any(axis=1)
        below = structure.above[np.ix_(opponents, others)].any(axis=0)
        strength[others[above & ~below]] = np.inf
        strength[others[below & ~above]] = -np.inf
    strength[~met] = np.nan
    return strength


def on_scale(strengths: FloatArray, fitted: Fit) -> FloatArray:
    """Shift each resample so that each block's finite models have the mean that they have in the point estimate."""
    shifted = strengths.copy()
    for label in np.unique(fitted.structure.block[fitted.structure.rated]):
        members = fitted.structure.block == label
        values = strengths[:, members]
        finite = np.isfinite(values)
        n_finite = np.maximum(finite.sum(axis=1), 1)
        offset = np.where(finite, fitted.strength[members] - values, 0).sum(axis=1) / n_finite
        shifted[:, members] = values + offset[:, None]
    return shifted
