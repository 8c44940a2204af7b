"""What names and numbers become in tables of text."""

import pytest

from ranking.formats.columns import aligned, latex_cell, markdown_cell


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("a_b & c%", r"a\_b \& c\%"),
        ("<0.001", "$<$0.001"),
        (">0.999", "$>$0.999"),
        ("x|y", "x$|$y"),
        ("-10.3", "$-$10.3"),
        ("+10.3", "$+$10.3"),
        ("-", "-"),
        ("1-7", "1-7"),
        ("-mini", "-mini"),
        ("two\nlines", "two lines"),
    ],
)
def test_latex(cell, written):
    assert latex_cell(cell) == written


def test_names_do_not_break_tables():
    assert markdown_cell("two\nlines|x") == "two lines\\|x"
    assert markdown_cell("<b>*a*</b> < 1 `x` [y](z) exp_1") == r"\<b>\*a\*\</b> < 1 \`x\` \[y](z) exp_1"
    assert aligned([("model", "n"), ("two\r\nlines", "1")], {"model"}).count("\n") == 1


def test_columns_line_up_on_a_terminal():
    """Wide letters take two places, marks over letters none, and nothing turns the direction of writing."""
    lines = aligned([("model", "n"), ("日本", "1"), ("n\u0303an", "2"), ("\u202etxo", "3")], {"model"}).split("\n")
    assert lines == ["model  n", "日本   1", "n\u0303an    2", " txo   3"]
