"""What all figures share: size, type, colours, and how they are written."""

import io
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

COLUMN = 3.35
"""Inches: the width of a column of a paper with two."""
LONGEST_NAME = 32

#: Okabe and Ito (2008): told apart whatever colours one sees.
BLUE, ORANGE, GREEN, VERMILION, SKY, PURPLE = "#0072b2", "#e69f00", "#009e73", "#d55e00", "#56b4e9", "#cc79a7"
PALETTE = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY)
INK, GREY, FAINT = "#1a1a1a", "#767676", "#e3e3e3"

_STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 7,
    "axes.labelsize": 7,
    "axes.titlesize": 7.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "grid.color": FAINT,
    "grid.linewidth": 0.5,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "xtick.major.width": 0.5,
    "ytick.major.width": 0.5,
    "xtick.major.size": 2.5,
    "ytick.major.size": 0,
    "legend.fontsize": 6.5,
    "legend.frameon": False,
    "lines.linewidth": 1.0,
    # Names hold dollars, underscores and carets, which are no formulas.
    "text.parse_math": False,
    "text.usetex": False,
    # Letters as TrueType in PDF, so that journals take it, and as outlines in SVG, so that it looks alike everywhere.
    "pdf.fonttype": 42,
    "svg.fonttype": "path",
    "svg.hashsalt": "lehia",
    "figure.dpi": 100,
    "savefig.dpi": 300,
}
#: Without these the time of writing and the library's version would be in the file.
_METADATA: dict[str, dict[str, None]] = {
    "pdf": {"CreationDate": None, "Producer": None, "Creator": None},
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
}


@contextmanager
def style() -> Iterator[None]:
    """The style within which a figure is drawn and written, whatever the machine's settings."""
    with mpl.rc_context(), warnings.catch_warnings():
        # A letter that the typeface lacks is drawn as a box; its name is still in the tables.
        warnings.filterwarnings("ignore", message="Glyph .* missing", category=UserWarning)
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        yield


def written(draw: Callable[[], Figure], kind: str) -> bytes:
    """A drawn figure as a file of this format, cut to what is on it."""
    with style():
        figure = draw()
        file = io.BytesIO()
        figure.savefig(file, format=kind, metadata=_METADATA[kind], bbox_inches="tight", pad_inches=0.03)
    return file.getvalue()


def short_names(names: Sequence[str]) -> list[str]:
    """Names on one line, those that are too long cut in the middle where that leaves them different."""
    lines = [" ".join(name.split()) for name in names]
    half = LONGEST_NAME // 2 - 1
    cut = [name if len(name) <= LONGEST_NAME else f"{name[:half]}…{name[-half:]}" for name in lines]
    return [short if cut.count(short) == 1 else name for short, name in zip(cut, lines, strict=True)]


def quiet(axes: Axes, *, grid: Literal["x", "y"] = "x") -> None:
    """Axes with a faint grid one way and no frame but the line that carries the numbers."""
    axes.grid(axis=grid)
    axes.spines["left" if grid == "x" else "bottom"].set_visible(False)
