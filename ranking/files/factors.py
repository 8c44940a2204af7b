"""What the models of a file are made of: its columns `factors_a` and `factors_b`, or its models' names."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ranking.factors import levels_of, with_names
from ranking.files.errors import BadLine
from ranking.files.reading import read_rows


def read_factors(path: Path) -> dict[str, dict[str, str]]:
    """The levels of each model in each factor. Raises `BadLine` where a model has others than on a line before."""
    found: dict[str, dict[str, str]] = {}
    seen: dict[str, int] = {}
    for number, row in read_rows(path, only={"model_a", "model_b", "factors_a", "factors_b"}):
        for side in ("a", "b"):
            model, factors = row.get(f"model_{side}"), row.get(f"factors_{side}")
            if not isinstance(model, str):
                raise BadLine(path, number, f"model_{side} is missing, or no text")
            levels = _levels(path, number, f"factors_{side}", factors)
            if levels and found.setdefault(model, levels) != levels:
                raise BadLine(path, number, f"{model!r} has other factors than on line {seen[model]}")
            if levels:
                seen.setdefault(model, number)
            else:
                found.setdefault(model, {})
    return with_names(found)


def _levels(path: Path, number: int, column: str, factors: Any) -> dict[str, str]:
    if factors is None:
        return {}
    if not isinstance(factors, Mapping):
        raise BadLine(path, number, f"{column} must be an object")
    try:
        return levels_of(factors)
    except ValueError as error:
        raise BadLine(path, number, f"{column}: {error}") from error
