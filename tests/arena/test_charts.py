"""The geometry of the admin's charts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena.charts import bars, percentile, step


def test_bars_stand_on_the_line_and_the_highest_is_full() -> None:
    drawn = bars([1, 4, 0], width=30, height=8, gap=0.2)
    assert [(bar.x, bar.y, bar.width, bar.height) for bar in drawn] == [
        (1.0, 6.0, 8.0, 2.0),
        (11.0, 0.0, 8.0, 8.0),
        (21.0, 8.0, 8.0, 0.0),
    ]


def test_no_votes_are_bars_without_height() -> None:
    assert [bar.height for bar in bars([0, 0], width=10, height=5)] == [0, 0]
    assert bars([], width=10, height=5) == []


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=60))
def test_bars_stay_inside(values: list[int]) -> None:
    for bar in bars(values, width=720, height=120):
        assert bar.x >= 0 and bar.x + bar.width <= 720.01
        assert bar.y >= 0 and abs(bar.y + bar.height - 120) < 0.02


@pytest.mark.parametrize(
    ("value", "target", "shade"),
    [(0, 10, 0), (1, 100, 1), (5, 10, 2), (9, 10, 4), (10, 10, 5), (25, 10, 5), (3, 0, 5), (0, 0, 0), (99, 100, 4)],
)
def test_shades(value: int, target: float, shade: int) -> None:
    assert step(value, target) == shade


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [([], 0.5, None), ([7], 0.95, 7), ([3, 1, 2], 0.5, 2), ([1, 2, 3, 4], 0.5, 2), (list(range(1, 101)), 0.95, 95)],
)
def test_percentiles_by_nearest_rank(values: list[int], share: float, expected: int | None) -> None:
    assert percentile(values, share) == expected
