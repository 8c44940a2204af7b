"""Secrets that live in the environment and never in the database."""

import os
import re

from django.core.exceptions import ImproperlyConfigured

MODEL_KEY_NAME = re.compile(r"[A-Z][A-Z0-9_]*_API_KEY")


def model_api_key(name: str) -> str:
    """The key of a served model, from the environment variable that it names.

    Only names that end in `_API_KEY` are read, so that no other secret of this process can be sent to a model server.
    An empty name means a server without a key. Raises ImproperlyConfigured where the name is bad or nothing is set.
    """
    if not name:
        return ""
    if not MODEL_KEY_NAME.fullmatch(name):
        raise ImproperlyConfigured(
            f"{name!r} is no name for a model's key: it must be in capitals and end in _API_KEY."
        )
    key = os.environ.get(name, "")
    if not key:
        raise ImproperlyConfigured(f"The environment variable {name}, which holds a model's key, is not set.")
    return key
