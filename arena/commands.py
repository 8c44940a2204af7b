"""What the management commands share."""

import re
from argparse import ArgumentTypeError

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError

from arena.models import Campaign

_NAME = re.compile(r"[^\W\d]\w*")


def campaign_or_error(slug: str) -> Campaign:
    """The campaign with this address, or a sentence that says which there are."""
    try:
        return Campaign.objects.get(slug=slug)
    except Campaign.DoesNotExist:
        known = ", ".join(Campaign.objects.order_by("slug").values_list("slug", flat=True)[:20]) or "none"
        raise CommandError(f"There is no campaign {slug!r}. There are: {known}.") from None


def factor(text: str) -> tuple[str, str]:
    """An argument of argparse: a factor and its level, NAME=LEVEL."""
    name, sign, level = text.partition("=")
    if not sign or not _NAME.fullmatch(name) or not level.strip():
        raise ArgumentTypeError(f"{text!r} is not of the form NAME=LEVEL, such as backbone=Llama-3.1-8B")
    return name, level.strip()


def in_words(error: ValidationError) -> str:
    """What a model refuses, field by field, in one line."""
    if not hasattr(error, "error_dict"):
        return " ".join(error.messages)
    return " ".join(f"{field}: {' '.join(messages)}" for field, messages in error.message_dict.items())
