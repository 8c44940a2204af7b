"""What else than the models makes a side win: one line per covariate."""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from ranking.estimators.scale import ELO_PER_LOG_ODDS


@dataclass(frozen=True, slots=True)
class Effect:
    """One covariate's effect in Elo points per unit, with the ends of its interval (None: no bound), and its p-value.

    p is two-sided, of the hypothesis that there is no effect; None where nothing shows how much votes vary.
    """

    name: str
    value: float
    ci_low: float | None
    ci_high: float | None
    p: float | None

    @classmethod
    def normal(cls, name: str, log_odds: float, error: float, level: float) -> "Effect":
        """From an estimate in natural log-odds and its standard error (NaN or 0: not known)."""
        if not (np.isfinite(error) and error > 0):
            return cls(name, ELO_PER_LOG_ODDS * log_odds, None, None, None)
        half = -float(ndtri((1 - level) / 2)) * error
        low, high = ELO_PER_LOG_ODDS * (log_odds - half), ELO_PER_LOG_ODDS * (log_odds + half)
        return cls(name, ELO_PER_LOG_ODDS * log_odds, low, high, float(2 * ndtr(-abs(log_odds) / error)))

    def rounded(self, decimals: int) -> "Effect":
        """The same with points at so many decimals, and p at six digits."""
        low = None if self.ci_low is None else round(self.ci_low, decimals)
        high = None if self.ci_high is None else round(self.ci_high, decimals)
        p = None if self.p is None else float(f"{self.p:.6g}")
        return Effect(self.name, round(self.value, decimals), low, high, p)
