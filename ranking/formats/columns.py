"""What tables of text share: columns lined up, numbers, and what LaTeX would take for its own."""

import csv
import io
import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from typing import Any

CONTROLS = dict.fromkeys(
    (*range(32), *range(127, 160), 0x200E, 0x200F, 0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A)), " "
)
"""Line ends and their like, and what turns the direction of writing: they would break a table that a name stands in."""
MARKDOWN = re.compile(r"[\\`*\[|]|<(?=[A-Za-z/!?])")
"""What Markdown would take for its own, inside a cell of a table."""
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
    return MARKDOWN.sub(r"\\\g<0>", one_line(cell))


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
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            _padded(cell, width, left=name in text_columns)
            for cell, width, name in zip(row, widths, rows[0], strict=True)
        ).rstrip()
        for row in rows
    )


def _padded(cell: str, width: int, *, left: bool) -> str:
    blanks = " " * (width - _width(cell))
    return cell + blanks if left else blanks + cell


def _width(cell: str) -> int:
    """In places of a terminal: two for wide letters such as Chinese ones, none for marks over other letters."""
    return sum(
        0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in cell
    )
