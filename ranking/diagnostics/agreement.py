"""Whether voters agree with one another, and with themselves, on the same pair of models."""

from dataclasses import dataclass

import numpy as np

from ranking.diagnostics.evidence import Chances, Evidence
from ranking.estimators.arrays import IntArray
from ranking.estimators.pairs import FIRST, SECOND, TIED


@dataclass(frozen=True, slots=True)
class Agreement:
    """Pairs of votes on the same two models, by different voters and by one.

    between, within: how many such pairs of votes; *_share: the share of them that end alike; expected_share: what the
    fitted model expects of voters who all vote by it. alpha: Krippendorff's (Content Analysis, 2004) nominal alpha of
    all votes, the pairs of models being the units: 1 is full agreement, 0 is chance. None where there is no such pair.
    """

    between: int
    between_share: float | None
    expected_share: float | None
    within: int
    within_share: float | None
    alpha: float | None


def agreement(evidence: Evidence, chances: Chances | None) -> Agreement:
    """Votes without a voter count as each by a voter of its own."""
    by_voter = _counts_by_voter(evidence)
    all_alike, all_pairs = _alike(evidence.counts)
    own_alike, own_pairs = _alike(by_voter)
    between = all_pairs.sum() - own_pairs.sum()
    return Agreement(
        between=int(between),
        between_share=_ratio(all_alike.sum() - own_alike.sum(), between),
        expected_share=_expected(evidence, chances, own_pairs_of(evidence)),
        within=int(own_pairs.sum()),
        within_share=_ratio(own_alike.sum(), own_pairs.sum()),
        alpha=krippendorff_alpha(evidence.counts),
    )


def krippendorff_alpha(counts: IntArray) -> float | None:
    """Nominal alpha of votes by pair and outcome (p, 3), each vote a coder of its own.

    Which model of a pair is called first is arbitrary, so both kinds of win have the same share by chance.
    """
    used = counts[counts.sum(axis=1) > 1].astype(np.float64)
    total = used.sum()
    if not total:
        return None
    size = used.sum(axis=1)
    disagreeing = ((size**2 - (used**2).sum(axis=1)) / (size - 1)).sum() / total
    wins, ties = used[:, [FIRST, SECOND]].sum() / 2, used[:, TIED].sum()
    by_chance = (total**2 - 2 * wins**2 - ties**2) / (total * (total - 1))
    return float(1 - disagreeing / by_chance) if by_chance > 0 else None


def own_pairs_of(evidence: Evidence) -> IntArray:
    """Pairs of votes of one voter on each pair of models, (p,)."""
    own = np.zeros(len(evidence.pairs), dtype=np.int64)
    keys, sizes = _voter_and_pair(evidence)
    np.add.at(own, keys % max(len(evidence.pairs), 1), sizes * (sizes - 1) // 2)
    return own


def _voter_and_pair(evidence: Evidence) -> tuple[IntArray, IntArray]:
    known = evidence.votes.voter >= 0
    key = evidence.votes.voter[known] * max(len(evidence.pairs), 1) + evidence.pair[known]
    keys, sizes = np.unique(key, return_counts=True)
    return keys, sizes.astype(np.int64)


def _counts_by_voter(evidence: Evidence) -> IntArray:
    """Votes by outcome of each known voter on each pair of models that they judged, (k, 3)."""
    known = evidence.votes.voter >= 0
    key = evidence.votes.voter[known] * max(len(evidence.pairs), 1) + evidence.pair[known]
    _, group = np.unique(key, return_inverse=True)
    n_groups = int(group.max(initial=-1)) + 1
    return np.bincount(3 * group + evidence.slot[known], minlength=3 * n_groups).reshape(-1, 3).astype(np.int64)


def _alike(counts: IntArray) -> tuple[IntArray, IntArray]:
    """Unordered pairs of votes that end alike, and all of them, in each row of (k, 3)."""
    size = counts.sum(axis=1)
    return (counts * (counts - 1) // 2).sum(axis=1), size * (size - 1) // 2


def _expected(evidence: Evidence, chances: Chances | None, own_pairs: IntArray) -> float | None:
    """Mean chance of ending alike over the pairs of votes by different voters, of the pairs within blocks."""
    if chances is None:
        return None
    totals = evidence.totals
    between = (totals * (totals - 1) // 2 - own_pairs)[chances.inside]
    return _ratio(float((between * (chances.probability**2).sum(axis=1)).sum()), float(between.sum()))


def _ratio(part: float, whole: float) -> float | None:
    return float(part / whole) if whole else None
