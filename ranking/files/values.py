"""Values of formats that hold nothing but texts and numbers, as what they stand for."""

from pathlib import Path
from typing import Any

import orjson

from ranking.files.columns import NESTED
from ranking.files.errors import BadLine

Row = dict[str, Any]


def flat_value(path: Path, number: int, name: str, text: str) -> Any:
    """A text as a value: nothing where it is empty, and a list or an object where its column holds these."""
    if text == "":
        return None
    if name not in NESTED:
        return text
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadLine(path, number, f"{name} is no JSON ({error.msg})") from error
