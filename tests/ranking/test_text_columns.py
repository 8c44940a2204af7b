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
    assert aligned([("model", "n"), ("two\r\nlines", "1")], {"model"}).count("\n") == 1
