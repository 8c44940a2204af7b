"""A model's rating through the published rankings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ranking.models import Snapshot
from ranking.models.snapshots import SnapshotQuerySet
from ranking.pages.charts import Course, Point, course

#: More moments than these are no line but a smear; of more, as many are taken at even distances, the newest included.
MOST_MOMENTS = 100
#: A line goes through rankings that were computed alike: only these differ from one to the next.
_ALIKE = ("method", "slice", "ties", "style_control", "level", "further_options")


@dataclass(frozen=True, slots=True)
class Moment:
    """What a published ranking says of a model; `rating` is None where it does not name it."""

    snapshot: Snapshot
    rating: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class ModelCourse:
    """A model's moments, oldest first, and the chart of them."""

    moments: list[Moment]
    chart: Course

    @property
    def marks(self) -> list[Point]:
        return [point for point in self.chart.points if point.y is not None]


def recent_series(snapshots: SnapshotQuerySet) -> list[Snapshot]:
    """The published rankings that were computed as the newest scheduled one was, oldest first."""
    newest = snapshots.scheduled().without_content().newest() or snapshots.without_content().newest()
    if newest is None:
        return []
    alike = snapshots.filter(**{name: getattr(newest, name) for name in _ALIKE})
    keys = list(alike.order_by("cut_off", "pk").values_list("pk", flat=True))
    kept = keys[::-1][:: max(1, -(-len(keys) // MOST_MOMENTS))]
    return list(Snapshot.objects.filter(pk__in=kept).defer("pairs", "comparisons", "notices").order_by("cut_off", "pk"))


def models_of(series: Sequence[Snapshot]) -> list[str]:
    """Every model of the series: those of the newest in its order, then those that have gone."""
    names: dict[str, None] = {}
    for snapshot in reversed(series):
        names |= dict.fromkeys(rating["model"] for rating in snapshot.result["ratings"])
    return list(names)


def course_of(series: Sequence[Snapshot], model: str) -> ModelCourse:
    """One model's way through a series."""
    moments = [Moment(snapshot, _rating(snapshot, model)) for snapshot in series]
    numbers = [
        (
            moment.snapshot.cut_off.timestamp(),
            *((moment.rating or {}).get(key) for key in ("rating", "ci_low", "ci_high")),
        )
        for moment in moments
    ]
    return ModelCourse(moments, course(numbers))  # type: ignore[arg-type]


def _rating(snapshot: Snapshot, model: str) -> Mapping[str, Any] | None:
    found: list[Mapping[str, Any]] = [line for line in snapshot.result["ratings"] if line["model"] == model]
    return found[0] if found else None
