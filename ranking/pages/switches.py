"""The leaderboard's switches: what a page's address asks for, and what can be asked."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.core.cache import cache
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from arena.models import Campaign
from ranking.models import AnswerStyle
from ranking.selections import Selection
from ranking.slices import BadSlice, Slice, slice_choices

NAMES: Mapping[str, Promise] = {
    "level": _("Voters' level of Basque"),
    "education": _("Voters' education"),
    "language": _("Language of the page"),
    "prompt_language": _("Language of the prompt"),
    "category": _("Kind of prompt"),
    "turns": _("Conversations"),
}
#: Seconds for which it is remembered whether styles are known.
LOOKED = 60
DAYS: Mapping[str, Promise] = {"from": _("From day"), "to": _("To day")}


class UnknownChoice(ValueError):
    """An address asks for something that no switch offers."""


@dataclass(frozen=True, slots=True)
class Switch:
    """One select of the form: its options as (value, name, whether it is chosen)."""

    key: str
    name: str
    options: list[tuple[str, str, bool]]


@dataclass(frozen=True, slots=True)
class Chosen:
    """One condition that is on, in words, and the address without it."""

    text: str
    without: str


def read_selection(campaign: Campaign, query: Mapping[str, str]) -> Selection:
    """What an address asks for. Raises UnknownChoice where no switch offers it, BadSlice where days make no sense."""
    choices = slice_choices(campaign)
    pairs = []
    for key in (*NAMES, *DAYS):
        if not (value := query.get(key, "").strip()):
            continue
        if key in NAMES and value not in dict(choices.get(key, [])):
            raise UnknownChoice(f"{key}={value}")
        pairs.append((key, value))
    ties, style = query.get("ties", ""), query.get("style", "")
    if ties not in ("", "drop") or style not in ("", "on") or (style and not can_control_style(campaign)):
        raise UnknownChoice(f"ties={ties} style={style}")
    return Selection(slice=Slice.of(pairs).text, without_ties=ties == "drop", style_control=style == "on")


def can_control_style(campaign: Campaign) -> bool:
    """Whether the style of the campaign's answers is known: they have texts, and the worker has measured them."""

    def look() -> bool:
        return AnswerStyle.objects.reach_the_newest_of(campaign)

    return bool(cache.get_or_set(f"style-known-{campaign.pk}", look, timeout=LOOKED))


def switches_of(campaign: Campaign, selection: Selection) -> list[Switch]:
    """The selects of the form. A key with fewer than two values divides nothing, and has none."""
    on = Slice.from_text(selection.slice)
    return [
        Switch(key, str(NAMES[key]), [(value, name, value in on.values(key)) for value, name in choices])
        for key, choices in slice_choices(campaign).items()
        if len(choices) > 1
    ]


def days_of(selection: Selection) -> list[tuple[str, str, str]]:
    """The form's two days: key, name and what is chosen."""
    on = Slice.from_text(selection.slice)
    return [(key, str(name), "".join(on.values(key))) for key, name in DAYS.items()]


def chosen_of(campaign: Campaign, dimension: str, selection: Selection) -> list[Chosen]:
    """What is switched on, in words, each with the address that switches it off."""
    words = []
    choices = {key: dict(values) for key, values in slice_choices(campaign).items()}
    query = selection.query()
    for key, value in query:
        if key in NAMES:
            text = f"{NAMES[key]}: {choices.get(key, {}).get(value, value)}"
        elif key in DAYS:
            text = f"{DAYS[key]}: {value}"
        else:
            text = str(_("Ties left out") if key == "ties" else _("Style held equal"))
        words.append(Chosen(text, address(dimension, [pair for pair in query if pair != (key, value)])))
    return words


def address(dimension: str, pairs: Iterable[tuple[str, str]]) -> str:
    """The query string of a ranking."""
    return "?" + urlencode([("dimension", dimension), *pairs])


__all__ = [
    "BadSlice",
    "Chosen",
    "Switch",
    "UnknownChoice",
    "address",
    "chosen_of",
    "days_of",
    "read_selection",
    "switches_of",
]
