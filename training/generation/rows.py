"""Rows from samples: instructions first, then their answers; what cannot be used is drawn again."""

import json
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from training.asking import Told, nobody
from training.columns import Row
from training.generation.engines import Engine, EngineFailed, Request, Sampled
from training.generation.prompts import Prompts
from training.generation.sampling import Part, Sampling, seed_of
from training.generation.sanitising import cleaned
from training.generation.tasks import Task
from training.stages import Made

_NAMES = uuid.UUID("5d1c3a0e-6d0c-5a5b-9f6e-0b8a2f5c7e11")
"""The name space of rows' ids."""


@dataclass(frozen=True, slots=True)
class Order:
    """All that decides what rows hold, beside the engine and the prompts."""

    model: str
    """Its name, as rows are to say it."""
    engine: str
    task: Task
    seed: int
    instruction: Sampling
    answer: Sampling
    identity: str
    """Says the same for the same order, and nothing else; ids of rows are made from it."""
    sanitize: bool = False
    tries: int = 8
    """How often a text is drawn at most."""
    skip_bad: bool = False


@dataclass(frozen=True, slots=True)
class _Drawn:
    text: str
    seed: int
    tokens: int


def make_rows(numbers: Sequence[int], order: Order, prompts: Prompts, engine: Engine, told: Told = nobody) -> Made:
    """The rows of these numbers. Those for which no text can be had in `tries` are left out and counted.

    Raises EngineFailed for a text that the engine fails to give, unless such rows are to be skipped.
    """
    counts: Counter[str] = Counter(asked=len(numbers))
    drawing = _Drawing(order, prompts, engine, counts, told)
    instructions = drawing.draw(
        Part.INSTRUCTION,
        order.instruction,
        numbers,
        lambda number, seed: prompts.for_instruction(seed, order.instruction.max_tokens),
    )

    def to_answer(number: int, seed: int) -> Request | None:
        instruction = instructions[number]
        return prompts.for_answer(instruction.text, instruction.tokens, seed, order.answer.max_tokens)

    answers = drawing.draw(Part.ANSWER, order.answer, list(instructions), to_answer)
    rows = [_row(number, order, prompts, instructions[number], answers[number]) for number in sorted(answers)]
    return Made(rows, counts)


@dataclass(frozen=True, slots=True)
class _Drawing:
    order: Order
    prompts: Prompts
    engine: Engine
    counts: Counter[str]
    told: Told

    def draw(
        self,
        part: Part,
        sampling: Sampling,
        numbers: Sequence[int],
        request_of: Callable[[int, int], Request | None],
    ) -> dict[int, _Drawn]:
        """A text for each number for which one can be had."""
        drawn: dict[int, _Drawn] = {}
        waiting = list(numbers)
        for attempt in range(self.order.tries):
            requests = {
                number: request
                for number in waiting
                if (request := request_of(number, seed_of(self.order.seed, number, part, attempt)))
            }
            self._count(part, "too_long", len(waiting) - len(requests))
            waiting = []
            sampled = self.engine.sample(list(requests.values()), sampling, self.told) if requests else []
            for (number, request), each in zip(requests.items(), sampled, strict=True):
                text = self._accepted(part, sampling, number, each)
                if text:
                    drawn[number] = _Drawn(text, request.seed, each.tokens)
                elif text is not None:
                    waiting.append(number)
        self._count(part, "given_up", len(waiting))
        return drawn

    def _accepted(self, part: Part, sampling: Sampling, number: int, sampled: Sampled) -> str | None:
        """The text; empty where it has to be drawn again, None where it cannot be had."""
        if sampled.failure:
            if not self.order.skip_bad:
                raise EngineFailed(
                    f"Row {number + 1} has no {part}: {sampled.failure} With --skip-bad such rows are counted and left "
                    "out."
                )
            self._count(part, "failed", 1)
            return None
        result = cleaned(sampled, sampling, self.prompts.controls, sanitize=self.order.sanitize)
        for change in result.changes if result.text else [result.reason]:
            self._count(part, change, 1)
        if result.text and not sampled.is_finished:
            self._count(part, "at_limit", 1)
        return result.text

    def _count(self, part: Part, name: str, number: int) -> None:
        if number:
            self.counts[f"{part}_{name}"] += number


def _row(number: int, order: Order, prompts: Prompts, instruction: _Drawn, answer: _Drawn) -> Row:
    return {
        "conversation_id": _id(f"conversation {order.identity} {number}").hex,
        "instruction": instruction.text,
        "response": answer.text,
        "conversations": [
            {"from": "human", "value": instruction.text},
            {"from": "gpt", "value": answer.text},
        ],
        "gen_mode": str(order.task),
        "gen_input_configs": _configs(
            order, order.instruction, instruction.seed, input_generator=order.model, pre_query_template=prompts.prefix
        ),
        "gen_response_configs": _configs(order, order.answer, answer.seed, output_generator=order.model),
        "uuid": str(_id(f"{order.identity} {number}")),
        "model": order.model,
        "instruction_length": len(instruction.text),
        "response_length": len(answer.text),
    }


def _configs(order: Order, sampling: Sampling, seed: int, **names: str) -> str:
    value: dict[str, Any] = sampling.as_json() | {"seed": seed, "engine": order.engine, "sanitize": order.sanitize}
    return json.dumps(value | names, ensure_ascii=False)


def _id(name: str) -> uuid.UUID:
    return uuid.uuid5(_NAMES, name)
