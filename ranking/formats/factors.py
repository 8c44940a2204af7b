"""An analysis of factors, and groups of models, as text below a ranking."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields

from ranking.estimators import Ranking
from ranking.estimators.factor_remarks import NOT_ENOUGH
from ranking.estimators.factor_results import FactorAnalysis, LevelEffect
from ranking.estimators.groups import GroupRanking
from ranking.formats.columns import aligned, csv_records, latex_cell, markdown_cell, number, one_line
from ranking.formats.rankings import FORMATS

EFFECTS = ("factor", "level", "models", "effect", "from", "to", "p")
DIFFERENCES = ("factor", "level", "versus", "difference", "from", "to", "p", "p (Holm)")
TESTS = ("term", "chi-squared", "df", "p")
GROUPS = ("group", "models", "rating", "from", "to", "battles")
TEXT_COLUMNS = {"factor", "level", "versus", "term", "group"}
LEAST = 0.001

Rows = Sequence[Sequence[str]]


def with_factors(ranking: Ranking, analysis: FactorAnalysis, groups: Sequence[GroupRanking], form: str) -> str:
    """The ranking in a format, and its analysis by factors. CSV, which is one table, has the effects alone."""
    if form == "json":
        found = {"factors": analysis.as_dict(), "groups": [group.as_dict() for group in groups]}
        return json.dumps(ranking.as_dict() | found, ensure_ascii=False, indent=2) + "\n"
    if form == "csv":
        names = [field.name for field in fields(LevelEffect)]
        return csv_records(names, [asdict(effect) for effect in analysis.effects])
    blocks = _BLOCKS[form]
    return "\n".join([FORMATS[form](ranking), *(blocks(*block) for block in _tables(analysis, groups))])


def _tables(analysis: FactorAnalysis, groups: Sequence[GroupRanking]) -> list[tuple[str, Rows, Sequence[str]]]:
    """Each table: what it shows, its rows under their heading, and what has to be said about it."""
    tables: list[tuple[str, Rows, Sequence[str]]] = [
        (
            "Effects of factors on ratings, in Elo from the mean of their levels (generalised least squares)",
            [EFFECTS, *_effects(analysis)],
            [*_fit(analysis), *analysis.warnings, *_left_out(analysis)],
        )
    ]
    if analysis.differences:
        tables.append(
            ("Differences between levels, other factors being equal", [DIFFERENCES, *_differences(analysis)], [])
        )
    tables.append(("Tests of whether a term matters at all", [TESTS, *_tests(analysis)], []))
    for group in groups:
        rows = [GROUPS, *_group_rows(group)]
        tables.append((f"Models merged by {group.term}, as the study did", rows, _group_notes(group)))
    return tables


def _effects(analysis: FactorAnalysis) -> Rows:
    return [
        (e.term, e.level, str(e.models), *map(number, (e.effect, e.ci_low, e.ci_high)), _p(e.p))
        for e in analysis.effects
    ]


def _differences(analysis: FactorAnalysis) -> Rows:
    return [
        (d.factor, d.level, d.versus, *map(number, (d.difference, d.ci_low, d.ci_high)), _p(d.p), _p(d.p_holm))
        for d in analysis.differences
    ]


def _tests(analysis: FactorAnalysis) -> Rows:
    return [(test.term, f"{test.chi2:.1f}", str(test.df), _p(test.p)) for test in analysis.tests]


def _group_rows(found: GroupRanking) -> Rows:
    sizes = {group.name: len(group.models) for group in found.groups}
    return [
        (
            line.model,
            str(sizes[line.model]),
            *map(number, (line.rating, line.ci_low, line.ci_high)),
            str(line.battles),
        )
        for line in found.ranking.ratings
    ]


def _fit(analysis: FactorAnalysis) -> list[str]:
    lack = analysis.lack_of_fit
    if lack is None or lack.p < NOT_ENOUGH:  # which the warnings say
        return []
    return [
        f"Lack of fit: chi-squared {lack.chi2:.1f}, {lack.df} degrees of freedom, p {_p(lack.p)}; "
        f"standard deviation between models with the same levels {lack.between_models:.0f} Elo."
    ]


def _left_out(analysis: FactorAnalysis) -> list[str]:
    return [f"Left out, without these factors or without a rating: {', '.join(analysis.left_out)}."] * bool(
        analysis.left_out
    )


def _group_notes(found: GroupRanking) -> list[str]:
    notes = [f"Votes between two models of a group, left out: {found.within}."]
    if found.without_factors:
        notes.append(f"Votes on models without these factors, left out: {found.without_factors}.")
    return notes + found.ranking.warnings


def _table(title: str, rows: Rows, notes: Sequence[str]) -> str:
    return "\n".join([title, aligned(rows, TEXT_COLUMNS), *(f"! {one_line(note)}" for note in notes)]) + "\n"


def _markdown(title: str, rows: Rows, notes: Sequence[str]) -> str:
    rule = ["---" if name in TEXT_COLUMNS else "---:" for name in rows[0]]
    cells = [rows[0], rule, *([markdown_cell(cell) for cell in row] for row in rows[1:])]
    lines = [f"**{title}**", "", *(f"| {' | '.join(row)} |" for row in cells), ""]
    return "\n".join([*lines, *(f"- {one_line(note)}" for note in notes)]) + "\n"


def _latex(title: str, rows: Rows, notes: Sequence[str]) -> str:
    columns = "".join("l" if name in TEXT_COLUMNS else "r" for name in rows[0])
    lines = [*(f"% {one_line(line)}" for line in (title, *notes)), rf"\begin{{tabular}}{{{columns}}}", r"\toprule"]
    body = [" & ".join(latex_cell(cell) for cell in row) + r" \\" for row in rows]
    return "\n".join([*lines, body[0], r"\midrule", *body[1:], r"\bottomrule", r"\end{tabular}"]) + "\n"


def _p(value: float | None) -> str:
    return "-" if value is None else f"<{LEAST:g}" if value < LEAST else f"{value:.3f}"


_BLOCKS: Mapping[str, Callable[[str, Rows, Sequence[str]], str]] = {
    "table": _table,
    "markdown": _markdown,
    "latex": _latex,
}
