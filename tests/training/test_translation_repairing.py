"""Conversations out of broken JSON, against a golden file, and for any conversation cut anywhere."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.translation.prompting import as_json
from training.translation.repairing import parse

CASES = json.loads((Path(__file__).parent / "golden/translation/repairs.json").read_text())
MESSAGES = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["user", "assistant"]), "content": st.text(st.characters(codec="utf-8"), min_size=1)}
    ),
    min_size=1,
    max_size=5,
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_repairs_are_those_of_the_golden_file(case: dict[str, Any]) -> None:
    parsed = parse(case["text"] * case.get("times", 1))
    turns = None if parsed.messages is None else [[turn["role"], turn["content"]] for turn in parsed.messages]
    assert turns == case["turns"]
    if turns is not None:
        assert parsed.is_repaired == case["repaired"]


@given(MESSAGES)
def test_what_is_whole_is_not_touched(messages: list[dict[str, str]]) -> None:
    parsed = parse(as_json(messages))
    assert (parsed.messages, parsed.is_repaired) == (messages, False)


@given(MESSAGES, st.data())
def test_cut_anywhere_whole_turns_are_left_and_no_other(messages: list[dict[str, str]], data: st.DataObject) -> None:
    text = as_json(messages)
    cut = text[: data.draw(st.integers(0, len(text) - 1))]
    found = parse(cut).messages or []
    assert found == messages[: len(found)]
    whole = sum(len(as_json(messages[:count])) - 1 <= len(cut) for count in range(1, len(messages) + 1))
    assert len(found) == whole


@given(st.text(alphabet='[]{}":, \\nroluseconta', max_size=200))
def test_no_text_breaks_it(text: str) -> None:
    parsed = parse(text)
    assert parsed.messages is None or all(set(turn) == {"role", "content"} for turn in parsed.messages)
