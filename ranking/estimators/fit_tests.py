"""Which tie model the votes support: Davidson's or Rao and Kupper's, and whether either fits at all.

The two are not nested and have equally many parameters, so they are compared by Vuong's (1989) test on the difference
of log-likelihoods, unit by unit: votes, or voters where units are voters, whose votes are not independent. Each is
held against the counts of wins, losses and ties of every pair by Pearson's chi-square.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc, ndtr, xlogy

from ranking.estimators.arrays import FloatArray
from ranking.estimators.families import FAMILIES
from ranking.estimators.fitting import Fit, fit
from ranking.estimators.options import Method
from ranking.estimators.pairs import Pairs, Units

LEVEL = 0.05
EXPECTED = 5.0
"""Expected votes that a cell should have for chi-square to hold (Cochran, 1954)."""


@dataclass(frozen=True, slots=True)
class TieModel:
    """One tie model's fit to the votes that bear on ratings.

    aic: 2 x parameters - 2 x log-likelihood. chi_square: Pearson's, over pairs and outcomes; df: its degrees of
    freedom; p: its p-value, every vote taken as independent, None where df is 0. sparse: share of the expected counts
    below 5.
    """

    method: Method
    log_likelihood: float
    aic: float
    chi_square: float
    df: int
    p: float | None
    sparse: float


@dataclass(frozen=True, slots=True)
class TieModels:
    """Both tie models, and Vuong's test between them: z > 0 speaks for Davidson; None where units do not differ."""

    davidson: TieModel
    rao_kupper: TieModel
    z: float | None
    p: float | None
    n_units: int

    @property
    def better(self) -> TieModel | None:
        """The model that the votes support, or None where they do not tell."""
        if self.z is None or self.p is None or self.p >= LEVEL:
            return None
        return self.davidson if self.z > 0 else self.rao_kupper

    @property
    def verdict(self) -> str:
        """One sentence."""
        p = "" if self.p is None else f" (Vuong's test: p = {self.p:.2g})"
        if self.better is None:
            return f"The votes do not tell davidson and rao-kupper apart{p}."
        other = self.rao_kupper if self.better is self.davidson else self.davidson
        return f"The votes support {self.better.method.value} over {other.method.value}{p}."


def compare_tie_models(pairs: Pairs, units: Units) -> TieModels | None:
    """Fit both and compare them; None where one of them cannot be fitted as such, or there are fewer than two units."""
    tally = units.all_tallies()
    fits = [fit(method, pairs, tally) for method in (Method.DAVIDSON, Method.RAO_KUPPER)]
    if units.total < 2 or any(not FAMILIES[found.method].has_tie for found in fits):
        return None
    chances = [outcome_chances(found, pairs) for found in fits]
    lead = np.zeros_like(tally)
    bears = fits[0].within[:, None] & (tally > 0)
    lead[bears] = np.log(chances[0][bears]) - np.log(chances[1][bears])
    per_unit = units.contribution @ lead.ravel()
    g, times = units.total, units.multiplicity
    mean = float(times @ per_unit) / g
    spread = float(times @ (per_unit - mean) ** 2) / (g - 1)
    z = None if spread <= 1e-24 else mean * float(np.sqrt(g / spread))
    davidson, rao_kupper = (_tested(found, pairs, tally, chance) for found, chance in zip(fits, chances, strict=True))
    return TieModels(davidson, rao_kupper, z, None if z is None else float(2 * ndtr(-abs(z))), g)


def outcome_chances(fitted: Fit, pairs: Pairs) -> FloatArray:
    """Chances (p, 3) that the first wins, the second wins, they tie; without ties the last is 0.

    Of votes on random sides: a side effect is left out. Meaningless for pairs that are not `within` a block.
    """
    d = fitted.strength[pairs.first] - fitted.strength[pairs.second]
    log_win = FAMILIES[fitted.method].log_win
    first, second = np.exp(log_win(d, fitted.tie)), np.exp(log_win(-d, fitted.tie))
    return np.stack([first, second, np.maximum(1 - first - second, 0)], axis=1)


def _tested(fitted: Fit, pairs: Pairs, tally: FloatArray, chances: FloatArray) -> TieModel:
    counts, chance = tally[fitted.within], chances[fitted.within]
    expected = counts.sum(axis=1, keepdims=True) * chance
    possible = expected > 0  # a chance may be 0 in floating point
    statistic = float(((counts - expected)[possible] ** 2 / expected[possible]).sum())
    block = fitted.structure.block
    n_parameters = len(block) - len(np.unique(block)) + 1
    df = 2 * len(counts) - n_parameters
    log_likelihood = float(xlogy(counts, chance).sum())
    return TieModel(
        method=fitted.method,
        log_likelihood=log_likelihood,
        aic=2 * n_parameters - 2 * log_likelihood,
        chi_square=statistic,
        df=df,
        p=float(chdtrc(df, statistic)) if df > 0 else None,
        sparse=float((expected < EXPECTED).mean()),
    )
