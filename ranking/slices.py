"""Some of a campaign's or a file's votes: those of certain voters, prompts, conversations or days.

A slice is conditions `key=value`. A vote is in it that meets one condition of each key that is named. Its canonical
text is a query string with its conditions sorted, and two slices with the same text are the same slice.
"""

import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial, reduce
from operator import or_
from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.conf import settings
from django.core.cache import cache
from django.db.models import Exists, OuterRef, Q, TextChoices
from django.utils.translation import gettext_lazy as _

from arena.categories import CATEGORIES, parse_categories
from arena.enums import Category, CategorySource, Education, LanguageLevel
from arena.models import Ballot, Campaign, Contribution, Turn
from arena.models.ballots import BallotQuerySet
from inference.languages import LANGUAGES
from ranking.estimators import Case, Notice, Ranking

#: Keys whose values are words, and the column of a file that has them.
WORDS = {
    "level": "user_language",
    "education": "user_education",
    "language": "language",
    "prompt_language": "prompt_language",
    "category": "category",
}
FROM, TO, TURNS = "from", "to", "turns"
ONE, MORE = "one", "more"
KEYS = (*WORDS, FROM, TO, TURNS)
_TURN_NAMES = {ONE: _("One turn"), MORE: _("Several turns")}
_OF_BALLOT = {
    "level": "battle__participant__language_level",
    "education": "battle__participant__education",
    "language": "battle__language",
}
_OF_PROMPT = {"prompt_language": "language", "category": "category"}
_LISTED = 20
#: Seconds for which the levels and educations that a page offers are kept.
_KEPT = 600


class BadSlice(ValueError):
    """A condition that cannot be understood, or that no vote meets; the message says what there is."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Which votes are meant; without conditions all of them. `conditions` are sorted, each there once."""

    conditions: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, texts: Iterable[str]) -> "Slice":
        """From texts such as `level=c1_c2`. Raises BadSlice. A key named twice means one value or the other."""
        pairs = []
        for text in texts:
            key, found, value = text.partition("=")
            if not found:
                raise BadSlice(f"A slice is KEY=VALUE, and {text!r} is not. The keys are: {', '.join(KEYS)}.")
            pairs.append((key.strip(), value.strip()))
        return cls.of(pairs)

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]]) -> "Slice":
        """From keys and values. Raises BadSlice."""
        conditions = tuple(sorted(set(pairs)))
        for key, value in conditions:
            _check(key, value)
        days = {key: [value for name, value in conditions if name == key] for key in (FROM, TO)}
        for key, values in days.items():
            if len(values) > 1:
                raise BadSlice(f"A slice has one {key}, and here are {' and '.join(values)}.")
        if days[FROM] and days[TO] and days[FROM][0] > days[TO][0]:
            raise BadSlice(f"A slice from {days[FROM][0]} to {days[TO][0]} ends before it begins.")
        return cls(conditions)

    @classmethod
    def from_text(cls, text: str) -> "Slice":
        """From the canonical text, or any query string with these keys. Raises BadSlice."""
        return cls.of(parse_qsl(text, keep_blank_values=True))

    @property
    def text(self) -> str:
        """The canonical form, "" for all votes: `category=code&level=c1_c2`."""
        return urlencode(self.conditions)

    def __str__(self) -> str:
        return ", ".join(f"{key}={value}" for key, value in self.conditions)

    def __bool__(self) -> bool:
        return bool(self.conditions)

    @property
    def arguments(self) -> str:
        """What makes this slice on the command line: `--slice category=code --slice level=c1_c2`."""
        return " ".join(f"--slice {shlex.quote(f'{key}={value}')}" for key, value in self.conditions)

    @property
    def columns(self) -> frozenset[str]:
        """The columns of a file that `keeps` looks at."""
        columns = {WORDS[key] for key, _value in self.conditions if key in WORDS}
        keys = {key for key, _value in self.conditions}
        if keys & {FROM, TO}:
            columns.add("timestamp")
        if TURNS in keys:
            columns |= {"n_turns", "conv_a"}
        return frozenset(columns)

    def values(self, key: str) -> tuple[str, ...]:
        """The values that are asked of a key; none where the slice does not name it."""
        return tuple(value for name, value in self.conditions if name == key)

    def apply(self, ballots: BallotQuerySet) -> BallotQuerySet:
        """The ballots of the slice. Prompts are judged by the first of a battle."""
        for key in dict(self.conditions):
            ballots = ballots.filter(_FILTERS[key](list(self.values(key))))
        return ballots

    def keeps(self, row: Mapping[str, Any]) -> bool:
        """Whether a row of a file is in the slice. Raises BadSlice on a time or a number of turns that is none."""
        return all(_meets(key, row, self.values(key)) for key in dict(self.conditions))


