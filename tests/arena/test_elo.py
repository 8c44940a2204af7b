"""The online Elo."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena.elo import INITIAL, K, updated

RATINGS = st.floats(min_value=0, max_value=3000)


@pytest.mark.parametrize(
    ("outcome", "a", "b"), [("a", INITIAL + K / 2, INITIAL - K / 2), ("b", 998.0, 1002.0), ("tie", 1000.0, 1000.0)]
)
def test_equals_move_by_half_of_k(outcome: str, a: float, b: float) -> None:
    assert updated(INITIAL, INITIAL, outcome) == pytest.approx((a, b))


def test_a_worked_example() -> None:
    """400 points ahead is an expected score of 10/11, so losing costs K × 10/11."""
    assert updated(1400.0, 1000.0, "b") == pytest.approx((1400 - 40 / 11, 1000 + 40 / 11))


@given(RATINGS, RATINGS, st.sampled_from(["a", "b", "tie"]))
def test_points_are_won_from_the_other(a: float, b: float, outcome: str) -> None:
    new_a, new_b = updated(a, b, outcome)
    assert new_a + new_b == pytest.approx(a + b)
    assert abs(new_a - a) <= K


@given(RATINGS, RATINGS, st.sampled_from(["a", "b", "tie"]))
def test_it_does_not_matter_which_side_is_a(a: float, b: float, outcome: str) -> None:
    mirrored = {"a": "b", "b": "a", "tie": "tie"}[outcome]
    assert updated(a, b, outcome) == pytest.approx(updated(b, a, mirrored)[::-1])


def test_no_outcome_is_a_fault() -> None:
    with pytest.raises(KeyError):
        updated(1000.0, 1000.0, "")
