"""Comparisons with covariates: against the raw likelihood, the literature, and what no votes can tell."""

import numpy as np
import pytest
from scipy.optimize import minimize

from ranking.estimators import EstimationError
from ranking.estimators.cells import reduce_votes
from ranking.estimators.fitting import fit
from ranking.estimators.options import Cluster, Method
from ranking.estimators.pairs import pair_up
from ranking.estimators.regression import Rows, regress
from ranking.estimators.sandwich import sandwich_covariance
from tests.ranking.estimators.baseball import HOME, HOME_ERROR, TEAMS, WITH_HOME, games
from tests.ranking.estimators.samples import draw_rows, voters_for, votes_of

STRENGTHS = [0.0, 0.3, 0.6, 1.0, 1.8]
METHODS = [Method.BRADLEY_TERRY, Method.DAVIDSON, Method.RAO_KUPPER]


def _sample(m=400, *, seed=3, voters=True):
    drawn = draw_rows(STRENGTHS, m, seed=seed)
    votes = votes_of(drawn, voter=voters_for(drawn, 40) if voters else None)
    rng = np.random.default_rng(seed)
    x = np.stack([rng.normal(size=m), rng.integers(-2, 3, m) / 4], axis=1)
    return votes, x


def _chances(method, d, tie):
    if method is Method.DAVIDSON:
        odds = np.stack([np.exp(d / 2), np.exp(-d / 2), np.exp(np.full_like(d, tie))])
    else:
        lead = np.exp(tie) if method is Method.RAO_KUPPER else 0.0
        odds = np.stack([1 / (1 + np.exp(lead - d)), 1 / (1 + np.exp(lead + d))])
        odds = np.concatenate([odds, 1 - odds.sum(axis=0, keepdims=True)]) if lead else odds
    return odds / odds.sum(axis=0)


@pytest.mark.parametrize("method", METHODS)
def test_maximum_of_the_raw_likelihood(method):
    votes, x = _sample()
    n, k = len(votes.models), x.shape[1]

    def loss(point):
        d = point[votes.model_a] - point[votes.model_b] + x @ point[n : n + k]
        log = np.log(_chances(method, d, point[-1]))
        if method is Method.BRADLEY_TERRY:
            log = np.concatenate([log, (log[:1] + log[1:]) / 2])
        return -log[votes.outcome, np.arange(len(d))].sum() + 1e-9 * point[:n] @ point[:n]

    best = minimize(loss, np.zeros(n + k + 1), method="BFGS", options={"gtol": 1e-7}).x
    ours = regress(Rows.of(votes, x, ["long", "bold"]), method=method)
    assert ours.strength == pytest.approx(best[:n] - best[:n].mean(), abs=1e-5)
    assert ours.coefficients == pytest.approx(best[n : n + k], abs=1e-5)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("cluster", [Cluster.VOTER, Cluster.NONE])
def test_without_covariates_it_is_the_usual_fit_and_sandwich(method, cluster):
    votes, x = _sample()
    pairs, units = pair_up(reduce_votes(votes, by_voter=cluster is Cluster.VOTER))
    usual = fit(method, pairs, units.all_tallies())
    ours = regress(Rows.of(votes, x[:, :0], []), method=method, cluster=cluster)
    assert ours.strength == pytest.approx(usual.strength, abs=1e-9)
    assert ours.tie == pytest.approx(usual.tie, abs=1e-9)
    assert ours.covariance == pytest.approx(sandwich_covariance(pairs, units, usual), rel=1e-7, abs=1e-12)


def test_baseball_at_home():
    votes = votes_of(games())
    found = regress(Rows.of(votes, np.ones((len(votes), 1)), ["home"]))
    strength = dict(zip(votes.models, found.strength - found.strength[votes.models.index("Baltimore")], strict=True))
    assert [strength[team] for team in TEAMS] == pytest.approx([WITH_HOME[team] for team in TEAMS], abs=6e-5)
    assert found.coefficients[0] == pytest.approx(HOME, abs=6e-5)
    # The sandwich is not the likelihood's own error, and near it where the model holds.
    assert found.errors[0] == pytest.approx(HOME_ERROR, rel=0.1)
    effect = found.effects(0.95)[0]
    assert (effect.name, effect.value) == ("home", pytest.approx(400 / np.log(10) * HOME, abs=0.02))
    assert effect.ci_low > 0 and effect.p < 0.05


@pytest.mark.parametrize("method", METHODS)
def test_equal_votes_counted_once_or_many_times(method):
    votes, x = _sample(200, voters=False)
    once = Rows.of(votes, x, ["long", "bold"])
    thrice = Rows(
        once.models, once.names, once.model_a, once.model_b, once.outcome, once.weight, 3 * once.count, once.voter, x
    )
    again = [np.tile(column, 3) for column in (once.model_a, once.model_b, once.outcome, once.weight, once.count)]
    spelt_out = Rows(once.models, once.names, *again, np.tile(once.voter, 3), np.tile(x, (3, 1)))
    one, other = regress(thrice, method=method), regress(spelt_out, method=method)
    assert one.coefficients == pytest.approx(other.coefficients, abs=1e-9)
    assert one.covariance == pytest.approx(other.covariance, rel=1e-7, abs=1e-12)
    assert one.n_votes == other.n_votes == 600


