"""The nearest neighbours of vectors of length 1, by squared Euclidean distance: 2 − 2·cosine, from 0 to 4.

The search only finds candidates, in float32; their distances are computed again in float64. So it does not matter
what searched.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]
    Indices = NDArray[np.int64]

QUERIES = 256
"""Vectors that are searched for at once."""
FARTHEST = 4
_BLOCK = 16384
_SLACK = 1e-4
"""By how much a float32 distance may be wrong."""
_NEAREST = 8
_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Nearness:
    """What is near a vector: the distance of the nearest other one, and the numbers of those within the threshold."""

    distance: float | None
    near: tuple[int, ...]

    def first_of(self, own: int) -> int | None:
        """The number of the first vector of its kind, which may be its own; None where it is alone."""
        return min(own, *self.near) if self.near else None


class Search(Protocol):
    def candidates(self, queries: "Vectors", threshold: float) -> "Iterator[Indices]":
        """For each query what may be within `threshold`, and what may be the nearest two."""


def search_of(vectors: "Vectors") -> Search:
    """On a GPU where there is one, else by faiss where it is installed, else by numpy. All are exact."""
    if has_gpu():
        return TorchSearch(vectors, "cuda")
    return FaissSearch(vectors) if find_spec("faiss") else NumpySearch(vectors)


def has_gpu() -> bool:
    """Whether torch is installed and finds a GPU."""
    if not find_spec("torch"):
        return False
    import torch

    return bool(torch.cuda.is_available())


def nearness_of(
    vectors: "Vectors", begin: int, end: int, threshold: float, search: Search | None = None
) -> Iterator[Nearness]:
    """The neighbours of `vectors[begin:end]` among all `vectors` (N × D), one after the other."""
    search = search or search_of(vectors)
    for start in range(begin, end, QUERIES):
        queries = vectors[start : min(start + QUERIES, end)]
        for own, found in enumerate(search.candidates(queries, threshold), start):
            yield _nearness(vectors, own, found[found != own], threshold)


def _nearness(vectors: "Vectors", own: int, others: "Indices", threshold: float) -> Nearness:
    import numpy as np

    if not len(others):
        return Nearness(None, ())
    differences = vectors[others].astype(np.float64) - vectors[own].astype(np.float64)
    distances = np.round((differences**2).sum(axis=1), _DIGITS)
    near = np.sort(others[distances < threshold])
    return Nearness(float(distances.min()), tuple(int(number) for number in near))


class NumpySearch:
    """By products of blocks."""

    def __init__(self, vectors: "Vectors") -> None:
        self._vectors = vectors

    def candidates(self, queries: "Vectors", threshold: float) -> "Iterator[Indices]":
        import numpy as np

        within: list[list[Any]] = [[] for _ in queries]
        best = np.full((len(queries), 0), -np.inf, dtype=np.float32)
        best_at = np.zeros((len(queries), 0), dtype=np.int64)
        for start in range(0, len(self._vectors), _BLOCK):
            products = queries @ self._vectors[start : start + _BLOCK].T
            rows, columns = np.nonzero(products > _least_product(threshold))
            for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
                within[row].append(start + column)
            best = np.concatenate([best, products], axis=1)
            numbers = np.arange(start, start + products.shape[1])
            best_at = np.concatenate([best_at, np.broadcast_to(numbers, products.shape)], axis=1)
            if best.shape[1] > _NEAREST:
                keep = np.argpartition(-best, _NEAREST - 1, axis=1)[:, :_NEAREST]
                best, best_at = np.take_along_axis(best, keep, 1), np.take_along_axis(best_at, keep, 1)
        for near, nearest in zip(within, best_at, strict=True):
            yield np.union1d(np.asarray(near, dtype=np.int64), nearest)


class FaissSearch:
    """By a flat index of faiss, which is exact."""

    def __init__(self, vectors: "Vectors") -> None:
        import faiss

        self._index = faiss.IndexFlatIP(vectors.shape[1])
        self._index.add(vectors)

    def candidates(self, queries: "Vectors", threshold: float) -> "Iterator[Indices]":
        import numpy as np

        products, nearest = self._index.search(queries, min(_NEAREST, self._index.ntotal))
        # Where even the last of the nearest is within the threshold there may be more.
        crowded = np.flatnonzero(products[:, -1] > _least_product(threshold))
        limits, _products, within = self._index.range_search(queries[crowded], _least_product(threshold))
        more = {int(at): within[limits[n] : limits[n + 1]] for n, at in enumerate(crowded)}
        for at in range(len(queries)):
            yield np.union1d(nearest[at], more[at]) if at in more else np.unique(nearest[at])


class TorchSearch:
    """By products of blocks on a device, whose memory has to hold all vectors."""

    def __init__(self, vectors: "Vectors", device: str) -> None:
        import torch

        self._device = device
        self._vectors = torch.from_numpy(vectors).to(device)

    def candidates(self, queries: "Vectors", threshold: float) -> "Iterator[Indices]":
        import numpy as np
        import torch

        asked = torch.from_numpy(queries).to(self._device)
        within, best, best_at = [], [], []
        for start in range(0, len(self._vectors), _BLOCK):
            products = asked @ self._vectors[start : start + _BLOCK].T
            within.append(
                torch.nonzero(products > _least_product(threshold)) + torch.tensor([0, start]).to(asked.device)
            )
            values, indices = products.topk(min(_NEAREST, products.shape[1]), dim=1)
            best.append(values)
            best_at.append(indices + start)
        values = torch.cat(best, 1)
        order = values.topk(min(_NEAREST, values.shape[1]), dim=1).indices
        nearest = torch.cat(best_at, 1).gather(1, order).cpu().numpy()
        rows, columns = torch.cat(within).T.cpu().numpy()
        for at in range(len(queries)):
            yield np.union1d(columns[rows == at], nearest[at])


def _least_product(threshold: float) -> float:
    return 1 - threshold / 2 - _SLACK
