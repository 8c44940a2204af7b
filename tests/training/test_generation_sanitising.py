"""What is done to sampled texts: goldens, and what holds for any text."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.generation.engines import Sampled
from training.generation.sampling import Sampling
from training.generation.sanitising import Cleaned, cleaned, sanitised

CONTROLS = ("<|eot_id|>", "<s>", "</s>")
SAMPLING = Sampling(0.8, 1.0, 100, stop=("assistant",), heading_ban=True)


@pytest.mark.parametrize(
    "text, better, changes",
    [
        ("Zer da hau?", "Zer da hau?", ()),
        ("Zer da<|eot_id|> hau?</s>", "Zer da hau?", ("debris",)),
        ("<|reserved_special_token_3|>Kaixo", "Kaixo", ("debris",)),
        ("<|eot<|eot_id|>_id|>Kaixo", "Kaixo", ("debris",)),
        ("a\x00b\x07\tc\nd", "ab\tc\nd", ("debris",)),
        ("lotsa ����", "lotsa", ("debris",)),
        ("hutsa � erdian", "hutsa � erdian", ()),
        ("user\nHow many?", "How many?", ("debris",)),
        ("User: \nHow many?", "How many?", ("debris",)),
        ("How many?\n\nassistant\n\nThree.", "How many?", ("turns",)),
        ("How many?\n Assistant:\nThree.", "How many?", ("turns",)),
        ("How many?<s>\nuser", "How many?", ("debris", "turns")),
        ("The user\nis king", "The user\nis king", ()),
        ("Write a dialogue.\nUser: Hi!\nBot: Hello!", "Write a dialogue.\nUser: Hi!\nBot: Hello!", ()),
    ],
)
def test_finished_texts(text: str, better: str, changes: tuple[str, ...]) -> None:
    assert sanitised(text, CONTROLS, is_finished=True) == (better, changes)


@pytest.mark.parametrize(
    "text, better",
    [
        ("Bat. Bi. Hir", "Bat. Bi."),
        ("Bat! (Bi?) Hir", "Bat! (Bi?)"),
        ('Esan zuen: "Bai." Eta', 'Esan zuen: "Bai."'),
        ("- bat\n- bi\n- hi", "- bat\n- bi"),
        ("Urratsak:\n1. Bat.\n2. Bi eta", "Urratsak:\n1. Bat."),
        ("Urratsak:\n1. Bat", "Urratsak:"),
        ("esaldirik gabe", "esaldirik gabe"),
        ("Pi 3.14 da gutxi gora", "Pi 3.14 da gutxi gora"),
        ("はい。いい", "はい。いい"),
    ],
)
def test_texts_that_hit_the_limit(text: str, better: str) -> None:
    assert sanitised(text, CONTROLS, is_finished=False)[0] == better


@given(
    st.text()
    | st.lists(st.sampled_from([*CONTROLS, "user", "\n", ":", "<|", "a|>", "eot_id", " Bai.", "\x00"])).map("".join)
)
def test_sanitising_ends(text: str) -> None:
    once, _ = sanitised(text.strip(), CONTROLS, is_finished=True)
    assert sanitised(once, CONTROLS, is_finished=True) == (once, ())
    assert not any(control in once for control in CONTROLS)
    assert not re.search(r"[\x00-\x08]", once)


def clean(text: str, *, sanitize: bool = False, is_finished: bool = True) -> Cleaned:
    return cleaned(Sampled(text, is_finished), SAMPLING, CONTROLS, sanitize=sanitize)


def test_what_is_done_to_every_text() -> None:
    assert clean("  Kaixo \n") == Cleaned("Kaixo")
    assert clean("Kaixo</s>") == Cleaned("Kaixo</s>")
    assert clean("Be my assistant, please") == Cleaned("Be my")
    assert clean("Bat. Bi", is_finished=False) == Cleaned("Bat. Bi")


@pytest.mark.parametrize(
    "text, reason", [("", "empty"), (" \n", "empty"), ("?!", "empty"), ("assistant", "empty"), ("# Bat", "heading")]
)
def test_what_has_to_be_drawn_again(text: str, reason: str) -> None:
    assert clean(text) == Cleaned("", reason=reason)


def test_what_is_empty_or_a_heading_once_it_is_clean() -> None:
    assert clean("<s></s>", sanitize=True).reason == "empty"
    assert clean("<s># Bat", sanitize=True).reason == "heading"
