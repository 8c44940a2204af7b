"""Token ids and what of them is learnt."""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

IGNORED = -100
"""The label of a token that no loss is taken on (PyTorch's `ignore_index`)."""

Span = tuple[int, int]
"""Where something begins and ends in a text, in characters."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """One document: `labels` are its `ids`, or IGNORED. Both have the same length.

    The first label is always IGNORED: nothing comes before it, and in a pack it is another document that does.
    """

    ids: "array[int]"
    labels: "array[int]"

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def trained(self) -> int:
        return sum(label != IGNORED for label in self.labels)

    @property
    def last_trained(self) -> int | None:
        return next((label for label in reversed(self.labels) if label != IGNORED), None)


def of_document(tokenizer: Any, text: str, end: int) -> Tokens:
    """Plain text, all of it learnt, with its end token. What looks like a control token in it is text, too."""
    ids = tokenizer(text, split_special_tokens=True)["input_ids"]
    if not ids or ids[-1] != end:
        ids = [*ids, end]
    return _tokens(ids, ids)


def of_conversation(tokenizer: Any, text: str, spans: Sequence[Span]) -> Tokens:
    """A rendered conversation, of which the tokens that begin within `spans` are learnt.

    A token that begins before a span and reaches into it is not: when the model answers, the prompt's end comes first.
    """
    encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    ids = encoded["input_ids"]
    learnt = _within([begin for begin, _end in encoded["offset_mapping"]], spans)
    return _tokens(ids, [token if is_learnt else IGNORED for token, is_learnt in zip(ids, learnt, strict=True)])


def cut(tokens: Tokens, length: int) -> Iterator[Tokens]:
    """Pieces of at most `length` tokens, in order."""
    for begin in range(0, len(tokens), length):
        yield _tokens(tokens.ids[begin : begin + length], tokens.labels[begin : begin + length])


def _tokens(ids: Sequence[int], labels: Sequence[int]) -> Tokens:
    # 32 bits a token: as Python's numbers, a block's would take ten times as much.
    return Tokens(array("i", ids), array("i", (IGNORED, *labels[1:])))


def _within(begins: Sequence[int], spans: Sequence[Span]) -> Iterator[bool]:
    """For each of the ascending `begins`, whether it lies in one of the ascending `spans`."""
    waiting = list(reversed(spans))
    for begin in begins:
        while waiting and waiting[-1][1] <= begin:
            waiting.pop()
        yield bool(waiting) and waiting[-1][0] <= begin