@dataclass(frozen=True, slots=True)
class FileSlice:
    """A slice of a file, which remembers the values that the file has, so that a mistyped one is noticed.

    told: the other keys that some row says something about.
    """

    chosen: Slice
    seen: dict[str, set[str]] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)

    @property
    def columns(self) -> frozenset[str]:
        return self.chosen.columns

    def keeps(self, row: Mapping[str, Any]) -> bool:
        """As `Slice.keeps`."""
        for key in {key for key, _value in self.chosen.conditions}:
            if key not in WORDS:
                if key not in self.told and _tells(key, row):
                    self.told.add(key)
            elif (value := row.get(WORDS[key])) is not None and value != "":
                self.seen.setdefault(key, set()).add(str(value))
        return self.chosen.keeps(row)

    def check(self) -> None:
        """Raises BadSlice, with the values that the file has, where it has not one that is asked for or tells none."""
        for key, value in self.chosen.conditions:
            if key in WORDS and value not in (seen := self.seen.get(key, set())):
                raise unknown_value(key, value, sorted(seen))
            if key not in WORDS and key not in self.told:
                missing = "how many turns it had" if key == TURNS else "when it was cast"
                raise BadSlice(f"No vote of this file says {missing}, so it has no slice by {key}.")


def said_of(ranking: Ranking, chosen: Slice) -> Ranking:
    """The ranking, with a notice before all others that it is of a slice."""
    if not chosen:
        return ranking
    return replace(ranking, notices=(Notice.of(Case.SLICED, slice=str(chosen)), *ranking.notices))


def known_values(campaign: Campaign, key: str) -> list[str]:
    """The values of a key of words that the campaign's votes have, sorted. Reads all votes: for commands."""
    ballots = Ballot.objects.counted().of_campaign(campaign).order_by()
    if key in _OF_PROMPT:
        turns = Turn.objects.filter(battle__ballot__in=ballots, index=1).order_by()
        return sorted(turns.exclude(**{_OF_PROMPT[key]: ""}).values_list(_OF_PROMPT[key], flat=True).distinct())
    return sorted(ballots.exclude(**{_OF_BALLOT[key]: ""}).values_list(_OF_BALLOT[key], flat=True).distinct())


def check_slice(campaign: Campaign, chosen: Slice) -> None:
    """Raises BadSlice, with the values that there are, where no vote of the campaign has a value that is asked for."""
    for key in WORDS:
        if not (asked := chosen.values(key)):
            continue
        known = known_values(campaign, key)
        for value in asked:
            if value not in known:
                raise unknown_value(key, value, known)


def unknown_value(key: str, value: str, known: Sequence[str]) -> BadSlice:
    """What to say where no vote has a value."""
    there = ", ".join(known[:_LISTED]) + (", …" if len(known) > _LISTED else "")
    return BadSlice(f"No vote has {key}={value}. The values of {key} here are: {there or 'none'}.")


def slice_choices(campaign: Campaign) -> dict[str, list[tuple[str, str]]]:
    """What a page offers for each key of words and for `turns`: values and their names. Costs no look at the votes."""
    levels, educations = _told_by_voters(campaign)
    choices = {
        "level": [(value, _name(LanguageLevel, value)) for value in levels],
        "education": [(value, _name(Education, value)) for value in educations],
        "language": [(code, str(name)) for code, name in settings.LANGUAGES if code in campaign.languages],
        "prompt_language": [(code, str(name)) for code, name in settings.LANGUAGES if code in LANGUAGES],
    }
    if campaign.category_source != CategorySource.NONE:
        known = (
            CATEGORIES if campaign.category_source == CategorySource.RULES else parse_categories(campaign.categories)
        )
        choices["category"] = [(value, _name(Category, value)) for value in known]
    choices[TURNS] = [(value, str(name)) for value, name in _TURN_NAMES.items()]
    return choices


