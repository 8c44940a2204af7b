"""The style of the answers in a file, read on the way with its votes."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ranking.estimators.style import Covariates
from ranking.files.batches import RowFilter, judged
from ranking.files.columns import CONVERSATIONS, winner_column
from ranking.style_measures import MEASURES, StyleMeasures, differences, measure_all, together

AT_ONCE = 500
"""Rows whose answers are measured together."""


@dataclass(slots=True)
class StyleReader:
    """Notes the style of each row that becomes a vote, in their order: a filter that keeps what another one keeps.

    `keeps` raises ValueError where a conversation is none.
    """

    dimension: str
    chosen: RowFilter | None = None
    _waiting: list[tuple[list[str], list[str]]] = field(default_factory=list)
    _found: list[tuple[float, ...]] = field(default_factory=list)

    @property
    def columns(self) -> Collection[str]:
        """The conversations, and what the other filter looks at."""
        return {*CONVERSATIONS, *(self.chosen.columns if self.chosen is not None else ())}

    def keeps(self, row: Mapping[str, Any]) -> bool:
        """Whether the other filter keeps the row."""
        if self.chosen is not None and not self.chosen.keeps(row):
            return False
        for name in CONVERSATIONS:
            if name not in row:
                raise ValueError(f"{name} is missing, and style is read from the conversations")
        answers_a, answers_b = (answers(name, row[name]) for name in CONVERSATIONS)
        if _says_something(row, self.dimension):
            self._waiting.append((answers_a, answers_b))
            if len(self._waiting) >= AT_ONCE:
                self._measure()
        return True

    def covariates(self) -> Covariates:
        """A less B of all votes that were read, in their order."""
        self._measure()
        return Covariates(MEASURES, np.array(self._found, dtype=np.float64).reshape(-1, len(MEASURES)))

    def _measure(self) -> None:
        texts = [text for sides in self._waiting for side in sides for text in side]
        measured = iter(measure_all(texts))
        for side_a, side_b in self._waiting:
            a, b = ([next(measured) for _ in side] for side in (side_a, side_b))
            self._found.append(style_row(a, b))
        self._waiting.clear()


def style_row(a: Collection[StyleMeasures], b: Collection[StyleMeasures]) -> tuple[float, ...]:
    """The covariates of one vote, from its sides' answers; NaN where a side's style is not known."""
    side_a, side_b = together(a), together(b)
    found = differences(side_a, side_b) if side_a is not None and side_b is not None else None
    return found if found is not None else (float("nan"),) * len(MEASURES)


def answers(name: str, conversation: Any) -> list[str]:
    """The texts of one side's answers. Raises ValueError where the conversation is none."""
    if conversation is None:
        return []
    if not isinstance(conversation, list) or not all(isinstance(message, dict) for message in conversation):
        raise ValueError(f"{name} must be a list of messages")
    texts = [message.get("content") for message in conversation if message.get("role") == "assistant"]
    if not all(text is None or isinstance(text, str) for text in texts):
        raise ValueError(f"{name} has a content that is no text")
    return [text for text in texts if text]


def _says_something(row: Mapping[str, Any], dimension: str) -> bool:
    """Whether a row is a vote in this dimension, and not one that is left out."""
    choices = row.get("choices")
    if row.get(winner_column(dimension)) is not None or not isinstance(choices, dict):
        return True
    return bool(judged({str(key): str(choice) for key, choice in choices.items()}, dimension))
