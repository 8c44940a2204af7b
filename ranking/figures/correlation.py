"""How ratings and the scores of benchmarks agree, a line per benchmark."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from ranking.benchmarks import MEAN, Correlation
from ranking.figures.canvas import BLUE, COLUMN, GREY, VERMILION, quiet, short_names

ROW = 0.155
"""Inches of a benchmark's line."""


def correlation_figure(found: Sequence[Correlation], level: float, *, width: float | None = None) -> Figure:
    """Rank correlations with their intervals, highest first, the mean of the benchmarks last and in another colour."""
    figure = Figure(figsize=(width or COLUMN, 0.45 + ROW * max(len(found), 2)))
    axes = figure.add_subplot()
    axes.axvline(0, color=GREY, linewidth=0.6)
    for y, each in enumerate(found):
        colour = VERMILION if each.benchmark == MEAN else BLUE
        axes.plot([each.ci_low, each.ci_high], [y, y], color=colour, linewidth=1.6, alpha=0.55, solid_capstyle="butt")
        axes.plot([each.rho], [y], marker="o", color=colour, markersize=3.4, markeredgewidth=0)
    names = short_names([each.benchmark for each in found])
    axes.set_yticks(range(len(found)), [f"{name}  ({each.models})" for name, each in zip(names, found, strict=True)])
    axes.set_ylim(len(found) - 0.4, -0.6)
    axes.set_xlim(-1.03, 1.03)
    axes.set_xticks([-1, -0.5, 0, 0.5, 1])
    axes.set_xlabel(f"Spearman’s ρ with the ratings, {100 * level:g}% interval")
    quiet(axes)
    return figure
