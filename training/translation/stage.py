"""Shards of translations: ask, judge, ask again with another seed, and put aside what stays broken."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from training.asking import Api, AskingFailed, ask
from training.columns import MAGPIE, Columns, Kind, Row
from training.exceptions import NothingUsable, TrainingError
from training.instructions import checks, fitted
from training.sft.turns import Messages, messages_of
from training.sources import Piece, Source
from training.stages import Made
from training.translation.examples import Examples
from training.translation.judging import ShareOf, Status, Verdict, judge
from training.translation.prompting import END, Constraint, constraint_for, prompt_of

BROKEN = "broken"
EXTRA: dict[str, Kind] = {
    "source_row": Kind.INTEGER,
    "source_language": Kind.TEXT,
    "translation_model": Kind.TEXT,
    "translation_status": Kind.TEXT,
    "language_share": Kind.NUMBER,
}
COLUMNS: Columns = MAGPIE | EXTRA
ASIDE: dict[str, Columns] = {
    BROKEN: {
        "source_row": Kind.INTEGER,
        "conversation_id": Kind.TEXT,
        "uuid": Kind.TEXT,
        "translation_status": Kind.TEXT,
        "reason": Kind.TEXT,
    }
}
#: What was measured on the text that is no longer there.
_NOT_KEPT = (
    "instruct_reward",
    "reward_model",
    "llama_guard_2",
    "min_neighbor_distance",
    "repeat_count",
    "min_similar_conversation_id",
    "min_similar_uuid",
)
_FROM = {"system": "system", "user": "human", "assistant": "gpt"}


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the model is asked. The defaults are those of the study."""

    temperature: float = 0.9
    top_p: float = 0.15
    frequency_penalty: float = 0.15
    max_new_tokens: int = 8192
    constraint: Constraint = Constraint.REGEX


