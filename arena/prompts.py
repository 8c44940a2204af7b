"""What may be sent as a prompt. Pure: no database."""

import unicodedata

from arena.exceptions import PromptEmpty, PromptTooLong, PromptUnreadable

_ALLOWED_CONTROLS = frozenset("\n\t")


def clean_prompt(text: str, *, limit: int) -> str:
    """The prompt as it is stored: line ends unified, no space around it.

    Raises PromptEmpty, PromptTooLong (in code points, as the page counts) or PromptUnreadable, which names control
    characters and halves of surrogate pairs: neither the database nor a model can take them.
    """
    cleaned = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not cleaned:
        raise PromptEmpty
    if any(unicodedata.category(char) in ("Cc", "Cs") and char not in _ALLOWED_CONTROLS for char in cleaned):
        raise PromptUnreadable
    if len(cleaned) > limit:
        raise PromptTooLong(length=len(cleaned), limit=limit)
    return cleaned
