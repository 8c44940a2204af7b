"""The prompt, and the form that output is held to."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.exceptions import BadSource
from training.languages import shares_of
from training.translation.examples import BASQUE, load_examples
from training.translation.prompting import Constraint, as_json, constraint_for, prompt_of, regex_of, schema_of

ASKED = [{"role": "user", "content": 'Say "hi"\nto all'}, {"role": "assistant", "content": "Hi, all!"}]
ROLES = ["user", "assistant"]


def test_the_prompt_shows_examples_and_ends_where_the_translation_begins() -> None:
    lines = prompt_of(ASKED, BASQUE).split("\n")
    assert lines[-1] == "Basque:"
    assert json.loads(lines[-2].removeprefix("English: ")) == ASKED
    examples = [line for line in lines if line.startswith(("English: ", "Basque: "))][:-1]
    assert len(examples) == 2 * len(BASQUE.pairs)


def test_our_examples_are_in_their_languages_and_turn_for_turn() -> None:
    for english, basque in BASQUE.pairs:
        assert [turn["role"] for turn in english] == [turn["role"] for turn in basque]
        assert shares_of("\n".join(turn["content"] for turn in english))["en"] > 0.9
        assert shares_of("\n".join(turn["content"] for turn in basque))["eu"] > 0.9


@given(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8")))
def test_the_regex_takes_every_conversation_of_these_roles(one: str, other: str) -> None:
    messages = [{"role": "user", "content": one}, {"role": "assistant", "content": other}]
    assert re.fullmatch(regex_of(ROLES), " " + as_json(messages))


@pytest.mark.parametrize(
    "text",
    [
        '[{"role": "user", "content": "a"}]',
        '[{"role": "assistant", "content": "a"}, {"role": "user", "content": "b"}]',
        '[{"role": "user", "content": "a"}, {"role": "assistant", "content": "b\n"}]',
        '[{"role": "user", "content": "a"},   {"role": "assistant", "content": "b"}]',
        '[{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}',
    ],
)
def test_the_regex_takes_nothing_else(text: str) -> None:
    assert re.fullmatch(regex_of(ROLES), text) is None


def test_each_constraint_as_servers_take_it() -> None:
    assert constraint_for(ROLES, Constraint.REGEX) == {"structured_outputs": {"regex": regex_of(ROLES)}}
    form = constraint_for(ROLES, Constraint.SCHEMA)["response_format"]
    assert (form["type"], form["json_schema"]["schema"]) == ("json_schema", schema_of(ROLES))
    assert [turn["properties"]["role"]["const"] for turn in schema_of(ROLES)["prefixItems"]] == ROLES
    assert constraint_for(ROLES, Constraint.NONE) == {"stop": ["\n"]}


def test_examples_of_ones_own(tmp_path: Path) -> None:
    pair = [[{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]] * 2
    file = tmp_path / "examples.json"
    file.write_text(json.dumps({"about": "Into Breton.", "source": "English", "target": "Breton", "examples": [pair]}))
    examples = load_examples(file)
    assert prompt_of(ASKED, examples).startswith("Into Breton.\n\nEnglish: [")
    assert prompt_of(ASKED, examples).endswith("\nBreton:")


@pytest.mark.parametrize(
    "text, why",
    [
        ("{", "Expecting"),
        ('{"examples": []}', "'about' is missing"),
        ('{"about": "a", "source": "b", "target": "c", "examples": []}', "it has no examples"),
        ('{"about": "", "source": "b", "target": "c", "examples": []}', "are texts"),
        ('{"about": "a", "source": "b", "target": "c", "examples": [1]}', "unpack"),
        ('{"about": "a", "source": "b", "target": "c", "examples": [[[], []]]}', "no list of turns"),
        (
            '{"about": "a", "source": "b", "target": "c", "examples": [['
            '[{"role": "user", "content": "x"}, {"role": "assistant", "content": "x"}], '
            '[{"role": "system", "content": "x"}, {"role": "user", "content": "x"},'
            ' {"role": "assistant", "content": "x"}]]]}',
            "example 1 and of its translation are not by the same roles",
        ),
    ],
)
def test_examples_that_are_none(tmp_path: Path, text: str, why: str) -> None:
    file = tmp_path / "examples.json"
    file.write_text(text)
    with pytest.raises(BadSource, match=why):
        load_examples(file)
