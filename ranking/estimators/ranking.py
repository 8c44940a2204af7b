"""From votes to a ranking: the one door through which everything else comes in."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ranking.estimators.adjusted import Adjusted
from ranking.estimators.arrays import FloatArray, IntArray
from ranking.estimators.cells import Cells, reduce_votes
from ranking.estimators.errors import EstimationError
from ranking.estimators.estimates import Estimate, elo_estimate, likelihood_estimate
from ranking.estimators.fingerprints import cells_sha256, sequence_sha256
from ranking.estimators.notices import Notice
from ranking.estimators.options import Cluster, Interval, Method, Options, Ties
from ranking.estimators.pairs import FIRST, SECOND, TIED, Pairs, Units, counted_slots, pair_up
from ranking.estimators.remarks import remarks
from ranking.estimators.results import DECIMALS, Ranking, Rating
from ranking.estimators.votes import TIE, Votes


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """A ranking, and what it was read off: everything that comparisons and diagnostics need."""

    ranking: Ranking
    estimate: Estimate
    cells: Cells
    pairs: Pairs
    units: Units


def rank(votes: Votes | Cells, options: Options, *, dimension: str = "overall", left_out: int = 0) -> Ranking:
    """The ranking alone: see `solve`."""
    return solve(votes, options, dimension=dimension, left_out=left_out).ranking


def solve(
    votes: Votes | Cells,
    options: Options,
    *,
    dimension: str = "overall",
    left_out: int = 0,
    found: Adjusted | None = None,
    further: Sequence[Notice] = (),
    without: Ranking | None = None,
) -> Solution:
    """Rank the models of `votes`, or of votes that were counted already, by voter where voters matter.

    `dimension` is only passed on; `left_out` says how many votes of the source say nothing about it. The same votes,
    in whatever order (Elo apart), give the same ranking to the last digit. The fit `found`, `further` notices and the
    ranking `without` are those of style control: see `style.solve_with_style`.

    Raises `EstimationError` where voters are asked to be clusters and none is known, and where the order of votes
    matters and they were counted.
    """
    if options.style_control and found is None:
        raise EstimationError("style control needs the measures of answers: see solve_with_style")
    by_voter = _by_voter(votes, options)
    with_ties = _reduced(votes, by_voter=by_voter)
    every_cell = with_ties.without_ties() if options.ties is Ties.DROP else with_ties
    fingerprint = _fingerprint(votes, every_cell, options, by_voter=by_voter)  # now, while there is little else
    cells = every_cell.without_weightless()
    kinds = cells.without_voters()
    pairs, units = pair_up(cells)
    if options.method is Method.ELO:
        estimate = elo_estimate(options, _in_order(votes), pairs, units, by_voter=by_voter)
    else:
        estimate = likelihood_estimate(options, cells, pairs, units, found)
    ratings = _lines(kinds, pairs, estimate, with_ranges=options.interval is not Interval.NONE)
    ranking = Ranking(
        options=options,
        dimension=dimension,
        n_battles=int(kinds.count.sum()),
        n_ties=int(kinds.count[kinds.outcome == TIE].sum()),
        input_sha256=fingerprint,
        ratings=ratings,
        notices=(
            *further,
            *remarks(
                options,
                every_cell,
                units,
                estimate,
                ratings,
                by_voter=by_voter,
                left_out=left_out,
                ties_dropped=int(with_ties.count.sum() - every_cell.count.sum()),
            ),
        ),
        effects=tuple(effect.rounded(DECIMALS) for effect in estimate.effects),
        without_style=without.ratings if without is not None else (),
    )
    return Solution(ranking, estimate, cells, pairs, units)


def _reduced(votes: Votes | Cells, *, by_voter: bool) -> Cells:
    if isinstance(votes, Votes):
        return reduce_votes(votes, by_voter=by_voter)
    return votes if by_voter else votes.without_voters()


def _in_order(votes: Votes | Cells) -> Votes:
    if isinstance(votes, Cells):
        raise EstimationError("Elo depends on the order of the votes, and these were counted without it")
    return votes


def _fingerprint(votes: Votes | Cells, every_cell: Cells, options: Options, *, by_voter: bool) -> str:
    if options.method is Method.ELO and options.elo_orders is None:
        return sequence_sha256(_in_order(votes), by_voter=by_voter)
    return cells_sha256(every_cell)


def _by_voter(votes: Votes | Cells, options: Options) -> bool:
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
