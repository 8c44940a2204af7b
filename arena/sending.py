"""Sending tasks after the commit."""

from typing import Any

from django.db import transaction


def send_on_commit(task: Any, *args: object) -> None:
    """Sends a Celery task once the transaction is committed.

    Robust, unlike Celery's own `delay_on_commit`: a broker that is away is logged and must not turn a committed vote
    into an error page. Every task that is sent so has a sweep behind it.
    """

    def send() -> None:
        task.delay(*args)

    # A function: Django names it when it logs the error, and a `partial` has no name.
    transaction.on_commit(send, robust=True)
