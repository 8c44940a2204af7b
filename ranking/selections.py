"""Which votes a ranking is of, beside campaign and dimension, and how ties and style are taken. Pure."""

import shlex
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl


@dataclass(frozen=True, slots=True)
class Selection:
    """What the leaderboard's switches say. `slice` is the canonical text of a `Slice` (`ranking/slices.py`)."""

    slice: str = ""
    without_ties: bool = False
    style_control: bool = False

    @property
    def is_everything(self) -> bool:
        """Whether it is the ranking that is published by schedule."""
        return self == Selection()

    @property
    def flags(self) -> list[str]:
        """What `rank` is told of it."""
        flags = [f"--slice {shlex.quote(f'{key}={value}')}" for key, value in parse_qsl(self.slice)]
        if self.without_ties:
            flags.append("--ties drop")
        if self.style_control:
            flags.append("--style-control")
        return flags

    def __str__(self) -> str:
        return " ".join(self.flags)

    def columns(self) -> dict[str, Any]:
        """The columns in which a selection is stored."""
        ties = "drop" if self.without_ties else "half"
        return {"slice": self.slice, "ties": ties, "style_control": self.style_control}

    def query(self) -> list[tuple[str, str]]:
        """Its part of a page's address."""
        pairs = parse_qsl(self.slice)
        if self.without_ties:
            pairs.append(("ties", "drop"))
        if self.style_control:
            pairs.append(("style", "on"))
        return pairs
