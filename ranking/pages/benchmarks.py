"""What models scored on benchmarks, language by language, and whether they beat the models that they came from."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from arena.models import Competitor
from ranking.benchmark_names import backbone_of, first_of, names_of
from ranking.benchmark_tasks import LANGUAGES, TASKS, mean_of
from ranking.models import BenchmarkScore

#: Bits per character of Basque text that no model was trained on.
HELD_OUT = "heldout_eu"

#: The languages in which tasks may be, those of the study first; "" is any other, or none.
LANGUAGE_NAMES: Mapping[str, Promise] = {
    "eu": _("Basque"),
    "en": _("English"),
    "es": _("Spanish"),
    "fr": _("French"),
    "": _("Other tasks"),
}


@dataclass(frozen=True, slots=True)
class Cell:
    """A score as it is shown: shares in points of a hundred, others as they are, with `digits` behind the point."""

    shown: float
    digits: int
    error: float | None = None
    is_partial: bool = False
    is_best: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    task: str
    lower_is_better: bool
    kind: Promise | str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A model's scores in a language. `place`: in the ranking of the arena; `mean_tasks`: over how many its mean is."""

    model: str
    place: int | None
    is_competitor: bool
    mean: Cell | None
    mean_tasks: int
    cells: list[Cell | None]


@dataclass(frozen=True, slots=True)
class LanguageTable:
    """The scores of a language, best mean first. `most`: of how many tasks the fullest mean is."""

    language: str
    name: Promise
    columns: list[Column]
    lines: list[Line]

    @property
    def most(self) -> int:
        return max((line.mean_tasks for line in self.lines), default=0)

    @property
    def has_gaps(self) -> bool:
        """Whether means are over different tasks, so that they cannot be compared."""
        return len({line.mean_tasks for line in self.lines if line.mean_tasks}) > 1


@dataclass(frozen=True, slots=True)
class Gain:
    """A model and the one that it was trained from, on one task, or on the `tasks` of a language that both have."""

    mine: Cell
    theirs: Cell
    is_better: bool
    lower_is_better: bool = False
    task: str = ""
    language: Promise | str = ""
    tasks: int = 0

    @property
    def is_held_out(self) -> bool:
        return self.task == HELD_OUT


@dataclass(frozen=True, slots=True)
class Gains:
    model: str
    backbone: str
    gains: list[Gain]


@dataclass(frozen=True, slots=True)
class Entry:
    """A model with scores, under the name that the page shows."""

    name: str
    scores: Mapping[str, BenchmarkScore]
    place: int | None = None
    is_competitor: bool = True

    @property
    def values(self) -> dict[str, float]:
        return {task: score.value for task, score in self.scores.items()}


@dataclass(frozen=True, slots=True)
class Benchmarks:
    tables: list[LanguageTable]
    gains: list[Gains]

    @property
    def held_out(self) -> list[tuple[Gains, Gain]]:
        """What Basque text that it has not seen says of each model."""
        return [(gains, gain) for gains in self.gains for gain in gains.gains if gain.is_held_out]


def wanted_names(competitors: Iterable[Competitor]) -> set[str]:
    """All names that scores of these competitors and of their backbones may have."""
    found: set[str] = set()
    for competitor in competitors:
        found.update(names_of(competitor))
        found.add(backbone_of(competitor))
    return found - {""}


def benchmarks_of(
    competitors: Sequence[Competitor], scores: Iterable[BenchmarkScore], places: Mapping[str, int]
) -> Benchmarks:
    """The page's content. `places`: each competitor's place in the arena, by name."""
    by_model: dict[str, dict[str, BenchmarkScore]] = {}
    for score in scores:
        by_model.setdefault(score.model, {})[score.task] = score
    entries = {
        competitor.pk: Entry(competitor.name, by_model[known], places.get(competitor.name))
        for competitor in competitors
        if (known := first_of(names_of(competitor), by_model))
    }
    gains: list[Gains] = []
    backbones: dict[str, Entry] = {}
    for competitor in competitors:
        backbone = _entry_of(backbone_of(competitor), competitors, entries, by_model)
        if competitor.pk in entries and backbone is not None:
            if not backbone.is_competitor:
                backbones[backbone.name] = backbone
            if found := _gains(entries[competitor.pk], backbone):
                gains.append(Gains(competitor.name, backbone.name, found))
    return Benchmarks(_tables([*entries.values(), *backbones.values()]), gains)


