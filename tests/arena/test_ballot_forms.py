"""Ballot forms: what is refused, and who wins (the table of the design)."""

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arena.ballot_forms import (
    ALL_CHOICES,
    BallotForm,
    BallotFormError,
    check_choices,
    default_form,
    outcome,
    overall_winner,
    parse_form,
    sides_disagree,
)

DEFAULT = parse_form(default_form())
WIDE = parse_form(
    {
        "dimensions": [
            {"key": "content", "choices": list(ALL_CHOICES)},
            {"key": "language", "choices": list(ALL_CHOICES)},
            {"key": "overall", "asked": "disagreement", "choices": ["a", "b", "dont_know"]},
        ]
    }
)


def test_the_default_is_the_papers_ballot() -> None:
    assert [dimension.key for dimension in DEFAULT.always] == ["content", "language"]
    assert DEFAULT.tie_breaker is not None and DEFAULT.tie_breaker.key == "overall"
    assert {dimension.choices for dimension in DEFAULT.dimensions} == {("a", "tie", "b")}
    assert DEFAULT.comment and not DEFAULT.reasons


def test_a_whole_form_is_read() -> None:
    label = {"eu": "Zuzena?", "en": "Right?"}
    form = parse_form(
        {
            "dimensions": [{"key": "facts", "choices": ["b", "a"], "label": label, "help": {"eu": "Egia ote?"}}],
            "reasons": [{"key": "clear", "label": {"eu": "Argia"}}],
        }
    )
    (facts,) = form.dimensions
    assert (facts.key, facts.choices, facts.asked, facts.label) == ("facts", ("b", "a"), "always", label)
    assert form.tie_breaker is None and form.reasons[0].key == "clear" and not form.comment


def _dimension(**values: Any) -> dict[str, Any]:
    return {"dimensions": [{"key": "content", **values}]}


@pytest.mark.parametrize(
    ("form", "where"),
    [
        ([], "The form"),
        (None, "The form"),
        ({}, "dimensions"),
        ({"dimensions": []}, "dimensions"),
        ({"dimensions": {"key": "content"}}, "dimensions"),
        ({"dimensions": ["content"]}, r"dimensions\[0\]"),
        ({"dimensions": [{"key": "content"}, {"key": "content"}]}, "'content' is there twice"),
        ({"dimensions": [{"key": "overall", "asked": "disagreement"}]}, "asked always"),
        ({"dimensions": [{"key": "content"}, {"key": "style", "asked": "disagreement"}]}, "only 'overall'"),
        (_dimension(key="Content"), r"dimensions\[0\].key"),
        (_dimension(key=""), r"dimensions\[0\].key"),
        (_dimension(key=7), r"dimensions\[0\].key"),
        (_dimension(key="k" * 41), r"dimensions\[0\].key"),
        (_dimension(key="comment"), r"dimensions\[0\].key"),
        (_dimension(key="reasons"), r"dimensions\[0\].key"),
        (_dimension(key="csrfmiddlewaretoken"), r"dimensions\[0\].key"),
        (_dimension(choices=["a"]), "a and b"),
        (_dimension(choices=["a", "b", "c"]), "'c' is none of"),
        (_dimension(choices=["a", "b", "a"]), "'a' is there twice"),
        (_dimension(choices="ab"), r"dimensions\[0\].choices"),
        (_dimension(choices={"a": 1, "b": 2}), r"dimensions\[0\].choices"),
        (_dimension(choices=None), r"dimensions\[0\].choices"),
        (_dimension(choices=3), r"dimensions\[0\].choices"),
        (_dimension(asked="sometimes"), r"dimensions\[0\].asked"),
        (_dimension(asked=["always"]), r"dimensions\[0\].asked"),
        (_dimension(colour="red"), "unknown key 'colour'"),
        (_dimension(label={}), r"dimensions\[0\].label"),
        (_dimension(label={"eu": 3}), r"dimensions\[0\].label"),
        (_dimension(help="Egia?"), r"dimensions\[0\].help"),
        ({**default_form(), "colour": "red"}, "unknown key 'colour'"),
        ({**default_form(), "comment": "yes"}, "comment"),
        ({**default_form(), "reasons": {}}, "reasons"),
        ({**default_form(), "reasons": ["clear"]}, r"reasons\[0\]"),
        ({**default_form(), "reasons": [{"key": "clear"}]}, r"reasons\[0\].label"),
        ({**default_form(), "reasons": [{"key": "clear", "label": {"eu": "A"}}] * 2}, "'clear' is there twice"),
    ],
)
def test_a_form_that_cannot_be_used_is_refused(form: Any, where: str) -> None:
    with pytest.raises(BallotFormError, match=where):
        parse_form(form)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
NEARLY = st.fixed_dictionaries(
    {
        "dimensions": st.lists(
            st.fixed_dictionaries(
                {"key": st.sampled_from(["content", "overall", "x", ""]) | JSON},
                optional={
                    "choices": st.lists(st.sampled_from(ALL_CHOICES) | JSON, max_size=4) | JSON,
                    "asked": st.sampled_from(["always", "disagreement"]) | JSON,
                    "label": JSON,
                    "help": JSON,
                },
            ),
            max_size=3,
        )
    },
    optional={"reasons": JSON, "comment": JSON},
)


