"""Safety by a guard model behind a server. Its own chat template asks the question: it is sent what was said."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.asking import Api, Reply, ask
from training.exceptions import AskingFailed
from training.instructions import turns_of
from training.shares import Share
from training.sources import Piece, Source
from training.stages import Made
from training.tagging.asked import PATH
from training.tagging.missions import ROW, Tagged

GUARD = "meta-llama/Meta-Llama-Guard-2-8B"
MAX_TOKENS = 32
"""A verdict and the categories that were broken."""


@dataclass(frozen=True)
class SafetyMission:
    """Fills in `llama_guard_2`: `safe`, or `unsafe` and on further lines what for, as the guard put it."""

    api: Api
    revision: str = ""
    name: str = "safety"
    columns: tuple[str, ...] = ("llama_guard_2",)
    requires: tuple[str, ...] = ("instruction", "response")

    @property
    def model(self) -> str:
        return self.api.model

    @property
    def arguments(self) -> Mapping[str, Any]:
        return {"max_tokens": MAX_TOKENS}

    def make(self, source: Source, wanted: set[int], folder: Path, share: Share) -> Iterator[tuple[int, Made]]:
        for piece in source.each(wanted.__contains__):
            yield piece.number, self._tagged(piece).made(piece)

    def _tagged(self, piece: Piece) -> Tagged:
        bodies = [
            {"messages": turns_of(row), "temperature": 0.0, "max_tokens": MAX_TOKENS} for _position, row in piece.rows
        ]
        tagged = Tagged([], {"safety": 0, "safety_unsafe": 0, "safety_invalid": 0, "safety_failed": 0})
        for (position, _row), reply in zip(piece.rows, ask(self.api, PATH, bodies), strict=True):
            tagged.rows.append({"llama_guard_2": self._verdict(position, reply, tagged)})
        return tagged

    def _verdict(self, position: int, reply: Reply | AskingFailed, tagged: Tagged) -> str | None:
        if isinstance(reply, AskingFailed):
            tagged.counts["safety_failed"] += 1
            tagged.invalid.append({ROW: position, "why": str(reply)})
            return None
        verdict = verdict_in(reply.text)
        if verdict is None:
            tagged.counts["safety_invalid"] += 1
            tagged.invalid.append({ROW: position, "why": "it is neither safe nor unsafe", "reply": reply.text})
            return None
        tagged.counts["safety"] += 1
        tagged.counts["safety_unsafe"] += verdict != "safe"
        return verdict


def verdict_in(text: str) -> str | None:
    """A guard's verdict with its first word in small letters; None where it is none."""
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    if not lines or lines[0].casefold() not in ("safe", "unsafe"):
        return None
    return "safe" if lines[0].casefold() == "safe" else "\n".join(["unsafe", *lines[1:]])
