"""Samples: how many, which, and that they stay."""

from hypothesis import given
from hypothesis import strategies as st

from training.filtering.sampling import Draw, Order, last_drawn

ROWS = [{"instruction": f"Question {number}", "response": "x" * (number % 7)} for number in range(1000)]


def drawn(draw: Draw) -> set[int]:
    ranks = [draw.rank(position, row) for position, row in enumerate(ROWS)]
    last = last_drawn(ranks, draw.size)
    return {rank[1] for rank in ranks if last is None or rank <= last}


@given(st.integers(1, 1200), st.integers(0, 5), st.sampled_from(Order))
def test_as_many_as_asked(size: int, seed: int, order: Order) -> None:
    assert len(drawn(Draw(size, seed, order))) == min(size, len(ROWS))


@given(st.integers(1, 500), st.integers(0, 5))
def test_a_smaller_sample_is_part_of_a_larger_one(size: int, seed: int) -> None:
    assert drawn(Draw(size, seed)) < drawn(Draw(size + 100, seed))


def test_other_seeds_draw_other_rows() -> None:
    one, other = drawn(Draw(300, seed=1)), drawn(Draw(300, seed=2))
    # Of 300 of 1,000 drawn twice, 90 are expected in both, with a standard deviation of 8.
    assert 50 < len(one & other) < 130


def test_a_draw_is_no_block_of_rows() -> None:
    # Of 1,000 rows 500 are drawn: of each hundred 50 are expected, with a standard deviation of 5.
    half = drawn(Draw(500, seed=3))
    assert all(30 < len([row for row in half if row // 100 == block]) < 70 for block in range(10))


def test_the_longest() -> None:
    assert drawn(Draw(142, order=Order.LONGEST)) == {number for number in range(1000) if number % 7 == 6}


def test_equal_texts_are_told_apart() -> None:
    draw = Draw(2)
    ranks = [draw.rank(position, ROWS[0]) for position in range(5)]
    last = last_drawn(ranks, 2)
    assert last is not None and [rank <= last for rank in ranks] == [True, True, False, False, False]
