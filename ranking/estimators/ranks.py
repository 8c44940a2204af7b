"""Ranks, and the ranges in which the true ranks lie, all at once, with the stated confidence.

A model's best rank is 1 + the number of models certainly above it, its worst the number of models of its component
less those certainly below it. "Certainly" is a claim about a difference of two ratings, and the claims about all
pairs hold together with probability `level` (Mogstad, Romano, Shaikh and Wilhelm, Review of Economic Studies 2024);
whether two models' own intervals overlap is never asked.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from ranking.estimators.arrays import BoolArray, FloatArray, IntArray
from ranking.estimators.joint import Joint, joint_of_resamples
from ranking.estimators.structure import Structure


@dataclass(frozen=True, slots=True, eq=False)
class Ranks:
    """Ranks (n,) within components, from 1; equal ratings share the better rank."""

    rank: IntArray
    low: IntArray
    high: IntArray


def better(structure: Structure, strength: FloatArray) -> BoolArray:
    """Whether i stands above j in the point estimate, (n, n): infinitely far, or by strength within a block."""
    same_block = structure.block[:, None] == structure.block[None, :]
    return np.asarray(structure.above | (same_block & (strength[:, None] > strength[None, :])))


def ranks_from(component: IntArray, better: BoolArray, certain: BoolArray) -> Ranks:
    """Ranks, and their ranges from the certain claims (n, n), of which only those agreeing with `better` are used."""
    certain = certain & better
    size = (component[:, None] == component[None, :]).sum(axis=1)
    return Ranks(1 + better.sum(axis=0), 1 + certain.sum(axis=0), size - certain.sum(axis=1))


def certain_by_covariance(
    strength: FloatArray, covariance: FloatArray, candidates: BoolArray, alpha: float
) -> BoolArray:
    """Claims "i above j" (n, n) by Holm's (1979) step-down over all candidate pairs; error of any: at most alpha.

    Each pair is tested two-sided by its difference over the standard error of that difference.
    """
    certain = np.zeros_like(candidates)
    i, j = np.nonzero(np.triu(candidates, 1))
    if not len(i):
        return certain
    variance = covariance[i, i] + covariance[j, j] - 2 * covariance[i, j]
    difference = strength[i] - strength[j]
    known = variance > 0
    z = np.abs(difference) / np.sqrt(np.where(known, variance, 1))
    p = np.where(known, 2 * ndtr(-z), 1.0)
    order = np.argsort(p, kind="stable")
    holds = np.logical_and.accumulate(p[order] * (len(p) - np.arange(len(p))) <= alpha)
    won = order[holds]
    upper, lower = np.where(difference > 0, i, j)[won], np.where(difference > 0, j, i)[won]
    certain[upper, lower] = True
    return certain


def certain_by_resamples(strength: FloatArray, values: FloatArray, candidates: BoolArray, alpha: float) -> BoolArray:
    """Claims "i above j" (n, n) by step-down max-t over all candidate pairs; error of any: at most alpha.

    strength: (n,) the estimate; values: (r, n) resampled strengths on the extended scale. A difference that a resample
    leaves undetermined counts against the claim on its own pair, and not on the others'. See `joint`.
    """
    joint = joint_of_resamples(strength, values, candidates)
    return _claims(candidates, joint, joint.p_max_t() <= alpha)


def certain_by_ends(low: FloatArray, high: FloatArray, candidates: BoolArray) -> BoolArray:
    """Claims "i above j" (n, n) where i's lower end is above j's upper end, for candidate pairs."""
    with np.errstate(invalid="ignore"):
        return np.asarray(candidates & (low[:, None] > high[None, :]))


def same_component(structure: Structure) -> BoolArray:
    """Whether two different models can be compared at all, (n, n)."""
    component = structure.component
    return np.asarray((component[:, None] == component[None, :]) & ~np.eye(len(component), dtype=bool))


def _claims(candidates: BoolArray, joint: Joint, sure: BoolArray) -> BoolArray:
    certain = np.zeros_like(candidates)
    upper = np.where(joint.difference > 0, joint.first, joint.second)[sure]
    lower = np.where(joint.difference > 0, joint.second, joint.first)[sure]
    certain[upper, lower] = True
    return certain
