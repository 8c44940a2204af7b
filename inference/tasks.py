"""Celery tasks."""

from celery import shared_task

from inference.probing import probe_due_models


@shared_task
def probe_served_models() -> int:
    """Refresh the health of every enabled model that no other task is probing."""
    return probe_due_models()
