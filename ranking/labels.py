"""What dimensions are called."""

from collections.abc import Mapping

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import get_language, pgettext_lazy

from arena.models import Campaign

_NAMES: Mapping[str, Promise] = {
    "overall": pgettext_lazy("dimension of a ranking", "Overall"),
    "content": pgettext_lazy("dimension of a ranking", "Content"),
    "language": pgettext_lazy("dimension of a ranking", "Basque"),
}


def dimension_label(campaign: Campaign, key: str) -> str:
    """Our own name of a usual dimension, else the form's in the active language, else in Basque, else its key."""
    if key in _NAMES:
        return str(_NAMES[key])
    for dimension in campaign.form.dimensions:
        if dimension.key == key and dimension.label:
            for language in (get_language(), settings.LANGUAGE_CODE):
                if language in dimension.label:
                    return dimension.label[language]
            return next(iter(dimension.label.values()))
    return key
