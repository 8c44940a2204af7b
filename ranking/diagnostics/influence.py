"""The fewest votes, and the fewest voters, whose removal changes the first place.

After Huang, Shen, Wei and Broderick (arXiv 2508.11847), who find such sets by a linear approximation (AMIP: Broderick,
Giordano and Meager, arXiv 2011.14999). We take the approximation for a search only: it is made anew at each set that it
proposes, each proposal is fitted again, and only what a fit has confirmed is reported. A set that is found is a proof;
that there is no smaller one is not proved.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.special import expit

from ranking.diagnostics.evidence import Evidence
from ranking.estimators.arrays import FloatArray, IntArray
from ranking.estimators.fitting import fit
from ranking.estimators.options import Method
from ranking.estimators.pairs import FIRST, SECOND, TIED, Pairs

LARGEST_SHARE = 0.2
"""Of the votes, or voters: the search ends there."""

RIVALS = 3
"""How many models are tried in the leader's place: those that the approximation puts nearest."""

STEPS = 30


@dataclass(frozen=True, slots=True)
class Removal:
    """A confirmed set: without these, `challenger` stands above `leader`.

    removed: how many votes, or voters; share: of all there are; votes: how many votes go with them; numbers: those
    votes' places in the input, from 1; voters: whose they are and how many of each, most first.
    """

    leader: str
    challenger: str
    removed: int
    share: float
    votes: int
    numbers: tuple[int, ...]
    voters: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Influence:
    """What was found for votes and for voters; None: nothing up to LARGEST_SHARE or, with a reason, not looked for."""

    leader: str | None
    votes: Removal | None
    voters: Removal | None
    why_not: str | None = None
    why_not_voters: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Units:
    """Classes of equal units: how many there are of each (c,), and what one adds to each slot (c, 3p).

    of_vote (m,): the class of each vote. All votes of a class belong to its units in equal parts.
    """

    number: IntArray
    contribution: sparse.csr_array
    of_vote: IntArray


def influence(evidence: Evidence) -> Influence:
    """Of Bradley-Terry ratings, a tie being half a win for each."""
    structure, strength = evidence.solution.estimate.structure, evidence.solution.estimate.strength
    first = [line for line in evidence.solution.ranking.ratings if line.component == 1 and line.rank == 1]
    if len(first) != 1 or first[0].rating is None:
        why = "no model has a rating" if not first else "the first place is shared, or has no finite rating"
        return Influence(None, None, None, why_not=why)
    leader = evidence.votes.models.index(first[0].model)
    block = np.flatnonzero(structure.block == structure.block[leader])
    others = block[block != leader]
    removal = _best(evidence, _single_votes(evidence), leader, others, strength)
    known = evidence.votes.voter >= 0
    if not known.all() or len(np.unique(evidence.votes.voter)) < 2:
        why = "not every vote names its voter" if not known.all() else "there is one voter only"
        return Influence(first[0].model, removal, None, why_not_voters=why)
    return Influence(first[0].model, removal, _best(evidence, _voters(evidence), leader, others, strength))


def _single_votes(evidence: Evidence) -> _Units:
    one_each = sparse.csr_array(sparse.eye_array(evidence.counts.size))
    return _Units(evidence.counts.ravel(), one_each, 3 * evidence.pair + evidence.slot)


def _voters(evidence: Evidence) -> _Units:
    n_voters, n_slots = len(evidence.votes.voters), evidence.counts.size
    one = np.ones(len(evidence.votes))
    contribution = sparse.csr_array(
        (one, (evidence.votes.voter, 3 * evidence.pair + evidence.slot)), shape=(n_voters, n_slots)
    )
    present = np.bincount(evidence.votes.voter, minlength=n_voters) > 0
    return _Units(present.astype(np.int64), contribution, evidence.votes.voter)


def _best(evidence: Evidence, units: _Units, leader: int, others: IntArray, strength: FloatArray) -> Removal | None:
    """The smallest set found over the nearest rivals."""
    limit = int(LARGEST_SHARE * units.number.sum())
    tally = evidence.counts.astype(np.float64)
    spread = _spread(evidence.pairs, tally, strength)
    order = []
    for rival in others.tolist():
        effect = _effects(evidence.pairs, spread, strength, leader, rival, units)
        order.append((_fewest(effect, units.number, strength[leader] - strength[rival]), rival))
    found: tuple[int, int, IntArray] | None = None
    for _, rival in sorted(order)[:RIVALS]:
        removed = _search(evidence.pairs, tally, strength, leader, rival, units, limit)
        if removed is not None and (found is None or removed.sum() < found[0]):
            found = int(removed.sum()), rival, removed
            limit = found[0]
    return None if found is None else _told(evidence, units, leader, found[1], found[2])


def _search(
    pairs: Pairs, tally: FloatArray, strength: FloatArray, leader: int, rival: int, units: _Units, limit: int
) -> IntArray | None:
    """How many of each class to remove (c,), confirmed by a fit; None where nothing was found within the limit."""
    removed = np.zeros(len(units.number), dtype=np.int64)
    start = effect = _effects(pairs, _spread(pairs, tally, strength), strength, leader, rival, units)
    lead: float | None = strength[leader] - strength[rival]
    left = tally
    for _ in range(STEPS):
        if lead is None or removed.sum() > limit:
            return None
        if lead < 0:
            return _shrunk(pairs, tally, leader, rival, units, removed, (start + effect) / 2)
        further = _fewest(effect, units.number - removed, max(lead, 1e-9))
        if removed.sum() + further > limit:
            return None
        removed = removed + _prefix(effect, units.number - removed, int(further))
        left = tally - _sum(units, removed)
        lead, now = _lead(pairs, left, leader, rival)
        if now is not None:
            effect = _effects(pairs, _spread(pairs, left, now), now, leader, rival, units)
    return None


