"""Which of a stage's shards one of several processes makes."""

from dataclasses import dataclass
from typing import Self

from training.exceptions import TrainingError


@dataclass(frozen=True, slots=True)
class Share:
    """Process `index` (from 0) of `count`. It makes the shards whose number leaves `index` over, divided by `count`.

    What a shard holds does not depend on it.
    """

    index: int = 0
    count: int = 1

    @classmethod
    def of(cls, index: int, count: int) -> Self:
        """Raises TrainingError where `index` is not one of `count`."""
        if count < 1 or not 0 <= index < count:
            raise TrainingError(f"--shard {index} --num-shards {count}: shards are numbered from 0 to {count - 1}.")
        return cls(index, count)

    def takes(self, number: int) -> bool:
        return number % self.count == self.index
