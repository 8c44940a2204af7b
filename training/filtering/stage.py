"""The stage: rows that are kept, rows that are rejected with their reasons, and kept rows that were not drawn."""

from collections import Counter
from collections.abc import Iterable, Iterator

from training.columns import Columns, Kind, Row
from training.exceptions import NeverTagged
from training.filtering.rules import Rules, needed, reasons
from training.filtering.sampling import Draw, Rank, last_drawn
from training.instructions import columns_with, fitted
from training.manifests import Plan
from training.sources import Piece, Source
from training.stages import Made

REASONS = "reasons"
REJECTED = "rejected"
UNSAMPLED = "unsampled"
REQUIRED = ("instruction", "response")

_MISSIONS = {
    "input_quality": "quality",
    "difficulty": "difficulty",
    "instruct_reward": "reward",
    "llama_guard_2": "safety",
    "language": "language",
    "repeat_count": "neighbours",
}
#: Those that are in presets, and that --without leaves out under the name of their mission.
_LEFT_OUT = ("input_quality", "instruct_reward", "repeat_count")


def plan_of(source: Source, rules: Rules, draw: Draw | None) -> Plan:
    """What decides the rows: all of the rules, whatever preset they came from."""
    sample = {"size": draw.size, "order": draw.order.value} if draw else None
    arguments = {"rules": rules.as_json(), "sample": sample, "rows_per_shard": source.per_piece}
    seed = draw.seed if draw else 0
    return Plan("filter_instructions", arguments, source.pieces, inputs=(source.input,), seed=seed)


def columns_of(source: Source) -> dict[str, Kind]:
    """The columns of what is kept. Reasons of an earlier filter are not."""
    return columns_with(source.columns(), skip=(REASONS,))


def aside_of(columns: Columns, draw: Draw | None) -> dict[str, Columns]:
    """The columns of what is put aside, by name."""
    aside: dict[str, Columns] = {REJECTED: {**columns, REASONS: Kind.TEXTS}}
    return aside | {UNSAMPLED: columns} if draw else aside


def require_tags(source: Source, rules: Rules) -> None:
    """Raises NeverTagged where a rule needs a column that is empty in every row: it would keep or reject them all."""
    groups = needed(rules)
    filled = source.filled(name for columns in groups for name in columns)
    for columns in groups:
        if source.input.rows and not filled.intersection(columns):
            raise NeverTagged(_never_tagged(source, columns))


def _never_tagged(source: Source, columns: tuple[str, ...]) -> str:
    which = f"{columns[0]!r}" if len(columns) == 1 else f"any of {', '.join(map(repr, columns))}"
    mission = _MISSIONS.get(columns[0])
    option = f" by --without {mission}" if columns[0] in _LEFT_OUT else ""
    advice = f"Tag it with tag_instructions --missions {mission}, or leave" if mission else "Leave"
    return f"{source.path} has no row with {which}, which a rule of this filter needs. {advice} that rule out{option}."


class Filtering:
    """Makes shards. To sample, all rows are gone through once before: who is drawn depends on all of them."""

    def __init__(self, source: Source, columns: Columns, rules: Rules, draw: Draw | None) -> None:
        self._source, self._columns, self._rules, self._draw = source, columns, rules, draw

    def __call__(self, wanted: set[int]) -> Iterator[tuple[int, Made]]:
        last = last_drawn(self._ranks(self._draw), self._draw.size) if self._draw else None
        for piece in self._source.each(wanted.__contains__):
            yield piece.number, self._made(piece, last)

    def _ranks(self, draw: Draw) -> Iterable[Rank]:
        for piece in self._source.each():
            for position, row in piece.rows:
                if not reasons(fitted(row, self._columns), self._rules):
                    yield draw.rank(position, row)

    def _made(self, piece: Piece, last: Rank | None) -> Made:
        kept: list[Row] = []
        rejected: list[Row] = []
        unsampled: list[Row] = []
        counts: Counter[str] = Counter()
        for position, raw in piece.rows:
            row = fitted(raw, self._columns)
            if why := reasons(row, self._rules):
                rejected.append({**row, REASONS: why})
                counts.update(f"reason:{reason}" for reason in why)
            elif self._draw and last is not None and self._draw.rank(position, row) > last:
                unsampled.append(row)
            else:
                kept.append(row)
        totals = {"read": len(piece.rows), "kept": len(kept), REJECTED: len(rejected), "bad": piece.bad}
        aside = {REJECTED: rejected}
        if self._draw:
            totals[UNSAMPLED], aside[UNSAMPLED] = len(unsampled), unsampled
        return Made(kept, {**totals, **counts}, aside)
