"""Log-likelihoods of a comparison's outcome, with their first and second derivatives.

Each takes the difference `d` of two log-strengths (natural scale), a tie parameter, and the weights of the three
outcomes, all broadcastable to (r, p); and gives `Terms` of that shape. All three are concave in (d, tie).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, log_expit

from ranking.estimators.arrays import FloatArray
from ranking.estimators.options import Method


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """Value and derivatives with respect to d (the difference) and t (the tie parameter)."""

    value: FloatArray
    d: FloatArray
    dd: FloatArray
    t: FloatArray
    dt: FloatArray
    tt: FloatArray


@dataclass(frozen=True, slots=True)
class Family:
    """One model of a comparison.

    `terms(d, tie, first, second, tied)`; `win(d, tie)` is the logarithm of the probability that the stronger
    side by `d` wins outright; `tie_start(share)` a tie parameter that fits a share of ties among equals.
    """

    has_tie: bool
    terms: Callable[[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray], Terms]
    log_win: Callable[[FloatArray, float], FloatArray]
    tie_start: Callable[[FloatArray], FloatArray]


def _bradley_terry(d: FloatArray, tie: FloatArray, first: FloatArray, second: FloatArray, tied: FloatArray) -> Terms:
    """Bradley and Terry (1952): odds exp(d); a tie counts as half a win for each."""
    won, lost = first + tied / 2, second + tied / 2
    p = expit(d)
    zero = np.zeros_like(p)
    return Terms(
        value=won * log_expit(d) + lost * log_expit(-d),
        d=won * (1 - p) - lost * p,
        dd=-(won + lost) * p * (1 - p),
        t=zero,
        dt=zero,
        tt=zero,
    )


def _davidson(d: FloatArray, tie: FloatArray, first: FloatArray, second: FloatArray, tied: FloatArray) -> Terms:
    """Davidson (1970): odds of win, loss and tie are exp(d/2) : exp(-d/2) : nu, here with tie = log nu."""
    top = np.maximum(np.abs(d) / 2, tie)
    win, loss, draw = np.exp(d / 2 - top), np.exp(-d / 2 - top), np.exp(tie - top)
    total = win + loss + draw
    win, loss, draw = win / total, loss / total, draw / total
    n = first + second + tied
    return Terms(
        value=(first - second) * d / 2 + tied * tie - n * (top + np.log(total)),
        d=(first - second - n * (win - loss)) / 2,
        dd=-n * (win + loss - (win - loss) ** 2) / 4,
        t=tied - n * draw,
        dt=n * (win - loss) * draw / 2,
        tt=-n * draw * (1 - draw),
    )


def _rao_kupper(d: FloatArray, tie: FloatArray, first: FloatArray, second: FloatArray, tied: FloatArray) -> Terms:
    """Rao and Kupper (1967): a win needs a lead of tie = log theta > 0, so its probability is expit(d - tie)."""
    up, down = first + tied, second + tied
    u, v = expit(d - tie), expit(-d - tie)
    with np.errstate(divide="ignore", invalid="ignore"):
        growth = np.where(tie > 0, np.log(np.expm1(2 * tie)), -np.inf)
        slope = np.where(tie > 0, -2 / np.expm1(-2 * tie), np.nan)
    # Without ties the tie parameter may be 0, where these are infinite, and they do not matter.
    growth, slope = np.where(tied == 0, 0, growth), np.where(tied == 0, 0, slope)
    return Terms(
        value=up * log_expit(d - tie) + down * log_expit(-d - tie) + tied * growth,
        d=up * (1 - u) - down * (1 - v),
        dd=-up * u * (1 - u) - down * v * (1 - v),
        t=-up * (1 - u) - down * (1 - v) + tied * slope,
        dt=up * u * (1 - u) - down * v * (1 - v),
        tt=-up * u * (1 - u) - down * v * (1 - v) - tied * slope * (slope - 2),
    )


def _davidson_log_win(d: FloatArray, tie: float) -> FloatArray:
    return np.asarray(-np.logaddexp(np.logaddexp(0, -d), tie - d / 2))


FAMILIES = {
    Method.BRADLEY_TERRY: Family(
        has_tie=False,
        terms=_bradley_terry,
        log_win=lambda d, tie: np.asarray(log_expit(d)),
        tie_start=lambda share: np.zeros_like(share),
    ),
    Method.DAVIDSON: Family(
        has_tie=True,
        terms=_davidson,
        log_win=_davidson_log_win,
        tie_start=lambda share: np.log(2 * share / (1 - share)),
    ),
    Method.RAO_KUPPER: Family(
        has_tie=True,
        terms=_rao_kupper,
        log_win=lambda d, tie: np.asarray(log_expit(d - tie)),
        tie_start=lambda share: np.log((1 + share) / (1 - share)),
    ),
}
