"""Rankings from comparisons: Bradley-Terry, Davidson, Rao-Kupper, Elo; intervals, rank ranges, and what to beware of.

    from ranking.estimators import Options, encode_votes, rank

    votes = encode_votes(["x", "y", "x"], ["y", "z", "z"], ["a", "tie", "b"], voter=["u", "v", "u"])
    ranking = rank(votes, Options(rounds=1000, seed=0))

No Django here, and no file or database: columns in, a frozen `Ranking` out.
"""

from ranking.estimators.cells import canonical_lines, cells_sha256, reduce_votes
from ranking.estimators.errors import BadRow, EstimationError
from ranking.estimators.notices import SENTENCES, Case, Notice
from ranking.estimators.options import Cluster, Interval, Method, Options
from ranking.estimators.ranking import rank
from ranking.estimators.results import Ranking, Rating
from ranking.estimators.versions import software
from ranking.estimators.votes import OUTCOMES, Votes, encode_votes

__all__ = [
    "OUTCOMES",
    "SENTENCES",
    "BadRow",
    "Case",
    "Cluster",
    "EstimationError",
    "Interval",
    "Method",
    "Notice",
    "Options",
    "Ranking",
    "Rating",
    "Votes",
    "canonical_lines",
    "cells_sha256",
    "encode_votes",
    "rank",
    "reduce_votes",
    "software",
]
