"""Rankings from comparisons: Bradley-Terry, Davidson, Rao-Kupper, Elo; intervals, rank ranges, and what to beware of.

    from ranking.estimators import Options, encode_votes, rank

    votes = encode_votes(["x", "y", "x"], ["y", "z", "z"], ["a", "tie", "b"], voter=["u", "v", "u"])
    ranking = rank(votes, Options(rounds=1000, seed=0))

No Django here, and no file or database: columns in, a frozen `Ranking` out.
"""

from ranking.estimators.cells import Cells, reduce_votes
from ranking.estimators.differences import Difference, Differences, Separability, differences
from ranking.estimators.effects import Effect
from ranking.estimators.errors import BadRow, EstimationError
from ranking.estimators.fingerprints import canonical_lines, cells_sha256
from ranking.estimators.fit_tests import TieModel, TieModels, compare_tie_models
from ranking.estimators.notices import SENTENCES, Case, Notice
from ranking.estimators.options import Cluster, Interval, Method, Options, Ties
from ranking.estimators.ranking import Solution, rank, solve
from ranking.estimators.regression import Regression, Rows, regress
from ranking.estimators.results import Ranking, Rating
from ranking.estimators.tallying import Tally
from ranking.estimators.versions import software
from ranking.estimators.votes import OUTCOMES, Votes, encode_votes, votes_from_codes

__all__ = [
    "OUTCOMES",
    "SENTENCES",
    "BadRow",
    "Case",
    "Cells",
    "Cluster",
    "Difference",
    "Differences",
    "Effect",
    "EstimationError",
    "Interval",
    "Method",
    "Notice",
    "Options",
    "Ranking",
    "Rating",
    "Regression",
    "Rows",
    "Separability",
    "Solution",
    "Tally",
    "TieModel",
    "TieModels",
    "Ties",
    "Votes",
    "canonical_lines",
    "cells_sha256",
    "compare_tie_models",
    "differences",
    "encode_votes",
    "rank",
    "reduce_votes",
    "regress",
    "software",
    "solve",
    "votes_from_codes",
]
