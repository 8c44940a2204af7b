"""What logs say of errors: never what somebody has written. Pure.

The message of an exception often quotes what it stumbled over: a prompt that a model server refused, the row that a
constraint kept out, with an address in it. So only messages about connections, files and settings are logged, and of
these the first line: PostgreSQL puts values into those that follow.
"""

import re
import traceback
from collections.abc import Iterator

#: By name, since each library has its own. A class counts with those that it is derived from.
_SPEAK_OF_NO_ONE = frozenset(
    {
        "ConnectionError",
        "ImproperlyConfigured",
        "ImportError",
        "IntegrityError",
        "InterfaceError",
        "OSError",
        "OperationalError",
        "TimeoutError",
    }
)
_QUERY_STRING = re.compile(r"\?[^\s\"'>]*=[^\s\"'>]*")


def describe(error: BaseException) -> str:
    """Its kind, and its message where that can hold nothing of anybody's."""
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    if isinstance(error, BaseExceptionGroup):
        return f"{name}: {', '.join(describe(each) for each in error.exceptions)}"
    message = str(error).strip()
    if message and any(known.__name__ in _SPEAK_OF_NO_ONE for known in kind.__mro__):
        return f"{name}: {without_query_strings(message.splitlines()[0])}"
    return name


def trace(error: BaseException) -> str:
    """Where it comes from, with what caused it, oldest first. No values of variables."""
    parts = []
    for each in _causes(error):
        frames = "".join(traceback.format_tb(each.__traceback__))
        parts.append(f"Traceback (most recent call last):\n{frames}{describe(each)}")
    return "\n\n".join(reversed(parts))


def without_query_strings(text: str) -> str:
    """The text with what stands behind the ? of addresses taken away."""
    return _QUERY_STRING.sub("?…", text)


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    following: BaseException | None = error
    while following is not None and id(following) not in seen:
        seen.add(id(following))
        yield following
        hidden = following.__suppress_context__
        following = following.__cause__ or (None if hidden else following.__context__)
