"""Ratings with their intervals, best first."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ranking.estimators import Interval, Ranking, Rating
from ranking.figures.canvas import BLUE, COLUMN, GREY, quiet, short_names

ROW = 0.155
"""Inches of a model's line."""


def intervals_figure(ranking: Ranking, *, width: float | None = None) -> Figure:
    """A line per model: its rating as a dot, its interval as a bar; an arrow where there is no bound.

    Models that never met are apart, since their ratings cannot be compared.
    """
    rows = _rows(ranking.ratings)
    figure = Figure(figsize=(width or COLUMN, 0.45 + ROW * max(len(rows), 2)))
    axes = figure.add_subplot()
    low, high = _limits(ranking.ratings)
    names = iter(short_names([row.model for row in rows if isinstance(row, Rating)]))
    ticks, labels = [], []
    for y, row in enumerate(rows):
        if isinstance(row, Rating):
            _draw(axes, y, row, low, high)
            ticks.append(y)
            labels.append(next(names))
        else:
            axes.text(low, y, row, va="center", ha="left", color=GREY, fontsize=6.5)
    axes.set_yticks(ticks, labels)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlim(low, high)
    axes.set_xlabel(_axis_label(ranking))
    quiet(axes)
    return figure


def _rows(ratings: Sequence[Rating]) -> list[Rating | str]:
    """Models in order, with a heading before each component where there are several."""
    several = len({rating.component for rating in ratings}) > 1
    rows: list[Rating | str] = []
    before = None
    for rating in ratings:
        if several and rating.component != before:
            rows.append(f"Group {rating.component}")
        before = rating.component
        rows.append(rating)
    return rows


def _limits(ratings: Sequence[Rating]) -> tuple[float, float]:
    """Room for all that is finite, and a margin for arrows."""
    ends = [end for rating in ratings for end in (rating.rating, rating.ci_low, rating.ci_high) if end is not None]
    low, high = min(ends, default=900.0), max(ends, default=1100.0)
    margin = max(0.06 * (high - low), 10.0)
    return low - margin, high + margin


def _draw(axes: Axes, y: int, rating: Rating, low: float, high: float) -> None:
    known = rating.ci_low is not None or rating.ci_high is not None
    if known:
        left = low if rating.ci_low is None else rating.ci_low
        right = high if rating.ci_high is None else rating.ci_high
        axes.plot([left, right], [y, y], color=BLUE, solid_capstyle="butt", linewidth=1.6, alpha=0.55)
        if rating.ci_low is None:
            axes.plot([low], [y], marker="<", color=BLUE, markersize=4, clip_on=False)
        if rating.ci_high is None:
            axes.plot([high], [y], marker=">", color=BLUE, markersize=4, clip_on=False)
    if rating.rating is not None:
        axes.plot([rating.rating], [y], marker="o", color=BLUE, markersize=3.4, markeredgewidth=0)
    elif not known:
        axes.text((low + high) / 2, y, "no rating", va="center", ha="center", color=GREY, fontsize=6)


def _axis_label(ranking: Ranking) -> str:
    options = ranking.options
    if options.interval is Interval.NONE:
        return "Rating (Elo)"
    return f"Rating (Elo) and {100 * options.level:g}% interval"
