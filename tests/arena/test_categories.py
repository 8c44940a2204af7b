"""What prompts ask for, by the rules and by the word of a model."""

import time

import pytest

from arena.categories import CATEGORIES, by_rules, default_categories, instruction, parse_categories, read_answer

PROMPTS = [
    ("chat", ["Kaixo!", "Kaixo, zer moduz?", "Hola", "Bonsoir !", "thanks"]),
    (
        "translation",
        ["Itzuli gaztelaniara: etxea", "Nola esaten da «deadline» euskaraz?", "How do you say “etxe”?", "Traduce esto"],
    ),
    ("writing", ["Idatzi bertso bat itsasoari buruz", "Kaixo! Idatzi gutun bat.", "Escribe un poema", "Write a story"]),
    ("summary", ["Laburtu testu hau: …", "Egin laburpen bat", "Résume ce texte", "Summarise this"]),
    ("maths", ["Zenbat da 12 * 7?", "Ebatzi ekuazioa", "Calcula la raíz", "What is the square root of 9?"]),
    (
        "code",
        ["Idatzi Python funtzio bat", "Zer egiten du honek?\n```\nx = 1\n```", "Escribe el código", "def f(x): ..."],
    ),
    ("knowledge", ["Nor izan zen Etxepare?", "Azaldu fotosintesia", "¿Cuál es la capital?", "Pourquoi pleut-il"]),
    ("other", ["Bai", "euria ari du", "…", "12"]),
]


@pytest.mark.parametrize(("category", "prompt"), [(name, prompt) for name, prompts in PROMPTS for prompt in prompts])
def test_rules(category: str, prompt: str) -> None:
    assert by_rules(prompt) == category


@pytest.mark.parametrize(
    "prompt", ["a" * 10**6, "<" * 10**6, "kaixo " * 10**5, "1 " * 10**5, "\n" * 10**6, "🙂" * 10**6]
)
def test_a_long_prompt_takes_no_longer(prompt: str) -> None:
    began = time.monotonic()
    assert by_rules(prompt) in CATEGORIES
    assert time.monotonic() - began < 1


def test_lists() -> None:
    assert parse_categories(default_categories()) == CATEGORIES
    assert parse_categories(" bertsoak \n\nother") == ("bertsoak", "other")
    for text in ("Bertsoak", "bi hitz", "a\na", "-a", "a" * 41):
        with pytest.raises(ValueError):
            parse_categories(text)


@pytest.mark.parametrize(
    ("answer", "category"),
    [
        ("code", "code"),
        (" Code.\n", "code"),
        ("**writing**", "writing"),
        ("“poetry”", ""),
        ("It is code", ""),
        ("code, maths", ""),
        ("", ""),
    ],
)
def test_only_one_name_of_the_list_is_an_answer(answer: str, category: str) -> None:
    assert read_answer(answer, CATEGORIES) == category


def test_the_model_is_told_the_list() -> None:
    assert "bertsoak, other" in instruction(("bertsoak", "other"))
