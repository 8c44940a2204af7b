"""The Celery application: worker and beat start from here."""

import os
from typing import Any

import structlog
from celery import Celery, signals

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("lehia")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@signals.setup_logging.connect
def leave_logging_alone(**options: Any) -> None:
    """The settings have set it up for all processes alike (`config/logging.py`): with a receiver, Celery does not."""


@signals.task_prerun.connect
def bind_task(task_id: str, task: Any, **options: Any) -> None:
    """Each line of a task says whose it is."""
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(task=task.name, task_id=task_id)
