"""Which variables of the environment the code reads."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_SPELLED_OUT = re.compile(r"LEHIA_[A-Z][A-Z_]*[A-Z]")
#: `env.text("SITE_NAME")` and its like (in config/env.py by their bare names), and `_local_secret("secret_key")`.
_THROUGH_HELPERS = re.compile(r"\b(?:env\.\w+|text|flag|integer)\(\s*\"([A-Z_]+)\"|_local_secret\(\"(\w+)\"\)")


def variables_of_the_code() -> set[str]:
    """Every LEHIA_ variable that config/, the apps, tools/ or the Makefile name."""
    found: set[str] = set()
    for folder in ("config", "arena", "inference", "ranking", "tools"):
        for path in (ROOT / folder).rglob("*.py"):
            found.update(_SPELLED_OUT.findall(path.read_text()))
    for path in (ROOT / "config").glob("*.py"):
        for constant, argument in _THROUGH_HELPERS.findall(path.read_text()):
            found.add(f"LEHIA_{constant or argument.upper()}")
    found.update(_SPELLED_OUT.findall((ROOT / "Makefile").read_text()))
    return found
