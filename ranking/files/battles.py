"""The battles of a file, checked line by line before anything is stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from itertools import zip_longest
from pathlib import Path
from typing import Any, NoReturn

import orjson

from arena.ballot_forms import ALL_CHOICES
from ranking.files.batches import judged, parse_timestamp
from ranking.files.columns import WINNERS, winner_column
from ranking.files.errors import BadLine
from ranking.files.reading import Row

ENDED = ("complete", "stopped", "failed")
NO_TEXT = "no_text"
"""Kind of failure of an answer that the file has no text for."""

#: The longest texts that the database has room for.
MAX_LENGTH = {
    "id": 100,
    "username": 200,
    "user_language": 40,
    "user_education": 60,
    "model_a": 120,
    "model_b": 120,
    "matchup": 120,
    "language": 8,
    "pairing_policy": 12,
    "prompt_language": 8,
    "prompt_language_source": 60,
    "category": 40,
    "category_source": 130,
}
COUNTS = ("prompt_tokens", "completion_tokens", "first_token_ms", "duration_ms", "queued_ms", "attempts", "run")
TEXTS = {
    "finish_reason": 30,
    "failure_kind": 30,
    "model_name": 200,
    "model_revision": 200,
    "language": 8,
    "language_source": 60,
}
FILE = "file"
"""Who told a label that the file does not say who told."""


@dataclass(frozen=True, slots=True)
class FileAnswer:
    """One side's reply. `details` are fields of the answer, as they were exported."""

    text: str
    system_prompt: str
    status: str
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FileTurn:
    prompt: str
    created: datetime | None
    a: FileAnswer
    b: FileAnswer
    #: Whether the file has another prompt for side B (side A's is kept).
    prompts_differ: bool = False


@dataclass(frozen=True, slots=True)
class FileBattle:
    """One line. What is not in the file is empty or None."""

    number: int
    id: str
    username: str
    user_language: str
    user_education: str
    cast: datetime | None
    started: datetime | None
    model_a: str
    model_b: str
    choices: Mapping[str, str]
    turns: Sequence[FileTurn]
    reasons: Sequence[str]
    comment: str
    matchup: str
    language: str
    pairing_policy: str
    draw_probability: float | None
    factors_a: Mapping[str, Any]
    factors_b: Mapping[str, Any]
    #: Of the first prompt: fields of its turn, as they were exported.
    labels: Mapping[str, str]

    @property
    def identity(self) -> tuple[str, str, tuple[tuple[str, str], ...]]:
        """What a battle with this id must say wherever it is found again."""
        return self.model_a, self.model_b, tuple(sorted(self.choices.items()))


@dataclass(slots=True)
class BattleReader:
    """Reads the rows of one file. Rows without an id are known by their content, equal ones by their order."""

    path: Path
    seen: dict[str, int] = field(default_factory=dict)
    nameless: dict[str, int] = field(default_factory=dict)

    def read(self, number: int, row: Row) -> FileBattle:
        """One line, checked. Raises `BadLine`, also where a line before had the same id."""
        line = _Line(self.path, number, row)
        model_a, model_b = line.text("model_a", needed=True), line.text("model_b", needed=True)
        if model_a == model_b:
            line.refuse(f"{model_a!r} is set against itself")
        battle = FileBattle(
            number=number,
            id=line.text("id") or self._content_id(row),
            username=line.text("username"),
            user_language=line.text("user_language"),
            user_education=line.text("user_education"),
            cast=parse_timestamp(self.path, number, row.get("timestamp")),
            started=parse_timestamp(self.path, number, row.get("started")),
            model_a=model_a,
            model_b=model_b,
            choices=line.choices(),
            turns=line.turns(),
            reasons=line.reasons(),
            comment=line.text("comment"),
            matchup=line.text("matchup"),
            language=line.text("language"),
            pairing_policy=line.text("pairing_policy"),
            draw_probability=line.probability(),
            factors_a=line.mapping("factors_a"),
            factors_b=line.mapping("factors_b"),
            labels=line.labels(),
        )
        if battle.id in self.seen:
            line.refuse(f"the id {battle.id!r} was on line {self.seen[battle.id]} already")
        self.seen[battle.id] = number
        return battle

    def _content_id(self, row: Row) -> str:
        digest = sha256(orjson.dumps(row, option=orjson.OPT_SORT_KEYS, default=str)).hexdigest()[:40]
        self.nameless[digest] = self.nameless.get(digest, 0) + 1
        return f"{digest}-{self.nameless[digest]}"


