"""The rules a row of instructions is kept or rejected by. Pure: no Django, no files."""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

from training.columns import Row

_WORD = re.compile(r"\w+(?:['’]\w+)*")


@dataclass(frozen=True, slots=True)
class Rules:
    """What is asked of a row. An empty tuple, None or False asks nothing."""

    qualities: tuple[str, ...] = ()
    """Values of `input_quality` that are kept."""
    reward_above: float | None = None
    """`instruct_reward` has to be greater."""
    same_word: int | None = None
    """How often a word may be in the instruction, and how often in the response."""
    no_colon: bool = False
    """The instruction does not end in a colon: what it announces is missing."""
    no_neighbours: bool = False
    """No earlier row is a near-duplicate."""
    difficulties: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    safe: bool = False
    """`llama_guard_2` says `safe`."""
    not_modes: tuple[str, ...] = ()
    """Beginnings of `gen_mode` that are not kept."""

    def as_json(self) -> dict[str, Any]:
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}


#: The columns that tell whether a near-duplicate was looked for; the last two may be null in every row that is kept.
NEIGHBOURS = ("repeat_count", "min_neighbor_distance", "min_similar_conversation_id", "min_similar_uuid")


def needed(rules: Rules) -> list[tuple[str, ...]]:
    """The columns that rules need: of each group, one must have a value in some row."""
    wanted = [
        (bool(rules.qualities), ("input_quality",)),
        (rules.reward_above is not None, ("instruct_reward",)),
        (rules.no_neighbours, NEIGHBOURS),
        (bool(rules.difficulties), ("difficulty",)),
        (bool(rules.languages), ("language",)),
        (rules.safe, ("llama_guard_2",)),
        (bool(rules.not_modes), ("gen_mode",)),
    ]
    return [columns for is_wanted, columns in wanted if is_wanted]


def reasons(row: Row, rules: Rules) -> list[str]:
    """Why a row is rejected, in a fixed order: every rule that it breaks. None for one that is kept.

    A tag that the row lacks is a reason of its own, named `COLUMN_missing`. An empty text is one under any rules.
    """
    checks: Iterable[tuple[bool, Callable[[Row, Rules], str | None]]] = (
        (bool(rules.qualities), _quality),
        (rules.reward_above is not None, _reward),
        (rules.same_word is not None, _same_word),
        (rules.no_colon, _colon),
        (rules.no_neighbours, _neighbours),
        (bool(rules.difficulties), _difficulty),
        (bool(rules.languages), _language),
        (rules.safe, _safety),
        (bool(rules.not_modes), _mode),
    )
    empty = [f"{name}_empty" for name in ("instruction", "response") if not row[name].strip()]
    return empty + [reason for is_wanted, check in checks if is_wanted and (reason := check(row, rules))]


def most_frequent(text: str) -> int:
    """How often the most frequent word is in a text, in whatever case."""
    return max(Counter(_WORD.findall(text.casefold())).values(), default=0)


def is_first_of_its_kind(row: Row) -> bool:
    """Whether no earlier row is a near-duplicate: the row is its own nearest neighbour, or has none."""
    pairs = (("min_similar_conversation_id", "conversation_id"), ("min_similar_uuid", "uuid"))
    return all(row.get(similar) in (None, row.get(own)) for similar, own in pairs)


def _quality(row: Row, rules: Rules) -> str | None:
    return _one_of(row, "input_quality", rules.qualities)


def _difficulty(row: Row, rules: Rules) -> str | None:
    return _one_of(row, "difficulty", rules.difficulties)


def _language(row: Row, rules: Rules) -> str | None:
    return _one_of(row, "language", rules.languages)


def _one_of(row: Row, name: str, allowed: tuple[str, ...]) -> str | None:
    """Upstream's sets have languages in capitals, ours have not."""
    value = row.get(name)
    if value is None:
        return f"{name}_missing"
    return None if value.strip().casefold() in {each.casefold() for each in allowed} else name


def _reward(row: Row, rules: Rules) -> str | None:
    if row.get("instruct_reward") is None:
        return "instruct_reward_missing"
    return None if rules.reward_above is None or row["instruct_reward"] > rules.reward_above else "instruct_reward"


def _same_word(row: Row, rules: Rules) -> str | None:
    most = max(most_frequent(row["instruction"]), most_frequent(row["response"]))
    return "repeated_word" if rules.same_word is not None and most > rules.same_word else None


def _colon(row: Row, _rules: Rules) -> str | None:
    return "ends_in_colon" if row["instruction"].rstrip().endswith(":") else None


def _neighbours(row: Row, _rules: Rules) -> str | None:
    return None if is_first_of_its_kind(row) else "near_duplicate"


def _safety(row: Row, _rules: Rules) -> str | None:
    if row.get("llama_guard_2") is None:
        return "llama_guard_2_missing"
    return None if row["llama_guard_2"].strip().casefold() == "safe" else "llama_guard_2"


def _mode(row: Row, rules: Rules) -> str | None:
    return "gen_mode" if (row.get("gen_mode") or "").startswith(rules.not_modes) else None