def _told_by_voters(campaign: Campaign) -> tuple[list[str], list[str]]:
    """Levels and educations of those who voted, in the order of the questionnaire, words of imported files after."""

    def read() -> tuple[list[str], list[str]]:
        told = Contribution.objects.filter(campaign=campaign).order_by()
        pairs = list(told.values_list("participant__language_level", "participant__education").distinct())
        return (
            _in_order({level for level, _education in pairs}, LanguageLevel.values),
            _in_order({education for _level, education in pairs}, Education.values),
        )

    found = cache.get_or_set(f"slice-voters-{campaign.pk}", read, timeout=_KEPT)
    return found or ([], [])


def _in_order(values: set[str], known: Sequence[str]) -> list[str]:
    return [value for value in known if value in values] + sorted(values - {"", *known})


def _name(names: type[TextChoices], value: str) -> str:
    return str(names(value).label) if value in names.values else value


def _check(key: str, value: str) -> None:
    if key not in KEYS:
        raise BadSlice(f"There is no slice by {key!r}. The keys are: {', '.join(KEYS)}.")
    if not value:
        raise BadSlice(f"A slice is KEY=VALUE, and {key} has no value.")
    if key == TURNS and value not in _TURN_NAMES:
        raise BadSlice(f"turns is {ONE} or {MORE}, and {value!r} is neither.")
    if key in (FROM, TO):
        _day(key, value)


def _day(key: str, value: str) -> date:
    """A day, written in one way only, so that a slice has one text."""
    try:
        found = date.fromisoformat(value)
    except ValueError:
        found = None
    # Far years have no day after them, or none that a database knows.
    if found is None or found.isoformat() != value or not 1900 <= found.year < 3000:
        raise BadSlice(f"{key} is a day such as 2026-03-19, and {value!r} is none.")
    return found


def _begins(day: str) -> datetime:
    # In UTC, as exports tell times: a slice of a file is then the same slice wherever it is read.
    return datetime.combine(date.fromisoformat(day), time.min, UTC)


def _before(day: str) -> datetime:
    return _begins(day) + timedelta(days=1)


def _first_turn(**conditions: Any) -> Exists:
    return Exists(Turn.objects.filter(battle=OuterRef("battle"), index=1, **conditions))


def _by_turns(values: Sequence[str]) -> Q:
    second = Exists(Turn.objects.filter(battle=OuterRef("battle"), index=2))
    has = {ONE: Q(_first_turn()) & ~Q(second), MORE: Q(second)}
    return reduce(or_, (has[value] for value in values))


_FILTERS: Mapping[str, Callable[[Sequence[str]], Q]] = {
    **{key: partial(lambda field, values: Q(**{f"{field}__in": values}), field) for key, field in _OF_BALLOT.items()},
    **{
        key: partial(lambda field, values: Q(_first_turn(**{f"{field}__in": values})), field)
        for key, field in _OF_PROMPT.items()
    },
    FROM: lambda values: Q(created_at__gte=_begins(values[0])),
    TO: lambda values: Q(created_at__lt=_before(values[0])),
    TURNS: _by_turns,
}


def _meets(key: str, row: Mapping[str, Any], values: Sequence[str]) -> bool:
    if key in WORDS:
        return row.get(WORDS[key]) is not None and str(row[WORDS[key]]) in values
    if key == TURNS:
        turns = _number_of_turns(row)
        return turns >= 1 and (ONE if turns == 1 else MORE) in values
    when = _time(row.get("timestamp"))
    return when is not None and (when >= _begins(values[0]) if key == FROM else when < _before(values[0]))


def _tells(key: str, row: Mapping[str, Any]) -> bool:
    """Whether a row says when it was cast, or how many turns it had."""
    return _number_of_turns(row) > 0 if key == TURNS else row.get("timestamp") not in (None, "")


def _time(value: Any) -> datetime | None:
    if value is None or value == "":
        return None
    try:
        found = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise BadSlice(f"{value!r} is no time in ISO 8601") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _number_of_turns(row: Mapping[str, Any]) -> int:
    """As the file says it, or else the prompts of its conversation; 0 where it has neither."""
    told = row.get("n_turns")
    if told is None or told == "":
        messages = row.get("conv_a")
        asked = (
            [message for message in messages if isinstance(message, dict) and message.get("role") == "user"]
            if (isinstance(messages, list))
            else []
        )
        return len(asked)
    try:
        return int(told)
    except (TypeError, ValueError, OverflowError) as error:
        raise BadSlice(f"n_turns must be a whole number, and {told!r} is not") from error
