"""Correlations of places in the arena with benchmarks as a table, JSON, CSV and LaTeX."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ranking.agreement import Agreement
from ranking.benchmarks import LEAST
from ranking.formats.columns import aligned, csv_records, latex_cell, one_line

HEADING = ("dimension", "language", "benchmark", "models", "rho", "from", "to", "p")
_TEXTS = HEADING[:3]


def as_records(agreed: Sequence[Agreement]) -> list[dict[str, Any]]:
    """One object a correlation; what is not known is None."""
    return [
        {
            "dimension": each.dimension,
            "language": each.language,
            "benchmark": each.benchmark,
            "models": each.models,
            **_numbers(each),
        }
        for each in agreed
    ]


def as_table(agreed: Sequence[Agreement], notes: Sequence[str]) -> str:
    """Columns for people, and what to know."""
    lines = [aligned([HEADING, *(_cells(each) for each in agreed)], _TEXTS)]
    return "\n".join([*lines, *(one_line(note) for note in notes)]) + "\n"


def as_json(agreed: Sequence[Agreement], notes: Sequence[str]) -> str:
    document = {"correlations": as_records(agreed), "notices": list(notes)}
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def as_csv(agreed: Sequence[Agreement], notes: Sequence[str]) -> str:
    names = [*_TEXTS, "models", "rho", "ci_low", "ci_high", "p"]
    return csv_records(names, as_records(agreed))


def as_latex(agreed: Sequence[Agreement], notes: Sequence[str]) -> str:
    """A table for a paper, with booktabs: a line a benchmark, the dimensions side by side, means first."""
    dimensions = list(dict.fromkeys(each.dimension for each in agreed))
    found = {(each.language, each.benchmark, each.dimension): each for each in agreed}
    rows = list(dict.fromkeys((each.language, each.benchmark, each.is_mean) for each in agreed))
    lines = [f"% {one_line(note)}" for note in notes]
    lines += [rf"\begin{{tabular}}{{ll{'rr' * len(dimensions)}}}", r"\toprule"]
    titles = [rf"\multicolumn{{2}}{{c}}{{{latex_cell(dimension)}}}" for dimension in dimensions]
    lines.append(" & ".join(["", "", *titles]) + r" \\")
    lines.append(" & ".join(["language", "benchmark", *[r"$\rho$", "$p$"] * len(dimensions)]) + r" \\")
    was_mean = None
    for language, benchmark, is_mean in rows:
        if is_mean != was_mean:
            lines.append(r"\midrule")
        was_mean = is_mean
        cells = [cell for name in dimensions for cell in _latex_numbers(found.get((language, benchmark, name)))]
        lines.append(" & ".join([latex_cell(language or "-"), latex_cell(benchmark), *cells]) + r" \\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}"]) + "\n"


FORMATS: Mapping[str, Callable[[Sequence[Agreement], Sequence[str]], str]] = {
    "table": as_table,
    "json": as_json,
    "csv": as_csv,
    "latex": as_latex,
}


def _numbers(each: Agreement) -> dict[str, float | None]:
    found = each.found
    if found is None:
        return dict.fromkeys(("rho", "ci_low", "ci_high", "p"))
    return {"rho": found.rho, "ci_low": found.ci_low, "ci_high": found.ci_high, "p": found.p}


def _cells(each: Agreement) -> list[str]:
    texts = [each.dimension, each.language or "-", each.benchmark, str(each.models)]
    found = each.found
    if found is None:
        return [*texts, "-", "-", "-", "-"]
    return [*texts, *(f"{value:+.2f}" for value in (found.rho, found.ci_low, found.ci_high)), _probability(found.p)]


def _latex_numbers(each: Agreement | None) -> list[str]:
    if each is None or each.found is None:
        return ["-", "-"]
    p = each.found.p
    return [latex_cell(f"{each.found.rho:+.2f}"), f"$<${LEAST:g}" if p < LEAST else f"{p:.3f}"]


def _probability(p: float) -> str:
    return f"<{LEAST:g}" if p < LEAST else f"{p:.3f}"
