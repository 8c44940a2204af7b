"""What dimensions, choices and reasons are called, in the language of the page."""

from collections.abc import Mapping

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from arena.ballot_forms import OVERALL, Dimension
from arena.enums import Choice
from arena.models import Ballot, Campaign

_QUESTIONS: Mapping[str, Promise | str] = {
    "content": _("Which answer is better in content?"),
    "language": _("Which one is written in better Basque?"),
    OVERALL: _("And overall, which one is better?"),
}
_HINTS: Mapping[str, Promise | str] = {
    "content": _("Is it right, useful, and about what you asked?"),
    "language": _("Is it correct, natural and fluent Basque?"),
    OVERALL: _("You chose a different side in each question, so this one decides."),
}
_NAMES: Mapping[str, Promise | str] = {
    "content": pgettext_lazy("dimension of a ranking", "Content"),
    "language": pgettext_lazy("dimension of a ranking", "Basque"),
    OVERALL: pgettext_lazy("dimension of a ranking", "Overall"),
}


def question(dimension: Dimension) -> str:
    """What the ballot asks: the form's words, else our own for a usual dimension, else its key."""
    return in_language(dimension.label, _QUESTIONS.get(dimension.key, dimension.key))


def hint(dimension: Dimension) -> str:
    """The sentence under the question; may be empty."""
    return in_language(dimension.help, _HINTS.get(dimension.key, ""))


def dimension_name(campaign: Campaign, key: str) -> str:
    """Our own short name of a usual dimension, else the form's words, else its key."""
    if key in _NAMES:
        return str(_NAMES[key])
    labels = next((dimension.label for dimension in campaign.form.dimensions if dimension.key == key), None)
    return in_language(labels, key)


def said(ballot: Ballot, campaign: Campaign) -> list[tuple[str, str]]:
    """What a ballot says, as (dimension, choice)."""
    return [(dimension_name(campaign, key), str(Choice(choice).label)) for key, choice in ballot.choices().items()]


def in_language(labels: Mapping[str, str] | None, default: str | Promise) -> str:
    """The text in the active language, else in Basque, else in any; the default where there is none."""
    if labels:
        for code in (get_language(), settings.LANGUAGE_CODE):
            if code and code in labels:
                return labels[code]
        return next(iter(labels.values()))
    return str(default)
