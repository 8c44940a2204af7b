"""What samples texts. Three kinds, which the rest of the generation cannot tell apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from training.asking import Told
from training.exceptions import TrainingError
from training.generation.sampling import Sampling


class EngineFailed(TrainingError):
    """A model that cannot be loaded, or an engine that ended in the middle."""


@dataclass(frozen=True, slots=True)
class Request:
    """One text to sample. `tokens` is the prompt in tokens, None where there is no tokenizer for it."""

    text: str
    seed: int
    max_tokens: int
    tokens: tuple[int, ...] | None = None
    is_user_turn: bool = False
    """Whether `text` is what a user says, and the server's own chat template goes around it."""


@dataclass(frozen=True, slots=True)
class Sampled:
    """A text as it came. `tokens` counts those that were sampled."""

    text: str
    is_finished: bool
    """Whether it came to its end, rather than to the limit of its tokens."""
    tokens: int = 0
    failure: str = ""
    """Why there is none."""


class Engine(Protocol):
    """Samples texts, in the order of the requests, and tells how many more there are meanwhile.

    Raises EngineFailed and AskingFailed for what is wrong for all.
    """

    def sample(self, requests: Sequence[Request], sampling: Sampling, told: Told) -> list[Sampled]: ...
