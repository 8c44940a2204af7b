"""The quick fits to resamples against the careful ones, one resample at a time."""

import numpy as np
import pytest

from ranking.estimators import Method, resampling
from ranking.estimators.bootstrap import bootstrap_strengths
from ranking.estimators.cells import reduce_votes
from ranking.estimators.connections import Connections
from ranking.estimators.families import FAMILIES
from ranking.estimators.fitting import fit
from ranking.estimators.pairs import FIRST, SECOND, TIED, pair_up
from ranking.estimators.resampling import fit_resamples, start_at
from ranking.estimators.sandwich import sandwich_covariance
from ranking.estimators.scores import score_of
from ranking.estimators.structure import find_structure
from tests.ranking.estimators.samples import draw_rows, voters_for, votes_of

METHODS = [Method.BRADLEY_TERRY, Method.DAVIDSON, Method.RAO_KUPPER]


def fitted_votes(method, rows, *, voters=None):
    pairs, units = pair_up(reduce_votes(votes_of(rows, voter=voters), by_voter=voters is not None))
    return pairs, units, fit(method, pairs, units.all_tallies())


def resamples_of(units, rounds, *, seed=4):
    draws = np.random.default_rng(seed).multinomial(units.total, units.multiplicity / units.total, size=rounds)
    return np.ascontiguousarray(units.tallies(draws).transpose(1, 2, 0))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("votes", "spread"), [(4000, 0.5), (250, 0.5), (400, 1.5)])
def test_fits_are_those_of_each_resample_alone(method, votes, spread):
    pairs, units, fitted = fitted_votes(method, draw_rows(np.linspace(0, spread, 8), votes))
    start = start_at(fitted.method, pairs, units.all_tallies(), fitted.structure.block, fitted.strength, fitted.tie)
    tallies = resamples_of(units, 60)
    regular = Connections.of(pairs, units.all_tallies(), fitted.structure.block).hold(tallies)
    assert regular.sum() > 20
    strength = fit_resamples(start, tallies[..., regular])
    for column, found in zip(np.flatnonzero(regular), strength.T, strict=True):
        alone = fit(method, pairs, np.ascontiguousarray(tallies[..., column]))
        assert found == pytest.approx(alone.strength, abs=1e-8)


@pytest.mark.parametrize("method", METHODS)
def test_scores_vanish_at_the_fits(method):
    pairs, units, fitted = fitted_votes(method, draw_rows(np.linspace(0, 1, 6), 900))
    start = start_at(fitted.method, pairs, units.all_tallies(), fitted.structure.block, fitted.strength, fitted.tie)
    tallies = resamples_of(units, 10)
    at, settled = resampling._by_chords(start, tallies)
    assert settled.all()
    tie = at[6] if start.has_tie else np.zeros(10)
    by_pair, by_tie = score_of(method, tallies)(at[pairs.first] - at[pairs.second], tie)
    assert np.abs(start.towards @ by_pair).max() < 1e-6
    assert np.abs(by_tie).max() < 1e-6


@pytest.mark.parametrize("method", METHODS)
def test_scores_are_the_families_first_derivatives(method):
    rng = np.random.default_rng(2)
    tallies, d, tie = rng.integers(0, 9, (7, 3, 5)).astype(float), rng.normal(0, 2, (7, 5)), rng.uniform(0.1, 1, 5)
    terms = FAMILIES[method].terms(d, tie, tallies[:, FIRST], tallies[:, SECOND], tallies[:, TIED])
    by_pair, by_tie = score_of(method, tallies)(d, tie)
    assert by_pair == pytest.approx(terms.d, abs=1e-12)
    assert by_tie == pytest.approx(terms.t.sum(axis=0), abs=1e-11)


@pytest.mark.parametrize("method", METHODS)
def test_what_does_not_settle_by_chords_is_searched_for(method, monkeypatch):
    pairs, units, fitted = fitted_votes(method, draw_rows(np.linspace(0, 1, 6), 900))
    start = start_at(fitted.method, pairs, units.all_tallies(), fitted.structure.block, fitted.strength, fitted.tie)
    tallies = resamples_of(units, 10)
    usual = fit_resamples(start, tallies)
    monkeypatch.setattr(resampling, "MAX_STEPS", 1)
    assert fit_resamples(start, tallies) == pytest.approx(usual, abs=1e-8)


def test_steps_of_its_own_lead_where_common_ones_go_astray():
    """A resample far from the votes: common steps alone would never settle."""
    pairs, units, fitted = fitted_votes(Method.BRADLEY_TERRY, draw_rows([0.0, 0.0, 0.0, 0.0], 400, ties=0.0))
    start = start_at(fitted.method, pairs, units.all_tallies(), fitted.structure.block, fitted.strength, fitted.tie)
    tally = units.all_tallies()
    tally[:, FIRST], tally[:, SECOND] = 900.0, 1.0
    alone = fit(Method.BRADLEY_TERRY, pairs, tally)
    assert fit_resamples(start, tally[..., None])[:, 0] == pytest.approx(alone.strength, abs=1e-7)


@pytest.mark.parametrize("n_votes", [12, 25, 60])
def test_connections_hold_where_the_blocks_do(n_votes):
    rows = draw_rows([0.0, 0.4, 0.8, 1.6, 2.4], n_votes, seed=n_votes)
    pairs, units, fitted = fitted_votes(Method.BRADLEY_TERRY, rows)
    inner = type(pairs)(pairs.n_models, pairs.first[fitted.within], pairs.second[fitted.within])
    connections = Connections.of(inner, units.all_tallies()[fitted.within], fitted.structure.block)
    tallies = resamples_of(units, 200)[fitted.within]
    again = [find_structure(inner, np.ascontiguousarray(tallies[..., column])).block for column in range(200)]
    wanted = [bool((block == fitted.structure.block).all()) for block in again]
    assert connections.hold(tallies).tolist() == wanted
    assert sum(wanted) > 0


@pytest.mark.parametrize("cluster", [True, False])
def test_spread_of_resamples_is_that_of_the_sandwich(cluster):
    rows = draw_rows(np.linspace(0, 1.2, 6), 3000)
    pairs, units, fitted = fitted_votes(Method.BRADLEY_TERRY, rows, voters=voters_for(rows, 300) if cluster else None)
    resamples = bootstrap_strengths(Method.BRADLEY_TERRY, pairs, units, fitted, rounds=4000, seed=1)
    assert resamples.std(axis=0) == pytest.approx(np.sqrt(np.diag(sandwich_covariance(pairs, units, fitted))), rel=0.06)
    assert np.abs(resamples.mean(axis=0) - fitted.strength).max() < 0.01
