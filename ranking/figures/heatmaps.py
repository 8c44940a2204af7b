"""Every model against every other: battles, and win rates as measured and as the fitted model expects them."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from ranking.estimators import Solution
from ranking.estimators.arrays import FloatArray
from ranking.estimators.rates import battle_counts, measured_rates, predicted_rates
from ranking.figures.canvas import FAINT, INK, short_names

CELL, SMALL_CELL = 0.255, 0.11
"""Inches of a cell with a number in it, and without."""
MOST_NUMBERED = 40
"""Models up to which cells have room for numbers."""


def battles_figure(solution: Solution, *, width: float | None = None) -> Figure:
    """How many votes each pair of models has."""
    order = _order(solution)
    counts = battle_counts(solution)[np.ix_(order, order)].astype(np.float64)
    np.fill_diagonal(counts, np.nan)
    most = max(float(np.nanmax(counts, initial=0.0)), 1.0)
    return _heat_map(solution, order, counts, "{:.0f}", "Blues", Normalize(0, most), "Votes", width)


def wins_figure(solution: Solution, *, width: float | None = None) -> Figure:
    """The share of its votes that the row's model won against the column's."""
    order = _order(solution)
    label = "Share won by the row’s model (tie = half)"
    return _rates(solution, order, measured_rates(solution), label, width)


def predicted_figure(solution: Solution, *, width: float | None = None) -> Figure:
    """The share that the fitted model expects the row's model to win against the column's."""
    order = _order(solution)
    label = "Expected share won by the row’s model (tie = half)"
    return _rates(solution, order, predicted_rates(solution), label, width)


def _rates(solution: Solution, order: Sequence[int], rates: FloatArray, label: str, width: float | None) -> Figure:
    shown = 100 * rates[np.ix_(order, order)]
    return _heat_map(solution, order, shown, "{:.0f}", "PuOr", Normalize(0, 100), f"{label}, %", width)


def _order(solution: Solution) -> list[int]:
    """Codes of the models, best first."""
    code = {name: position for position, name in enumerate(solution.cells.models)}
    return [code[rating.model] for rating in solution.ranking.ratings]


def _heat_map(
    solution: Solution,
    order: Sequence[int],
    values: FloatArray,
    text: str,
    colours: str,
    scale: Normalize,
    label: str,
    width: float | None,
) -> Figure:
    """A square of cells (n, n), NaN left blank, with the models' names beside and below."""
    names = short_names([solution.cells.models[code] for code in order])
    n = max(len(names), 1)
    numbered = n <= MOST_NUMBERED
    side = max(width, 1.0) if width else n * (CELL if numbered else SMALL_CELL)
    side = max(side, 1.2)
    figure = Figure(figsize=(side, side))
    axes = figure.add_axes((0, 0, 1, 1))
    size = min(6.5, 72 * side / n * 0.8)
    if len(names):
        image = axes.imshow(
            np.ma.masked_invalid(values), cmap=colours, norm=scale, aspect="equal", interpolation="none"
        )
        if numbered:
            write_numbers(axes, values, text, image, min(5.5, 72 * side / n * 0.36))
        bar = figure.add_axes((0, 1 + 0.22 / side, min(1.0, 1.9 / side), 0.07 / side))
        figure.colorbar(image, cax=bar, orientation="horizontal")
        bar.set_title(label, fontsize=6.5, fontweight="normal", pad=3)
        bar.tick_params(labelsize=5.5, length=1.5, pad=1.5)
        for spine in bar.spines.values():
            spine.set_visible(False)
    axes.set_xticks(range(len(names)), names, rotation=90, fontsize=size)
    axes.set_yticks(range(len(names)), names, fontsize=size)
    axes.tick_params(length=0, pad=2)
    axes.set_facecolor(FAINT)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return figure


def write_numbers(axes: Axes, values: FloatArray, text: str, image: AxesImage, size: float) -> None:
    """Each cell's number, dark on light and light on dark; nothing in cells that are NaN."""
    colours = image.to_rgba(np.nan_to_num(values))
    for (row, column), value in np.ndenumerate(values):
        if np.isfinite(value):
            red, green, blue, _ = colours[row, column]
            light = 0.299 * red + 0.587 * green + 0.114 * blue > 0.5
            colour = INK if light else "white"
            axes.text(column, row, text.format(value), ha="center", va="center", fontsize=size, color=colour)
