"""What each level of each factor adds to a rating, as bars with intervals; beside them the study's merged groups."""

from collections.abc import Mapping, Sequence

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ranking.estimators.factor_results import FactorAnalysis, LevelEffect
from ranking.estimators.groups import GroupRanking
from ranking.estimators.scale import MEAN
from ranking.figures.canvas import BLUE, COLUMN, GREY, INK, ORANGE, quiet, short_names

ROW = 0.19
"""Inches of a level's bar."""


def factors_figure(
    analysis: FactorAnalysis, groups: Sequence[GroupRanking] = (), *, width: float | None = None
) -> Figure:
    """A panel per term: bars from the mean of its levels, and diamonds for the ratings of merged groups less 1000.

    Groups of several factors are not drawn: their ratings are no interactions.
    """
    terms = list(analysis.terms)
    by_term = {term: [effect for effect in analysis.effects if effect.term == term] for term in terms}
    heights = [ROW * (len(by_term[term]) + 1.1) for term in terms]
    figure = Figure(figsize=(width or COLUMN, sum(heights) + 0.45), layout="constrained")
    panels = figure.subplots(len(terms), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    merged = {found.term: _deviations(found) for found in groups if ":" not in found.term}
    for axes, term in zip(panels, terms, strict=True):
        _panel(axes, term, by_term[term], merged.get(term, {}))
    panels[-1].set_xlabel(f"Elo from the mean of the levels, {100 * analysis.level:g}% intervals", loc="right")
    if merged:
        figure.legend(handles=_handles(), loc="outside upper left", ncols=2, handlelength=1.2, columnspacing=1.2)
    return figure


def _panel(
    axes: Axes,
    term: str,
    effects: Sequence[LevelEffect],
    merged: Mapping[str, tuple[float, float | None, float | None]],
) -> None:
    for y, effect in enumerate(effects):
        if effect.effect is None or effect.ci_low is None or effect.ci_high is None:
            axes.text(0, y, " cannot be told by these models", va="center", fontsize=6, color=GREY)
        else:
            axes.barh(y, effect.effect, height=0.62, color=BLUE, alpha=0.75, linewidth=0)
            axes.plot([effect.ci_low, effect.ci_high], [y, y], color=INK, linewidth=0.9, solid_capstyle="butt")
        if found := merged.get(effect.level):
            middle, low, high = found
            if low is not None and high is not None:
                axes.plot([low, high], [y + 0.4, y + 0.4], color=ORANGE, linewidth=0.9, solid_capstyle="butt")
            axes.plot([middle], [y + 0.4], marker="D", markersize=2.6, color=ORANGE, markeredgewidth=0)
    axes.axvline(0, color=GREY, linewidth=0.6)
    names = short_names([effect.level for effect in effects])
    counts = [f"{name}  ({effect.models})" for name, effect in zip(names, effects, strict=True)]
    axes.set_yticks(range(len(effects)), counts)
    axes.set_ylim(len(effects) - 0.3, -0.6)
    axes.set_title(term.replace(":", " × "))
    quiet(axes)


def _deviations(found: GroupRanking) -> dict[str, tuple[float, float | None, float | None]]:
    """Each group's rating and the ends of its interval, less 1000, by its name."""
    lines = {}
    for line in found.ranking.ratings:
        if line.rating is not None:
            low = None if line.ci_low is None else line.ci_low - MEAN
            high = None if line.ci_high is None else line.ci_high - MEAN
            lines[line.model] = (line.rating - MEAN, low, high)
    return lines


def _handles() -> list[Artist]:
    bar = Patch(color=BLUE, alpha=0.75, linewidth=0, label="Regression on the ratings")
    diamond = Line2D([], [], marker="D", markersize=2.6, color=ORANGE, linewidth=0.9, label="Merged groups")
    return [bar, diamond]
