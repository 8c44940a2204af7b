"""What must hold for whatever votes."""

from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ranking.estimators import OUTCOMES, Options, Ranking, rank
from tests.ranking.estimators.samples import Row, by_model, draw_rows, ranked, rating_of, votes_of

NAMES = ["a", "b", "c", "d", "e"]
METHODS = st.sampled_from(["bradley-terry", "davidson", "rao-kupper"])
INTERVALS = st.sampled_from(["bootstrap", "sandwich", "none"])
rows_of_any_kind = st.lists(
    st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES), st.sampled_from(OUTCOMES)).filter(lambda r: r[0] != r[1]),
    max_size=40,
)
quick = settings(max_examples=25, deadline=None)


def _numbers(ranking: Ranking) -> dict[str, tuple[Any, ...]]:
    return {
        rating.model: (rating.rating, rating.ci_low, rating.ci_high, rating.rank, rating.battles)
        for rating in ranking.ratings
    }


@quick
@given(rows_of_any_kind, METHODS, INTERVALS, st.randoms(use_true_random=False))
def test_order_of_rows_is_no_matter(rows, method, interval, rng):
    shuffled = rows.copy()
    rng.shuffle(shuffled)
    options = Options(method=method, interval=interval, rounds=40)
    assert rank(votes_of(rows), options).as_dict() == rank(votes_of(shuffled), options).as_dict()


@quick
@given(rows_of_any_kind, METHODS)
def test_swapping_sides_changes_no_rating(rows, method):
    swapped: list[Row] = [(b, a, {"a": "b", "b": "a", "tie": "tie"}[outcome]) for a, b, outcome in rows]
    one, other = ranked(rows, method=method, interval="sandwich"), ranked(swapped, method=method, interval="sandwich")
    assert _numbers(one).keys() == _numbers(other).keys()
    for model, numbers in _numbers(one).items():
        assert _numbers(other)[model] == pytest.approx(numbers, abs=1e-4)


@quick
@given(rows_of_any_kind, METHODS, st.permutations(NAMES))
def test_renaming_models_only_renames_them(rows, method, names):
    new = dict(zip(NAMES, names, strict=True))
    renamed: list[Row] = [(new[a], new[b], outcome) for a, b, outcome in rows]
    one = _numbers(ranked(rows, method=method, interval="none"))
    other = _numbers(ranked(renamed, method=method, interval="none"))
    # Of two blocks alike in everything, the one with the first name is rated: there names do matter.
    assume({new[model] for model in one if one[model][0] is not None} == {m for m in other if other[m][0] is not None})
    for model, numbers in one.items():
        assert other[new[model]] == pytest.approx(numbers, abs=1e-4)


@quick
@given(rows_of_any_kind, st.integers(2, 4))
def test_splitting_a_weight_changes_no_rating(rows, parts):
    whole = rank(votes_of(rows), Options(interval="none"))
    split = rank(votes_of(rows * parts, weight=[1 / parts] * (len(rows) * parts)), Options(interval="none"))
    assert rating_of(split) == pytest.approx(rating_of(whole), abs=1e-4)


@quick
@given(rows_of_any_kind, METHODS, INTERVALS)
def test_every_ranking_is_in_order(rows, method, interval):
    ranking = ranked(rows, method=method, interval=interval, rounds=60)
    keys = [(rating.component, rating.rank) for rating in ranking.ratings]
    assert keys == sorted(keys)
    assert {rating.model for rating in ranking.ratings} == {name for a, b, _ in rows for name in (a, b)}
    assert sum(rating.battles for rating in ranking.ratings) == 2 * ranking.n_battles == 2 * len(rows)
    for component in {rating.component for rating in ranking.ratings}:
        members = [rating for rating in ranking.ratings if rating.component == component]
        rated = [rating.rating for rating in members if rating.rating is not None]
        assert rated == sorted(rated, reverse=True)
        assert not rated or sum(rated) / len(rated) == pytest.approx(1000, abs=1e-5)
        assert members[0].rank == 1
    for rating in ranking.ratings:
        assert rating.battles == rating.wins + rating.losses + rating.ties
        if interval == "none":
            assert (rating.ci_low, rating.ci_high, rating.rank_low, rating.rank_high) == (None,) * 4
        else:
            assert 1 <= rating.rank_low <= rating.rank <= rating.rank_high <= len(ranking.ratings)
        if rating.rating is not None and rating.ci_low is not None and interval == "sandwich":
            assert rating.ci_low <= rating.rating
        if rating.ci_low is not None and rating.ci_high is not None:
            assert rating.ci_low < rating.ci_high


@quick
@given(rows_of_any_kind, st.lists(st.sampled_from(["u", "v", "w", None]), min_size=40, max_size=40))
def test_any_votes_of_any_voters_can_be_ranked_by_elo(rows, voters):
    ranking = ranked(rows, voter=voters[: len(rows)], method="elo", rounds=20)
    assert sum(rating_of(ranking).values()) == pytest.approx(1000 * len(ranking.ratings), abs=1e-4)


def test_a_win_more_never_lowers_the_winner():
    rows = draw_rows([0.0, 0.2, 0.5], 200)
    before = by_model(ranked(rows, interval="none"))["m00"].rating
    after = by_model(ranked([*rows, ("m00", "m02", "a")], interval="none"))["m00"].rating
    assert after > before


def test_more_votes_of_the_same_kind_narrow_the_interval_as_one_over_the_root():
    rows = draw_rows([0.0, 0.2, 0.5], 400)
    one, four = (by_model(ranked(rows * n, interval="sandwich"))["m01"] for n in (1, 4))
    assert (one.ci_high - one.ci_low) / (four.ci_high - four.ci_low) == pytest.approx(2, rel=0.01)