def _entry_of(
    name: str,
    competitors: Sequence[Competitor],
    entries: Mapping[int, Entry],
    by_model: Mapping[str, Mapping[str, BenchmarkScore]],
) -> Entry | None:
    """The model of this name: a competitor's, or one that only has scores."""
    if not name:
        return None
    of_name = [each for each in competitors if each.pk in entries and name in names_of(each)]
    # Several may ask the same model in several ways: they have the same scores.
    if of_name:
        return entries[of_name[0].pk]
    return Entry(name, by_model[name], is_competitor=False) if name in by_model else None


def _gains(mine: Entry, theirs: Entry) -> list[Gain]:
    """In each language over the tasks that both have, then each task that is none of the study's."""
    common = mine.scores.keys() & theirs.scores.keys()
    found = []
    for language in LANGUAGES:
        one, tasks = mean_of(language, mine.values, among=common)
        other, _tasks = mean_of(language, theirs.values, among=common)
        if tasks:
            found.append(Gain(_share(one), _share(other), one > other, language=LANGUAGE_NAMES[language], tasks=tasks))
    for task in sorted(common - TASKS.keys(), key=lambda task: (task != HELD_OUT, task)):
        one_score, other_score = mine.scores[task], theirs.scores[task]
        if one_score.metric == other_score.metric:
            lower = not one_score.higher_is_better
            better = one_score.value < other_score.value if lower else one_score.value > other_score.value
            found.append(Gain(_cell(one_score), _cell(other_score), better, lower, task))
    return found


def _tables(entries: Sequence[Entry]) -> list[LanguageTable]:
    languages = {score.language for entry in entries for score in entry.scores.values()}
    known = [language for language in LANGUAGE_NAMES if language in languages]
    return [_table(language, entries) for language in known]


def _table(language: str, entries: Sequence[Entry]) -> LanguageTable:
    columns = _columns(language, entries)
    shown = [entry for entry in entries if any(column.task in entry.scores for column in columns)]
    lines = [_line(entry, language, columns, shown) for entry in shown]
    lines.sort(key=lambda line: (line.mean is None, -(line.mean.shown if line.mean else 0), line.model))
    return LanguageTable(language, LANGUAGE_NAMES[language], columns, lines)


def _columns(language: str, entries: Sequence[Entry]) -> list[Column]:
    """The study's tasks in its order, those of bias after them, then all others."""
    scores = {task: score for entry in entries for task, score in entry.scores.items() if score.language == language}
    order = {task: position for position, task in enumerate(TASKS)}
    return [
        Column(task, not scores[task].higher_is_better, _kind(task))
        for task in sorted(scores, key=lambda task: (task not in TASKS, _is_bias(task), order.get(task, 0), task))
    ]


def _kind(task: str) -> Promise | str:
    if _is_bias(task):
        return _("bias, not in the mean")
    return "" if task in TASKS else _("not in the mean")


def _is_bias(task: str) -> bool:
    return task in TASKS and TASKS[task].is_bias


def _line(entry: Entry, language: str, columns: Sequence[Column], entries: Sequence[Entry]) -> Line:
    mean, tasks = mean_of(language, entry.values)
    cells = [_cell_in(column, entry, entries) for column in columns]
    return Line(entry.name, entry.place, entry.is_competitor, _share(mean) if tasks else None, tasks, cells)


def _cell_in(column: Column, entry: Entry, entries: Sequence[Entry]) -> Cell | None:
    score = entry.scores.get(column.task)
    if score is None:
        return None
    values = [each.scores[column.task].value for each in entries if column.task in each.scores]
    best = min(values) if column.lower_is_better else max(values)
    return _cell(score, is_best=score.value == best and len(values) > 1 and min(values) < max(values))


def _cell(score: BenchmarkScore, *, is_best: bool = False) -> Cell:
    if not score.metric.startswith(("acc", "exact_match")):
        return Cell(score.value, 3, score.stderr, score.is_partial, is_best)
    error = None if score.stderr is None else 100 * score.stderr
    return Cell(100 * score.value, 1, error, score.is_partial, is_best)


def _share(value: float) -> Cell:
    return Cell(100 * value, 1)
