"""The ballot form and the thanks, as template contexts."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from arena.ballot_labels import hint, in_language, question
from arena.enums import Choice
from arena.exceptions import BallotInvalid, Refusal
from arena.models import Battle


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
                "label": question(dimension),
                "help": hint(dimension),
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
                "label": in_language(reason.label, reason.key),
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
    return {key: sentences[kind]} if kind in sentences else {}


def reveal_of(battle: Battle) -> dict[str, str] | None:
    """The two names, once there is a vote and the campaign's policy lets them be told (invariant 1)."""
    if not hasattr(battle, "ballot") or not battle.campaign.reveals_after_vote():
        return None
    return {"a": battle.competitor_a.name, "b": battle.competitor_b.name}
