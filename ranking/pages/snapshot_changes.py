"""What changed from one published ranking to another."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Field

from ranking.models import Snapshot

#: What makes two rankings different in kind: where one of these differs, a change is not one of the votes alone.
PARAMETERS = (
    *("dimension", "slice", "ties", "style_control", "method", "interval", "cluster", "level", "rounds", "seed"),
    *("further_options", "software"),
)


@dataclass(frozen=True, slots=True)
class ModelChange:
    """A model in two rankings. `before` and `after` are its lines, None where the ranking does not name it."""

    model: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None

    @property
    def ratings(self) -> tuple[float | None, float | None]:
        """Before and after; None where there is none."""
        return (self.before or {}).get("rating"), (self.after or {}).get("rating")

    @property
    def climbed(self) -> int | None:
        """By how many places it went up; below 0, down."""
        lines = self._comparable()
        return lines[0]["rank"] - lines[1]["rank"] if lines else None

    @property
    def gained(self) -> float | None:
        """By how many points its rating rose."""
        lines = self._comparable()
        if lines is None or lines[0]["rating"] is None or lines[1]["rating"] is None:
            return None
        return float(lines[1]["rating"] - lines[0]["rating"])

    @property
    def more_battles(self) -> int:
        return sum((line or {}).get("battles", 0) * sign for line, sign in ((self.after, 1), (self.before, -1)))

    def _comparable(self) -> tuple[Mapping[str, Any], Mapping[str, Any]] | None:
        if self.before is None or self.after is None or self.before["component"] != self.after["component"]:
            return None
        return self.before, self.after


@dataclass(frozen=True, slots=True)
class PairChange:
    """How many more votes a pair has. Below 0: votes were taken out."""

    first: str
    second: str
    wins: int
    losses: int
    ties: int

    @property
    def votes(self) -> int:
        return self.wins + self.losses + self.ties


@dataclass(frozen=True, slots=True)
class ParameterChange:
    name: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Changes:
    """All that changed. `added` are votes more; `pairs` those whose votes changed, most first."""

    models: list[ModelChange]
    pairs: list[PairChange]
    parameters: list[ParameterChange]
    added: int
    same_votes: bool


def changes_between(earlier: Snapshot, later: Snapshot) -> Changes:
    """From one ranking to another, models in the order of the later one."""
    before, after = _lines(earlier), _lines(later)
    names = [*after, *(name for name in before if name not in after)]
    return Changes(
        models=[ModelChange(name, before.get(name), after.get(name)) for name in names],
        pairs=_pairs(earlier, later),
        parameters=_parameters(earlier, later),
        added=later.n_battles - earlier.n_battles,
        same_votes=later.input_sha256 == earlier.input_sha256,
    )


def _lines(snapshot: Snapshot) -> dict[str, Mapping[str, Any]]:
    return {line["model"]: line for line in snapshot.result["ratings"]}


def _pairs(earlier: Snapshot, later: Snapshot) -> list[PairChange]:
    before = {(first, second): counts for first, second, *counts in earlier.pairs}
    after = {(first, second): counts for first, second, *counts in later.pairs}
    nothing = [0, 0, 0]
    changes = []
    for pair in sorted(before.keys() | after.keys()):
        counts = zip(before.get(pair, nothing), after.get(pair, nothing), strict=True)
        change = PairChange(*pair, *(new - old for old, new in counts))
        if (change.wins, change.losses, change.ties) != (0, 0, 0):
            changes.append(change)
    return sorted(changes, key=lambda change: (-abs(change.votes), change.first, change.second))


def _parameters(earlier: Snapshot, later: Snapshot) -> list[ParameterChange]:
    changes = []
    for name in PARAMETERS:
        before, after = getattr(earlier, name), getattr(later, name)
        if before != after:
            field: Field[Any, Any] = Snapshot._meta.get_field(name)  # type: ignore[assignment]
            changes.append(ParameterChange(str(field.verbose_name), _said(earlier, name), _said(later, name)))
    return changes


def _said(snapshot: Snapshot, name: str) -> Any:
    """A parameter as people read it."""
    display = getattr(snapshot, f"get_{name}_display", None)
    return display() if display else getattr(snapshot, name)
