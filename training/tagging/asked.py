"""Missions that a served model answers in JSON: quality, difficulty, category."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from training.asking import Api, Reply, ask
from training.columns import Row
from training.exceptions import AskingFailed
from training.shares import Share
from training.sources import Piece, Source
from training.stages import Made
from training.tagging.constraints import Constraint, constraint_for
from training.tagging.missions import ROW, Tagged
from training.tagging.questions import Question
from training.tagging.replies import object_in

PATH = "chat/completions"
OPENED: Mapping[str, Any] = {"add_generation_prompt": False, "continue_final_message": True}
"""What vLLM is told so that it goes on where the answer's first brace was put into its mouth."""
AGAIN_TEMPERATURE = 0.7
"""At temperature 0 a model would only say the same again."""


@dataclass
class AskedMission:
    """Asks `question` of every row. What is still no answer after the attempts stays null and is counted."""

    question: Question
    api: Api
    revision: str = ""
    attempts: int = 2
    max_tokens: int = 1024
    constraint: Constraint = Constraint.NONE
    seed: int = 0
    requires: tuple[str, ...] = ("instruction",)
    _is_opened: bool = field(default=True, repr=False)
    """Whether to put the first brace into the model's mouth: until the server refused that of all rows of a piece."""

    @property
    def name(self) -> str:
        return self.question.name

    @property
    def columns(self) -> tuple[str, ...]:
        return self.question.columns

    @property
    def model(self) -> str:
        return self.api.model

    @property
    def arguments(self) -> Mapping[str, Any]:
        return {"attempts": self.attempts, "max_tokens": self.max_tokens, "constraint": self.constraint.value}

    def make(self, source: Source, wanted: set[int], folder: Path, share: Share) -> Iterator[tuple[int, Made]]:
        for piece in source.each(wanted.__contains__):
            yield piece.number, self._tagged(piece).made(piece)

    def _tagged(self, piece: Piece) -> Tagged:
        tags: dict[int, Row] = {}
        bad: dict[int, Row] = {}
        for attempt in range(self.attempts):
            missing = [(position, row) for position, row in piece.rows if position not in tags]
            if not missing:
                break
            bodies = [self._body(position, row, attempt) for position, row in missing]
            for (position, _row), reply in zip(missing, self._ask(bodies), strict=True):
                try:
                    tags[position] = self._read(reply)
                except ValueError as error:
                    bad[position] = {ROW: position, "why": str(error), "reply": getattr(reply, "text", None)}
        empty = dict.fromkeys(self.columns)
        invalid = [bad[position] for position, _row in piece.rows if position not in tags]
        failed = sum(row["reply"] is None for row in invalid)
        counts = {self.name: len(tags), f"{self.name}_invalid": len(invalid) - failed, f"{self.name}_failed": failed}
        return Tagged([tags.get(position, empty) for position, _row in piece.rows], counts, invalid)

    def _read(self, reply: Reply | AskingFailed) -> Row:
        """Raises ValueError for what is no answer."""
        if isinstance(reply, AskingFailed):
            raise ValueError(str(reply)) from reply
        return {**self.question.read(object_in(reply.text)), self.question.by: self.model}

    def _body(self, position: int, row: Row, attempt: int) -> dict[str, Any]:
        sampling = {"temperature": 0.0}
        if attempt:
            sampling = {"temperature": AGAIN_TEMPERATURE, "seed": _seed(self.seed, self.name, position, attempt)}
        messages = [{"role": "user", "content": self.question.prompt(row["instruction"])}]
        held = constraint_for(self.question, self.constraint)
        return {"messages": messages, "max_tokens": self.max_tokens, **sampling, **held}

    def _ask(self, bodies: Sequence[Mapping[str, Any]]) -> list[Reply | AskingFailed]:
        """With the first brace said, and again without it where the server refuses that."""
        if not self._is_opened or self.constraint is not Constraint.NONE:
            return ask(self.api, PATH, bodies)
        replies = ask(self.api, PATH, [_opened(body) for body in bodies])
        refused = [at for at, reply in enumerate(replies) if isinstance(reply, AskingFailed) and reply.is_refusal]
        if refused:
            again = ask(self.api, PATH, [bodies[at] for at in refused])
            self._is_opened = len(refused) < len(replies) or all(isinstance(reply, AskingFailed) for reply in again)
            for at, reply in zip(refused, again, strict=True):
                replies[at] = reply
        return replies


def _opened(body: Mapping[str, Any]) -> dict[str, Any]:
    return {**body, "messages": [*body["messages"], {"role": "assistant", "content": "{"}], **OPENED}


def _seed(*parts: object) -> int:
    """A seed of 31 bits that depends on nothing but the parts."""
    return int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:4]) >> 1
