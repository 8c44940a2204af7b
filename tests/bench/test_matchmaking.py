"""The bench of matchmaking: its figures, and a short run."""

import numpy as np
import pytest

from bench.matchmaking import POLICIES, Scenario, simulate, votes_needed


def test_votes_needed_are_read_between_two_looks() -> None:
    curve = np.array([90.0, 80.0, 85.0, 60.0])
    assert votes_needed(curve, 70.0, 100) == pytest.approx(350)
    assert votes_needed(curve, 95.0, 100) == 100
    assert votes_needed(curve, 50.0, 100) is None


@pytest.mark.parametrize("policy", POLICIES)
def test_a_short_run(policy: str) -> None:
    states = simulate(Scenario("short", 0.7, joins=300), policy, 1, votes=600, step=300)
    assert [np.isnan(state.newcomer) for state in states] == [True, False]
    assert states[1].width < states[0].width
    assert 0.5 < states[1].in_order <= 1
