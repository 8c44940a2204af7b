"""Typed readers of the environment.

Each refuses a bad value with the name of the variable, so that a typing error in a deployment is found at start and
not by a volunteer.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

PREFIX = "LEHIA_"
_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}


def text(name: str, default: str = "") -> str:
    """The variable as it stands, stripped; `default` where it is unset."""
    return os.environ.get(PREFIX + name, default).strip()


def flag(name: str, default: bool) -> bool:
    """A yes or no. Raises ImproperlyConfigured on anything else."""
    raw = os.environ.get(PREFIX + name)
    if raw is None:
        return default
    value = raw.strip().lower()
    if value in _TRUE:
        return True
    if value in _FALSE:
        return False
    raise ImproperlyConfigured(f"{PREFIX}{name} must be yes or no, not {raw!r}.")


def integer(name: str, default: int, *, minimum: int = 0) -> int:
    """A whole number of at least `minimum`. Raises ImproperlyConfigured otherwise."""
    raw = text(name)
    if not raw:
        return default
    try:
        value = int(raw)
    except ValueError:
        raise ImproperlyConfigured(f"{PREFIX}{name} must be a whole number, not {raw!r}.") from None
    if value < minimum:
        raise ImproperlyConfigured(f"{PREFIX}{name} must be at least {minimum}, not {value}.")
    return value


def words(name: str, default: tuple[str, ...] = ()) -> list[str]:
    """A list separated by commas."""
    raw = text(name)
    return [word.strip() for word in raw.split(",") if word.strip()] if raw else list(default)


def url(name: str, default: str, *, schemes: tuple[str, ...]) -> str:
    """A URL of one of `schemes`. Raises ImproperlyConfigured otherwise, without printing a password."""
    value = text(name) or default
    scheme = urlsplit(value).scheme
    if value and scheme not in schemes:
        allowed = ", ".join(schemes)
        raise ImproperlyConfigured(f"{PREFIX}{name} must be a URL of one of {allowed}; its scheme is {scheme!r}.")
    return value


def database(name: str, default: str) -> dict[str, Any]:
    """Django's DATABASES entry for a sqlite: or postgresql: URL."""
    value = url(name, default, schemes=("sqlite", "postgres", "postgresql"))
    parsed: Mapping[str, Any] = environ.Env.db_url_config(value)
    return dict(parsed)


def email(name: str, default: str) -> dict[str, Any]:
    """Django's EMAIL_* settings for an smtp:, smtp+tls:, smtp+ssl:, filemail: or consolemail: URL."""
    value = url(
        name, default, schemes=("smtp", "smtps", "smtp+tls", "smtp+ssl", "filemail", "consolemail", "memorymail")
    )
    parsed: Mapping[str, Any] = environ.Env.email_url_config(value)
    settings = {key: setting for key, setting in parsed.items() if key.isupper()}
    if settings.get("EMAIL_FILE_PATH"):
        settings["EMAIL_FILE_PATH"] = unquote(str(settings["EMAIL_FILE_PATH"]))
    return settings


def var_dir() -> Path:
    """Where everything is that is written while running."""
    return Path(text("VAR_DIR") or Path(__file__).resolve().parent.parent / "var")


def log_options() -> dict[str, Any]:
    """How the site logs, and gunicorn."""
    return {"level": text("LOG_LEVEL", "INFO"), "as_json": flag("LOG_JSON", False)}


def drain_seconds() -> int:
    """How long running answers may take to end when their process is told to: gunicorn and the site agree on it."""
    return integer("DRAIN_SECONDS", 60)


def wait_policy() -> str:
    """OpenMP's own variable; asleep where nobody says how threads wait, as others may have use for the cores."""
    return os.environ.get("OMP_WAIT_POLICY") or "PASSIVE"


def slurm_array() -> tuple[int, int]:
    """Which task of a SLURM array this process is, from 0, and of how many: 0 of 1 where it is none."""
    names = ("SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_STEP", "SLURM_ARRAY_TASK_COUNT")
    task, least, step, count = (os.environ.get(name, "").strip() for name in names)
    if not task:
        return 0, 1
    try:
        return (int(task) - int(least or 0)) // int(step or 1), int(count or 1)
    except (ValueError, ZeroDivisionError):
        raise ImproperlyConfigured(f"{', '.join(names)} must be whole numbers, as SLURM sets them.") from None
