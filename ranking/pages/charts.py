"""Geometry of the leaderboard's charts. Pure: numbers in, percentages of the chart's width out."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

STEPS = (1, 2, 5)
MARGIN = 4.0
"""Percent of the width kept free at each side, for what has no bound there."""
SCALE_WIDTH = 15.0
"""Percent of the width of a course that the ratings of its scale have."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of the scale: where it stands, and the rating it stands for."""

    x: float
    value: int


@dataclass(frozen=True, slots=True)
class Scale:
    """From ratings to percentages of the width."""

    low: float
    high: float

    def x(self, rating: float) -> float:
        share = (rating - self.low) / (self.high - self.low)
        return round(MARGIN + share * (100 - 2 * MARGIN), 2)

    def ticks(self, most: int = 5) -> list[Tick]:
        """At most `most` round ratings inside the scale."""
        step = _round_step((self.high - self.low) / most)
        first = math.ceil(self.low / step)
        last = math.floor(self.high / step)
        return [Tick(self.x(n * step), round(n * step)) for n in range(first, last + 1)]


@dataclass(frozen=True, slots=True)
class Bar:
    """One model's interval and rating; `dot` is None without a rating, an open end has no bound there."""

    left: float
    right: float
    dot: float | None
    open_left: bool
    open_right: bool


def scale_for(values: Sequence[float | None], *, with_room: bool = False) -> Scale:
    """A scale that holds all values that there are, and is never without width.

    With room, it goes on beyond them, so that what has no bound is seen to go on.
    """
    known = [value for value in values if value is not None]
    if not known:
        return Scale(900.0, 1100.0)
    low, high = min(known), max(known)
    room = max(50.0, (high - low) / 4) if with_room or high - low < 1 else 0.0
    return Scale(low - room, high + room)


def interval_bar(scale: Scale, rating: float | None, low: float | None, high: float | None) -> Bar | None:
    """The bar of a model, or None where nothing at all is known of it."""
    if rating is None and low is None and high is None:
        return None
    return Bar(
        left=scale.x(low) if low is not None else 0.0,
        right=scale.x(high) if high is not None else 100.0,
        dot=scale.x(rating) if rating is not None else None,
        open_left=low is None,
        open_right=high is None,
    )


@dataclass(frozen=True, slots=True)
class Point:
    """One moment of a rating, in percent of the chart's width and height (0 at the top); None where there is none."""

    x: float
    y: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Course:
    """A rating over time: points, the line through them and the band around it as SVG paths of a 100 by 100 box."""

    points: list[Point]
    line: str
    band: str
    ticks: list[Tick]


def course(moments: Sequence[tuple[float, float | None, float | None, float | None]]) -> Course:
    """The chart of (time, rating, low, high), oldest first. Where something has no number, line and band break off.

    Ticks are those of the ratings; their `x` is the height at which they stand.
    """
    values = [value for _time, *three in moments for value in three]
    scale = scale_for(values)
    begin, end = (moments[0][0], moments[-1][0]) if moments else (0.0, 0.0)
    points = [
        Point(_along(time, begin, end), *(_up(scale, value) for value in (rating, low, high)))
        for time, rating, low, high in moments
    ]
    return Course(
        points=points,
        line=" ".join(_path([(p.x, p.y) for p in run if p.y is not None]) for run in _runs(points, "y")),
        band=" ".join(_band(run) for run in _runs(points, "low", "high")),
        ticks=[Tick(round(100 - tick.x, 2), tick.value) for tick in scale.ticks()],
    )


def shade(share: float) -> int:
    """Which of the eleven shades, 0 to 10, a win rate has in a heat map; 5 is even."""
    return max(0, min(10, math.floor(share * 10 + 0.5)))


def step(value: int, most: int, *, steps: int = 5) -> int:
    """Which of the tones 1 to `steps` a count has, `most` being the largest; 0 where there is nothing."""
    return 0 if value <= 0 else max(1, min(steps, math.ceil(steps * value / most)))


def _round_step(least: float) -> float:
    """The smallest of 1, 2, 5 times a power of ten, and at least 1, that is no less than `least`."""
    power = 10.0 ** math.floor(math.log10(max(least, 1)))
    return next(step * power for step in (*STEPS, 10) if step * power >= max(least, 1))


def _along(time: float, begin: float, end: float) -> float:
    share = (time - begin) / (end - begin) if end > begin else 0.5
    return round(SCALE_WIDTH + share * (100 - SCALE_WIDTH - MARGIN), 2)


def _up(scale: Scale, value: float | None) -> float | None:
    return None if value is None else round(100 - scale.x(value), 2)


def _runs(points: Sequence[Point], *names: str) -> list[list[Point]]:
    """The stretches of points that have all these numbers."""
    runs: list[list[Point]] = [[]]
    for point in points:
        if any(getattr(point, name) is None for name in names):
            runs.append([])
        else:
            runs[-1].append(point)
    return [run for run in runs if run]


def _path(corners: Sequence[tuple[float, float | None]]) -> str:
    return "M" + " L".join(f"{x} {y}" for x, y in corners)


def _band(run: Sequence[Point]) -> str:
    there, back = [(p.x, p.high) for p in run], [(p.x, p.low) for p in reversed(run)]
    return f"{_path([*there, *back])} Z"
