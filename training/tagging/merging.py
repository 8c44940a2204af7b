"""The last step: the input's rows with the tags of all missions."""

from collections.abc import Callable, Sequence
from pathlib import Path

from training.columns import Columns, Row
from training.exceptions import BadManifest
from training.instructions import fitted
from training.manifests import SHARDS, Plan, ShardRecord, checked
from training.shards import read_rows
from training.sources import Piece, Source
from training.stages import Made, finished
from training.tagging.missions import ROW, Mission, folder_of


def merged_plan(source: Source, missions: Sequence[Mission], seed: int) -> Plan:
    """What decides the rows: every mission with its model and revision."""
    asked = {
        mission.name: {**mission.arguments, "model": mission.model, "revision": mission.revision}
        for mission in missions
    }
    arguments = {"missions": asked, "rows_per_shard": source.per_piece}
    return Plan("tag_instructions", arguments, source.pieces, inputs=(source.input,), seed=seed)


def merger(source: Source, missions: Sequence[Mission], output: Path, columns: Columns) -> Callable[[Piece], Made]:
    """Makes a shard from the shards that the missions made of the same piece, which must be there."""

    def merge(piece: Piece) -> Made:
        rows = [fitted(row, columns) for _position, row in piece.rows]
        counts = {"read": len(rows), "bad": piece.bad}
        for mission in missions:
            folder = folder_of(output, mission)
            record = _record(folder, piece.number)
            for row, (position, _row), tags in zip(rows, piece.rows, _tags(folder, record, piece), strict=True):
                if tags[ROW] != position:
                    raise BadManifest(f"{folder} has tags of other rows than {source.path}. Remove it to tag again.")
                row.update({name: tags[name] for name in mission.columns})
            counts.update(record.counts)
        return Made(rows, counts)

    return merge


def _record(folder: Path, number: int) -> ShardRecord:
    record = finished(folder, number)
    if record is None:
        raise BadManifest(f"{folder} has no shard {number}. Run the same command again to make it.")
    return record


def _tags(folder: Path, record: ShardRecord, piece: Piece) -> list[Row]:
    tags = list(read_rows(checked(folder, record.files[SHARDS])))
    if len(tags) != len(piece.rows):
        raise BadManifest(f"{folder} has tags of {len(tags)} of {len(piece.rows)} rows. Remove it to tag again.")
    return tags
