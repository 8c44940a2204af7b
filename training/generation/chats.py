"""From a model's chat template to the texts that it is asked with.

The user's turn is sampled by giving the model its template up to where the user would speak (Xu et al. 2024, "Magpie",
arXiv 2406.08464). Where that is, is found by rendering conversations of marks and cutting between them, so that any
template will do.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from training.exceptions import TrainingError

Messages = Sequence[dict[str, str]]
Render = Callable[[Messages, bool], str]
"""Messages, and whether the assistant is to speak next, as one text. Raises ValueError where the template refuses."""

_SAID = tuple(f"Lehia{word}Mark" for word in ("First", "Second", "Third"))
_SYSTEM = "LehiaSystemMark"


class BadTemplate(TrainingError):
    """A chat template that is missing, or that cannot be cut where the user speaks."""


@dataclass(frozen=True, slots=True)
class Chat:
    """How a model is asked."""

    prefix: str
    """All that stands before the user's first word."""
    before: str
    """All that stands before an instruction that is to be answered…"""
    after: str
    """…and all that stands between it and the answer."""
    end: str
    """What ends a turn, such as `<|eot_id|>`."""

    def to_answer(self, instruction: str) -> str:
        return f"{self.before}{instruction}{self.after}"


def chat_of(render: Render, *, bos: str, system: str = "", keep_default_system: bool = False) -> Chat:
    """The chat of a template. `system` stands before the user's turn where it is given.

    A system message that the template adds by itself, such as Llama 3.1's with its dates, is left out before a sampled
    instruction, as in the study, unless it is to be kept. It stays where an answer is asked for: so the model was
    trained. Raises BadTemplate.
    """
    opening, end = _opening_and_end(render)
    before, after = _around(_rendered(render, [_turn("user", _SAID[0])], to_answer=True), _SAID[0])
    if system:
        # A mark first, so that a template which drops the system message is noticed.
        marked = [_turn("system", _SYSTEM), _turn("user", _SAID[0])]
        prefix, _ = _around(_rendered(render, marked), _SAID[0])
        if _SYSTEM not in prefix:
            raise BadTemplate("The chat template has no place for a system message. Use --task general, or --prefix.")
        prefix = prefix.replace(_SYSTEM, system)
    elif keep_default_system:
        prefix = before
    else:
        prefix = _without_default_system(before, opening, bos)
    return Chat(prefix, before, after, end)


def _opening_and_end(render: Render) -> tuple[str, str]:
    """What opens a turn of the user, and what ends a turn: between an answer and the next question stand both."""
    turns = [_turn(role, said) for role, said in zip(("user", "assistant", "user"), _SAID, strict=True)]
    _, end = _around(_rendered(render, turns[:2]), _SAID[1])
    _, rest = _around(_rendered(render, turns), _SAID[1])
    between, _ = _around(rest, _SAID[2])
    if not between.startswith(end):
        raise BadTemplate("Where the user's turn begins cannot be told from the chat template. Give it by --prefix.")
    return between.removeprefix(end), end.strip()


def _without_default_system(before: str, opening: str, bos: str) -> str:
    if not before.endswith(opening):
        raise BadTemplate("The chat template opens the first turn unlike later ones. Give the prefix by --prefix.")
    has_bos = bool(bos) and before.startswith(bos) and not opening.startswith(bos)
    return bos + opening if has_bos else opening


def _rendered(render: Render, messages: Messages, *, to_answer: bool = False) -> str:
    try:
        return render(messages, to_answer)
    except ValueError as error:
        roles = ", ".join(message["role"] for message in messages)
        raise BadTemplate(f"The chat template does not take the turns {roles}: {error}.") from error


def _around(text: str, mark: str) -> tuple[str, str]:
    before, found, after = text.partition(mark)
    if not found:
        raise BadTemplate("The chat template leaves out what the user or the assistant says.")
    return before, after


def _turn(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}
