"""A mission fills in columns of its own. Each is a stage of its own, in `OUTPUT/missions/NAME`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from training.columns import MAGPIE, Columns, Kind, Row
from training.manifests import Plan
from training.shares import Share
from training.sources import Piece, Source
from training.stages import Layout, Made

ROW = "row"
"""The number of the row in the input, from 0: what joins a mission's rows to the input's."""
INVALID = "invalid"
_INVALID_COLUMNS: Columns = {ROW: Kind.INTEGER, "why": Kind.TEXT, "reply": Kind.TEXT}


class Mission(Protocol):
    """One kind of tag."""

    @property
    def name(self) -> str: ...

    @property
    def columns(self) -> tuple[str, ...]:
        """What it fills in, by names of the Magpie columns."""

    @property
    def requires(self) -> tuple[str, ...]:
        """Texts that a row must have."""

    @property
    def model(self) -> str: ...

    @property
    def revision(self) -> str: ...

    @property
    def arguments(self) -> Mapping[str, Any]:
        """What else decides the tags."""

    def make(self, source: Source, wanted: set[int], folder: Path, share: Share) -> Iterable[tuple[int, Made]]:
        """The tags of the wanted pieces (see `training.stages.run_stage`). It may keep files in `folder`."""


@dataclass(slots=True)
class Tagged:
    """The tags of one piece, in the order of its rows; `invalid` has what could not be read, for whoever wonders."""

    rows: list[Row]
    counts: dict[str, int] = field(default_factory=dict)
    invalid: list[Row] = field(default_factory=list)

    def made(self, piece: Piece) -> Made:
        numbered = [{ROW: position, **tags} for (position, _row), tags in zip(piece.rows, self.rows, strict=True)]
        return Made(numbered, self.counts, {INVALID: self.invalid})


def folder_of(output: Path, mission: Mission) -> Path:
    return output / "missions" / mission.name


def plan_of(source: Source, mission: Mission, seed: int) -> Plan:
    return Plan(
        f"tag_instructions/{mission.name}",
        {**mission.arguments, "rows_per_shard": source.per_piece},
        source.pieces,
        inputs=(source.input,),
        model=mission.model,
        revision=mission.revision,
        seed=seed,
    )


def layout_of(output: Path, mission: Mission, form: str) -> Layout:
    columns = {ROW: Kind.INTEGER, **{name: MAGPIE[name] for name in mission.columns}}
    return Layout(folder_of(output, mission), columns, {INVALID: _INVALID_COLUMNS}, form)
