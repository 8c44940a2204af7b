"""Which parts of a rendered conversation the assistant generated.

Three ways, tried in this order; `choose` says which one fits a tokenizer and proves it on conversations of its own:

1. the tokenizer's own template, where it marks them (`{% generation %}`);
2. a template of ours that marks them (`training.sft.templates`), where it renders the same text as the tokenizer's own;
3. prefixes: an answer is what comes between the text up to the assistant's header and the text with its turn, where
   each of these texts begins with the one before.

Each conversation is checked again when it is rendered: what a template of ours renders otherwise is refused.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from training.exceptions import TrainingError
from training.sft.templates import LLAMA_DATE, TEMPLATES
from training.sft.tokens import Span
from training.sft.turns import Messages

_MARK = re.compile(r"\{%(-?)\s*(?:end)?generation\s*(-?)%\}")
_TURNS: Messages = [
    {"role": "user", "content": "Kaixo! Zer moduz? "},
    {"role": "assistant", "content": "\nOndo nago, eskerrik asko.\n\nEta zu? "},
    {"role": "user", "content": "Ni ere bai: ñ, ü, 漢, 🐑."},
    {"role": "assistant", "content": "Pozten naiz."},
]
_SYSTEM = {"role": "system", "content": " Euskaraz erantzun. "}
PROBES: tuple[Messages, ...] = (_TURNS, _TURNS[:2], [_SYSTEM, *_TURNS])
"""Conversations to prove a marking on. A template that knows no system's turn may refuse the last one."""


class CannotMark(TrainingError):
    """No way of marking fits this tokenizer's template, or this conversation."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A conversation as the model will see it, and where in it the assistant's turns are, end tokens included."""

    text: str
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Marking:
    """`name` says which way it is: `own`, the name of one of our templates, or `prefixes`."""

    name: str
    render: Callable[[Messages], Rendered]


def unmarked(template: str) -> str:
    """The template without its marks, which not every program that serves models knows. It renders the same."""
    return _MARK.sub(lambda mark: f"{{#{mark[1]} {mark[2]}#}}", template)


def choose(tokenizer: Any, template: str) -> Marking:
    """The way that fits a tokenizer with this template. Raises CannotMark, which says why none does."""
    if "strftime_now" in template and "date_string" not in template:
        raise CannotMark(
            "The chat template writes the day on which it is run, so that no two days give the same rows. "
            "Give one that does not, by --chat-template FILE."
        )
    if _MARK.search(template):
        own = Marking("own", lambda messages: _marked(tokenizer, template, messages))
        return _proven(tokenizer, own)
    for name, ours in TEMPLATES.items():
        if all(_same(tokenizer, template, ours, messages) for messages in _known(tokenizer, template)):
            return _proven(tokenizer, _ours(tokenizer, template, name))
    return _proven(tokenizer, Marking("prefixes", lambda messages: _by_prefixes(tokenizer, template, messages)))


def _ours(tokenizer: Any, template: str, name: str) -> Marking:
    def render(messages: Messages) -> Rendered:
        rendered = _marked(tokenizer, TEMPLATES[name], messages)
        if rendered.text != _plain(tokenizer, template, messages):
            raise CannotMark(f"the tokenizer's own chat template renders it otherwise than the {name} template")
        return rendered

    return Marking(name, render)


def _proven(tokenizer: Any, marking: Marking) -> Marking:
    """Every turn of the assistant is marked, and its end token is in the mark."""
    for number, messages in enumerate(PROBES):
        try:
            rendered = marking.render(messages)
        except CannotMark as error:
            if number == len(PROBES) - 1:
                break
            raise CannotMark(
                f"The chat template cannot be used: {error}. Give another by --chat-template FILE."
            ) from error
        wanted = [turn["content"].strip() for turn in messages if turn["role"] == "assistant"]
        found = [rendered.text[begin:end] for begin, end in rendered.spans]
        if len(found) != len(wanted) or any(text not in piece for text, piece in zip(wanted, found, strict=True)):
            raise CannotMark("The chat template's marks do not enclose the assistant's turns.")
        if not all(piece.endswith(tuple(control_tokens(tokenizer))) for piece in found):
            raise CannotMark("The chat template's marks leave out the end token of the assistant's turns.")
    return marking


def control_tokens(tokenizer: Any) -> list[str]:
    """The texts that the tokenizer reads as control tokens, longest first."""
    added = {token.content for token in tokenizer.added_tokens_decoder.values() if token.special}
    return sorted(added | set(tokenizer.all_special_tokens), key=lambda text: (-len(text), text))


def _known(tokenizer: Any, template: str) -> Iterator[Messages]:
    """The probes that the tokenizer's template renders at all."""
    for messages in PROBES:
        try:
            _plain(tokenizer, template, messages)
        except CannotMark:
            continue
        yield messages


def _same(tokenizer: Any, template: str, ours: str, messages: Messages) -> bool:
    return _plain(tokenizer, template, messages) == _plain(tokenizer, ours, messages)


def _plain(tokenizer: Any, template: str, messages: Messages, *, ask: bool = False) -> str:
    return _rendered(tokenizer, template, messages, ask=ask, track=False)[0]


def _marked(tokenizer: Any, template: str, messages: Messages) -> Rendered:
    text, spans = _rendered(tokenizer, template, messages, ask=False, track=True)
    return Rendered(text, tuple((begin, end) for begin, end in spans))


def _rendered(
    tokenizer: Any, template: str, messages: Messages, *, ask: bool, track: bool
) -> tuple[str, list[tuple[int, int]]]:
    from jinja2 import TemplateError
    from transformers.utils.chat_template_utils import render_jinja_template

    try:
        texts, spans = render_jinja_template(
            [messages],
            chat_template=template,
            return_assistant_tokens_mask=track,
            add_generation_prompt=ask,
            date_string=LLAMA_DATE,
            **tokenizer.special_tokens_map,
        )
    except (TemplateError, TypeError) as error:
        raise CannotMark(f"the chat template refuses it: {error}") from error
    return texts[0], spans[0] if track else []


def _by_prefixes(tokenizer: Any, template: str, messages: Messages) -> Rendered:
    whole = _plain(tokenizer, template, messages)
    spans = []
    for number, turn in enumerate(messages):
        if turn["role"] != "assistant":
            continue
        before = _plain(tokenizer, template, messages[:number], ask=True)
        after = _plain(tokenizer, template, messages[: number + 1])
        if not (whole.startswith(after) and after.startswith(before)):
            raise CannotMark(
                "the chat template renders a turn otherwise when others follow it, so no part can be marked"
            )
        spans.append((len(before), len(before) + _end(tokenizer, after[len(before) :])))
    return Rendered(whole, tuple(spans))


def _end(tokenizer: Any, answer: str) -> int:
    """Where an answer's end token ends: what comes after it, such as a line feed, is not the model's to say."""
    ends = [place + len(token) for token in control_tokens(tokenizer) if (place := answer.rfind(token)) >= 0]
    if not ends:
        raise CannotMark("the chat template puts no end token behind the assistant's turns")
    return max(ends)
