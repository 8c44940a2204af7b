"""Celery tasks."""

from celery import shared_task

from inference.actions import probe_enabled_models


@shared_task
def probe_served_models() -> None:
    """Refresh the health of every enabled model."""
    probe_enabled_models()
