"""What counts as naming a model or its maker."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena.self_identification import DEFAULT_WORDS, identifies_itself, parse_words

DEFAULT = parse_words(DEFAULT_WORDS)


@pytest.mark.parametrize(
    "text",
    [
        "Ni Latxa naiz, HiTZ zentroak egina.",
        "Latxak erantzuten dizu.",
        "Latxa-ren erantzuna",
        "Latxarena da.",
        "**Latxa**",
        "_Latxa_ naiz",
        "(Latxa)",
        "HiTZek sortu ninduen.",
        "HiTZeko ikertzaileek",
        "OpenAIk entrenatu nau.",
        "OpenAI-k entrenatu nau.",
        "OPENAIREN modeloa",
        "Open AI enpresak",
        "ChatGPT naiz.",
        "chatgpt naiz",
        "ChatGPTek",
        "GPT-4o naiz.",
        "GPT4 naiz.",
        "gpt 3.5 bertsioa",
        "Soy un modelo de Meta AI.",
        "MetaAI",
        "Meta\nAI",
        "Je suis développé par Anthropic.",
        "l'équipe d'OpenAI",
        "Anthropicen modeloa",
        "Claudek esan du.",
        "Googlerena naiz.",
        "Googlekoek egin naute.",
        "Llama 3.1 naiz.",
        "Llama3 naiz.",
        "LLaMA 2 naiz.",
        "Llamaren laugarren bertsioa",
        "Qwen2.5",
        "Gemini",
    ],
)
def test_is_named(text: str) -> None:
    assert identifies_itself(text, DEFAULT)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Kaixo! Nola lagun zaitzaket?",
        "Ardi latxa Euskal Herrikoa da.",
        "Esnea latxaren esnea da.",
        "Latxatzaile bat",
        "Latxatasuna",
        "Hitz bat eta hitzak",
        "HITZ EGIN",
        "Mi perro se llama Toby.",
        "Llamada perdida",
        "La llamarada",
        "Metalezko atea",
        "Meta garaikidea",
        "meta. AItzolek",
        "Helburua, meta: irabaztea",
        "metan dago",
        "egpta",
        "Cohesión y coherencia",
        "Claudia eta Klaudio",
        "Geminiano",
        "googleatu dut",
        "OpenAIR",
    ],
)
def test_is_not_named(text: str) -> None:
    assert not identifies_itself(text, DEFAULT)


def test_versions_are_told_apart() -> None:
    assert identifies_itself("GPT-4k", ["GPT-4"])
    assert identifies_itself("GPT 4.1", ["GPT-4"])
    assert not identifies_itself("GPT-4o", ["GPT-4"])
    assert not identifies_itself("GPT-41", ["GPT-4"])
    assert identifies_itself("Nire izena o1 da", ["o1"])


def test_quotation_marks_keep_the_case() -> None:
    assert identifies_itself("latxa", ["Latxa"])
    assert identifies_itself("Latxa", ["«Latxa»"])
    for text in ("latxa", "LATXA"):
        assert not identifies_itself(text, ["“Latxa”"])


def test_what_an_entry_has_of_expressions_is_taken_as_it_stands() -> None:
    assert identifies_itself("C++ naiz", ["c++"])
    assert not identifies_itself("aaa", ["a+.*"])


def test_an_empty_list_finds_nothing() -> None:
    assert not identifies_itself("Latxa", [])
    assert parse_words(" \n\n") == ()


def test_an_entry_says_something() -> None:
    with pytest.raises(ValueError, match="—"):
        parse_words("Latxa\n — \nGPT")


letters = st.text(st.characters(categories=["Lu", "Ll", "Lo"]), min_size=1, max_size=12)
between = st.sampled_from([" ", ", ", "\n", " (", "«", "…", "— ", "*", "_"])


@given(before=st.text(max_size=40), word=letters, after=st.text(max_size=40), left=between, right=between)
def test_a_word_is_found_wherever_it_stands_by_itself(
    before: str, word: str, after: str, left: str, right: str
) -> None:
    assert identifies_itself(f"{before}{left}{word}{right}{after}", [f'"{word}"'])


@given(word=st.text("abcxyz", min_size=3, max_size=12), more=st.text("bcdfghjlmpqtvxy", min_size=1, max_size=5))
def test_a_word_is_not_found_inside_another(word: str, more: str) -> None:
    assert not identifies_itself(more + word, [word])
    assert not identifies_itself(f"{word}{more}q", [word])


@given(text=st.text("Lätxa ñéç-ak", max_size=60))
def test_how_a_letter_is_composed_makes_no_difference(text: str) -> None:
    words = ["Lätxa", "ñéç"]
    forms = {
        identifies_itself(unicodedata.normalize(form_of_text, text), [unicodedata.normalize(form, w) for w in words])
        for form_of_text in ("NFC", "NFD")
        for form in ("NFC", "NFD")
    }
    assert len(forms) == 1


@pytest.mark.parametrize("piece", ["l", "Latx", "Meta ", "Meta---", "GPTrenrenren", "latxa", "a b ", " \n", "9", "ñ́"])
def test_a_megabyte_takes_no_longer_than_its_length(piece: str) -> None:
    """Ten times the text takes about ten times as long, and not a hundred times."""
    without_gpt = [entry for entry in DEFAULT if entry != "GPT"]

    def seconds(size: int) -> float:
        text = (piece * (size // len(piece) + 1))[:size] + "\N{FULL STOP}"
        started = time.perf_counter()
        assert not identifies_itself(text, without_gpt)
        return time.perf_counter() - started

    seconds(1000)
    assert seconds(1_000_000) < 50 * max(min(seconds(100_000) for _ in range(3)), 0.001)
    assert seconds(1_000_000) < 3
