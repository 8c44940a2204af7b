"""The database, from the event loop.

Each call runs in a thread of its own pool and gives its connection back when it ends, so none is held while a token is
awaited (invariant 4). Not thread-sensitive: one slow query must not hold up every other battle of the process.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from asgiref.sync import sync_to_async
from django.db import close_old_connections

P = ParamSpec("P")
R = TypeVar("R")

# Fewer than the connections of the pool (LEHIA_DATABASE_POOL), so that pages always find one.
MOST_THREADS = 8
THREADS = ThreadPoolExecutor(max_workers=MOST_THREADS, thread_name_prefix="live-db")


async def in_database(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Calls a function that uses the database and returns what it returns."""

    def call() -> R:
        close_old_connections()
        try:
            return function(*args, **kwargs)
        finally:
            close_old_connections()

    return await sync_to_async(call, thread_sensitive=False, executor=THREADS)()
