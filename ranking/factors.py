"""What models are made of, as levels of factors: as it was recorded, or read off the names of the study's variants."""

import re
from collections.abc import Mapping
from typing import Any

#: `exp_{backbone}_{corpus}{instructions in Basque}{instructions in English}`, as the study's grid names its variants.
_VARIANT = re.compile(r"exp_(?P<backbone>\d)_(?P<corpus>[01])(?P<eu>[01])(?P<en>[01])")
_BACKBONES = {"0": "Llama-3.1-8B", "1": "Latxa-Llama-3.1-8B", "2": "Llama-3.1-8B-Instruct"}
_INSTRUCTIONS = {("0", "0"): "none", ("0", "1"): "en", ("1", "0"): "eu", ("1", "1"): "eu+en"}
_YES_NO = {"0": "no", "1": "yes"}


def levels_of(factors: Mapping[str, Any]) -> dict[str, str]:
    """Recorded levels as texts. Raises ValueError for one that is no text, number or truth value."""
    found = {}
    for name, level in factors.items():
        if isinstance(level, bool):
            found[name] = "yes" if level else "no"
        elif isinstance(level, str | int | float):
            found[name] = str(level)
        elif level is not None:
            raise ValueError(f"the level of {name} must be a text or a number, and {level!r} is neither")
    return found


def factors_of_name(name: str) -> dict[str, str]:
    """The levels that a variant's name tells; none where it is no variant's."""
    variant = _VARIANT.fullmatch(name)
    if variant is None:
        return {}
    return {
        "backbone": _BACKBONES.get(variant["backbone"], variant["backbone"]),
        "corpus": "eu" if variant["corpus"] == "1" else "none",
        "instructions": _INSTRUCTIONS[variant["eu"], variant["en"]],
        "instructions_en": _YES_NO[variant["en"]],
        "instructions_eu": _YES_NO[variant["eu"]],
    }


def with_names(recorded: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """The levels of models; where none of them has any recorded, those that their names tell."""
    if any(recorded.values()):
        return {model: dict(levels) for model, levels in recorded.items()}
    return {model: factors_of_name(model) for model in recorded}
