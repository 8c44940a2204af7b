"""The demo's data out of real texts: instructions with known answers, held-out texts, questions with choices."""

import json
import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from training.disk import writing

Row = dict[str, Any]

_INTO_BASQUE = ("Itzuli euskarara:", "Nola esaten da hau euskaraz?", "Translate into Basque:")
_INTO_ENGLISH = ("Itzuli ingelesera:", "Nola esaten da hau ingelesez?", "Translate into English:")
_QUESTION = "Zein da esaldi honen euskarazko itzulpena? {}"


def translations(pairs: Sequence[Row], *, count: int, seed: int) -> list[Row]:
    """`count` instructions to translate one side of a pair, answered with the other; half of them into Basque."""
    drawn = random.Random(seed).sample(list(pairs), count)
    rows = []
    for number, pair in enumerate(drawn):
        into_basque = number % 2 == 0
        asks = (_INTO_BASQUE if into_basque else _INTO_ENGLISH)[number // 2 % 3]
        given, wanted = (pair["en"], pair["eu"]) if into_basque else (pair["eu"], pair["en"])
        rows.append({"conversation_id": pair["source"], "instruction": f"{asks}\n\n{given}", "response": wanted})
    return rows


def choices(pairs: Sequence[Row], *, count: int, seed: int) -> list[Row]:
    """`count` questions: which of four Basque sentences of like length translates an English one."""
    order = random.Random(seed)
    by_length = sorted(pairs, key=lambda pair: (len(pair["eu"]), pair["eu"]))
    rows = []
    for place in sorted(order.sample(range(1, len(by_length) - 2), count)):
        pair = by_length[place]
        others = [by_length[place + step]["eu"] for step in (-1, 1, 2)]
        answer = order.randrange(4)
        options = [*others[:answer], pair["eu"], *others[answer:]]
        rows.append({"question": _QUESTION.format(pair["en"]), "choices": options, "answer": answer})
    return rows


def pages(pairs: Iterable[Row]) -> list[Row]:
    """The Basque sides of pairs, those of a page together."""
    lines: dict[str, list[str]] = {}
    for pair in pairs:
        lines.setdefault(pair["source"].partition("#")[0], []).append(pair["eu"])
    return [{"text": "\n".join(each)} for each in lines.values()]


def excerpts(documents: Iterable[Row], *, count: int, length: int) -> list[Row]:
    """The beginnings of `count` documents, whole lines of at most `length` characters together."""
    rows = []
    for document in documents:
        lines: list[str] = []
        for line in document["text"].split("\n"):
            if sum(map(len, lines)) + len(line) > length:
                break
            lines.append(line)
        if len(lines) > 1:
            rows.append({"text": "\n".join(lines)})
    return rows[:count]


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    """Rows as JSONL, all or none. Raises CannotWrite."""
    with writing(path) as aside:
        aside.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
