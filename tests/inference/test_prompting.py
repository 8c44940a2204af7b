from typing import get_args

import pytest

from inference.enums import SystemPromptMode
from inference.prompting import PromptMode, messages_for

TURNS = [("Kaixo", "Egun on"), ("Nor zara?", None)]


def test_the_modes_are_those_of_the_database() -> None:
    assert list(get_args(PromptMode)) == SystemPromptMode.values


def test_as_a_system_message() -> None:
    assert messages_for("system", " Euskaraz. ", TURNS) == [
        {"role": "system", "content": "Euskaraz."},
        {"role": "user", "content": "Kaixo"},
        {"role": "assistant", "content": "Egun on"},
        {"role": "user", "content": "Nor zara?"},
    ]


def test_before_the_first_prompt_only() -> None:
    assert messages_for("user_turn", "Euskaraz.", TURNS) == [
        {"role": "user", "content": "Euskaraz.\n\nKaixo"},
        {"role": "assistant", "content": "Egun on"},
        {"role": "user", "content": "Nor zara?"},
    ]


@pytest.mark.parametrize(
    ("mode", "prompt"), [("none", "Euskaraz."), ("system", ""), ("user_turn", " "), ("system", "\n")]
)
def test_left_out(mode: PromptMode, prompt: str) -> None:
    assert messages_for(mode, prompt, [("Kaixo", None)]) == [{"role": "user", "content": "Kaixo"}]


@pytest.mark.parametrize("turns", [[], [("a", None), ("b", None)], [("a", "b")]])
def test_a_conversation_that_no_chat_template_takes_is_refused(turns: list[tuple[str, str | None]]) -> None:
    with pytest.raises(ValueError, match="turn"):
        messages_for("system", "", turns)