def test_votes_cast_twice_by_the_same_voter_say_nothing_new():
    votes, x = _sample(voters=False)
    alone = Rows.of(votes, x, ["long", "bold"])
    voter = np.arange(len(votes))
    twice = [np.tile(column, 2) for column in (alone.model_a, alone.model_b, alone.outcome, alone.weight, alone.count)]
    doubled = Rows(alone.models, alone.names, *twice, np.tile(voter, 2), np.tile(x, (2, 1)))
    assert regress(doubled).covariance == pytest.approx(regress(alone).covariance, rel=1e-6, abs=1e-12)
    assert regress(doubled, cluster=Cluster.NONE).errors[0] < 0.75 * regress(alone).errors[0]


@pytest.mark.parametrize("method", METHODS)
def test_the_unit_of_a_covariate_is_no_matter(method):
    votes, x = _sample()
    one = regress(Rows.of(votes, x, ["long", "bold"]), method=method)
    other = regress(Rows.of(votes, x * [1e6, 1e-6], ["long", "bold"]), method=method)
    assert other.coefficients * [1e6, 1e-6] == pytest.approx(one.coefficients, rel=1e-7)
    assert other.strength == pytest.approx(one.strength, abs=1e-8)
    assert other.errors * [1e6, 1e-6] == pytest.approx(one.errors, rel=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_swapping_sides_and_differences_changes_nothing(method):
    votes, x = _sample()
    outcome = np.array([1, 0, 2])[votes.outcome]
    one = Rows.of(votes, x, ["long", "bold"])
    turned = Rows(one.models, one.names, one.model_b, one.model_a, outcome, one.weight, one.count, one.voter, -x)
    first, second = regress(one, method=method), regress(turned, method=method)
    assert second.coefficients == pytest.approx(first.coefficients, abs=1e-9)
    assert second.covariance == pytest.approx(first.covariance, rel=1e-7, abs=1e-12)


def test_ridge_draws_coefficients_towards_nothing():
    votes, x = _sample()
    rows = Rows.of(votes, x, ["long", "bold"])
    free, held, fast = (regress(rows, ridge=ridge) for ridge in (0.0, 50.0, 1e9))
    assert np.abs(held.coefficients[0]) < np.abs(free.coefficients[0])
    assert fast.coefficients == pytest.approx([0, 0], abs=1e-6)
    assert fast.strength == pytest.approx(regress(Rows.of(votes, x[:, :0], [])).strength, abs=1e-6)


def test_rows_outside_the_largest_block_tell_nothing_of_its_models():
    drawn = draw_rows(STRENGTHS, 300)
    unbeaten = [("star", "m00", "a")] * 4
    x = np.linspace(-1, 1, 300)[:, None]
    with_star = regress(Rows.of(votes_of(drawn + unbeaten), np.r_[x, np.ones((4, 1))], ["x"]))
    without = regress(Rows.of(votes_of(drawn), x, ["x"]))
    assert with_star.rated.tolist() == [True] * 5 + [False]
    assert with_star.strength[:5] == pytest.approx(without.strength, abs=1e-9)
    assert with_star.n_votes == 300


@pytest.mark.parametrize(
    ("column", "said"),
    [
        (lambda votes, x: 0 * x, "'odd' is 0 in every vote"),
        (lambda votes, x: 2 * x, "cannot be told from the models and the other covariates: odd"),
        (lambda votes, x: np.array(STRENGTHS)[votes.model_a] - np.array(STRENGTHS)[votes.model_b], "told from .*: odd"),
        (
            lambda votes, x: np.array([1.0, -1.0, 0.0])[votes.outcome],
            "'odd' .*separat",
        ),
        (lambda votes, x: np.where(np.arange(len(x)) == 7, np.nan, x), "'odd' has no finite value in row 8"),
    ],
)
@pytest.mark.parametrize("method", METHODS)
def test_a_covariate_that_votes_cannot_tell_is_named(method, column, said):
    votes, x = _sample()
    with pytest.raises(EstimationError, match=said):
        regress(Rows.of(votes, np.stack([x[:, 0], column(votes, x[:, 0])], axis=1), ["long", "odd"]), method=method)


def test_nothing_to_learn_from():
    with pytest.raises(EstimationError, match="no vote bears on"):
        regress(Rows.of(votes_of([("x", "y", "a")] * 5), np.ones((5, 1)), ["side"]))
    with pytest.raises(EstimationError, match="no vote names its voter"):
        regress(Rows.of(votes_of(games()), np.ones((len(games()), 0)), []), cluster=Cluster.VOTER)
    with pytest.raises(EstimationError, match="should have the shape"):
        Rows.of(votes_of(games()), np.ones((3, 1)), ["side"])
    with pytest.raises(EstimationError, match="same name"):
        Rows.of(votes_of(games()), np.ones((len(games()), 2)), ["side", "side"])
