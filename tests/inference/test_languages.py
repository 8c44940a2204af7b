"""Languages of texts. Those of the messages of this site are known, so they are the sample."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from inference.languages import MIN_LETTERS, basque_share, detect, without_code

LOCALE = Path(__file__).parents[2] / "locale"
BASQUE = "Euskal Herriko hiririk handiena Bilbo da, eta bertan dago Guggenheim museoa."
SPANISH = "La ciudad más grande es Bilbao, y allí está el museo Guggenheim, que es precioso."
ENGLISH = "The largest city is Bilbao, and that is where the Guggenheim museum stands today."
FRENCH = "La plus grande ville est Bilbao, et c'est là que se trouve le musée Guggenheim."
CODE = "```python\nfor word in sentence.split():\n    print(word, the_other_word)\n```"


@pytest.mark.parametrize(
    ("text", "language"),
    [(BASQUE, "eu"), (SPANISH, "es"), (ENGLISH, "en"), (FRENCH, "fr"), ("Kaixo, zer moduz?", "eu")],
)
def test_a_sentence_has_its_language(text: str, language: str) -> None:
    found = detect(text)
    assert found is not None
    assert found[0] == language
    assert 0.5 <= found[1] <= 1


@pytest.mark.parametrize(
    "text", ["", "ok", "1234567890 + 17", "🙂" * 40, "你好世界" * 5, CODE, "https://example.org/a-long-address"]
)
def test_what_has_no_language_of_ours_has_none(text: str) -> None:
    assert detect(text) is None


@pytest.mark.parametrize("language", ["eu", "es", "fr"])
def test_nearly_all_messages_of_the_site_are_in_their_language(language: str) -> None:
    with (LOCALE / language / "LC_MESSAGES" / "django.po").open("rb") as file:
        texts = [message.string for message in read_po(file) if isinstance(message.string, str) and message.id]
    long_enough = [text for text in texts if len(text) >= 3 * MIN_LETTERS][:250]
    right = sum((found := detect(text)) is not None and found[0] == language for text in long_enough)
    assert right >= 0.97 * len(long_enough)


def test_the_share_of_basque_is_by_letters_and_leaves_code_out() -> None:
    assert basque_share(BASQUE) == 1
    assert basque_share(SPANISH) == 0
    assert basque_share(f"{BASQUE}\n\n{CODE}\n") == 1
    assert basque_share(f"{BASQUE} {ENGLISH}") == pytest.approx(0.48, abs=0.05)
    assert basque_share(f"{BASQUE}\n\n{BASQUE}\n\n{FRENCH}") == pytest.approx(0.66, abs=0.05)


def test_a_language_that_is_not_known_is_not_basque() -> None:
    assert basque_share("你好世界" * 10) == 0
    assert basque_share(f"{BASQUE}\n{'你好世界' * 15}") == pytest.approx(0.5, abs=0.05)


def test_too_little_text_has_no_share() -> None:
    assert basque_share("") is None
    assert basque_share("12 + 5 = 17") is None
    assert basque_share(CODE) is None


def test_short_sentences_are_judged_together() -> None:
    assert basque_share("Bai. Ez. Agian. Gaur. Bihar. Etzi. Atzo ere bai. Ondo nago.") == 1


def test_code_is_fences_spans_and_addresses_and_nothing_else() -> None:
    assert without_code("Begira: `print(x)` eta https://example.org/x hor").split() == ["Begira:", "eta", "hor"]
    assert without_code("bat\n```\nkodea\n```\nbi").split() == ["bat", "bi"]
    assert without_code("bat\n~~~~ text\n```\nkodea\n~~~~\nbi").split() == ["bat", "bi"]
    assert without_code("bat\n```\nkodea\namaitu gabe").split() == ["bat"]
    assert without_code("```a``` eta bi").split() == ["eta", "bi"]
    assert without_code("`" * 50_000) == "`" * 50_000 or without_code("`" * 50_000).strip() == ""


def test_threads_agree() -> None:
    texts = [BASQUE, SPANISH, ENGLISH, FRENCH] * 20
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(detect, texts)) == [detect(text) for text in texts]
