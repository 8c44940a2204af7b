"""Which covariates the votes cannot tell from the models, or from one another."""

from collections.abc import Sequence

import numpy as np

from ranking.estimators.arrays import FloatArray, IntArray

SHARE_LEFT = 1e-10
"""Of a covariate's sum of squares, the share that models and earlier covariates must leave unexplained."""


def entangled(
    model_a: IntArray, model_b: IntArray, x: FloatArray, names: Sequence[str], n_models: int
) -> tuple[str, ...]:
    """Names of the covariates (m, k) that are linear in differences of models and in the covariates before them.

    The cross products of the covariates are swept of the models (by the pseudo-inverse of the graph's Laplacian)
    and then of one covariate after the other.
    """
    k = x.shape[1]
    counts = np.bincount(model_a * n_models + model_b, minlength=n_models**2).reshape(n_models, n_models)
    met = (counts + counts.T).astype(np.float64)
    laplacian = np.diag(met.sum(axis=1)) - met
    sums = np.stack(
        [np.bincount(model_a, x[:, j], n_models) - np.bincount(model_b, x[:, j], n_models) for j in range(k)], axis=1
    )
    squares = np.asarray(x.T @ x)
    left = squares - sums.T @ np.linalg.pinv(laplacian, hermitian=True) @ sums
    found = []
    for j in range(k):
        if left[j, j] <= SHARE_LEFT * squares[j, j]:
            found.append(names[j])
            left[j, :] = left[:, j] = 0
            continue
        left = left - np.outer(left[:, j], left[j, :]) / left[j, j]
    return tuple(found)
