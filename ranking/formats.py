"""A ranking as text: for a terminal, a program, a spreadsheet, a paper, a page."""

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields

from ranking.estimators import Ranking, Rating

_LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "&": r"\&",
        "%": r"\%",
        "$": r"\$",
        "#": r"\#",
        "_": r"\_",
        "{": r"\{",
        "}": r"\}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
    }
)
HEADING = ("rank", "range", "model", "rating", "from", "to", "battles", "won", "tied", "lost")
TEXT_COLUMNS = {"model"}


def as_json(ranking: Ranking) -> str:
    return json.dumps(ranking.as_dict(), ensure_ascii=False, indent=2) + "\n"


def as_csv(ranking: Ranking) -> str:
    """One record per model, with the fields of the JSON object; what is null is empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=[field.name for field in fields(Rating)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(rating) for rating in ranking.ratings)
    return text.getvalue()


def as_table(ranking: Ranking) -> str:
    """Columns lined up for a terminal, then what has to be said about them."""
    blocks = [_summary(ranking)]
    for component, lines in _components(ranking).items():
        if len(_components(ranking)) > 1:
            blocks.append(f"Group {component}")
        blocks.append(_aligned([HEADING, *(_cells(rating) for rating in lines)]))
    blocks.extend(f"! {warning}" for warning in ranking.warnings)
    return "\n".join(blocks) + "\n"


def as_markdown(ranking: Ranking) -> str:
    blocks = []
    for component, lines in _components(ranking).items():
        if len(_components(ranking)) > 1:
            blocks.append(f"Group {component}\n")
        rule = ["---" if name in TEXT_COLUMNS else "---:" for name in HEADING]
        rows = [HEADING, rule, *([cell.replace("|", "\\|") for cell in _cells(rating)] for rating in lines)]
        blocks.append("\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n")
    blocks.append(_summary(ranking) + "\n")
    blocks.extend(f"- {warning}\n" for warning in ranking.warnings)
    return "\n".join(blocks)


def as_latex(ranking: Ranking) -> str:
    """A tabular for the booktabs package; the summary and the warnings as comments."""
    columns = "".join("l" if name in TEXT_COLUMNS else "r" for name in HEADING)
    lines = [f"% {line}" for line in (_summary(ranking), *ranking.warnings)]
    lines += [rf"\begin{{tabular}}{{{columns}}}", r"\toprule", " & ".join(HEADING) + r" \\"]
    for members in _components(ranking).values():
        lines.append(r"\midrule")
        lines += [" & ".join(cell.translate(_LATEX) for cell in _cells(rating)) + r" \\" for rating in members]
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}"]) + "\n"


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
        f"{options.interval.value} {options.level:g}" if options.interval.value != "none" else "no intervals",
        f"input {ranking.input_sha256[:12]}",
    ]
    return " · ".join(parts)


def _components(ranking: Ranking) -> dict[int, list[Rating]]:
    components: dict[int, list[Rating]] = {}
    for rating in ranking.ratings:
        components.setdefault(rating.component, []).append(rating)
    return components


def _cells(rating: Rating) -> list[str]:
    return [
        str(rating.rank),
        _range(rating),
        rating.model,
        *(_number(value) for value in (rating.rating, rating.ci_low, rating.ci_high)),
        *(str(count) for count in (rating.battles, rating.wins, rating.ties, rating.losses)),
    ]


def _range(rating: Rating) -> str:
    if rating.rank_low is None or rating.rank_high is None:
        return "-"
    return str(rating.rank_low) if rating.rank_low == rating.rank_high else f"{rating.rank_low}-{rating.rank_high}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADING))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if name in TEXT_COLUMNS else cell.rjust(width)
            for cell, width, name in zip(row, widths, HEADING, strict=True)
        ).rstrip()
        for row in rows
    )
