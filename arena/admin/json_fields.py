"""JSON that people write: shown over several lines, and refused with the place of the mistake."""

import json
from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _


class ReadableJSONWidget(forms.Textarea):
    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(
            {"rows": 12, "cols": 80, "class": "vLargeTextField json", "spellcheck": "false", **(attrs or {})}
        )


class ReadableJSONField(forms.JSONField):
    widget = ReadableJSONWidget

    def prepare_value(self, value: Any) -> Any:
        """Indented, with letters as they are. What was typed wrongly stays as it was typed."""
        if isinstance(value, forms.fields.InvalidJSONInput):
            return value
        return json.dumps(value, indent=2, ensure_ascii=False, cls=self.encoder)

    def to_python(self, value: Any) -> Any:
        try:
            return super().to_python(value)
        except ValidationError as error:
            raise ValidationError(_where(value), code="invalid") from error


def _where(text: str) -> str:
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return _("This is no JSON. Line %(line)s, character %(column)s: %(what)s.") % {
            "line": error.lineno,
            "column": error.colno,
            "what": error.msg,
        }
    return _("This is no JSON.")


#: For `formfield_overrides`.
READABLE_JSON: Mapping[type[Any], Mapping[str, Any]] = {
    models.JSONField: {"form_class": ReadableJSONField, "widget": ReadableJSONWidget}
}
