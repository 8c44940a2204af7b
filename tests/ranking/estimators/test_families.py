"""Derivatives against finite differences, and probabilities that add up to one."""

import numpy as np
import pytest

from ranking.estimators.families import FAMILIES
from ranking.estimators.options import Method

STEP = 1e-5
LIKELIHOODS = [Method.BRADLEY_TERRY, Method.DAVIDSON, Method.RAO_KUPPER]


def _at(method, d, tie, counts=(3.0, 2.0, 1.5)):
    first, second, tied = (np.array([[count]]) for count in counts)
    return FAMILIES[method].terms(np.array([[d]]), np.array([[tie]]), first, second, tied)


@pytest.mark.parametrize("method", LIKELIHOODS)
@pytest.mark.parametrize(("d", "tie"), [(0.0, 0.5), (1.3, 0.2), (-2.0, 1.1)])
def test_derivatives(method, d, tie):
    here = _at(method, d, tie)
    right, left = _at(method, d + STEP, tie), _at(method, d - STEP, tie)
    assert here.d == pytest.approx((right.value - left.value) / (2 * STEP), abs=1e-7)
    assert here.dd == pytest.approx((right.d - left.d) / (2 * STEP), abs=1e-7)
    up, down = _at(method, d, tie + STEP), _at(method, d, tie - STEP)
    assert here.t == pytest.approx((up.value - down.value) / (2 * STEP), abs=1e-7)
    assert here.tt == pytest.approx((up.t - down.t) / (2 * STEP), abs=1e-6)
    assert here.dt == pytest.approx((up.d - down.d) / (2 * STEP), abs=1e-7)


@pytest.mark.parametrize("method", [Method.DAVIDSON, Method.RAO_KUPPER])
@pytest.mark.parametrize("d", [0.0, 0.7, -3.0])
def test_win_loss_and_tie_are_everything_that_can_happen(method, d):
    tie = 0.4
    chances = [np.exp(_at(method, d, tie, counts).value.item()) for counts in np.eye(3)]
    assert sum(chances) == pytest.approx(1)
    assert FAMILIES[method].log_win(np.array(d), tie) == pytest.approx(np.log(chances[0]))


@pytest.mark.parametrize("method", [Method.DAVIDSON, Method.RAO_KUPPER])
def test_starting_tie_parameter_gives_the_share_of_ties_among_equals(method):
    share = np.array([0.3])
    tie = FAMILIES[method].tie_start(share)
    assert np.exp(_at(method, 0.0, tie.item(), (0.0, 0.0, 1.0)).value.item()) == pytest.approx(0.3)


def test_far_apart_strengths_do_not_overflow():
    for method in LIKELIHOODS:
        terms = _at(method, 800.0, 0.5)
        assert np.isfinite(terms.value).all()
        assert np.isfinite(terms.d).all()
