"""What a machine has of the real things that some tests need."""

import os
import shutil
import socket
from functools import cache
from urllib.parse import urlsplit

from django.conf import settings

from inference.engine import demo_model
from inference.engine.environment import Engine

#: Where tests find the servers that they start stacks of processes on.
POSTGRES_SERVER = "postgresql://postgres@127.0.0.1:5432"
REDIS_DATABASE_FOR_STACKS = "redis://127.0.0.1:6379/9"


def listening(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


def _postgres() -> str | None:
    database = settings.DATABASES["default"]
    if not database["ENGINE"].endswith("postgresql"):
        return "PostgreSQL: install and start it, and set LEHIA_DATABASE_URL (`make test` does)."
    if not listening(database["HOST"] or "127.0.0.1", int(database["PORT"] or 5432)):
        return "PostgreSQL: nothing listens where LEHIA_DATABASE_URL points."
    return None


def _redis() -> str | None:
    if not settings.REDIS_URL:
        return "Redis: install and start it, and set LEHIA_REDIS_URL (`make test` does)."
    url = urlsplit(settings.REDIS_URL)
    if not listening(url.hostname or "127.0.0.1", url.port or 6379):
        return "Redis: nothing listens where LEHIA_REDIS_URL points."
    return None


def _rabbitmq() -> str | None:
    return None if listening("127.0.0.1", 5672) else "RabbitMQ: install it and start it on 127.0.0.1:5672."


def _browser() -> str | None:
    return None if shutil.which("chromium") else "Chromium: install the package `chromium`."


def _vllm() -> str | None:
    there = Engine().is_installed and demo_model.TARGET.is_dir()
    return None if there else "The model engine: run `make engine`."


_CHECKS = {"postgres": _postgres, "redis": _redis, "rabbitmq": _rabbitmq, "browser": _browser, "vllm": _vllm}
MARKERS = tuple(_CHECKS)


@cache
def missing(marker: str) -> str | None:
    """What to install for tests with this marker; None where it is there."""
    return _CHECKS[marker]()


def skips_are_failures() -> bool:
    """On CI everything is there, or the run is red."""
    return os.environ.get("CI", "").lower() in ("1", "true", "yes")
