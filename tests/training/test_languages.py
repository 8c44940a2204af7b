"""Language identification, on sentences as people and models write them."""

import pytest

from training.languages import LANGUAGES, language_of, shares_of

BASQUE = (
    "Gaur goizean mendira joan gara, eta euria hasi duenean etxera itzuli gara.",
    "Nola egiten da patata-tortilla bat lau lagunentzat?",
    "Azaldu iezadazu, mesedez, zergatik den urdina zerua.",
    "Euskal Herriko kostaldean arrantza izan da lanbiderik garrantzitsuenetako bat.",
    "Idatzi gutun bat udalari, gure kaleko argiak konpon ditzaten eskatzeko.",
    "Liburu hau irakurri nahi nuke, baina ez daukat astirik.",
)
SPANISH = (
    "Esta mañana hemos subido al monte y hemos vuelto a casa cuando ha empezado a llover.",
    "¿Cómo se prepara una tortilla de patatas para cuatro personas?",
    "Explícame, por favor, por qué el cielo es azul.",
    "La pesca ha sido uno de los oficios más importantes de la costa vasca.",
    "Escribe una carta al ayuntamiento para pedir que arreglen las farolas.",
)
FRENCH = (
    "Ce matin nous sommes allés à la montagne et la pluie nous a ramenés à la maison.",
    "Comment prépare-t-on une omelette pour quatre personnes ?",
    "Explique-moi, s'il te plaît, pourquoi le ciel est bleu.",
    "La pêche a été l'un des métiers les plus importants de la côte basque.",
    "Écris une lettre à la mairie pour demander que l'on répare les lampadaires.",
)
ENGLISH = (
    "We went up the mountain this morning and came back home when it started to rain.",
    "How do you make a potato omelette for four people?",
    "Please explain to me why the sky is blue.",
    "Fishing has been one of the most important trades of the Basque coast.",
    "Write a letter to the town hall asking them to repair the street lamps.",
)
SENTENCES = [
    (language, text)
    for language, texts in {"eu": BASQUE, "es": SPANISH, "fr": FRENCH, "en": ENGLISH}.items()
    for text in texts
]


@pytest.mark.parametrize("language, text", SENTENCES)
def test_real_sentences(language: str, text: str) -> None:
    assert language_of(text) == language
    assert shares_of(text)[language] == 1.0


@pytest.mark.parametrize(
    "text", ["", "ok", "   ", "12345 + 67890", "😀😀", "今天天气很好，我们去公园吧", "🙂 2 + 2 = 4?"]
)
def test_too_little_to_judge(text: str) -> None:
    assert language_of(text) is None
    assert shares_of(text) == dict.fromkeys(LANGUAGES, 0.0)


def test_code_is_in_no_language() -> None:
    code = "```python\nfor each in range(10):\n    print('the number is', each, 'and the next is', each + 1)\n```"
    assert language_of(code) is None
    assert language_of(f"Zuzendu programa hau, mesedez:\n{code}\nEz dakit zergatik ez dabilen.") == "eu"
    assert language_of("Begiratu hau, mesedez: https://example.org/the-house-on-the-hill-and-the-river") == "eu"


def test_an_open_fence_runs_to_the_end() -> None:
    assert language_of("Hona hemen zuk eskatutako programa:\n```\n" + "print the words of the list\n" * 20) == "eu"


def test_shares_of_a_mixed_text() -> None:
    shares = shares_of(f"{BASQUE[0]} {BASQUE[3]}\n\n{ENGLISH[0]} {ENGLISH[3]}")
    assert shares["eu"] + shares["en"] == pytest.approx(1)
    assert shares["eu"] == pytest.approx(0.5, abs=0.1)


def test_an_endless_word_takes_no_time() -> None:
    assert language_of("a" * 1_000_000) in (None, *LANGUAGES)
