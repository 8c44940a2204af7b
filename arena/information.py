"""How much a vote would tell. Pure: NumPy, no Django, no database.

Strengths are those of Bradley and Terry with a tie as half a win each; a model has met, besides the others, an average
one in `PRIOR` votes that were ties, so that strengths and their variances are finite before anybody has met.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
PRIOR = 1.0
_STEPS = 50
_LONGEST_STEP = 2.0
_CLOSE = 1e-6


def fit_strengths(votes: Array, wins: Array) -> Array:
    """Strengths in log-odds (n,) of the penalised maximum likelihood, by Newton's method with shortened steps.

    votes: how often i and j met (n, n), symmetric. wins: how often i won against j (n, n), a tie as half.
    """
    strength = np.zeros(len(votes))
    for _step in range(_STEPS):
        expected = votes * _win_probability(strength)
        average = 1 / (1 + np.exp(-strength))
        slope = (wins - expected).sum(axis=1) + PRIOR * (0.5 - average)
        step = np.linalg.solve(information(votes, strength), slope)
        # Far from the optimum a full step may overshoot for ever; the likelihood is concave, so short steps arrive.
        step *= min(1.0, _LONGEST_STEP / max(float(np.abs(step).max()), _LONGEST_STEP))
        strength = strength + step
        if np.abs(step).max() < _CLOSE:
            break
    return strength


def information(votes: Array, strength: Array) -> Array:
    """Fisher's information of the strengths (n, n), that of the prior votes included; positive definite."""
    chance = _win_probability(strength)
    told = -votes * chance * (1 - chance)
    average = 1 / (1 + np.exp(-strength))
    told[np.diag_indices_from(told)] = -told.sum(axis=1) + PRIOR * average * (1 - average)
    return told


def gains(votes: Array, wins: Array, wanted: NDArray[np.bool_]) -> Array:
    """By how much one more vote of i and j makes the variances of the strengths smaller, summed over the models (n, n).

    Strengths are relative to the mean of the `wanted` (n,), and only their variances count. The mean variance of their
    differences is this sum times 2 / (k - 1), so both are made small alike. One vote adds a matrix of rank one to the
    information, so its effect on the covariance is known in closed form (Sherman and Morrison 1950).
    """
    strength = fit_strengths(votes, wins)
    covariance: Array = np.asarray(np.linalg.inv(information(votes, strength)))
    rows: Array = covariance[wanted]
    centred: Array = np.asarray(rows - rows.mean(axis=0))
    square: Array = np.asarray(centred.T @ centred)
    chance = _win_probability(strength)
    weight = chance * (1 - chance)
    moved = _of_difference(square)
    return np.asarray(weight * moved / (1 + weight * _of_difference(covariance)))


def _win_probability(strength: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(strength[None, :] - strength[:, None])))


def _of_difference(form: Array) -> Array:
    """(e_i - e_j)' F (e_i - e_j) for each pair (n, n)."""
    own = np.diag(form)
    return np.asarray(own[:, None] + own[None, :] - 2 * form)
