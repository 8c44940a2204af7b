"""Validators of the JSON that admins write."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from arena.ballot_forms import BallotFormError, parse_form
from arena.categories import parse_categories
from arena.self_identification import parse_words

#: Parts of a request that the arena itself sets.
RESERVED_PARAMETERS = frozenset(
    {"messages", "model", "stream", "stream_options", "n", "temperature", "top_p", "max_tokens"}
)


def validate_ballot_form(value: Any) -> None:
    try:
        parse_form(value)
    except BallotFormError as error:
        raise ValidationError(str(error)) from error


def validate_languages(value: Any) -> None:
    known = dict(settings.LANGUAGES)
    if not isinstance(value, list) or not value or any(code not in known for code in value):
        raise ValidationError(_("A list with some of: %(languages)s.") % {"languages": ", ".join(known)})


def validate_self_identifying_words(value: str) -> None:
    try:
        parse_words(value)
    except ValueError as error:
        raise ValidationError(_("“%(entry)s” has neither a letter nor a digit.") % {"entry": error}) from error


def validate_categories(value: str) -> None:
    try:
        parse_categories(value)
    except ValueError as error:
        raise ValidationError(_("“%(entry)s” is no name of a category.") % {"entry": error}) from error


def validate_factors(value: Any) -> None:
    if not isinstance(value, dict) or not all(isinstance(level, str | int | bool) for level in value.values()):
        raise ValidationError(_('Factors are an object of names and levels, for example {"corpus": "eu"}.'))


def validate_extra_parameters(value: Any) -> None:
    if not isinstance(value, dict):
        raise ValidationError(_("Parameters are a JSON object."))
    if reserved := sorted(RESERVED_PARAMETERS & set(value)):
        raise ValidationError(_("The arena sets this itself: %(name)s.") % {"name": reserved[0]})
