"""The sandwich against its definition, unit by unit."""

import numpy as np
import pytest

from ranking.estimators import Method, sandwich
from ranking.estimators.cells import reduce_votes
from ranking.estimators.families import FAMILIES
from ranking.estimators.fitting import fit
from ranking.estimators.newton import block_centre, evaluate, information
from ranking.estimators.pairs import pair_up
from ranking.estimators.sandwich import sandwich_covariance
from tests.ranking.estimators.samples import draw_rows, voters_for, votes_of

METHODS = [Method.BRADLEY_TERRY, Method.DAVIDSON, Method.RAO_KUPPER]
ROWS = [*draw_rows(np.linspace(0, 1, 5), 300), ("m00", "outside", "a")]
VOTERS = [None if voter == "voter003" else voter for voter in voters_for(ROWS, 40)]
WEIGHTS = np.random.default_rng(1).choice([0.5, 1.0, 2.0], len(ROWS))


def by_hand(pairs, fitted, votes, *, by_voter):
    """Scores of single votes, added up by voter, and their outer products."""
    n, family = pairs.n_models, FAMILIES[fitted.method]
    strength, tie = fitted.strength[None], np.array([fitted.tie])
    inner = type(pairs)(n, pairs.first[fitted.within], pairs.second[fitted.within])
    number = {(a, b): row for row, (a, b) in enumerate(zip(inner.first.tolist(), inner.second.tolist(), strict=True))}
    scores, total = {}, np.zeros((len(inner), 3))
    for row, (a, b, said, weight, voter) in enumerate(
        zip(votes.model_a, votes.model_b, votes.outcome, votes.weight, votes.voter, strict=True)
    ):
        unit = voter if by_voter and voter >= 0 else -row - 1
        score = scores.setdefault(unit, np.zeros(n + family.has_tie))
        pair = number.get((min(a, b), max(a, b)))
        if pair is None:
            continue
        slot = 2 if said == 2 else int((said == 0) != (a < b))
        tally = np.zeros((1, len(inner), 3))
        tally[0, pair, slot] = weight
        total[pair, slot] += weight
        terms = evaluate(family, inner, tally, strength, tie)
        score[inner.first[pair]] += terms.d[0, pair]
        score[inner.second[pair]] -= terms.d[0, pair]
        if family.has_tie:
            score[n] += terms.t[0].sum()
    terms = evaluate(family, inner, total[None], strength, tie)
    info = information(family, inner, terms, block_centre(fitted.structure.block), inner.incidence())[0]
    bread, g = np.linalg.inv(info), len(scores)
    return (bread @ sum(np.outer(s, s) for s in scores.values()) @ bread * g / (g - 1))[:n, :n]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("by_voter", [True, False])
@pytest.mark.parametrize(("entries", "pays"), [(4_000_000, 8), (50, 8), (4_000_000, 0)])
def test_sandwich_is_that_of_its_definition(method, by_voter, entries, pays, monkeypatch):
    monkeypatch.setattr(sandwich, "CHUNK_ENTRIES", entries)
    monkeypatch.setattr(sandwich, "SPARSE_PAYS", pays)
    votes = votes_of(ROWS, voter=VOTERS, weight=WEIGHTS)
    pairs, units = pair_up(reduce_votes(votes, by_voter=by_voter))
    fitted = fit(method, pairs, units.all_tallies())
    assert not fitted.within.all()
    covariance = sandwich_covariance(pairs, units, fitted)
    assert covariance == pytest.approx(by_hand(pairs, fitted, votes, by_voter=by_voter), rel=1e-9, abs=1e-12)
