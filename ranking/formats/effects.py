"""Effects besides the models', as a block of text below a ranking."""

from collections.abc import Sequence

from ranking.estimators.adjusted import SIDE
from ranking.estimators.effects import Effect
from ranking.formats.columns import aligned, latex_cell, markdown_cell, number

HEADING = ("effect", "points", "from", "to", "p")
TEXT_COLUMNS = {"effect"}
LABELS = {SIDE: "shown as A"}
LEAST = 0.001


def effects_table(effects: Sequence[Effect]) -> str:
    return aligned([HEADING, *map(_cells, effects)], TEXT_COLUMNS)


def effects_markdown(effects: Sequence[Effect]) -> str:
    rule = ["---" if name in TEXT_COLUMNS else "---:" for name in HEADING]
    cells = ([markdown_cell(cell) for cell in _cells(effect)] for effect in effects)
    return "\n".join(f"| {' | '.join(row)} |" for row in (HEADING, rule, *cells)) + "\n"


def effects_latex(effects: Sequence[Effect]) -> str:
    """A tabular of its own for the booktabs package."""
    rows = (" & ".join(latex_cell(cell) for cell in _cells(effect)) + r" \\" for effect in effects)
    head = [r"\begin{tabular}{lrrrr}", r"\toprule", " & ".join(HEADING) + r" \\", r"\midrule"]
    return "\n".join([*head, *rows, r"\bottomrule", r"\end{tabular}"])


def _cells(effect: Effect) -> list[str]:
    p = "-" if effect.p is None else f"<{LEAST}" if effect.p < LEAST else f"{effect.p:.3f}"
    numbers = (number(value) for value in (effect.value, effect.ci_low, effect.ci_high))
    return [LABELS.get(effect.name, effect.name), *numbers, p]
