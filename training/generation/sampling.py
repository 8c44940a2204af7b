"""How texts are sampled, and where their chance comes from."""

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, Self


class Part(StrEnum):
    """The two texts of a row."""

    INSTRUCTION = "instruction"
    ANSWER = "answer"


@dataclass(frozen=True, slots=True)
class Sampling:
    """How to sample one kind of text. `max_tokens` are new ones."""

    temperature: float
    top_p: float
    max_tokens: int
    stop: tuple[str, ...] = ()
    """Texts before which the text ends."""
    heading_ban: bool = False
    """Whether the text may not begin with a Markdown heading."""
    stop_tokens: tuple[int, ...] = ()
    """Tokens that end the text, beside those that the model's configuration names."""
    banned_first: tuple[int, ...] = ()
    """Tokens that may not come first."""

    def as_json(self) -> dict[str, Any]:
        """For rows and plans: what somebody chose. The tokens follow from it and the tokenizer."""
        return {"stop": list(self.stop)} | {
            name: getattr(self, name) for name in ("temperature", "top_p", "max_tokens", "heading_ban")
        }

    def with_tokens(self, stop_tokens: tuple[int, ...], headings: tuple[int, ...]) -> Self:
        return replace(self, stop_tokens=stop_tokens, banned_first=headings if self.heading_ban else ())

    def to_worker(self) -> str:
        return json.dumps(asdict(self))


def seed_of(seed: int, row: int, part: Part, attempt: int) -> int:
    """The seed of one text, from 0 to 2^62: of its row alone, so that neither shards nor batches decide what is drawn.

    62 bits, since two texts with the same seed are the same text: of four million rows with 31 bits some 3,700 pairs
    would be.
    """
    digest = hashlib.sha256(f"{seed} {row} {part} {attempt}".encode()).digest()
    return int.from_bytes(digest[:8]) >> 2
