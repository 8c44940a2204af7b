"""The requests for instructions and for answers."""

from dataclasses import dataclass

from training.generation.chats import Chat
from training.generation.engines import Request
from training.generation.tokens import Tokens

_ROOM = 256
"""Tokens left for a server's own chat template, where it cannot be asked how many it has."""


@dataclass(frozen=True, slots=True)
class Prompts:
    """What the model is given. Without a tokenizer `chat` is None too: answers are the server's own chat then."""

    prefix: str
    chat: Chat | None
    tokens: Tokens | None
    context: int
    """The most tokens of a prompt and its text together."""

    @property
    def controls(self) -> tuple[str, ...]:
        return self.tokens.controls if self.tokens else ()

    @property
    def ends(self) -> tuple[int, ...]:
        """Tokens that end a turn."""
        return self.tokens.ends_of(self.chat.end) if self.tokens and self.chat else ()

    @property
    def headings(self) -> tuple[int, ...]:
        return self.tokens.headings if self.tokens else ()

    def for_instruction(self, seed: int, most: int) -> Request | None:
        """None where the context has no room for a text."""
        return self._request(self.prefix, seed, most)

    def for_answer(self, instruction: str, length: int, seed: int, most: int) -> Request | None:
        """`length` is the number of tokens that the instruction was sampled in. None where there is no room."""
        if self.chat:
            return self._request(self.chat.to_answer(instruction), seed, most)
        room = min(most, self.context - length - _ROOM)
        return Request(instruction, seed, room, is_user_turn=True) if room > 0 else None

    def _request(self, text: str, seed: int, most: int) -> Request | None:
        if not self.tokens:
            return Request(text, seed, most)
        tokens = tuple(self.tokens.encode(text))
        room = min(most, self.context - len(tokens))
        return Request(text, seed, room, tokens) if room > 0 else None
