"""What may be sent as a prompt."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena.exceptions import PromptEmpty, PromptTooLong, PromptUnreadable, Refusal
from arena.prompts import clean_prompt


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("  Kaixo \n", "Kaixo"),
        ("bat\r\nbi\rhiru\nlau", "bat\nbi\nhiru\nlau"),
        ("\tbat\tbi", "bat\tbi"),
        ("Eñe 👩‍👩‍👧 \N{ZERO WIDTH JOINER} é", "Eñe 👩‍👩‍👧 \N{ZERO WIDTH JOINER} é"),
        ("عربي \N{RIGHT-TO-LEFT MARK}", "عربي \N{RIGHT-TO-LEFT MARK}"),
    ],
)
def test_line_ends_are_unified_and_the_ends_trimmed(sent: str, stored: str) -> None:
    assert clean_prompt(sent, limit=100) == stored


@pytest.mark.parametrize("text", ["", " ", "\r\n\t ", "\N{NO-BREAK SPACE}"])
def test_nothing_is_no_prompt(text: str) -> None:
    with pytest.raises(PromptEmpty):
        clean_prompt(text, limit=100)


@pytest.mark.parametrize("code", [0x00, 0x07, 0x08, 0x1B, 0x7F, 0x85, 0x9F, 0xD800, 0xDFFF])
def test_control_characters_and_halves_of_pairs_are_refused(code: int) -> None:
    with pytest.raises(PromptUnreadable):
        clean_prompt(f"kaixo{chr(code)}mundua", limit=100)


def test_the_limit_counts_code_points_of_what_is_stored() -> None:
    assert clean_prompt(" " + "🙂" * 10 + "\r\n", limit=10) == "🙂" * 10
    with pytest.raises(PromptTooLong) as refused:
        clean_prompt("🙂" * 11, limit=10)
    assert refused.value.values == {"length": 11, "limit": 10}
    assert "11" in str(refused.value) and "10" in str(refused.value)


def test_a_line_end_of_two_characters_counts_once() -> None:
    assert clean_prompt("a\r\nb", limit=3) == "a\nb"


@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=40), st.integers(1, 30))
def test_what_is_accepted_can_be_stored_and_stays_as_it_is(text: str, limit: int) -> None:
    try:
        cleaned = clean_prompt(text, limit=limit)
    except Refusal:
        return
    assert 0 < len(cleaned) <= limit
    assert cleaned.encode().decode() == cleaned
    assert not any(unicodedata.category(char) == "Cc" and char not in "\n\t" for char in cleaned)
    assert clean_prompt(cleaned, limit=limit) == cleaned
