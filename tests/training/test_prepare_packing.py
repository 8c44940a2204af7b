"""Documents into packs, and rows into blocks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.sft.mixing import Dealing
from training.sft.packing import best_fit


@given(st.lists(st.integers(1, 64), max_size=200))
def test_packs_hold_each_document_once_and_fit(lengths: list[int]) -> None:
    packs = best_fit(lengths, 64)
    assert sorted(position for pack in packs for position in pack) == list(range(len(lengths)))
    assert all(sum(lengths[position] for position in pack) <= 64 for pack in packs)


def test_the_least_room_is_filled_first() -> None:
    assert best_fit([6, 3, 7, 4, 2, 8], 10) == [[5, 4], [2, 1], [0, 3]]


@pytest.mark.parametrize("length", [0, 11])
def test_what_does_not_fit(length: int) -> None:
    with pytest.raises(ValueError, match=f"a document of {length} tokens does not fit into 10"):
        best_fit([3, length], 10)


def test_rows_are_dealt_evenly_and_by_the_seed() -> None:
    dealing = Dealing(seed=33, blocks=4, validation=0.1)
    places = [dealing.place(source, number) for source in range(2) for number in range(2000)]
    assert all(900 < sum(place.block == block for place in places) < 1100 for block in range(4))
    assert 320 < sum(place.held_out for place in places) < 480
    assert len({place.key for place in places}) == 4000
    assert dealing.place(1, 7) == Dealing(33, 4, 0.1).place(1, 7)
    assert dealing.place(1, 7) != Dealing(34, 4, 0.1).place(1, 7)
