"""How ratings came to be what they are: fitted again to the first votes, and to more and more of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ranking.estimators import EstimationError, Interval, Options, Ranking, Votes, rank
from ranking.estimators.arrays import FloatArray
from ranking.figures.canvas import COLUMN, GREY, PALETTE, quiet, short_names

STEPS = 20
HIGHLIGHTED = 4
"""Models drawn in colour, the best ones, unless others are asked for. The rest are grey."""


@dataclass(frozen=True, slots=True)
class Moment:
    """The ranking of the first `votes` votes."""

    votes: int
    ranking: Ranking


def rating_history(votes: Votes, options: Options, *, steps: int = STEPS) -> tuple[Moment, ...]:
    """Rankings of the first votes in the order given, at equal steps up to all of them."""
    if not len(votes):
        raise EstimationError("there are no votes, and so no history")
    ends = sorted({int(np.ceil(len(votes) * step / steps)) for step in range(1, steps + 1)})
    return tuple(Moment(end, rank(first_votes(votes, end), options)) for end in ends)


def first_votes(votes: Votes, n: int) -> Votes:
    """The first n votes."""
    columns = ("model_a", "model_b", "outcome", "weight", "voter")
    return replace(votes, **{name: getattr(votes, name)[:n] for name in columns})


def history_figure(moments: Sequence[Moment], *, models: Sequence[str] = (), width: float | None = None) -> Figure:
    """A line per model over the number of votes, named at its end; those in colour with their interval as a band.

    Raises `EstimationError` for a model that is none of the ranking's.
    """
    last = moments[-1].ranking
    names = [rating.model for rating in last.ratings]
    for model in models:
        if model not in names:
            raise EstimationError(f"{model!r} is none of the ranked models: {', '.join(sorted(names))}")
    chosen = list(dict.fromkeys(models))[: len(PALETTE)] or names[:HIGHLIGHTED]
    width = width or COLUMN
    figure = Figure(figsize=(width, max(width * 0.7, 0.112 * len(names) + 0.5)))
    axes = figure.add_subplot()
    for model in [name for name in names if name not in chosen] + chosen[::-1]:
        colour = PALETTE[chosen.index(model)] if model in chosen else GREY
        x, middle, low, high = _line(moments, model)
        faint = model not in chosen
        axes.plot(x, middle, color=colour, linewidth=0.6 if faint else 1.2, alpha=0.5 if faint else 1)
        if not faint and last.options.interval is not Interval.NONE:
            axes.fill_between(x, low, high, color=colour, alpha=0.13, linewidth=0)
    _limit(axes, moments)
    axes.set_xlim(0, moments[-1].votes)
    _label_ends(axes, last, chosen, figure.get_figheight() * axes.get_position().height)
    axes.set_xlabel("Votes")
    axes.set_ylabel("Rating (Elo)")
    quiet(axes, grid="y")
    return figure


def _line(moments: Sequence[Moment], model: str) -> tuple[list[int], FloatArray, FloatArray, FloatArray]:
    """Votes so far, and the model's rating and the ends of its interval; NaN where it had none."""
    rows = []
    for moment in moments:
        found = next((rating for rating in moment.ranking.ratings if rating.model == model), None)
        values = (found.rating, found.ci_low, found.ci_high) if found else (None, None, None)
        rows.append([np.nan if value is None else value for value in values])
    middle, low, high = np.array(rows, dtype=np.float64).T
    return [moment.votes for moment in moments], middle, low, high


def _limit(axes: Axes, moments: Sequence[Moment]) -> None:
    """Room for all ratings of the second half; the wide beginnings may leave the frame."""
    later = moments[len(moments) // 2 :]
    found = [rating.rating for moment in later for rating in moment.ranking.ratings if rating.rating is not None]
    if found:
        margin = max(0.12 * (max(found) - min(found)), 15)
        axes.set_ylim(min(found) - margin, max(found) + margin)


def _label_ends(axes: Axes, ranking: Ranking, chosen: Sequence[str], inches: float) -> None:
    """Names at the lines' ends, moved apart where they would touch (the axes' height is in inches), and joined."""
    rated = [(rating.rating, rating.model) for rating in ranking.ratings if rating.rating is not None]
    rated.sort(reverse=True)
    low, high = axes.get_ylim()
    step = (high - low) * 0.098 / inches
    places = _apart([value for value, _ in rated], step)
    labels = short_names([model for _, model in rated])
    for (value, model), place, text in zip(rated, places, labels, strict=True):
        colour = PALETTE[chosen.index(model)] if model in chosen else GREY
        axes.annotate(
            text,
            xy=(1, value),
            xytext=(1.05, place),
            xycoords=("axes fraction", "data"),
            textcoords=("axes fraction", "data"),
            color=colour,
            fontsize=6,
            va="center",
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "color": colour,
                "linewidth": 0.4,
                "shrinkA": 0,
                "shrinkB": 0,
                "relpos": (0, 0.5),
            },
        )


def _apart(values: Sequence[float], step: float) -> list[float]:
    """Places for descending values, at least a step from each other and as near as can be (isotonic regression)."""
    pools: list[tuple[float, int]] = []
    for position, value in enumerate(values):
        mean, size = value + position * step, 1
        while pools and pools[-1][0] < mean:
            above, count = pools.pop()
            mean, size = (above * count + mean * size) / (count + size), count + size
        pools.append((mean, size))
    level = [mean for mean, size in pools for _ in range(size)]
    return [mean - position * step for position, mean in enumerate(level)]
