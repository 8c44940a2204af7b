"""A sample of the rows that are kept: the same rows for the same seed, whatever the shards and processes."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from training.columns import Row

Rank = tuple[int, int]
"""What rows are ordered by: a key, and the number of the row where keys are equal. The lowest are drawn."""


class Order(StrEnum):
    RANDOM = "random"
    LONGEST = "longest"


@dataclass(frozen=True, slots=True)
class Draw:
    """How many rows are drawn, and by which order."""

    size: int
    seed: int = 0
    order: Order = Order.RANDOM

    def rank(self, position: int, row: Row) -> Rank:
        """The rank of a row; a lower one is drawn first.

        At random it is a hash of the seed and of the row's texts, so that it stays when rows are added or moved.
        """
        if self.order is Order.LONGEST:
            return -len(row["response"]), position
        text = f"{self.seed}\x1f{row['instruction']}\x1f{row['response']}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]), position


def last_drawn(ranks: Iterable[Rank], size: int) -> Rank | None:
    """The highest rank among the `size` lowest ones; None where there are no more than `size`, and all are drawn."""
    ordered = sorted(ranks)
    return ordered[size - 1] if len(ordered) > size else None
