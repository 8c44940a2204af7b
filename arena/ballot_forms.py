"""What a ballot asks, and what it says. Pure: no Django, no database.

A form is the campaign's data (JSON), and looks like this; every key but `dimensions` may be left out:

    {"dimensions": [{"key": "content", "choices": ["a", "tie", "b"], "asked": "always",
                     "label": {"eu": "…"}, "help": {"eu": "…"}},
                    {"key": "overall", "asked": "disagreement"}],
     "reasons": [{"key": "clear", "label": {"eu": "…"}}],
     "comment": true}

Dimensions that are asked `always` make up the overall winner; `overall`, asked on `disagreement`, decides where they
point at different sides.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

OVERALL = "overall"
SIDES = ("a", "b")
DEFAULT_CHOICES = ("a", "tie", "b")
ALL_CHOICES = ("a", "tie", "b", "both_good", "both_bad", "dont_know")
#: Choices that say that neither side is better.
LEVEL_CHOICES = frozenset({"tie", "both_good", "both_bad"})
_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
#: Other fields that come with a ballot: a dimension of such a name could not be told from them.
RESERVED_KEYS = frozenset({"reasons", "comment", "csrfmiddlewaretoken"})

Asked = Literal["always", "disagreement"]
OverallOutcome = Literal["a", "b", "tie", ""]


class BallotFormError(ValueError):
    """A form that cannot be used. The message says what is wrong and where."""


@dataclass(frozen=True, slots=True)
class Dimension:
    key: str
    choices: tuple[str, ...] = DEFAULT_CHOICES
    asked: Asked = "always"
    label: Mapping[str, str] | None = None
    help: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    key: str
    label: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class BallotForm:
    dimensions: tuple[Dimension, ...]
    reasons: tuple[Reason, ...] = ()
    comment: bool = False

    @property
    def always(self) -> tuple[Dimension, ...]:
        return tuple(dimension for dimension in self.dimensions if dimension.asked == "always")

    @property
    def tie_breaker(self) -> Dimension | None:
        return next((dimension for dimension in self.dimensions if dimension.asked == "disagreement"), None)


def default_form() -> dict[str, Any]:
    """The paper's ballot: content and language, and `overall` where they point at different sides."""
    return {
        "dimensions": [{"key": "content"}, {"key": "language"}, {"key": OVERALL, "asked": "disagreement"}],
        "reasons": [],
        "comment": True,
    }


def parse_form(data: Any) -> BallotForm:
    """Reads a form. Raises BallotFormError naming the part that is wrong."""
    if not isinstance(data, dict):
        raise BallotFormError("The form must be a JSON object.")
    _refuse_unknown(data, {"dimensions", "reasons", "comment"}, "the form")
    raw_dimensions = data.get("dimensions")
    if not isinstance(raw_dimensions, list) or not raw_dimensions:
        raise BallotFormError("dimensions: at least one is needed.")
    dimensions = tuple(_dimension(item, f"dimensions[{i}]") for i, item in enumerate(raw_dimensions))
    _refuse_repeated([dimension.key for dimension in dimensions], "dimensions")
    form = BallotForm(
        dimensions=dimensions,
        reasons=tuple(_reason(item, f"reasons[{i}]") for i, item in enumerate(_list(data, "reasons"))),
        comment=_boolean(data.get("comment", False), "comment"),
    )
    _refuse_repeated([reason.key for reason in form.reasons], "reasons")
    if not form.always:
        raise BallotFormError("dimensions: at least one must be asked always.")
    breakers = [dimension for dimension in dimensions if dimension.asked == "disagreement"]
    if any(dimension.key != OVERALL for dimension in breakers):
        raise BallotFormError(f"dimensions: only {OVERALL!r} can be asked on disagreement.")
    return form


def sides_disagree(form: BallotForm, choices: Mapping[str, str]) -> bool:
    """Whether the dimensions that are always asked point at different sides, so that `overall` has to decide."""
    pointed = {choices.get(dimension.key) for dimension in form.always if dimension.key != OVERALL}
    return pointed.issuperset(SIDES)


