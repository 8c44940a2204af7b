"""Differences of models as text, below a ranking or by themselves."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields

from ranking.estimators import Difference, Differences, Ranking
from ranking.formats.columns import LATEX_ESCAPES, aligned, csv_records, latex_cell, markdown_cell, one_line
from ranking.formats.rankings import FORMATS

HEADING = ("better", "worse", "difference", "from", "to", "probability", "p", "p (max-t)", "p (Holm)")
TEXT_COLUMNS = {"better", "worse"}
LEAST = 0.001
"""Probabilities below this, and above 1 less this, are said to be so."""


def with_differences(ranking: Ranking, found: Differences, form: str) -> str:
    """The ranking in a format, and the differences of all its pairs. CSV, which is one table, has the pairs alone."""
    if form == "json":
        return json.dumps({**ranking.as_dict(), "differences": found.as_dict()}, ensure_ascii=False, indent=2) + "\n"
    if form == "csv":
        return _csv(found.pairs)
    return FORMATS[form](ranking) + "\n" + _BLOCKS[form](found)


def comparison(ranking: Ranking, found: Differences, model_a: str, model_b: str, form: str) -> str:
    """Whether one model is better than another: a sentence, or an object or record."""
    pair = found.between(model_a, model_b)
    if form == "json":
        text = json.dumps(asdict(pair) | {"sentence": sentence(ranking, found, pair)}, ensure_ascii=False, indent=2)
        return text + "\n"
    if form == "csv":
        return _csv([pair])
    said = sentence(ranking, found, pair)
    return (said.translate(LATEX_ESCAPES) if form == "latex" else said) + "\n"


def sentence(ranking: Ranking, found: Differences, pair: Difference) -> str:
    """How likely it is that `pair.model_a` is better than `pair.model_b`, by itself and corrected for all pairs."""
    a, b = pair.model_a, pair.model_b
    if pair.difference is None:
        rank = {line.model: line.rank for line in ranking.ratings}
        where = "above" if rank[a] < rank[b] else "below" if rank[a] > rank[b] else "level with"
        return f"{a} stands {where} {b}. How far, and how surely, these votes do not say."
    if pair.p_better is None or pair.p_max_t is None or pair.p_holm is None:
        return f"{a} and {b} differ by {pair.difference:+.1f} Elo. These votes and options show no error of that."
    return (
        f"{a} is better than {b} with probability {_chance(pair.p_better)}: {pair.difference:+.1f} Elo, "
        f"{found.level * 100:g}% interval {_end(pair.ci_low)} to {_end(pair.ci_high)}. Corrected for all "
        f"{found.separability.pairs} pairs, p is {_chance(pair.p_max_t)} (max-t) or {_chance(pair.p_holm)} (Holm)."
    )


def separability_sentence(found: Differences) -> str:
    """How many pairs each rule tells apart."""
    counts = found.separability
    return (
        f"Of {counts.pairs} pairs, max-t tells {counts.max_t} apart and Holm {counts.holm}, both corrected for all "
        f"pairs; each difference by itself would {counts.uncorrected}, and intervals that do not overlap "
        f"{counts.overlap}."
    )


def best_sentence(found: Differences) -> str:
    """Who may be best, most likely first; nothing where that is not known."""
    known = [(name, value) for name, value in found.best.items() if value is not None and value >= LEAST]
    ordered = sorted(known, key=lambda entry: (-entry[1], entry[0]))
    return "Probability of being best: " + ", ".join(f"{name} {_chance(value)}" for name, value in ordered) + "."


def _csv(pairs: Sequence[Difference]) -> str:
    return csv_records([field.name for field in fields(Difference)], [asdict(pair) for pair in pairs])


def _table(found: Differences) -> str:
    return "\n".join([aligned([HEADING, *map(_cells, found.pairs)], TEXT_COLUMNS), *_sentences(found)]) + "\n"


def _markdown(found: Differences) -> str:
    rule = ["---" if name in TEXT_COLUMNS else "---:" for name in HEADING]
    rows = [HEADING, rule, *([markdown_cell(cell) for cell in _cells(pair)] for pair in found.pairs)]
    return "\n".join([*(f"| {' | '.join(row)} |" for row in rows), "", *_sentences(found)]) + "\n"


def _latex(found: Differences) -> str:
    """A longtable, as there may be many pairs."""
    columns = "".join("l" if name in TEXT_COLUMNS else "r" for name in HEADING)
    lines = [f"% {one_line(line)}" for line in _sentences(found)]
    lines += [rf"\begin{{longtable}}{{{columns}}}", r"\toprule", " & ".join(HEADING) + r" \\", r"\midrule", r"\endhead"]
    for pair in found.pairs:
        lines.append(" & ".join(latex_cell(cell) for cell in _cells(pair)) + r" \\")
    return "\n".join([*lines, r"\bottomrule", r"\end{longtable}"]) + "\n"


_BLOCKS: Mapping[str, Callable[[Differences], str]] = {"table": _table, "markdown": _markdown, "latex": _latex}


def _sentences(found: Differences) -> Sequence[str]:
    if not found.separability.pairs:
        return []
    known = any(value is not None for value in found.best.values())
    return [separability_sentence(found), *([best_sentence(found)] if known else [])]


def _cells(pair: Difference) -> list[str]:
    ends = [_end(value) if value is not None else "-" for value in (pair.difference, pair.ci_low, pair.ci_high)]
    chances = (pair.p_better, pair.p, pair.p_max_t, pair.p_holm)
    return [pair.model_a, pair.model_b, *ends, *("-" if p is None else _chance(p, short=True) for p in chances)]


def _end(value: float | None) -> str:
    return "no bound" if value is None else f"{value:+.1f}"


def _chance(value: float, *, short: bool = False) -> str:
    """Three decimals; what is nearly 0 or 1 is said to be so, with a sign in tables."""
    if value < LEAST:
        return f"<{LEAST:g}" if short else f"below {LEAST:g}"
    if value > 1 - LEAST:
        return f">{1 - LEAST:g}" if short else f"above {1 - LEAST:g}"
    return f"{value:.3f}"