@dataclass(frozen=True, slots=True)
class Range:
    """Rows of the input from `start` to before `stop`, numbered from 0, and the pieces that they lie in."""

    start: int
    stop: int
    per_piece: int

    @classmethod
    def of(cls, start: int, stop: int | None, source: Source) -> "Range":
        """Raises TrainingError for a range without rows."""
        end = source.input.rows if stop is None else min(stop, source.input.rows)
        if not 0 <= start < end:
            raise TrainingError(f"There are no rows from {start} to {end}: {source.path} has {source.input.rows} rows.")
        return cls(start, end, source.per_piece)

    @property
    def first(self) -> int:
        return self.start // self.per_piece

    @property
    def pieces(self) -> int:
        return -(-self.stop // self.per_piece) - self.first

    def has(self, position: int) -> bool:
        return self.start <= position < self.stop


@dataclass(frozen=True, slots=True)
class Translator:
    """All that is the same for every row."""

    api: Api
    examples: Examples
    sampling: Sampling
    language: str
    share_of: ShareOf
    min_share: float
    attempts: int
    seed: int

    def verdicts(self, sources: list[tuple[int, Messages]]) -> list[Verdict]:
        """What came of each conversation, given with the number of its row, in the same order.

        Raises AskingFailed where the server cannot be asked at all.
        """
        verdicts: dict[int, Verdict] = {}
        waiting = dict(sources)
        for attempt in range(self.attempts):
            bodies = [self.body(row, messages, attempt) for row, messages in waiting.items()]
            replies = ask(self.api, "completions", bodies) if bodies else []
            for (row, messages), reply in zip(list(waiting.items()), replies, strict=True):
                verdicts[row] = judge(messages, reply, self.share_of, min_share=self.min_share)
                # A server that failed was asked several times already.
                if verdicts[row].status.is_usable or verdicts[row].status is Status.FAILED:
                    del waiting[row]
        return [verdicts[row] for row, _messages in sources]

    def body(self, row: int, messages: Messages, attempt: int) -> dict[str, Any]:
        """The request for a row. Its seed follows from the row and the attempt, whatever is asked beside it."""
        digest = hashlib.sha256(f"{self.seed}/{row}/{attempt}".encode()).digest()
        return {
            "prompt": prompt_of(messages, self.examples),
            "max_tokens": self.sampling.max_new_tokens,
            "temperature": self.sampling.temperature,
            "top_p": self.sampling.top_p,
            "frequency_penalty": self.sampling.frequency_penalty,
            "seed": int.from_bytes(digest[:4]) >> 1,
            **constraint_for([turn["role"] for turn in messages], self.sampling.constraint),
        }

    def check(self) -> None:
        """Ask for one translation that stops at once, so that a server that cannot do it is known before any row is.

        Raises AskingFailed, with advice where it is the request that it does not take.
        """
        body = self.body(0, self.examples.pairs[0][0], 0)
        # Any first token of the translation has one of these.
        answer = ask(self.api, "completions", [{**body, "stop": [" ", "[", "e", END]}])[0]
        if not isinstance(answer, AskingFailed):
            return
        plain = {"prompt": body["prompt"], "max_tokens": 1}
        if answer.is_refusal and not isinstance(ask(self.api, "completions", [plain])[0], AskingFailed):
            raise AskingFailed(f"{answer} Try fewer --max-new-tokens, another --constraint, or --no-constraint.")
        raise answer


@dataclass
class Translating:
    """Makes shards (`training.stages`). Stops where `give_up` rows in a row could not be used; 0 never stops."""

    source: Source
    range: Range
    translator: Translator
    give_up: int
    _unusable: int = field(default=0)

    def __call__(self, wanted: set[int]) -> Iterator[tuple[int, Made]]:
        self.translator.check()
        for piece in self.source.each(lambda number: number - self.range.first in wanted):
            self._stop_if_hopeless()
            yield piece.number - self.range.first, self._made(piece)

    def _made(self, piece: Piece) -> Made:
        rows = [(position, row) for position, row in piece.rows if self.range.has(position)]
        verdicts = self.translator.verdicts([(position, _messages(row)) for position, row in rows])
        kept: list[Row] = []
        broken: list[Row] = []
        counts = Counter({"bad_rows": piece.bad} if piece.bad else {})
        for (position, row), verdict in zip(rows, verdicts, strict=True):
            counts[verdict.status.value] += 1
            self._unusable = 0 if verdict.status.is_usable else self._unusable + 1
            if verdict.messages is None:
                broken.append(_only_id(position, row, verdict))
            else:
                kept.append(_translated(position, row, verdict.messages, verdict, self.translator))
        return Made(kept, counts, {BROKEN: broken})

    def _stop_if_hopeless(self) -> None:
        if self.give_up and self._unusable >= self.give_up:
            raise NothingUsable(
                f"The last {self._unusable:,} rows gave nothing that can be used, so this goes no further. Why is in "
                f"{BROKEN}/, row by row. Ask another model, or go on in spite of it with --give-up 0."
            )


def row_check(row: Row) -> str | None:
    """What is wrong with a row to translate, or None (a `training.sources.Check`)."""
    turns = messages_of(row)
    return turns if isinstance(turns, str) else _fits(row)


_fits = checks(MAGPIE)


def _messages(row: Row) -> Messages:
    turns = messages_of(row)
    assert not isinstance(turns, str), "row_check has let it pass"
    return turns


def _only_id(position: int, row: Row, verdict: Verdict) -> Row:
    ids = fitted(row, {"conversation_id": Kind.TEXT, "uuid": Kind.TEXT})
    return {"source_row": position, **ids, "translation_status": verdict.status.value, "reason": verdict.reason}


def _translated(position: int, row: Row, messages: Messages, verdict: Verdict, by: Translator) -> Row:
    """The row with its texts translated. Tags that describe the task stay; what was measured on the text goes."""
    kept = fitted(row, MAGPIE)
    first = {turn["role"]: turn["content"] for turn in reversed(messages)}
    return {
        **kept,
        **dict.fromkeys(_NOT_KEPT),
        "instruction": first["user"],
        "response": first["assistant"],
        "conversations": [{"from": _FROM[turn["role"]], "value": turn["content"]} for turn in messages],
        "instruction_length": len(first["user"]),
        "response_length": len(first["assistant"]),
        "language": by.language,
        "source_row": position,
        "source_language": kept["language"],
        "translation_model": by.api.model,
        "translation_status": verdict.status.value,
        "language_share": verdict.share,
    }
