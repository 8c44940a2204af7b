"""The language of instructions, by n-grams, among the languages of campaigns."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from training.languages import LANGUAGES, language_of
from training.shares import Share
from training.sources import Source
from training.stages import Made
from training.tagging.missions import Tagged


@dataclass(frozen=True)
class LanguageMission:
    """Fills in `language`: `eu`, `es`, `fr`, `en`, or null where that cannot be told."""

    name: str = "language"
    columns: tuple[str, ...] = ("language",)
    requires: tuple[str, ...] = ("instruction",)
    model: str = "lingua"

    @property
    def revision(self) -> str:
        return version("lingua-language-detector")

    @property
    def arguments(self) -> Mapping[str, Any]:
        return {"languages": list(LANGUAGES)}

    def make(self, source: Source, wanted: set[int], folder: Path, share: Share) -> Iterator[tuple[int, Made]]:
        for piece in source.each(wanted.__contains__):
            rows = [{"language": language_of(row["instruction"])} for _position, row in piece.rows]
            counts = Counter(f"language_{row['language'] or 'unknown'}" for row in rows)
            yield piece.number, Tagged(rows, dict(counts)).made(piece)
