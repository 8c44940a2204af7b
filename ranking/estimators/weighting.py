"""Weights that correct for how pairs were drawn."""

import math
from dataclasses import replace

import numpy as np

from ranking.estimators.arrays import FloatArray
from ranking.estimators.errors import BadRow, EstimationError
from ranking.estimators.notices import Case, Notice
from ranking.estimators.votes import Votes


def inverse_probability(votes: Votes, probability: FloatArray) -> Votes:
    """The same votes weighted by the inverse of the probability (n,) with which each one's pair and sides were drawn.

    Weights are scaled to mean 1, as Hajek's (1971) estimator has it, so that the votes count as many as they are; they
    multiply weights that are there. What is then estimated is what a uniform draw would have shown, however the pairs
    were chosen. The scale is summed exactly, so that the order of votes changes no digit.

    Raises `BadRow`, counting from 1, at a probability that is not above 0 and at most 1.
    """
    if len(probability) != len(votes):
        raise EstimationError(f"there are {len(probability)} probabilities and {len(votes)} votes")
    bad = np.flatnonzero(~((probability > 0) & (probability <= 1)))
    if bad.size:
        raise BadRow(int(bad[0]) + 1, f"a probability must be above 0 and at most 1, and {probability[bad[0]]} is not")
    if not len(votes):
        return votes
    inverse = 1 / probability
    mean = math.fsum(inverse.tolist()) / len(inverse)
    return replace(votes, weight=votes.weight * (inverse / mean))


def weights_notice(votes: Votes) -> Notice:
    """What to say of weighted votes: how far weights are apart, and how many equal votes they are worth (Kish 1965)."""
    weight = votes.weight
    if not len(weight):
        return Notice.of(Case.INVERSE_PROBABILITY, least="-", most="-", worth=0)
    worth = weight.sum() ** 2 / max(float((weight**2).sum()), 1e-300)
    return Notice.of(
        Case.INVERSE_PROBABILITY, least=f"{weight.min():.3g}", most=f"{weight.max():.3g}", worth=round(worth)
    )
