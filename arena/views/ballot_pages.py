"""The ballot form and the thanks, as template contexts."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from arena.ballot_forms import OVERALL, Dimension
from arena.enums import Choice
from arena.exceptions import BallotInvalid, Refusal
from arena.models import Ballot, Battle

_LABELS: dict[str, str | Promise] = {
    "content": _("Which answer is better in content?"),
    "language": _("Which one is written in better Basque?"),
    OVERALL: _("And overall, which one is better?"),
}
_HELP: dict[str, str | Promise] = {
    "content": _("Is it right, useful, and about what you asked?"),
    "language": _("Is it correct, natural and fluent Basque?"),
    OVERALL: _("You chose a different side in each question, so this one decides."),
}
_SHORT_LABELS: dict[str, str | Promise] = {
    "content": _("Content"),
    "language": _("Basque"),
    OVERALL: _("Overall"),
}


def form_context(
    battle: Battle, *, refusal: Refusal | None = None, values: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """What templates/arena/includes/ballot_form.html needs."""
    form = battle.campaign.form
    errors = field_errors(refusal)
    sent = values or {}
    return {
        "battle": battle,
        "form": [
            {
                "key": dimension.key,
                "label": dimension_label(dimension),
                "help": _text(dimension.help, _HELP.get(dimension.key, "")),
                "asked": dimension.asked,
                "choices": [
                    {"value": choice, "label": Choice(choice).label, "chosen": sent.get(dimension.key) == choice}
                    for choice in dimension.choices
                ],
                "error": errors.get(dimension.key, ""),
            }
            for dimension in form.dimensions
        ],
        "reasons": [
            {
                "key": reason.key,
                "label": _text(reason.label, reason.key),
                "chosen": reason.key in sent.get("reasons", []),
            }
            for reason in form.reasons
        ],
        "comment": form.comment,
        "refusal": refusal,
        "values": {"comment": "", **sent},
    }


def field_errors(refusal: Refusal | None) -> dict[str, str]:
    """The sentence for each dimension that a BallotInvalid names."""
    if not isinstance(refusal, BallotInvalid):
        return {}
    kind, _colon, key = str(refusal.values.get("fault", "")).partition(":")
    sentences = {
        "missing": _("Choose an answer here."),
        "choice": _("This choice is not on the ballot."),
        "not_asked": _("This is only asked when your choices point at different sides."),
    }
    return {key: str(sentences[kind])} if kind in sentences else {}


def dimension_label(dimension: Dimension) -> str:
    """The question, in the language of the page."""
    return _text(dimension.label, _LABELS.get(dimension.key, dimension.key))


def said(ballot: Ballot) -> list[tuple[str, str]]:
    """What a ballot says, as (dimension, choice) in the language of the page."""
    return [(str(_SHORT_LABELS.get(key, key)), str(Choice(choice).label)) for key, choice in ballot.choices().items()]


def reveal_of(battle: Battle) -> dict[str, str] | None:
    """The two names, once there is a vote and the campaign's policy lets them be told (invariant 1)."""
    if not hasattr(battle, "ballot") or not battle.campaign.reveals_after_vote():
        return None
    return {"a": battle.competitor_a.name, "b": battle.competitor_b.name}


def _text(labels: Mapping[str, str] | None, default: str | Promise) -> str:
    if labels:
        for code in (get_language(), settings.LANGUAGE_CODE):
            if code and code in labels:
                return labels[code]
        return next(iter(labels.values()))
    return str(default)