@dataclass(frozen=True, slots=True)
class _Line:
    """One row, read field by field."""

    path: Path
    number: int
    row: Row

    def refuse(self, reason: str) -> NoReturn:
        raise BadLine(self.path, self.number, reason)

    def text(self, name: str, *, needed: bool = False) -> str:
        value = self.row.get(name)
        if value is None or value == "":
            if needed:
                self.refuse(f"{name} is missing")
            return ""
        if isinstance(value, int) and name in ("id", "username"):
            value = str(value)
        if not isinstance(value, str):
            self.refuse(f"{name} must be text, and {value!r} is not")
        self.check_text(name, value, MAX_LENGTH.get(name))
        return str(value)

    def check_text(self, name: str, value: str, longest: int | None = None) -> None:
        if "\x00" in value:
            self.refuse(f"{name} holds a NUL character")
        if longest is not None and len(value) > longest:
            self.refuse(f"{name} is longer than {longest} characters")

    def mapping(self, name: str) -> dict[str, Any]:
        value = self.row.get(name)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.refuse(f"{name} must be an object")
        return dict(value)

    def labels(self) -> dict[str, str]:
        """Language and category of the first prompt, with who told them."""
        labels: dict[str, str] = {}
        for column, name in (("prompt_language", "language"), ("category", "category")):
            told, source = self.text(column), self.text(f"{column}_source")
            labels |= {name: told, f"{name}_source": source or (FILE if told else "")}
        return labels

    def reasons(self) -> list[str]:
        value = self.row.get("reasons")
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(reason, str) for reason in value):
            self.refuse("reasons must be a list of texts")
        return list(value)

    def probability(self) -> float | None:
        value = self.row.get("draw_probability")
        if value is None:
            return None
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = 0.0
        if not 0 < number <= 1:
            self.refuse(f"draw_probability must be above 0 and at most 1, and {value!r} is not")
        return number

    def choices(self) -> dict[str, str]:
        """The raw choices where the file has them, else what its winners say."""
        winners = {dimension: self.winner(dimension) for dimension in ("overall", "content", "language")}
        raw = self.mapping("choices")
        if not raw:
            return self._choices_from(winners)
        choices = {str(dimension): str(choice) for dimension, choice in raw.items()}
        for dimension, choice in choices.items():
            if choice not in ALL_CHOICES:
                self.refuse(f"choices: {choice!r} is none of {', '.join(ALL_CHOICES)}")
            if len(dimension) > 40:
                self.refuse("choices: a dimension's name is longer than 40 characters")
        for dimension, winner in winners.items():
            if winner and winner != judged(choices, dimension):
                self.refuse(f"{winner_column(dimension)} and choices say different things")
        return choices

    def _choices_from(self, winners: Mapping[str, str]) -> dict[str, str]:
        overall = winners["overall"]
        if not overall:
            self.refuse("winner is missing")
        choices = {name: winner for name, winner in winners.items() if winner and name != "overall"}
        # Where the dimensions point at different sides the volunteer was asked; elsewhere the winner follows from them.
        pointed = set(choices.values()) - {"tie"}
        if len(pointed) == 2 or not choices or judged(choices, "overall") != overall:
            choices["overall"] = overall
        return choices

    def winner(self, dimension: str) -> str:
        name = winner_column(dimension)
        value = self.row.get(name)
        if value is None or value == "":
            return ""
        if not isinstance(value, str) or value not in WINNERS:
            self.refuse(f"{name} must be model_a, model_b or tie, and {value!r} is none of these")
        return WINNERS[str(value)]

    def turns(self) -> list[FileTurn]:
        a, b = self.conversation("conv_a"), self.conversation("conv_b")
        details = self.row.get("turns") or []
        if not isinstance(details, list) or not all(isinstance(turn, dict) for turn in details):
            self.refuse("turns must be a list of objects")
        turns = []
        for index, (side_a, side_b) in enumerate(zip_longest(a.turns, b.turns)):
            detail = details[index] if index < len(details) else {}
            prompt = (side_a or side_b)[0]
            turns.append(
                FileTurn(
                    prompt=prompt,
                    created=parse_timestamp(self.path, self.number, detail.get("created")),
                    a=self.answer(a, side_a, detail.get("a")),
                    b=self.answer(b, side_b, detail.get("b")),
                    prompts_differ=side_a is not None and side_b is not None and side_a[0] != side_b[0],
                )
            )
        return turns

    def answer(self, conversation: "_Conversation", turn: tuple[str, str] | None, given: Any) -> FileAnswer:
        text = turn[1] if turn else ""
        if given is not None and not isinstance(given, dict):
            self.refuse("turns: what is said of an answer must be an object")
        details = self.details(given or {})
        status = details.pop("status", "complete" if text else "failed")
        if details.get("self_identified") and not text:
            self.refuse("turns: an answer without text names nobody")
        if status == "complete" and not text:
            self.refuse("turns: an answer without text cannot be complete")
        if status == "failed" and not details.get("failure_kind"):
            details["failure_kind"] = NO_TEXT
        return FileAnswer(text, conversation.system_prompt, status, details)

    def details(self, given: Mapping[str, Any]) -> dict[str, Any]:
        details: dict[str, Any] = {}
        for name in COUNTS:
            if (count := given.get(name)) is not None:
                if not isinstance(count, int) or isinstance(count, bool) or not 0 <= count < 2**31:
                    self.refuse(f"turns: {name} must be a whole number, and {count!r} is not")
                details[name] = count
        for name, longest in TEXTS.items():
            if (text := given.get(name)) is not None:
                if not isinstance(text, str):
                    self.refuse(f"turns: {name} must be text")
                self.check_text(f"turns: {name}", str(text), longest)
                details[name] = text
        if details.get("language") and not details.get("language_source"):
            details["language_source"] = FILE
        if (status := given.get("status")) is not None:
            if status not in ENDED:
                self.refuse(f"turns: the status must be one of {', '.join(ENDED)}, and {status!r} is not")
            details["status"] = status
        if isinstance(reasoning := given.get("reasoning"), str):
            self.check_text("turns: reasoning", reasoning)
            details["reasoning"] = reasoning
        if isinstance(marked := given.get("self_identified"), bool):
            details["self_identified"] = marked
        if isinstance(parameters := given.get("parameters"), dict):
            details["parameters"] = parameters
        return details

    def conversation(self, name: str) -> "_Conversation":
        """Prompts and answers of one side; an answer that is not there has no text."""
        messages = self.row.get(name)
        if messages is None:
            return _Conversation("", [])
        if not isinstance(messages, list):
            self.refuse(f"{name} must be a list of messages")
        system_prompt, turns, open_prompt = "", [], None
        for position, message in enumerate(messages):
            role, content = self.message(name, message)
            if role == "system" and position == 0:
                system_prompt = content
            elif role == "user":
                if open_prompt is not None:
                    turns.append((open_prompt, ""))
                if not content:
                    self.refuse(f"{name} has an empty prompt")
                open_prompt = content
            elif role == "assistant" and open_prompt is not None:
                turns.append((open_prompt, content))
                open_prompt = None
            else:
                self.refuse(f"{name} has a message of {role!r} where none can stand")
        if open_prompt is not None:
            turns.append((open_prompt, ""))
        return _Conversation(system_prompt, turns)

    def message(self, name: str, message: Any) -> tuple[str, str]:
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            self.refuse(f"{name} has a message that is no object with a role and a content")
        content = message.get("content")
        if content is not None and not isinstance(content, str):
            self.refuse(f"{name} has a content that is no text")
        self.check_text(name, content or "")
        return message["role"], content or ""


@dataclass(frozen=True, slots=True)
class _Conversation:
    system_prompt: str
    turns: list[tuple[str, str]]
