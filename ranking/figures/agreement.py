"""Where places in the arena and scores on benchmarks agree: a heat map of rank correlations."""

from collections.abc import Sequence

import numpy as np
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from ranking.agreement import Agreement
from ranking.figures.canvas import COLUMN, FAINT, INK, short_names
from ranking.figures.heatmaps import write_numbers

ROW = 0.19
"""Inches of a benchmark's line."""


def agreement_figure(agreed: Sequence[Agreement], *, width: float | None = None) -> Figure:
    """Rank correlations, a line a benchmark and a column a dimension; blank where there is none."""
    dimensions = list(dict.fromkeys(each.dimension for each in agreed))
    labels = list(dict.fromkeys(each.label for each in agreed))
    values = np.full((len(labels), len(dimensions)), np.nan)
    for each in agreed:
        if each.found is not None:
            values[labels.index(each.label), dimensions.index(each.dimension)] = each.found.rho
    figure = Figure(figsize=(width or COLUMN, 0.6 + ROW * max(len(labels), 2)))
    axes = figure.add_subplot()
    axes.set_facecolor(FAINT)
    image = axes.imshow(
        np.ma.masked_invalid(values), cmap="PuOr", norm=Normalize(-1, 1), aspect="auto", interpolation="none"
    )
    write_numbers(axes, values, "{:+.2f}", image, 5.5)
    axes.set_xticks(range(len(dimensions)), dimensions)
    axes.set_yticks(range(len(labels)), short_names(labels))
    axes.xaxis.tick_top()
    axes.tick_params(length=0, pad=2)
    means = sum(each.is_mean for each in agreed) // max(len(dimensions), 1)
    if 0 < means < len(labels):
        axes.axhline(means - 0.5, color=INK, linewidth=0.8)
    for spine in axes.spines.values():
        spine.set_visible(False)
    height = figure.get_figheight()
    bar = figure.colorbar(image, ax=axes, orientation="horizontal", fraction=0.12 / height, pad=0.1 / height)
    bar.set_label("Spearman’s ρ with the ratings")
    bar.ax.tick_params(length=1.5, pad=1.5)
    bar.outline.set_visible(False)
    return figure
