"""Sending tasks after the commit."""

from functools import partial
from typing import Any

from django.db import transaction


def send_on_commit(task: Any, *args: object) -> None:
    """Sends a Celery task once the transaction is committed.

    Robust, unlike Celery's own `delay_on_commit`: a broker that is away is logged and must not turn a committed vote
    into an error page. Every task that is sent so has a sweep behind it.
    """
    transaction.on_commit(partial(task.delay, *args), robust=True)