def _shrunk(
    pairs: Pairs, tally: FloatArray, leader: int, rival: int, units: _Units, removed: IntArray, effect: FloatArray
) -> IntArray:
    """The shortest beginning of the units, in order of their mean effect, that does it too; else the set as found."""
    low, high, best = 0, int(removed.sum()), removed
    while low < high:
        middle = (low + high) // 2
        fewer = _prefix(effect, units.number, middle)
        lead, _ = _lead(pairs, tally - _sum(units, fewer), leader, rival)
        if lead is not None and lead < 0:
            high, best = middle, fewer
        else:
            low = middle + 1
    return best


def _spread(pairs: Pairs, tally: FloatArray, strength: FloatArray) -> FloatArray:
    """Pseudo-inverse (n, n) of the information in these votes."""
    d = strength[pairs.first] - strength[pairs.second]
    weight = tally.sum(axis=1) * expit(d) * expit(-d)
    information = np.zeros((pairs.n_models, pairs.n_models))
    np.add.at(information, (pairs.first, pairs.second), -weight)
    information += information.T
    information[np.diag_indices(pairs.n_models)] = -information.sum(axis=1)
    return np.asarray(np.linalg.pinv(information, hermitian=True))


def _effects(
    pairs: Pairs, spread: FloatArray, strength: FloatArray, leader: int, rival: int, units: _Units
) -> FloatArray:
    """By how much the removal of one unit of each class lowers the lead, to first order, (c,)."""
    p = expit(strength[pairs.first] - strength[pairs.second])
    pull = spread[:, leader] - spread[:, rival]
    along = pull[pairs.first] - pull[pairs.second]
    value = np.zeros((len(pairs), 3))
    value[:, FIRST], value[:, SECOND], value[:, TIED] = (1 - p) * along, -p * along, (0.5 - p) * along
    return np.asarray(units.contribution @ value.ravel())


def _fewest(effect: FloatArray, number: IntArray, lead: float) -> float:
    """How many units lower the lead to nothing by these effects; infinite where all of them do not."""
    helping = (effect > 0) & (number > 0)
    order = np.flatnonzero(helping)[np.argsort(-effect[helping], kind="stable")]
    gained = np.cumsum(effect[order] * number[order])
    if not len(gained) or gained[-1] <= lead:
        return float("inf")
    last = int(np.searchsorted(gained, lead, side="right"))
    before = gained[last - 1] if last else 0.0
    whole = int(number[order[:last]].sum())
    return whole + max(int(np.floor((lead - before) / effect[order[last]])) + 1, 1)


def _prefix(effect: FloatArray, number: IntArray, n: int) -> IntArray:
    """The n units of largest effect, as numbers per class (c,)."""
    order = np.argsort(-effect, kind="stable")
    before = np.cumsum(number[order]) - number[order]
    taken = np.zeros(len(effect), dtype=np.int64)
    taken[order] = np.clip(n - before, 0, number[order])
    return taken


def _sum(units: _Units, removed: IntArray) -> FloatArray:
    return np.asarray((units.contribution.T @ removed.astype(np.float64)).reshape(-1, 3))


def _lead(pairs: Pairs, tally: FloatArray, leader: int, rival: int) -> tuple[float | None, FloatArray | None]:
    """The leader's lead when fitted again, and all strengths; None where one of the two has no finite rating then."""
    fitted = fit(Method.BRADLEY_TERRY, pairs, tally)
    structure = fitted.structure
    if structure.block[leader] != structure.block[rival] or not fitted.rated[[leader, rival]].all():
        return None, None
    return float(fitted.strength[leader] - fitted.strength[rival]), fitted.strength


def _told(evidence: Evidence, units: _Units, leader: int, rival: int, removed: IntArray) -> Removal:
    """The set by vote: where a class has more votes than are to go, the first ones in the input."""
    votes, kind = evidence.votes, units.of_vote
    order = np.argsort(kind, kind="stable")
    size = np.bincount(kind, minlength=len(removed))
    place = np.arange(len(kind)) - (np.cumsum(size) - size)[kind[order]]
    a_unit = size // np.maximum(units.number, 1)
    gone = np.sort(order[place < (removed * a_unit)[kind[order]]])
    known = votes.voter[gone][votes.voter[gone] >= 0]
    voters, n_votes = np.unique(known, return_counts=True)
    ranked = np.argsort(-n_votes, kind="stable")
    return Removal(
        leader=evidence.name(leader),
        challenger=evidence.name(rival),
        removed=int(removed.sum()),
        share=float(removed.sum() / units.number.sum()),
        votes=len(gone),
        numbers=tuple(evidence.number[gone].tolist()),
        voters=tuple((votes.voters[voters[k]], int(n_votes[k])) for k in ranked.tolist()),
    )
