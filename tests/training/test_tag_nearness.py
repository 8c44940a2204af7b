"""Neighbours: against all pairs, and the same by either search."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from training.tagging import nearness
from training.tagging.nearness import FaissSearch, Nearness, NumpySearch, Search, TorchSearch, nearness_of


def torch_search(vectors: NDArray[np.float32]) -> Search:
    """What a GPU does, on the CPU."""
    return TorchSearch(vectors, "cpu")


SEARCHES = (NumpySearch, FaissSearch, torch_search)
THRESHOLD = 0.05
Make = Callable[[NDArray[np.float32]], Search]


def directions(count: int, seed: int = 0, size: int = 16) -> NDArray[np.float32]:
    """Vectors of length 1, a third of them near another."""
    random = np.random.default_rng(seed)
    vectors = random.normal(size=(count, size))
    copies = random.integers(0, count, count // 3)
    vectors[: count // 3] = vectors[copies] + random.normal(size=(count // 3, size)) * 0.05
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float32)


def by_all_pairs(vectors: NDArray[np.float32]) -> list[Nearness]:
    found = []
    for own, vector in enumerate(vectors.astype(np.float64)):
        distances = [(float(np.sum((other - vector) ** 2)), at) for at, other in enumerate(vectors.astype(np.float64))]
        others = [(round(distance, 6), at) for distance, at in distances if at != own]
        near = tuple(at for distance, at in others if distance < THRESHOLD)
        found.append(Nearness(min(others)[0] if others else None, near))
    return found


@pytest.mark.parametrize("make", SEARCHES)
def test_all_pairs(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nearness, "QUERIES", 7)
    monkeypatch.setattr(nearness, "_BLOCK", 11)
    vectors = directions(100)
    found = list(nearness_of(vectors, 0, 100, THRESHOLD, make(vectors)))
    assert found == by_all_pairs(vectors)
    assert sum(bool(each.near) for each in found) > 20


@given(st.integers(1, 60), st.integers(0, 100))
def test_all_searches_agree(count: int, seed: int) -> None:
    vectors = directions(count, seed)
    one, *others = (list(nearness_of(vectors, 0, count, THRESHOLD, make(vectors))) for make in SEARCHES)
    assert others == [one, one]


@pytest.mark.parametrize("make", SEARCHES)
def test_many_copies(make: Make) -> None:
    """More than any search for the nearest few would bring."""
    vectors = np.repeat(directions(3), 40, axis=0)
    found = list(nearness_of(vectors, 40, 80, THRESHOLD, make(vectors)))
    assert {each.distance for each in found} == {0.0}
    assert [len(each.near) for each in found] == [39] * 40
    assert [each.first_of(own) for own, each in enumerate(found, 40)] == [40] * 40


@pytest.mark.parametrize("make", SEARCHES)
def test_alone(make: Make) -> None:
    found = next(nearness_of(directions(1), 0, 1, THRESHOLD, make(directions(1))))
    assert found == Nearness(None, ())
    assert found.first_of(0) is None


def test_parts_are_parts_of_the_whole() -> None:
    vectors = directions(90)
    whole = list(nearness_of(vectors, 0, 90, THRESHOLD))
    assert [each for at in (0, 30, 60) for each in nearness_of(vectors, at, at + 30, THRESHOLD)] == whole


def test_the_first_of_its_kind() -> None:
    assert Nearness(0.01, (2, 7)).first_of(5) == 2
    assert Nearness(0.01, (7,)).first_of(5) == 5
