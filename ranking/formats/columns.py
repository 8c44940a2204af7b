"""What tables of text share: columns lined up, numbers, and what LaTeX would take for its own."""

import csv
import io
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

CONTROLS = dict.fromkeys((*range(32), 127, 0x2028, 0x2029), " ")
"""Line ends and their like, which would break a table that a name stands in."""
LATEX_ESCAPES = str.maketrans(
    {
        **{chr(code): blank for code, blank in CONTROLS.items()},
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
        "<": "$<$",
        ">": "$>$",
        "|": "$|$",
    }
)


def number(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def latex_cell(cell: str) -> str:
    """A cell for LaTeX; a number's sign is a minus and no hyphen."""
    return re.sub(r"^([+-])(?=[0-9.]+$)", r"$\1$", cell.translate(LATEX_ESCAPES))


def markdown_cell(cell: str) -> str:
    return one_line(cell).replace("|", "\\|")


def one_line(text: str) -> str:
    return text.translate(CONTROLS)


def csv_records(names: Sequence[str], records: Sequence[Mapping[str, Any]]) -> str:
    """A line of names, then one of each record; what is None is empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue()


def aligned(rows: Sequence[Sequence[str]], text_columns: Collection[str]) -> str:
    """Rows, the first of which is the heading, with columns lined up: texts to the left, numbers to the right."""
    rows = [[one_line(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if name in text_columns else cell.rjust(width)
            for cell, width, name in zip(row, widths, rows[0], strict=True)
        ).rstrip()
        for row in rows
    )
