r"""What is done to a sampled text before it is a row's. Pure.

Always: white space around it goes, it ends before a stop text, and it has to have letters or digits. With `--sanitize`:

- `debris`: control tokens written out as text, control characters, the marks of broken characters at the end, and a
  role's name on a line of its own at the beginning
- `turns`: from where the model goes on with another turn, a line with nothing but a role's name
- `unfinished`: where the sampling hit its limit, what stands after the last whole sentence or line
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from training.generation.engines import Sampled
from training.generation.sampling import Sampling

_GENERIC_CONTROL = r"<\|[a-z0-9_]{1,40}\|>"
_CHARACTERS = r"[\x00-\x08\x0b-\x1f\x7f-\x9f]|\ufffd+\s*$"
_ROLE = re.compile(r"^\s*(?:assistant|user|system)[ \t]*:?[ \t]*\n", re.IGNORECASE)
_TURN = re.compile(r"\n[ \t]*(?:assistant|user|system)[ \t]*:?[ \t]*(?:\n|$)", re.IGNORECASE)
_NUMBER = re.compile(r"(?:^|\n)[ \t]*\d+\.$")
_WHOLE = re.compile(r"""[.!?…。！？]["'”’»)\]*_`]*(?=\s|$)|\n""")


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A text, or why it is none; `changes` are the rules of sanitising that changed it."""

    text: str
    changes: tuple[str, ...] = ()
    reason: str = ""


def cleaned(sampled: Sampled, sampling: Sampling, controls: tuple[str, ...], *, sanitize: bool) -> Cleaned:
    """What becomes of a sampled text."""
    text = _cut_at(sampled.text, sampling.stop).strip()
    changes: tuple[str, ...] = ()
    if sanitize:
        text, changes = sanitised(text, controls, is_finished=sampled.is_finished)
    if not any(letter.isalnum() for letter in text):
        return Cleaned("", changes, "empty")
    if sampling.heading_ban and text.startswith("#"):
        return Cleaned("", changes, "heading")
    return Cleaned(text, changes)


def sanitised(text: str, controls: tuple[str, ...], *, is_finished: bool) -> tuple[str, tuple[str, ...]]:
    """The text without what does not belong in it, and the rules that changed it. What is sanitised stays as it is."""
    changes = []
    for name, rule in (("debris", _without_debris(controls)), ("turns", _first_turn)):
        if (better := rule(text).strip()) != text:
            changes.append(name)
            text = better
    if not is_finished and (better := _whole_sentences(text)) != text:
        changes.append("unfinished")
        text = better
    return text, tuple(changes)


def _cut_at(text: str, stops: tuple[str, ...]) -> str:
    return text[: min((place for stop in stops if (place := text.find(stop)) >= 0), default=len(text))]


def _without_debris(controls: tuple[str, ...]) -> Callable[[str], str]:
    pattern = re.compile("|".join([*map(re.escape, controls), _GENERIC_CONTROL, _CHARACTERS]))

    def rule(text: str) -> str:
        # What is left may close up to a control token again.
        while (less := _ROLE.sub("", pattern.sub("", text))) != text:
            text = less
        return text

    return rule


def _first_turn(text: str) -> str:
    found = _TURN.search(text)
    return text[: found.start()] if found else text


def _whole_sentences(text: str) -> str:
    """Up to the last end of a sentence or a line that is not the bare number of a list; all of it without any."""
    ends = [found.end() for found in _WHOLE.finditer(text) if not _NUMBER.search(text[: found.end()])]
    return text[: ends[-1]].rstrip() if ends else text
