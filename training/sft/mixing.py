"""Which rows go together, in which order: decided by the seed and each row's place in its source alone."""

from dataclasses import dataclass
from hashlib import blake2b


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a row goes. Rows of a block are in the order of `key`, which is 64 random bits."""

    key: int
    block: int
    held_out: bool


@dataclass(frozen=True, slots=True)
class Dealing:
    """All rows shuffled and dealt into `blocks`; of each, the share `validation` (0 to 1) is held out."""

    seed: int
    blocks: int
    validation: float = 0.0

    def place(self, source: int, number: int) -> Place:
        """Where row `number` of source `source` goes. Both count from 0."""
        digest = blake2b(f"{self.seed}/{source}/{number}".encode(), digest_size=16).digest()
        key, draw = int.from_bytes(digest[:8]), int.from_bytes(digest[8:])
        return Place(key, key % self.blocks, draw < self.validation * 2**64)
