import pytest

from ranking.style_measures import MEASURES, StyleMeasures, differences, measure, together

BASQUE = "Euskal Herriko hiririk handiena Bilbo da, eta bertan dago Guggenheim museoa."
ENGLISH = "The largest city is Bilbao, and that is where the Guggenheim museum stands today."

ANSWER = f"""\
# Bilbo

{BASQUE}

## Museoak eta gainerakoak

- **Guggenheim**, ibaiaren ondoan dagoena
- __Arte Ederrak__, parkean dagoena
  1. zaharra eta ederra
  2) berria eta handia

Izenburu bat azpimarratuta
--------------------------

* * *

```
# hau ez da izenburua
- **hau ere ez**
```
"""


def test_an_answer_is_measured() -> None:
    found = measure(ANSWER)
    assert (found.headings, found.list_items, found.bold) == (3, 4, 2)
    assert found.tokens > 50
    assert found.basque == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize(
    ("text", "headings", "list_items", "bold"),
    [
        ("", 0, 0, 0),
        ("#ez da izenburua", 0, 0, 0),
        ("####### sakonegi", 0, 0, 0),
        ("### bai", 1, 0, 0),
        ("testua\n===\n", 1, 0, 0),
        ("- bat\n---\n", 0, 1, 0),
        ("| a | b |\n|---|---|\n", 0, 0, 0),
        ("2024an. gero\n-5 gradu\n*etzana* da", 0, 0, 0),
        ("+ bat\n* bi\n10. hiru\n> - lau", 0, 4, 0),
        ("**bat** eta **bi**, ***hiru*** eta __lau__", 0, 0, 4),
        ("2 ** 3 ** 4 eta snake__case__name", 0, 0, 0),
        (r"\*\*ez\*\* eta `**ez**`", 0, 0, 0),
        ("**ez\nda lerro bat**", 0, 0, 0),
    ],
)
def test_markdown_is_counted_as_it_is_shown(text: str, headings: int, list_items: int, bold: int) -> None:
    found = measure(text)
    assert (found.headings, found.list_items, found.bold) == (headings, list_items, bold)


def test_tokens_are_words_and_marks_alike_for_all() -> None:
    assert measure("Bai, noski! 12 + 5").tokens == 7
    assert measure("").tokens == 0
    assert measure("```\nprint(x)\n```").tokens == 10


@pytest.mark.timeout(20)
def test_rubbish_takes_no_longer_than_its_length() -> None:
    for text in (
        "**a " * 20_000,
        "`" * 100_000,
        "#" * 100_000,
        "- " * 50_000,
        "a\n" * 50_000,
        "~~~\n" * 20_000,
        "a" * 200_000,
    ):
        measure(text)


def test_the_answers_of_a_side_are_taken_together() -> None:
    both = together([measure(f"# Bat\n{BASQUE}"), measure(f"```\nitxi gabe\n{ENGLISH}"), measure(ENGLISH)])
    assert both is not None
    assert both.headings == 1
    assert both.basque == pytest.approx(0.5, abs=0.1)
    assert together([]) is None


def test_differences_are_relative_and_change_sign_with_the_sides() -> None:
    a, b = StyleMeasures(300, 2, 0, 1, 80, 100), StyleMeasures(100, 0, 0, 3, 20, 100)
    found = differences(a, b)
    assert found == pytest.approx((0.5, 1, 0, -0.5, 0.6))
    assert differences(b, a) == pytest.approx([-value for value in found or ()])
    assert len(found or ()) == len(MEASURES)


def test_no_difference_where_a_language_is_not_known() -> None:
    assert differences(measure(BASQUE), measure("17")) is None
