"""Checks of what an admin types into a served model."""

from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

API_KEY_ENV_PATTERN = r"^[A-Z][A-Z0-9_]*_API_KEY$"
"""Names that a served model may give for its key, so that no other variable can be read through one."""


def validate_base_url(value: str) -> None:
    """Accept `http(s)://host[:port]/path`, also with a bare host name, which Django's URL validator refuses.

    A user name, password or query is refused, since a key could hide there and would be stored in the clear.
    """
    try:
        parts = urlsplit(value)
        host, _port = parts.hostname, parts.port
    except ValueError as error:
        raise ValidationError(_("This is not a web address."), code="invalid") from error
    if parts.scheme not in {"http", "https"} or not host:
        raise ValidationError(
            _("The address must start with http:// or https:// and name a host."),
            code="invalid",
        )
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise ValidationError(
            _("The address must hold no password, no “?” and no “#”. Name the key's variable instead."),
            code="secret",
        )


def validate_base_urls(value: object) -> None:
    """Accept a list of addresses, each of which `validate_base_url` accepts, and none of them twice."""
    if not isinstance(value, list) or not all(isinstance(url, str) for url in value):
        raise ValidationError(_("This must be a list of addresses."), code="invalid")
    for url in value:
        validate_base_url(url)
    if len(set(value)) != len(value):
        raise ValidationError(_("An address is given twice."), code="invalid")
