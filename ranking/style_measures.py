"""What an answer looks like, in five numbers that a reader sees without reading. Pure.

Tokens are counted here and alike for all models: words and marks. The counts that model servers report are each
model's own, so that the same text has other counts from another model, and Basque most of all.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from inference.languages import basque_letters_of, without_code

_TOKEN = re.compile(r"\w+|[^\w\s]")
#: Markdown's headings: after number signs, or underlined.
_HEADING = re.compile(
    r"^ {0,3}(?:#{1,6}(?=[ \t]+\S)|(?![ \t>#*+\-|])\S[^\n]*\n {0,3}(?:={2,}|-{2,})[ \t]*$)", re.MULTILINE
)
_LIST_ITEM = re.compile(r"^[ \t]*(?:>[ \t]?)*(?:[-*+]|\d{1,9}[.)])[ \t]+(?![-*_ \t]+$)\S", re.MULTILINE)
#: Bold spans of up to 300 characters in a line, so that stars that nothing closes cost no more than that.
_BOLD = re.compile(
    r"(?<![\\*])\*{2,3}(?=[^\s*])[^\n]{0,300}?(?<=[^\s\\])\*\*|(?<![\\\w])__(?=[^\s_])[^\n]{0,300}?(?<=[^\s\\])__(?!\w)"
)

MEASURES = ("tokens", "headings", "lists", "bold", "basque")
"""What style is measured in, in the order in which effects are listed."""
VERSION = 1
"""Raised whenever an answer would be measured otherwise than before."""


@dataclass(frozen=True, slots=True)
class StyleMeasures:
    """Counts of one answer, or of all of a side's answers in a battle.

    `letters` are those whose language could be judged, `basque_letters` those of them in Basque.
    """

    tokens: int
    headings: int
    list_items: int
    bold: int
    basque_letters: int
    letters: int

    @property
    def basque(self) -> float | None:
        """The share that is Basque; None where there was too little text to judge."""
        return self.basque_letters / self.letters if self.letters else None


def measure(text: str) -> StyleMeasures:
    """Measure one answer. Markdown is counted outside of code, and so is Basque; tokens are counted everywhere."""
    return measure_all([text])[0]


def measure_all(texts: Sequence[str]) -> list[StyleMeasures]:
    """Measure many answers at once, on all processors."""
    return [_measured(text, *letters) for text, letters in zip(texts, basque_letters_of(texts), strict=True)]


def _measured(text: str, basque: int, letters: int) -> StyleMeasures:
    prose = without_code(text)
    return StyleMeasures(
        tokens=len(_TOKEN.findall(text)),
        headings=len(_HEADING.findall(prose)),
        list_items=len(_LIST_ITEM.findall(prose)),
        bold=len(_BOLD.findall(prose)),
        basque_letters=basque,
        letters=letters,
    )


def together(answers: Iterable[StyleMeasures]) -> StyleMeasures | None:
    """The measures of all of a side's answers in a battle; None where it gave none."""
    found = list(answers)
    if not found:
        return None
    return StyleMeasures(
        tokens=sum(answer.tokens for answer in found),
        headings=sum(answer.headings for answer in found),
        list_items=sum(answer.list_items for answer in found),
        bold=sum(answer.bold for answer in found),
        basque_letters=sum(answer.basque_letters for answer in found),
        letters=sum(answer.letters for answer in found),
    )


def differences(a: StyleMeasures, b: StyleMeasures) -> tuple[float, float, float, float, float] | None:
    """How much more style A showed than B, in the order of `MEASURES`; None where a side's language is not known.

    Counts as (a - b) / (a + b), from -1 to 1 and 0 where neither has any: what FastChat does with lengths. It has no
    unit, so that a battle of long answers weighs no more than one of short ones. The share of Basque as a - b.
    """
    if a.basque is None or b.basque is None:
        return None
    return (
        _relative(a.tokens, b.tokens),
        _relative(a.headings, b.headings),
        _relative(a.list_items, b.list_items),
        _relative(a.bold, b.bold),
        a.basque - b.basque,
    )


def _relative(a: int, b: int) -> float:
    return (a - b) / (a + b) if a + b else 0.0
