"""Geometry of the charts on admin pages. Pure: numbers in, numbers in SVG user units out."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar, standing on the chart's bottom line."""

    x: float
    y: float
    width: float
    height: float
    value: int


def bars(values: Sequence[int], *, width: float, height: float, gap: float = 0.2) -> list[Bar]:
    """Bars of equal width that fill `width`; the highest value is `height` high. `gap` is a part of a bar's room."""
    if not values:
        return []
    top = max(values) or 1
    room = width / len(values)
    return [
        Bar(
            x=round(index * room + room * gap / 2, 2),
            y=round(height - height * value / top, 2),
            width=round(room * (1 - gap), 2),
            height=round(height * value / top, 2),
            value=value,
        )
        for index, value in enumerate(values)
    ]


def step(value: int, target: float, *, steps: int = 5) -> int:
    """Which of the shades 0 (nothing yet) to `steps` (target reached) a cell of a heat map has."""
    if value <= 0:
        return 0
    if target <= 0 or value >= target:
        return steps
    return max(1, min(steps - 1, int(value / target * steps)))


def percentile(values: Sequence[int], share: float) -> int | None:
    """The nearest-rank percentile of `values`: the smallest that `share` of them do not exceed. None of none."""
    if not values:
        return None
    ordered = sorted(values)
    rank = -(-len(ordered) * share // 1)
    return ordered[max(1, int(rank)) - 1]
