"""Where the Elo scale is fixed: each component's mean at 1000, or one model at a rating of its own."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ranking.estimators.arrays import BoolArray, FloatArray
from ranking.estimators.errors import EstimationError
from ranking.estimators.options import Options
from ranking.estimators.scale import ELO_PER_LOG_ODDS, MEAN
from ranking.estimators.structure import Structure

NAMED_AT_MOST = 40


@dataclass(frozen=True, slots=True, eq=False)
class Anchoring:
    """How log-strengths (n,), centred on 0 in each component, become ratings.

    model: the anchor's code, or None. members (n,): the models of its component. offset (n,): what is added to the
    log-strengths.
    """

    model: int | None
    members: BoolArray
    offset: FloatArray

    def ratings(self, strength: FloatArray) -> FloatArray:
        """Ratings, or ends of their intervals, from log-strengths."""
        return np.asarray(MEAN + ELO_PER_LOG_ODDS * (strength + self.offset))

    def covariance(self, covariance: FloatArray) -> FloatArray:
        """Covariance (n, n) of what is shown: within the anchor's component, of differences from the anchor."""
        if self.model is None:
            return covariance
        turned = np.eye(len(covariance))
        turned[self.members, self.model] -= 1
        return np.asarray(turned @ covariance @ turned.T)

    def resamples(self, resamples: FloatArray, strength: FloatArray) -> FloatArray:
        """Resampled log-strengths (r, n), each shifted so that the anchor stays where it is."""
        if self.model is None:
            return resamples
        with np.errstate(invalid="ignore"):  # inf - inf: the anchor and another unbounded, their difference not known
            shifted = resamples - resamples[:, [self.model]] + strength[self.model]
        shifted[:, self.model] = strength[self.model]
        return np.where(self.members, shifted, resamples)


def find_anchoring(
    options: Options, models: Sequence[str], structure: Structure, rated: BoolArray, strength: FloatArray
) -> Anchoring:
    """The scale that `options` asks for. Raises `EstimationError` where the anchor is unknown or has no rating."""
    offset = np.zeros(len(models))
    if options.anchor is None:
        return Anchoring(None, np.zeros(len(models), dtype=bool), offset)
    if options.anchor not in models:
        known = ", ".join(models[:NAMED_AT_MOST]) or "none"
        more = f" and {len(models) - NAMED_AT_MOST} more" if len(models) > NAMED_AT_MOST else ""
        raise EstimationError(f"no vote is about the anchor {options.anchor!r}; the models are: {known}{more}")
    model = models.index(options.anchor)
    if not rated[model]:
        raise EstimationError(f"the anchor {options.anchor!r} has no rating, so the others cannot be held to it")
    members = structure.component == structure.component[model]
    offset[members] = (options.anchor_rating - MEAN) / ELO_PER_LOG_ODDS - strength[model]
    return Anchoring(model, np.asarray(members), offset)
