"""Rankings: the published ones, those that the pages show, and those being computed; and scores beside them."""

from ranking.models.benchmarks import BenchmarkScore
from ranking.models.computations import Computation
from ranking.models.computed import ComputedRanking
from ranking.models.current import CurrentRanking
from ranking.models.schedules import SnapshotSchedule
from ranking.models.snapshots import Snapshot
from ranking.models.styles import AnswerStyle

__all__ = [
    "AnswerStyle",
    "BenchmarkScore",
    "Computation",
    "ComputedRanking",
    "CurrentRanking",
    "Snapshot",
    "SnapshotSchedule",
]
