"""Columns of rows, by name and type, for files that say what they hold."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

Row = dict[str, Any]


class Kind(StrEnum):
    """The types of columns. Each may be null."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    TRUTH = "truth"
    TOKENS = "tokens"
    """A list of 32-bit integers."""
    TEXTS = "texts"
    CONVERSATION = "conversation"
    """Turns of `from` and `value`, as the public Magpie data sets have them."""
    MESSAGES = "messages"
    """Turns of `role` and `content`."""


Columns = Mapping[str, Kind]

#: The columns of the public HiTZ Magpie data sets, in their order. A stage fills in those that it knows.
MAGPIE: dict[str, Kind] = {
    "conversation_id": Kind.TEXT,
    "instruction": Kind.TEXT,
    "response": Kind.TEXT,
    "conversations": Kind.CONVERSATION,
    "gen_mode": Kind.TEXT,
    "gen_input_configs": Kind.TEXT,
    "gen_response_configs": Kind.TEXT,
    "intent": Kind.TEXT,
    "knowledge": Kind.TEXT,
    "difficulty": Kind.TEXT,
    "difficulty_generator": Kind.TEXT,
    "input_quality": Kind.TEXT,
    "quality_explanation": Kind.TEXT,
    "quality_generator": Kind.TEXT,
    "task_category": Kind.TEXT,
    "other_task_category": Kind.TEXTS,
    "task_category_generator": Kind.TEXT,
    "llama_guard_2": Kind.TEXT,
    "instruct_reward": Kind.NUMBER,
    "reward_model": Kind.TEXT,
    "language": Kind.TEXT,
    "min_neighbor_distance": Kind.NUMBER,
    "repeat_count": Kind.INTEGER,
    "min_similar_conversation_id": Kind.TEXT,
    "uuid": Kind.TEXT,
    "model": Kind.TEXT,
    "min_similar_uuid": Kind.TEXT,
    "instruction_length": Kind.INTEGER,
    "response_length": Kind.INTEGER,
}


def arrow_schema(columns: Columns) -> Any:
    """The pyarrow schema of columns."""
    import pyarrow as pa

    turn = pa.struct([("from", pa.string()), ("value", pa.string())])
    message = pa.struct([("role", pa.string()), ("content", pa.string())])
    types = {
        Kind.TEXT: pa.string(),
        Kind.INTEGER: pa.int64(),
        Kind.NUMBER: pa.float64(),
        Kind.TRUTH: pa.bool_(),
        Kind.TOKENS: pa.list_(pa.int32()),
        Kind.TEXTS: pa.list_(pa.string()),
        Kind.CONVERSATION: pa.list_(turn),
        Kind.MESSAGES: pa.list_(message),
    }
    return pa.schema([(name, types[kind]) for name, kind in columns.items()])
