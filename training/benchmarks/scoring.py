"""How answers become scores, in the tasks of ours. Task files name these functions with `!function`."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def text_bits(doc: Mapping[str, Any], results: Sequence[float]) -> dict[str, tuple[float, int]]:
    """The log-likelihood of a document's text (natural logarithm) with its length in Unicode characters."""
    return {"bits_per_character": (float(results[0]), len(doc["text"]))}


def bits_per_character(items: Iterable[tuple[float, int]]) -> float:
    """−Σ log p / (ln 2 · Σ characters) over documents: each weighs as much as it is long. Less is better.

    It compares models of different tokenizers, as bits a token cannot. The whole text counts, its first token too,
    which is conditioned on the token that begins a text.
    """
    pairs = list(items)
    characters = sum(length for _, length in pairs)
    return -sum(log_likelihood for log_likelihood, _ in pairs) / (math.log(2) * characters)
