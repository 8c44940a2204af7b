"""The rules of filters, each at its edge. Whole filters are in test_filter_instructions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.columns import Row
from training.filtering.presets import PRESETS
from training.filtering.rules import Rules, most_frequent, reasons

GOOD: Row = {
    "conversation_id": "1",
    "instruction": "How do I bake bread?",
    "response": "Mix flour and water.",
    "input_quality": "good",
    "instruct_reward": 1.0,
    "llama_guard_2": "safe",
    "language": "EN",
    "difficulty": "easy",
    "gen_mode": "general",
}


@pytest.mark.parametrize(
    "text, most",
    [
        ("", 0),
        ("... !!! ---", 0),
        ("Bai, bai; BAI!", 3),
        ("etxea etxean etxetik", 1),
        ("don't don’t don", 1),
        ("ñ ñ Ñ", 3),
    ],
)
def test_the_most_frequent_word(text: str, most: int) -> None:
    assert most_frequent(text) == most


@given(st.text(alphabet="abc", min_size=1), st.integers(1, 30))
def test_a_text_said_again_has_its_words_again(word: str, times: int) -> None:
    assert most_frequent(f"{word} " * times) == times


@pytest.mark.parametrize(
    "rules, change, reason",
    [
        (Rules(languages=("en",)), {"language": "EU"}, "language"),
        (Rules(languages=("en",)), {"language": None}, "language_missing"),
        (Rules(difficulties=("easy",)), {"difficulty": "hard"}, "difficulty"),
        (Rules(safe=True), {"llama_guard_2": "unsafe\nS6"}, "llama_guard_2"),
        (Rules(safe=True), {"llama_guard_2": None}, "llama_guard_2_missing"),
        (Rules(not_modes=("translation",)), {"gen_mode": "translation_en_eu"}, "gen_mode"),
        (Rules(reward_above=1.5), {"instruct_reward": 1.5}, "instruct_reward"),
        (Rules(same_word=3), {"response": "bai bai bai bai"}, "repeated_word"),
        (Rules(no_colon=True), {"instruction": "So: "}, "ends_in_colon"),
        (Rules(no_neighbours=True), {"min_similar_uuid": "of another"}, "near_duplicate"),
        (Rules(), {"response": " "}, "response_empty"),
    ],
)
def test_one_rule(rules: Rules, change: Row, reason: str) -> None:
    changed = GOOD | change
    assert reasons(changed, rules) == [reason]
    if reason != "response_empty":
        assert reasons(changed, Rules()) == []
    if rules.reward_above is None:
        assert reasons(GOOD, rules) == []


def test_the_texts_are_counted_each_by_itself() -> None:
    row = GOOD | {"instruction": "bai " * 60, "response": "bai " * 60}
    assert reasons(row, PRESETS["hitz"]) == []
