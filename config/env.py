"""Typed readers of the environment.

Each refuses a bad value with the name of the variable, so that a typing error in a deployment is found at start and
not by a volunteer.
"""

import os
from collections.abc import Mapping
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
