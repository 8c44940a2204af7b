"""Two at once, in threads with connections of their own, with their locks and without.

A lock is shown to matter by its control: the same race with the lock taken away fails. On PostgreSQL that is
`FOR UPDATE`; on SQLite it is `BEGIN IMMEDIATE`, which makes a writing transaction wait for the other at its start.
"""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet

#: Seconds that one waits for the other inside the critical section. With a lock it never comes: what a race costs.
SHORT = 0.25
#: Without a lock it does come, however busy the machine is.
LONG = 10.0


class Rendezvous:
    """A point that two threads pass together, if nothing keeps one of them out until the other is through."""

    def __init__(self) -> None:
        self._barrier = threading.Barrier(2)
        self.patience = SHORT
        self.met = False

    def __call__(self) -> None:
        try:
            self._barrier.wait(self.patience)
            self.met = True
        except threading.BrokenBarrierError:
            # The other is kept out by the lock, as it should be.
            return


def meet_after(monkeypatch: pytest.MonkeyPatch, target: str, meeting: Rendezvous) -> None:
    """Lets both threads meet right after each has called `target` (a dotted path)."""
    module, _dot, name = target.rpartition(".")
    original = getattr(__import__(module, fromlist=[name]), name)

    def then_meet(*args: Any, **kwargs: Any) -> Any:
        result = original(*args, **kwargs)
        meeting()
        return result

    monkeypatch.setattr(target, then_meet)


def both(*calls: Callable[[], Any], locked: bool) -> list[Any]:
    """Runs the calls at the same time; returns what each returned or raised."""

    def run(call: Callable[[], Any]) -> Any:
        try:
            with _without_locks() if not locked else _as_it_is():
                return call()
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result(timeout=30) for future in [pool.submit(run, call) for call in calls]]


@contextmanager
def _as_it_is() -> Any:
    yield


@contextmanager
def _without_locks() -> Any:
    """In this thread: SQLite begins DEFERRED. (PostgreSQL's row locks are taken away for all threads, by `unlock`.)"""
    connection.ensure_connection()
    if connection.vendor == "sqlite":
        connection.transaction_mode = None
    yield


def unlock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes `select_for_update` read without locking."""
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **_options: self.all())
