"""Which tie model the votes support."""

import numpy as np
import pytest

from ranking.estimators import OUTCOMES, Options, encode_votes, rank
from ranking.estimators.cells import reduce_votes
from ranking.estimators.fit_tests import compare_tie_models
from ranking.estimators.notices import Case
from ranking.estimators.pairs import pair_up
from tests.ranking.estimators.samples import draw_rows, ranked, votes_of

STRENGTHS = np.linspace(-2.5, 2.5, 8)


def _drawn(method, m=40_000, *, tie=1.0, seed=5):
    """Votes whose ties follow one of the models; strengths far apart, where the two differ."""
    rng = np.random.default_rng(seed)
    a = rng.integers(0, len(STRENGTHS), m)
    b = (a + rng.integers(1, len(STRENGTHS), m)) % len(STRENGTHS)
    d = STRENGTHS[a] - STRENGTHS[b]
    if method == "davidson":
        odds = np.stack([np.exp(d / 2), np.exp(-d / 2), np.full(m, np.exp(tie))])
        chances = odds / odds.sum(axis=0)
    else:
        won, lost = 1 / (1 + np.exp(tie - d)), 1 / (1 + np.exp(tie + d))
        chances = np.stack([won, lost, 1 - won - lost])
    outcome = (rng.random(m) > np.cumsum(chances, axis=0)).sum(axis=0)
    voter = [f"v{i}" for i in rng.integers(0, 500, m)]
    names = [f"m{i}" for i in range(len(STRENGTHS))]
    return encode_votes([names[i] for i in a], [names[i] for i in b], [OUTCOMES[i] for i in outcome], voter=voter)


def _compared(votes, *, by_voter=True):
    return compare_tie_models(*pair_up(reduce_votes(votes, by_voter=by_voter)))


@pytest.mark.parametrize("truth", ["davidson", "rao-kupper"])
def test_the_model_that_votes_were_drawn_from_is_supported(truth):
    found = _compared(_drawn(truth))
    assert found.better.method.value == truth
    assert found.verdict.startswith(f"The votes support {truth} over")
    better, other = sorted([found.davidson, found.rao_kupper], key=lambda model: model.aic)
    assert better.method.value == truth
    assert better.p > 0.01 and other.p < 0.001
    assert better.df == 2 * 28 - 8
    assert found.n_units == 500


def test_few_votes_do_not_tell():
    found = _compared(_drawn("davidson", 300))
    assert found.better is None
    assert found.verdict.startswith("The votes do not tell davidson and rao-kupper apart (Vuong's test: p = 0.")


def test_vuong_by_hand():
    """The mean of the votes' differences in log-likelihood over its standard error, vote by vote."""
    votes = _drawn("rao-kupper", 3000)
    found = _compared(votes, by_voter=False)
    cells = reduce_votes(votes, by_voter=False)
    pairs, units = pair_up(cells)
    from ranking.estimators.fitting import fit
    from ranking.estimators.options import Method

    logs = []
    for method in (Method.DAVIDSON, Method.RAO_KUPPER):
        fitted = fit(method, pairs, units.all_tallies())
        d = fitted.strength[votes.model_a] - fitted.strength[votes.model_b]
        if method is Method.DAVIDSON:
            odds = np.stack([np.exp(d / 2), np.exp(-d / 2), np.full(len(d), np.exp(fitted.tie))])
            chance = odds / odds.sum(axis=0)
        else:
            won, lost = 1 / (1 + np.exp(fitted.tie - d)), 1 / (1 + np.exp(fitted.tie + d))
            chance = np.stack([won, lost, 1 - won - lost])
        logs.append(np.log(chance[votes.outcome, np.arange(len(d))]))
    lead = logs[0] - logs[1]
    assert found.z == pytest.approx(lead.mean() / (lead.std(ddof=1) / np.sqrt(len(lead))), rel=1e-6)
    assert found.davidson.log_likelihood == pytest.approx(logs[0].sum())
    assert found.rao_kupper.log_likelihood == pytest.approx(logs[1].sum())


def test_voters_who_vote_twice_say_nothing_new():
    votes = _drawn("davidson", 2000)
    rows = [
        (votes.models[a], votes.models[b], OUTCOMES[o])
        for a, b, o in zip(votes.model_a, votes.model_b, votes.outcome, strict=True)
    ]
    voters = [f"v{i}" for i in range(len(rows))]
    once, twice = _compared(votes_of(rows, voter=voters)), _compared(votes_of(rows * 2, voter=voters * 2))
    assert twice.z == pytest.approx(once.z, rel=1e-6)


def test_one_pair_is_fitted_exactly_by_both():
    found = _compared(votes_of([("x", "y", "a")] * 40 + [("x", "y", "b")] * 10 + [("x", "y", "tie")] * 20))
    assert found.davidson.chi_square == pytest.approx(0, abs=1e-9)
    assert (found.davidson.df, found.davidson.p, found.z, found.better) == (0, None, None, None)
    assert found.verdict == "The votes do not tell davidson and rao-kupper apart."


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [("x", "y", "a"), ("x", "y", "b")] * 5,
        [("x", "y", "tie")] * 5,
        [("x", "y", "a"), ("x", "y", "tie")] * 5,
        [("x", "y", "a")],
    ],
)
def test_nothing_is_said_where_nothing_can_be(rows):
    assert _compared(votes_of(rows), by_voter=False) is None


@pytest.mark.parametrize("method", ["davidson", "rao-kupper"])
def test_rankings_by_a_tie_model_say_which_is_supported(method):
    ranking = rank(_drawn("rao-kupper"), Options(method=method))
    assert any("The votes support rao-kupper over davidson" in warning for warning in ranking.warnings)
    misfit = [notice for notice in ranking.notices if notice.case is Case.TIE_MISFIT]
    assert bool(misfit) == (method == "davidson")
    few = ranked(draw_rows([0.0, 0.5, 1.0], 200), method=method)
    assert Case.TIE_MODELS_ALIKE in {notice.case for notice in few.notices}
