"""Which language a text is in, and how much of it in which. Free of Django, and the same in every process.

Lingua tells Basque, Spanish, French and English apart by n-grams. It is loaded with the first text and then kept: about
120 MB and one second, once in each process that asks; after that a thousand letters take half a millisecond.
"""

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lingua import LanguageDetector

LANGUAGES = ("eu", "es", "fr", "en")
MIN_LETTERS = 10
"""Texts with fewer letters are not judged: a lone name or an “ok” is in no language."""
SEGMENT_LETTERS = 60
"""Sentences are put together up to this many letters, and then judged by their trigrams alone: three times as fast, and
as sure (of 486 messages of this site so long, 485 in their language instead of 486)."""
MIN_CONFIDENCE = 0.5
"""Below this the likeliest language is not believed: the text is in none of the four, or in several."""
MAX_JUDGED = 2000
"""How many characters of a text or sentence are looked at: more do not change the judgement, and lingua's time grows
with the square of a word's length, which is without bound where a model repeats itself."""

#: Code and addresses are in no language: fenced blocks (an open fence runs to the end), spans of code, URLs.
_FENCED = re.compile(r"^ {0,3}(`{3,}|~{3,})[^\n`]*$(?:\n(?:.*\n)*? {0,3}\1[`~]*[ \t]*$|[\s\S]*)", re.MULTILINE)
_SPAN = re.compile(r"(?<!`)(`+)(?!`)[^`\n]+\1(?!`)")
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+")
_LETTER = re.compile(r"[^\W\d_]")
#: Where one sentence may end and another begin: at lines' ends, and after stops that a space follows.
_BOUNDARY = re.compile(r"\n+|(?<=[.!?…:;。！？])\s+|(?<=[。！？])")


def detect(text: str) -> tuple[str, float] | None:
    """The language of a text (`eu`, `es`, `fr` or `en`) and lingua's confidence in it, from 0 to 1.

    None where the text is too short to judge, or in none of the four as far as can be told. Code is left out.
    """
    return _judge(without_code(text))


def basque_share(text: str) -> float | None:
    """How much of a text is Basque, from 0 to 1, by `basque_letters`. None where there is too little besides code."""
    basque, letters = basque_letters(text)
    return basque / letters if letters else None


def basque_letters(text: str) -> tuple[int, int]:
    """The letters of a text's sentences in Basque, and those of all its sentences that can be judged.

    Short sentences are judged with the next. A sentence in a language that is not known is not Basque.
    """
    return basque_letters_of([text])[0]


def basque_letters_of(texts: Sequence[str]) -> list[tuple[int, int]]:
    """As `basque_letters`, of many texts at once, on all processors."""
    return [(letters["eu"], letters.total()) for letters in letters_of(texts)]


def letters_of(texts: Sequence[str]) -> list[Counter[str]]:
    """The letters of each text's sentences by their language, `""` for none of the four, on all processors.

    Only sentences that can be judged count.
    """
    counts: list[Counter[str]] = [Counter() for _ in texts]
    segments = [(position, part) for position, text in enumerate(texts) for part in _segments(without_code(text))]
    sizes = [count_letters(part) for _, part in segments]
    for by_trigrams in (True, False):
        chosen = [i for i, size in enumerate(sizes) if size >= MIN_LETTERS and (size >= SEGMENT_LETTERS) == by_trigrams]
        judged = _judge_all([segments[i][1] for i in chosen], by_trigrams=by_trigrams)
        for i, found in zip(chosen, judged, strict=True):
            counts[segments[i][0]][found[0] if found else ""] += sizes[i]
    return counts


def without_code(text: str) -> str:
    """A text without what is in no language: blocks and spans of code, and addresses."""
    return _ADDRESS.sub(" ", _SPAN.sub(" ", _FENCED.sub("\n", text)))


def _judge(text: str) -> tuple[str, float] | None:
    return _judge_all([text], by_trigrams=False)[0] if count_letters(text) >= MIN_LETTERS else None


def _judge_all(texts: Sequence[str], *, by_trigrams: bool) -> list[tuple[str, float] | None]:
    found = []
    detector = _detector(by_trigrams=by_trigrams)
    for values in detector.compute_language_confidence_values_in_parallel([text[:MAX_JUDGED] for text in texts]):
        # Lingua adds up in no fixed order, so that its last digits differ from call to call.
        confidence = round(float(values[0].value), 6)
        sure = confidence >= MIN_CONFIDENCE
        found.append((values[0].language.iso_code_639_1.name.lower(), confidence) if sure else None)
    return found


def _segments(text: str) -> list[str]:
    """Sentences, short ones joined to those that follow, a short last one to the one before."""
    segments: list[str] = []
    short = ""
    for sentence in _BOUNDARY.split(text):
        short = f"{short} {sentence}".strip()
        if count_letters(short) >= SEGMENT_LETTERS:
            segments.append(short)
            short = ""
    if short and segments:
        segments[-1] += f" {short}"
    elif short:
        segments.append(short)
    return segments


def count_letters(text: str) -> int:
    """How many letters there are in a text."""
    return len(_LETTER.findall(text))


@cache
def _detector(*, by_trigrams: bool) -> "LanguageDetector":
    """The detector, which threads share. Where two ask first at once both build one, and these share their models."""
    from lingua import Language, LanguageDetectorBuilder

    builder = LanguageDetectorBuilder.from_languages(
        Language.BASQUE, Language.SPANISH, Language.FRENCH, Language.ENGLISH
    )
    return builder.with_low_accuracy_mode().build() if by_trigrams else builder.build()
