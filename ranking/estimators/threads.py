"""Work on several cores at once: numpy and LAPACK leave the interpreter free while they compute."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

MOST = 8

_limit: ContextVar[int] = ContextVar("threads", default=MOST)

Item = TypeVar("Item")
Result = TypeVar("Result")


@contextmanager
def at_most(threads: int) -> Iterator[None]:
    """Use no more threads than this within the block. What is computed does not depend on it."""
    token = _limit.set(threads)
    try:
        yield
    finally:
        _limit.reset(token)


def in_threads(work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """The results of all items, in their order."""
    todo = list(items)
    threads = min(_limit.get(), _cores(), len(todo))
    if threads < 2:
        return [work(item) for item in todo]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, todo))


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
