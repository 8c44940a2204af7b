"""From votes to a ranking: the one door through which everything else comes in."""

import numpy as np

from ranking.estimators.arrays import FloatArray, IntArray
from ranking.estimators.cells import Cells, cells_sha256, reduce_votes, sequence_sha256
from ranking.estimators.errors import EstimationError
from ranking.estimators.estimates import Estimate, elo_estimate, likelihood_estimate
from ranking.estimators.options import Cluster, Interval, Method, Options
from ranking.estimators.pairs import FIRST, SECOND, TIED, Pairs, counted_slots, pair_up, without_weightless
from ranking.estimators.remarks import remarks
from ranking.estimators.results import DECIMALS, Ranking, Rating
from ranking.estimators.votes import TIE, Votes


def rank(votes: Votes, options: Options, *, dimension: str = "overall", left_out: int = 0) -> Ranking:
    """Rank the models of `votes`.

    `dimension` is only passed on; `left_out` says how many votes of the source say nothing about it. The same votes,
    in whatever order (Elo apart), give the same ranking to the last digit.

    Raises `EstimationError` where voters are asked to be clusters and none is known.
    """
    by_voter = _by_voter(votes, options)
    every_cell = reduce_votes(votes, by_voter=by_voter)
    cells = without_weightless(every_cell)
    pairs, units = pair_up(cells)
    if options.method is Method.ELO:
        estimate = elo_estimate(options, votes, pairs, units, by_voter=by_voter)
        fingerprint = sequence_sha256(votes, by_voter=by_voter)
    else:
        estimate = likelihood_estimate(options, pairs, units)
        fingerprint = cells_sha256(every_cell)
    ratings = _lines(cells, pairs, estimate, with_ranges=options.interval is not Interval.NONE)
    return Ranking(
        options=options,
        dimension=dimension,
        n_battles=int(cells.count.sum()),
        n_ties=int(cells.count[cells.outcome == TIE].sum()),
        input_sha256=fingerprint,
        ratings=ratings,
        notices=tuple(remarks(options, votes, cells, units, estimate, ratings, by_voter=by_voter, left_out=left_out)),
    )


def _by_voter(votes: Votes, options: Options) -> bool:
    """Whether voters matter to the numbers. Without intervals they do not, nor to the fingerprint then."""
    if options.interval is Interval.NONE or options.cluster is Cluster.NONE:
        return False
    if options.cluster is Cluster.VOTER and not votes.voters:
        raise EstimationError("intervals are to be clustered by voter, but no vote names its voter")
    return bool(votes.voters)


def _lines(cells: Cells, pairs: Pairs, estimate: Estimate, *, with_ranges: bool) -> tuple[Rating, ...]:
    wins, losses, ties = _records(pairs, counted_slots(cells, pairs))
    ranks, component = estimate.ranks, estimate.structure.component
    order = sorted(range(pairs.n_models), key=lambda model: (component[model], ranks.rank[model], model))
    return tuple(
        Rating(
            model=cells.models[model],
            rating=_rounded(estimate.rating[model]),
            ci_low=_rounded(estimate.low[model]) if with_ranges else None,
            ci_high=_rounded(estimate.high[model]) if with_ranges else None,
            rank=int(ranks.rank[model]),
            rank_low=int(ranks.low[model]) if with_ranges else None,
            rank_high=int(ranks.high[model]) if with_ranges else None,
            battles=int(wins[model] + losses[model] + ties[model]),
            wins=int(wins[model]),
            losses=int(losses[model]),
            ties=int(ties[model]),
            component=int(component[model]) + 1,
        )
        for model in order
    )


def _records(pairs: Pairs, slots: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Wins, losses and ties of each model, (n,) each."""
    by_first = np.zeros((3, pairs.n_models), dtype=np.int64)
    by_second = np.zeros_like(by_first)
    for slot in (FIRST, SECOND, TIED):
        np.add.at(by_first[slot], pairs.first, slots[:, slot])
        np.add.at(by_second[slot], pairs.second, slots[:, slot])
    return by_first[FIRST] + by_second[SECOND], by_first[SECOND] + by_second[FIRST], by_first[TIED] + by_second[TIED]


def _rounded(value: FloatArray) -> float | None:
    return round(float(value), DECIMALS) if np.isfinite(value) else None
