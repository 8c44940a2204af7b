"""What must hold for whatever votes, with whatever is asked."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ranking.estimators import OUTCOMES, EstimationError, Options, rank, solve
from ranking.estimators.options import Method
from ranking.estimators.regression import Rows, regress
from tests.ranking.estimators.samples import draw_rows, ranked, rating_of, votes_of

NAMES = ["a", "b", "c", "d"]
METHODS = st.sampled_from(["bradley-terry", "davidson", "rao-kupper"])
INTERVALS = st.sampled_from(["bootstrap", "sandwich", "none"])
PULLS = st.sampled_from([0.0, 0.5, 20.0])
SIDES = st.booleans()
rows_of_any_kind = st.lists(
    st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES), st.sampled_from(OUTCOMES)).filter(lambda r: r[0] != r[1]),
    max_size=30,
)
quick = settings(max_examples=25, deadline=None)


@quick
@given(rows_of_any_kind, METHODS, INTERVALS, SIDES, PULLS, st.randoms(use_true_random=False))
def test_any_votes_can_be_ranked_and_their_order_is_no_matter(rows, method, interval, side, pull, rng):
    options = Options(method=method, interval=interval, side_effect=side, regularisation=pull, rounds=20)
    solution = solve(votes_of(rows), options)
    ranking, names = solution.ranking, solution.cells.models
    shuffled = rows.copy()
    rng.shuffle(shuffled)
    assert rank(votes_of(shuffled), options).as_dict() == ranking.as_dict()
    keys = [(line.component, line.rank) for line in ranking.ratings]
    assert keys == sorted(keys)
    for line in ranking.ratings:
        if pull and line.battles:
            assert line.rating is not None
        if interval != "none":
            assert 1 <= line.rank_low <= line.rank <= line.rank_high <= len(ranking.ratings)
        if line.ci_low is not None and line.ci_high is not None:
            assert line.ci_low < line.ci_high
    assert not np.isnan(solution.estimate.strength).any() and len(names) == len(ranking.ratings)
    assert len(ranking.effects) <= side


@quick
@given(rows_of_any_kind, METHODS, PULLS)
def test_swapping_sides_changes_the_sign_of_the_side_effect(rows, method, pull):
    swapped = [(b, a, {"a": "b", "b": "a", "tie": "tie"}[outcome]) for a, b, outcome in rows]
    one, other = (ranked(r, method=method, side_effect=True, regularisation=pull) for r in (rows, swapped))
    assert len(one.effects) == len(other.effects)
    assert rating_of(other) == pytest.approx(rating_of(one), abs=1e-3)
    for first, second in zip(one.effects, other.effects, strict=True):
        assert second.value == pytest.approx(-first.value, abs=1e-3)


@quick
@given(rows_of_any_kind, METHODS, PULLS.filter(bool), SIDES, st.permutations(NAMES))
def test_renaming_models_only_renames_them(rows, method, pull, side, names):
    new = dict(zip(NAMES, names, strict=True))
    one = rating_of(ranked(rows, method=method, regularisation=pull, side_effect=side, interval="none"))
    renamed = [(new[a], new[b], outcome) for a, b, outcome in rows]
    other = rating_of(ranked(renamed, method=method, regularisation=pull, side_effect=side, interval="none"))
    assert {new[name]: value for name, value in one.items()} == pytest.approx(other, abs=1e-3)


@quick
@given(rows_of_any_kind, METHODS, PULLS, st.integers(2, 3))
def test_splitting_weights_changes_no_rating(rows, method, pull, parts):
    options = Options(method=method, regularisation=pull, side_effect=True, interval="none")
    whole = rank(votes_of(rows), options)
    split = rank(votes_of(rows * parts, weight=[1 / parts] * (len(rows) * parts)), options)
    assert rating_of(split) == pytest.approx(rating_of(whole), abs=1e-3)
    for one, other in zip(whole.effects, split.effects, strict=True):
        assert other.value == pytest.approx(one.value, abs=1e-3)


@quick
@given(rows_of_any_kind, METHODS, st.sampled_from(NAMES), INTERVALS)
def test_an_anchor_adds_a_constant_to_its_group(rows, method, anchor, interval):
    usual = ranked(rows, method=method, interval=interval, rounds=20)
    try:
        held = ranked(rows, method=method, interval=interval, rounds=20, anchor=anchor, anchor_rating=400)
    except EstimationError:
        assert anchor not in rating_of(usual)
        return
    assert rating_of(held)[anchor] == 400
    group = {line.model: line.component for line in usual.ratings}
    for model, rating in rating_of(usual).items():
        shift = 400 - rating_of(usual)[anchor] if group[model] == group[anchor] else 0
        assert rating_of(held)[model] == pytest.approx(rating + shift, abs=1e-5)
    places = [[(line.model, line.rank, line.rank_low, line.rank_high) for line in r.ratings] for r in (usual, held)]
    assert places[0] == places[1]


@quick
@given(st.integers(0, 10_000), METHODS, st.floats(-3, 3))
def test_adding_a_model_trait_to_a_covariate_moves_strengths_and_no_coefficient(seed, method, slope):
    """x + (t[a] - t[b]) has the coefficient of x, and strengths less t times it: the predictor is the same."""
    votes = votes_of(draw_rows([0.0, 0.5, 1.0], 120, seed=seed))
    rng = np.random.default_rng(seed)
    x, trait = rng.normal(size=(120, 1)), rng.normal(size=3)
    moved = x + slope * (trait[votes.model_a] - trait[votes.model_b])[:, None]
    one, other = (regress(Rows.of(votes, column, ["x"]), method=Method(method)) for column in (x, moved))
    assert other.coefficients == pytest.approx(one.coefficients, abs=1e-6)
    expected = one.strength - slope * one.coefficients[0] * (trait - trait.mean())
    assert other.strength == pytest.approx(expected, abs=1e-6)
    assert other.errors == pytest.approx(one.errors, rel=1e-4)
