"""From what the client noted to the figures of the table. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bench.streaming.script import TOKEN_CHARACTERS, Pace


@dataclass(frozen=True)
class Spent:
    """What a way cost: CPU in seconds, memory in bytes. `streaming_…` is of a time in which all battles streamed."""

    cpu_seconds: float
    database_seconds: float
    memory_grown: int
    streaming_cpu_seconds: float
    streaming_seconds: float


@dataclass(frozen=True)
class Figures:
    """One way at one size. Times in milliseconds; None where it does not apply."""

    way: str
    battles: int
    first_p50: float
    first_p95: float
    first_p99: float
    longest_stall: float
    tokens_per_second: float
    """Of one stream, the mean over all."""
    bytes_per_token: float
    tokens: int
    incomplete: int
    """Battles that did not get both of their answers to the end, in full."""
    cpu_us_per_token: float | None = None
    """Over the whole run: opening the battles, streaming, storing the ends."""
    streaming_us_per_token: float | None = None
    """While all battles stream, and none begins or ends."""
    database_us_per_token: float | None = None
    """CPU of PostgreSQL and Redis."""
    kb_per_battle: float | None = None

    @property
    def is_busy(self) -> bool:
        """Whether it takes over half a core while all stream."""
        tokens_a_second = 2 * self.battles * self.tokens_per_second
        return (self.streaming_us_per_token or 0.0) * tokens_a_second > 500_000


def figures(way: str, notes: Sequence[dict[str, Any]], pace: Pace, spent: Spent | None = None) -> Figures:
    """The figures of battles that were all to be answered in full."""
    streams = [note[side] for note in notes for side in "ab"]
    begun = [stream for stream in streams if stream["first"]]
    firsts = sorted((stream["first"] - stream["asked"]) * 1000 for stream in begun)
    tokens = sum(stream["characters"] for stream in streams) // TOKEN_CHARACTERS
    return Figures(
        way=way,
        battles=len(notes),
        first_p50=_quantile(firsts, 0.50),
        first_p95=_quantile(firsts, 0.95),
        first_p99=_quantile(firsts, 0.99),
        longest_stall=max((stream["longest_gap"] for stream in begun), default=0.0) * 1000,
        tokens_per_second=_rate(begun),
        bytes_per_token=sum(note["bytes"] for note in notes) / max(tokens, 1),
        tokens=tokens,
        incomplete=sum(not _is_whole(note, pace.tokens) for note in notes),
        cpu_us_per_token=spent and _each(spent.cpu_seconds, tokens, 1e6),
        streaming_us_per_token=spent
        and _each(spent.streaming_cpu_seconds, 2 * len(notes) * pace.rate * spent.streaming_seconds, 1e6),
        database_us_per_token=spent and _each(spent.database_seconds, tokens, 1e6),
        kb_per_battle=spent and _each(spent.memory_grown, len(notes), 1 / 1024),
    )


def _each(total: float, count: float, unit: float) -> float:
    return total * unit / max(count, 1)


def _is_whole(note: dict[str, Any], expected_tokens: int) -> bool:
    sides = [note["a"], note["b"]]
    length = expected_tokens * TOKEN_CHARACTERS
    return all(side["ended"] == "complete" and side["characters"] == length for side in sides)


def _rate(streams: Sequence[dict[str, Any]]) -> float:
    rates = [
        (stream["characters"] / TOKEN_CHARACTERS - 1) / (stream["last"] - stream["first"])
        for stream in streams
        if stream["last"] > stream["first"]
    ]
    return sum(rates) / len(rates) if rates else 0.0


def _quantile(ordered: Sequence[float], share: float) -> float:
    if not ordered:
        return 0.0
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]
