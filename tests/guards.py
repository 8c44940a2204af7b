"""What every response is checked for, whoever wrote the test."""

import re
from collections.abc import Iterable

#: A script element with code of its own; `application/json` (json_script) is data.
_INLINE_SCRIPT = re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")[^>]*>", re.IGNORECASE)
_INLINE_STYLE = re.compile(r"<style\b|<[a-z][^>]*\sstyle=", re.IGNORECASE)
_INLINE_HANDLER = re.compile(r"<[a-z][^>]*\son[a-z]+=\"", re.IGNORECASE)
_FOREIGN = re.compile(
    r"<(?:script|link|img|iframe|source|video|audio)\b[^>]*\b(?:src|href)=\"(?:https?:)?//", re.IGNORECASE
)


def inline_code(html: str) -> list[str]:
    """Inline scripts, styles and event handlers of a page: the content security policy would block them."""
    patterns = (_INLINE_SCRIPT, _INLINE_STYLE, _INLINE_HANDLER)
    return [found.group(0)[:200] for pattern in patterns for found in pattern.finditer(html)]


def foreign_resources(html: str) -> list[str]:
    """Elements that load something from another host (invariant 8)."""
    return [found.group(0)[:200] for found in _FOREIGN.finditer(html)]


def leaked_names(text: str, names: Iterable[str]) -> list[str]:
    """The names of models that stand in what a volunteer can see (invariant 1)."""
    return [name for name in names if len(name) > 2 and name in text]
