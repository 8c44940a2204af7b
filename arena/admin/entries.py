"""Choosing who takes part in a matchup: one table of all competitors, with a box to tick and a weight each."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.utils.datastructures import MultiValueDict
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from arena.models import Competitor

#: Competitor's key to its weight; what cannot be read stays text, to be refused and shown again.
Typed = Mapping[str, str]


class EntriesWidget(forms.Widget):
    template_name = "admin/arena/widgets/entries.html"
    use_fieldset = True
    competitors: Sequence[Competitor] = ()

    def value_from_datadict(self, data: Any, files: MultiValueDict[str, Any], name: str) -> dict[str, str]:
        return {key: data.get(f"{name}-weight-{key}", "") for key in data.getlist(name)}

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return False

    def id_for_label(self, id_: str) -> str:
        return ""

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        # By the site's template engine: that of forms looks only into installed apps.
        return render_to_string(self.template_name, {"name": name, "rows": self._rows(value)})

    def _rows(self, value: Mapping[Any, Any] | None) -> list[dict[str, Any]]:
        chosen = {str(key): weight for key, weight in (value or {}).items()}
        return [
            {
                "competitor": competitor,
                "chosen": str(competitor.pk) in chosen,
                "weight": chosen.get(str(competitor.pk), 1.0),
            }
            for competitor in self.competitors
        ]


class EntriesField(forms.Field):
    """Gives `{competitor's key: weight}`; any number of competitors, also none."""

    widget = EntriesWidget

    def to_python(self, value: Typed | None) -> dict[int, float]:
        known = {str(competitor.pk): competitor for competitor in self.widget.competitors}
        weights: dict[int, float] = {}
        for key, text in (value or {}).items():
            if key not in known:
                raise ValidationError(_("One of the competitors is not there any more. Choose again."))
            weights[known[key].pk] = _weight(text or "1", known[key].name)
        return weights

    def has_changed(self, initial: Mapping[int, float] | None, data: Typed | None) -> bool:
        try:
            return self.to_python(data) != dict(initial or {})
        except ValidationError:
            return True


def _weight(text: str, name: str) -> float:
    try:
        weight = float(text.replace(",", "."))
    except ValueError:
        weight = math.nan
    if not (math.isfinite(weight) and weight > 0):
        raise ValidationError(_("%(name)s: a weight is a number above 0.") % {"name": name})
    return weight