@settings(max_examples=60)
@given(JSON | NEARLY)
def test_whatever_an_admin_writes_is_read_or_refused_with_a_sentence(data: Any) -> None:
    try:
        form = parse_form(data)
    except BallotFormError as error:
        assert str(error)
    else:
        assert isinstance(form, BallotForm) and form.always


#: content, language, overall (where it is asked), winner. Design, "Words".
WINNERS = [
    ("a", "a", None, "a"),
    ("a", "tie", None, "a"),
    ("tie", "a", None, "a"),
    ("b", "b", None, "b"),
    ("b", "tie", None, "b"),
    ("tie", "b", None, "b"),
    ("tie", "tie", None, "tie"),
    ("a", "b", "a", "a"),
    ("a", "b", "b", "b"),
    ("a", "b", "tie", "tie"),
    ("b", "a", "a", "a"),
    ("b", "a", "b", "b"),
    ("b", "a", "tie", "tie"),
]


@pytest.mark.parametrize(("content", "language", "overall", "winner"), WINNERS)
def test_winner_of_each_ballot(content: str, language: str, overall: str | None, winner: str) -> None:
    choices = {"content": content, "language": language} | ({"overall": overall} if overall else {})
    assert check_choices(DEFAULT, choices) is None
    assert overall_winner(choices) == winner


def test_the_table_holds_every_ballot_of_the_default_form() -> None:
    accepted = {
        (content, language, overall)
        for content, language, overall in itertools.product(
            ("a", "tie", "b"), ("a", "tie", "b"), (None, "a", "tie", "b")
        )
        if check_choices(
            DEFAULT, {"content": content, "language": language} | ({"overall": overall} if overall else {})
        )
        is None
    }
    assert accepted == {row[:3] for row in WINNERS}


@pytest.mark.parametrize(
    ("choices", "fault"),
    [
        ({}, "missing:content"),
        ({"content": "a"}, "missing:language"),
        ({"content": "a", "language": "b"}, "missing:overall"),
        ({"content": "a", "language": "a", "overall": "a"}, "not_asked:overall"),
        ({"content": "a", "language": "tie", "overall": "a"}, "not_asked:overall"),
        ({"content": "a", "language": "left"}, "choice:language"),
        ({"content": "both_good", "language": "a"}, "choice:content"),
        ({"content": "a", "language": "a", "colour": "a"}, "unknown"),
    ],
)
def test_what_is_wrong_with_a_ballot_is_named(choices: dict[str, str], fault: str) -> None:
    assert check_choices(DEFAULT, choices) == fault


@pytest.mark.parametrize(
    ("choice", "result"),
    [("a", "a"), ("b", "b"), ("tie", "tie"), ("both_good", "tie"), ("both_bad", "tie"), ("dont_know", "")],
)
def test_each_choice_as_ranking_reads_it(choice: str, result: str) -> None:
    assert outcome(choice) == result


@pytest.mark.parametrize(
    ("content", "language", "winner"),
    [
        ("a", "dont_know", "a"),
        ("dont_know", "b", "b"),
        ("dont_know", "both_bad", "tie"),
        ("both_good", "b", "b"),
        ("dont_know", "dont_know", ""),
    ],
)
def test_winner_with_the_further_choices(content: str, language: str, winner: str) -> None:
    choices = {"content": content, "language": language}
    assert check_choices(WIDE, choices) is None
    assert overall_winner(choices) == winner


def test_a_tie_breaker_that_does_not_know_leaves_no_winner() -> None:
    choices = {"content": "a", "language": "b", "overall": "dont_know"}
    assert check_choices(WIDE, choices) is None
    assert overall_winner(choices) == ""


def test_a_form_without_overall_makes_a_tie_of_a_disagreement() -> None:
    form = parse_form({"dimensions": [{"key": "content"}, {"key": "language"}]})
    choices = {"content": "a", "language": "b"}
    assert check_choices(form, choices) is None
    assert overall_winner(choices) == "tie"


def test_overall_that_is_always_asked_decides_and_does_not_disagree() -> None:
    form = parse_form({"dimensions": [{"key": "content"}, {"key": "overall"}]})
    assert not sides_disagree(form, {"content": "a", "overall": "b"})
    assert overall_winner({"content": "a", "overall": "b"}) == "b"


_MIRROR = {"a": "b", "b": "a"}


@given(st.fixed_dictionaries({key: st.sampled_from(ALL_CHOICES) for key in ("content", "language")}))
def test_swapping_the_sides_swaps_the_winner(choices: dict[str, str]) -> None:
    mirrored = {key: _MIRROR.get(choice, choice) for key, choice in choices.items()}
    assert overall_winner(mirrored) == _MIRROR.get(overall_winner(choices), overall_winner(choices))
    assert sides_disagree(WIDE, mirrored) == sides_disagree(WIDE, choices)


@given(st.dictionaries(st.sampled_from(["content", "language", "overall", "colour"]), st.sampled_from(ALL_CHOICES)))
def test_overall_is_asked_exactly_where_the_sides_disagree(choices: dict[str, str]) -> None:
    if check_choices(WIDE, choices) is None:
        assert ("overall" in choices) == sides_disagree(WIDE, choices)
