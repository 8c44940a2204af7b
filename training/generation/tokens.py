"""What generation wants from a tokenizer."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from training.generation.chats import BadTemplate, Messages, Render
from training.sft.templates import LLAMA_DATE

_DAY = datetime.strptime(LLAMA_DATE, "%d %b %Y")


@dataclass(frozen=True, slots=True)
class Tokens:
    """A tokenizer, in what is needed of it."""

    encode: Callable[[str], list[int]]
    """Without adding anything."""
    decode: Callable[[list[int]], str]
    """Without control tokens."""
    render: Render
    bos: str
    controls: tuple[str, ...]
    """All control tokens, as texts."""
    headings: tuple[int, ...]
    """Tokens that begin a Markdown heading."""
    ends_of: Callable[[str], tuple[int, ...]]
    """The end token that a text begins with, if it does, and the tokenizer's own."""


def tokens_of(tokenizer: Any, model: str) -> Tokens:
    """Raises BadTemplate where it has no chat template."""
    if not tokenizer.chat_template:
        raise BadTemplate(
            f"The tokenizer of {model} has no chat template, so where its user speaks is not known. Take an instruct "
            "model, or one whose tokenizer has a template (--tokenizer)."
        )
    controls = tuple(sorted({*tokenizer.all_special_tokens, *(str(token) for token in _added(tokenizer))}))

    def ends_of(end: str) -> tuple[int, ...]:
        first = tokenizer(end, add_special_tokens=False).input_ids[:1]
        ends = [token for token in first if tokenizer.convert_ids_to_tokens(token) in controls]
        own = tokenizer.eos_token_id
        return tuple(sorted({*ends, *([own] if own is not None else [])}))

    return Tokens(
        encode=lambda text: list(tokenizer(text, add_special_tokens=False).input_ids),
        decode=lambda ids: str(tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)),
        render=_render(tokenizer),
        bos=tokenizer.bos_token or "",
        controls=controls,
        headings=_headings(tokenizer),
        ends_of=ends_of,
    )


def _added(tokenizer: Any) -> list[Any]:
    return [token for token in tokenizer.added_tokens_decoder.values() if token.special]


def _render(tokenizer: Any) -> Render:
    from jinja2 import TemplateError

    def render(messages: Messages, to_answer: bool) -> str:
        try:
            return str(
                tokenizer.apply_chat_template(
                    list(messages),
                    tokenize=False,
                    add_generation_prompt=to_answer,
                    # Templates that show a date show this one, on whatever day they are rendered.
                    date_string=LLAMA_DATE,
                    strftime_now=_DAY.strftime,
                )
            )
        except TemplateError as error:
            raise ValueError(str(error)) from error

    return render


def _headings(tokenizer: Any) -> tuple[int, ...]:
    """Tokens of nothing but `#` and white space: the study's `#` to `####`, and what else a vocabulary has of them."""
    found = []
    for token, number in tokenizer.get_vocab().items():
        if "#" in token and set(tokenizer.decode([number]).strip()) == {"#"}:
            found.append(number)
    return tuple(sorted(found))
