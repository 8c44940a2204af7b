"""Near-duplicates among all instructions, by sentence embeddings. Every process comes to the same result."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.columns import Kind, Row
from training.instructions import fitted
from training.shares import Share
from training.sources import Piece, Source
from training.stages import Made
from training.tagging.embedding import EMBEDDER, Embedder, Embeddings
from training.tagging.missions import Tagged
from training.tagging.nearness import Nearness, nearness_of, search_of

THRESHOLD = 0.05
"""Squared Euclidean distance between vectors of length 1: a cosine of 0.975."""
_IDS = {"conversation_id": Kind.TEXT, "uuid": Kind.TEXT}


@dataclass(frozen=True)
class NeighboursMission:
    """Fills in the distance of the nearest other instruction, how many are nearer than the threshold, and which row is
    the first of these, itself included: null where there are none."""

    model: str = EMBEDDER
    revision: str = ""
    threshold: float = THRESHOLD
    name: str = "neighbours"
    columns: tuple[str, ...] = (
        "min_neighbor_distance",
        "repeat_count",
        "min_similar_conversation_id",
        "min_similar_uuid",
    )
    requires: tuple[str, ...] = ("instruction",)

    @property
    def arguments(self) -> Mapping[str, Any]:
        return {"threshold": self.threshold}

    def make(self, source: Source, wanted: set[int], folder: Path, share: Share) -> Iterator[tuple[int, Made]]:
        import numpy as np

        embeddings = Embeddings(source, folder / "embeddings", Embedder(self.model, self.revision))
        embeddings.make({number for number in range(source.pieces) if share.takes(number)})
        pieces: list[Piece] = []
        blocks = []
        for piece in source.each():
            # Of the rows only their ids are kept: there are millions.
            pieces.append(Piece(piece.number, tuple((position, fitted(row, _IDS)) for position, row in piece.rows)))
            blocks.append(embeddings.read(piece))
        ids = [row for piece in pieces for _position, row in piece.rows]
        vectors = np.concatenate(blocks)
        search = search_of(vectors)
        begin = 0
        for piece in pieces:
            end = begin + len(piece.rows)
            if piece.number in wanted:
                found = nearness_of(vectors, begin, end, self.threshold, search)
                rows = [_tags(own, each, ids) for own, each in enumerate(found, begin)]
                near = sum(bool(row["repeat_count"]) for row in rows)
                yield piece.number, Tagged(rows, {"neighbours": len(rows), "neighbours_near": near}).made(piece)
            begin = end


def _tags(own: int, found: Nearness, ids: list[Row]) -> Row:
    number = found.first_of(own)
    first = ids[number] if number is not None else {}
    return {
        "min_neighbor_distance": found.distance,
        "repeat_count": len(found.near),
        "min_similar_conversation_id": first.get("conversation_id"),
        "min_similar_uuid": first.get("uuid"),
    }