def check_choices(form: BallotForm, choices: Mapping[str, str]) -> str | None:
    """The first thing wrong with a ballot, or None: `unknown`, `choice:KEY`, `missing:KEY` or `not_asked:KEY`."""
    known = {dimension.key: dimension for dimension in form.dimensions}
    if set(choices) - set(known):
        return "unknown"
    for key, choice in choices.items():
        if choice not in known[key].choices:
            return f"choice:{key}"
    for dimension in form.always:
        if dimension.key not in choices:
            return f"missing:{dimension.key}"
    if (breaker := form.tie_breaker) is not None:
        disagree = sides_disagree(form, choices)
        if disagree and breaker.key not in choices:
            return f"missing:{breaker.key}"
        if not disagree and breaker.key in choices:
            return f"not_asked:{breaker.key}"
    return None


def outcome(choice: str) -> OverallOutcome:
    """One choice as ranking reads it: `a`, `b`, `tie`, or nothing where somebody does not know."""
    if choice == "a":
        return "a"
    if choice == "b":
        return "b"
    return "tie" if choice in LEVEL_CHOICES else ""


def overall_winner(choices: Mapping[str, str]) -> OverallOutcome:
    """The winner of a ballot.

    `overall` decides where it was answered. Otherwise, of the dimensions that say something: where they agree, that;
    where some are ties, what the others say; and a tie where they point at different sides and nobody decided.
    """
    if OVERALL in choices:
        return outcome(choices[OVERALL])
    outcomes = {outcome(choice) for choice in choices.values()} - {""}
    pointed = outcomes & set(SIDES)
    if len(pointed) == 1:
        return "a" if "a" in pointed else "b"
    return "tie" if outcomes else ""


def _dimension(item: Any, where: str) -> Dimension:
    if not isinstance(item, dict):
        raise BallotFormError(f"{where}: must be an object.")
    _refuse_unknown(item, {"key", "choices", "asked", "label", "help"}, where)
    raw_choices = item.get("choices", list(DEFAULT_CHOICES))
    if not isinstance(raw_choices, list):
        raise BallotFormError(f"{where}.choices: must be a list.")
    choices = tuple(raw_choices)
    for choice in choices:
        if choice not in ALL_CHOICES:
            raise BallotFormError(f"{where}.choices: {choice!r} is none of {', '.join(ALL_CHOICES)}.")
    if not {"a", "b"} <= set(choices):
        raise BallotFormError(f"{where}.choices: a and b must be among them.")
    _refuse_repeated(list(choices), f"{where}.choices")
    asked = item.get("asked", "always")
    if asked not in ("always", "disagreement"):
        raise BallotFormError(f"{where}.asked: must be always or disagreement, not {asked!r}.")
    key = _key(item, where)
    if key in RESERVED_KEYS:
        raise BallotFormError(f"{where}.key: {key!r} is the name of another part of the ballot.")
    return Dimension(
        key, choices, asked, _labels(item, "label", where, required=False), _labels(item, "help", where, required=False)
    )


def _reason(item: Any, where: str) -> Reason:
    if not isinstance(item, dict):
        raise BallotFormError(f"{where}: must be an object.")
    _refuse_unknown(item, {"key", "label"}, where)
    labels = _labels(item, "label", where, required=True)
    assert labels is not None
    return Reason(_key(item, where), labels)


def _key(item: Mapping[str, Any], where: str) -> str:
    key = item.get("key")
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise BallotFormError(f"{where}.key: must be a short word in lower case, not {key!r}.")
    return key


def _labels(item: Mapping[str, Any], name: str, where: str, *, required: bool) -> Mapping[str, str] | None:
    labels = item.get(name)
    if labels is None and not required:
        return None
    if not isinstance(labels, dict) or not labels or not all(isinstance(text, str) for text in labels.values()):
        raise BallotFormError(f"{where}.{name}: must give a text for each language.")
    return labels


def _list(data: Mapping[str, Any], name: str) -> list[Any]:
    value = data.get(name, [])
    if not isinstance(value, list):
        raise BallotFormError(f"{name}: must be a list.")
    return value


def _boolean(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise BallotFormError(f"{where}: must be true or false.")
    return value


def _refuse_unknown(item: Mapping[str, Any], known: set[str], where: str) -> None:
    if unknown := sorted(set(item) - known):
        raise BallotFormError(f"{where}: unknown key {unknown[0]!r}.")


def _refuse_repeated(keys: list[str], where: str) -> None:
    repeated = sorted({key for key in keys if keys.count(key) > 1})
    if repeated:
        raise BallotFormError(f"{where}: {repeated[0]!r} is there twice.")
