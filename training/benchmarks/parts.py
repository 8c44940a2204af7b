"""Halves of data sets, in the tasks of ours. Task files name these functions with `!function`."""

from collections.abc import Mapping
from typing import Any

LOCAL = "Euskal gaiak"
GLOBAL = "Gai orokorrak"


def local_topics(dataset: Any) -> Any:
    """The questions of BertaQA (a `datasets.Dataset`) that are about the Basque Country."""
    return dataset.filter(lambda row: _is_of(row, LOCAL))


def global_topics(dataset: Any) -> Any:
    """The questions of BertaQA that are about the rest of the world."""
    return dataset.filter(lambda row: _is_of(row, GLOBAL))


def _is_of(row: Mapping[str, Any], group: str) -> bool:
    return bool(row["group"] == group)
