"""A ranking as text: for a terminal, a program, a spreadsheet, a paper, a page."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

from ranking.estimators import Ranking, Rating
from ranking.formats.columns import aligned, csv_records, latex_cell, markdown_cell, number, one_line
from ranking.formats.effects import effects_latex, effects_markdown, effects_table

HEADING = ("rank", "range", "model", "rating", "from", "to", "battles", "won", "tied", "lost")
WITHOUT = "without"
"""The rating of the same votes where style is not held equal."""
TEXT_COLUMNS = {"model"}


def as_json(ranking: Ranking) -> str:
    return json.dumps(ranking.as_dict(), ensure_ascii=False, indent=2) + "\n"


def as_csv(ranking: Ranking) -> str:
    """One record per model, with the fields of the JSON object; what is null is empty."""
    return csv_records([field.name for field in fields(Rating)], [asdict(rating) for rating in ranking.ratings])


def as_table(ranking: Ranking) -> str:
    """Columns lined up for a terminal, then what has to be said about them."""
    blocks = [_summary(ranking)]
    for component, lines in _components(ranking).items():
        if len(_components(ranking)) > 1:
            blocks.append(f"Group {component}")
        blocks.append(aligned([_heading(ranking), *(_cells(ranking, rating) for rating in lines)], TEXT_COLUMNS))
    if ranking.effects:
        blocks += ["", effects_table(ranking.effects), *([""] if ranking.warnings else [])]
    blocks.extend(f"! {one_line(warning)}" for warning in ranking.warnings)
    return "\n".join(blocks) + "\n"


def as_markdown(ranking: Ranking) -> str:
    blocks = []
    for component, lines in _components(ranking).items():
        if len(_components(ranking)) > 1:
            blocks.append(f"Group {component}\n")
        rule = ["---" if name in TEXT_COLUMNS else "---:" for name in _heading(ranking)]
        cells = ([markdown_cell(cell) for cell in _cells(ranking, rating)] for rating in lines)
        rows = [_heading(ranking), rule, *cells]
        blocks.append("\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n")
    if ranking.effects:
        blocks.append(effects_markdown(ranking.effects))
    blocks.append(_summary(ranking) + "\n")
    blocks.extend(f"- {one_line(warning)}\n" for warning in ranking.warnings)
    return "\n".join(blocks)


def as_latex(ranking: Ranking) -> str:
    """A tabular for the booktabs package; the summary and the warnings as comments."""
    columns = "".join("l" if name in TEXT_COLUMNS else "r" for name in _heading(ranking))
    lines = [f"% {one_line(line)}" for line in (_summary(ranking), *ranking.warnings)]
    lines += [rf"\begin{{tabular}}{{{columns}}}", r"\toprule", " & ".join(_heading(ranking)) + r" \\"]
    for members in _components(ranking).values():
        lines.append(r"\midrule")
        rows = (_cells(ranking, rating) for rating in members)
        lines += [" & ".join(_latex_cells(row)) + r" \\" for row in rows]
    lines += [r"\bottomrule", r"\end{tabular}"]
    if ranking.effects:
        lines += ["", effects_latex(ranking.effects)]
    return "\n".join(lines) + "\n"


FORMATS: Mapping[str, Callable[[Ranking], str]] = {
    "table": as_table,
    "json": as_json,
    "csv": as_csv,
    "latex": as_latex,
    "markdown": as_markdown,
}


def _summary(ranking: Ranking) -> str:
    options = ranking.options
    parts = [
        f"{ranking.dimension}: {ranking.n_battles} votes, {ranking.n_ties} of them ties",
        options.method.value,
        *([f"preset {ranking.preset}"] if ranking.preset is not None else []),
        f"{options.interval.value} {options.level:g}" if options.interval.value != "none" else "no intervals",
        *_asked(options.extras),
        f"input {ranking.input_sha256[:12]}",
    ]
    return " · ".join(parts)


def _asked(extras: Mapping[str, Any]) -> list[str]:
    """What was asked besides the usual, in words: "side effect", "regularisation 2", "anchor gpt at 1000"."""
    words = {name: name.replace("_", " ") for name in extras if name != "anchor_rating"}
    parts = [text if extras[name] is True else f"{text} {_plain(extras[name])}" for name, text in words.items()]
    held = f" at {_plain(extras['anchor_rating'])}" if "anchor" in extras else ""
    return [part + held if part.startswith("anchor ") else part for part in parts]


def _plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _components(ranking: Ranking) -> dict[int, list[Rating]]:
    components: dict[int, list[Rating]] = {}
    for rating in ranking.ratings:
        components.setdefault(rating.component, []).append(rating)
    return components


def _heading(ranking: Ranking) -> Sequence[str]:
    """The study's recipe gives how far its interval goes up and down, and not its ends."""
    if ranking.preset is not None:
        return [{"from": "down", "to": "up"}.get(name, name) for name in HEADING]
    after = HEADING.index("to") + 1
    return [*HEADING[:after], WITHOUT, *HEADING[after:]] if ranking.without_style else HEADING


def _cells(ranking: Ranking, rating: Rating) -> list[str]:
    numbers = [number(value) for value in (rating.rating, rating.ci_low, rating.ci_high)]
    if ranking.preset is not None:
        score = rating.rating
        whole = "-" if score is None else f"{score:.0f}"
        numbers = [whole, _step("-", rating.ci_low, score), _step("+", rating.ci_high, score)]
    if ranking.without_style:
        numbers.append(number({line.model: line.rating for line in ranking.without_style}.get(rating.model)))
    counts = (str(count) for count in (rating.battles, rating.wins, rating.ties, rating.losses))
    return [str(rating.rank), _range(rating), rating.model, *numbers, *counts]


def _latex_cells(row: Sequence[str]) -> list[str]:
    """Cells for LaTeX; a range of ranks has a dash and no hyphen."""
    cells = [latex_cell(cell) for cell in row]
    place = HEADING.index("range")
    return [*cells[:place], re.sub(r"(?<=\d)-(?=\d)", "--", cells[place]), *cells[place + 1 :]]


def _range(rating: Rating) -> str:
    if rating.rank_low is None or rating.rank_high is None:
        return "-"
    return str(rating.rank_low) if rating.rank_low == rating.rank_high else f"{rating.rank_low}-{rating.rank_high}"


def _step(sign: str, end: float | None, score: float | None) -> str:
    """How far an end lies from the score."""
    return "-" if end is None or score is None else f"{sign}{abs(end - score):.0f}"
