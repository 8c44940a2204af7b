"""Style control: effects that were put in come out, and what cannot be told is said."""

from dataclasses import replace

import numpy as np
import pytest

from ranking.estimators import EstimationError, Options, Votes, encode_votes, solve
from ranking.estimators.arrays import FloatArray
from ranking.estimators.style import Covariates, solve_with_style

ELO = 400 / np.log(10)
STRENGTH = np.array([0.6, 0.2, 0.0, -0.3, -0.5])
WORDY = np.array([-1.0, 0.0, 0.5, 0.0, 1.0])
"""How much the models write: the weakest most."""
EFFECTS = np.array([0.7, 0.0, -0.4])
NAMES = ("tokens", "bold", "basque")
STYLE = Options(style_control=True)


def drawn(n: int = 6000, *, seed: int = 1, side: float = 0.0, names: str = "vwxyz") -> tuple[Votes, Covariates]:
    rng = np.random.default_rng(seed)
    a = rng.integers(0, 5, n)
    b = (a + rng.integers(1, 5, n)) % 5
    x = np.c_[WORDY[a] - WORDY[b] + rng.normal(0, 1, n), rng.normal(0, 1, n), rng.normal(0, 2, n)]
    d = STRENGTH[a] - STRENGTH[b] + x @ EFFECTS + side
    outcome = np.where(rng.random(n) < 1 / (1 + np.exp(-d)), "a", "b")
    voter = [f"u{code}" for code in rng.integers(0, 400, n)]
    votes = encode_votes([names[i] for i in a], [names[i] for i in b], outcome.tolist(), voter=voter)
    return votes, Covariates(NAMES, x)


def ratings(found: object) -> FloatArray:
    return np.array([rating.rating for rating in sorted(found.ratings, key=lambda rating: rating.model)])  # type: ignore[attr-defined]


def test_truth_lies_within_the_intervals() -> None:
    votes, covariates = drawn(20_000)
    found = solve_with_style(votes, covariates, STYLE)
    scale = dict(found.scale)
    effects = found.ranking.effects
    assert [effect.name for effect in effects] == list(NAMES)
    for effect, truth in zip(effects, EFFECTS, strict=True):
        assert effect.ci_low is not None and effect.ci_high is not None
        assert effect.ci_low < ELO * truth * scale[effect.name] < effect.ci_high
    truth = 1000 + ELO * (STRENGTH - STRENGTH.mean())
    for rating, value in zip(sorted(found.ranking.ratings, key=lambda r: r.model), truth, strict=True):
        assert rating.ci_low is not None and rating.ci_high is not None
        assert rating.ci_low < value < rating.ci_high


def test_ratings_without_control_are_those_of_the_same_votes() -> None:
    votes, covariates = drawn()
    found = solve_with_style(votes, covariates, STYLE)
    assert found.plain.ranking == solve(votes, Options()).ranking
    assert found.ranking.without_style == found.plain.ranking.ratings
    # The weakest model writes most, and gains by it where style is not held equal.
    assert ratings(found.plain.ranking)[4] > ratings(found.ranking)[4] + 50


def test_the_object_has_more_keys_where_style_control_is_asked() -> None:
    votes, covariates = drawn(400)
    plain, styled = (
        solve(votes, Options()).ranking.as_dict(),
        solve_with_style(votes, covariates, STYLE).ranking.as_dict(),
    )
    assert [key for key in styled if key not in plain] == ["style_control", "effects", "ratings_without_style"]
    assert [*styled["effects"][0]] == ["name", "value", "ci_low", "ci_high", "p"]
    assert [*styled["ratings_without_style"][0]] == [*styled["ratings"][0]]


def test_the_order_of_votes_does_not_matter_to_the_last_digit() -> None:
    votes, covariates = drawn(1500)
    order = np.random.default_rng(5).permutation(1500)
    columns = ("model_a", "model_b", "outcome", "weight", "voter")
    turned = replace(votes, **{name: getattr(votes, name)[order] for name in columns})
    first = solve_with_style(votes, covariates, STYLE).ranking
    assert solve_with_style(turned, Covariates(NAMES, covariates.values[order]), STYLE).ranking == first


def test_turned_sides_change_nothing() -> None:
    votes, covariates = drawn(1500)
    turned = replace(
        votes, model_a=votes.model_b, model_b=votes.model_a, outcome=np.array([1, 0, 2], np.int64)[votes.outcome]
    )
    here = solve_with_style(votes, covariates, STYLE).ranking
    there = solve_with_style(turned, Covariates(NAMES, -covariates.values), STYLE).ranking
    assert ratings(there) == pytest.approx(ratings(here), abs=1e-5)
    assert [e.value for e in there.effects] == pytest.approx([e.value for e in here.effects], abs=1e-5)


def test_votes_whose_style_is_not_known_are_left_out_and_counted() -> None:
    votes, covariates = drawn(800)
    values = covariates.values.copy()
    values[:50, 2] = np.nan
    values[50:53, 0] = np.nan
    found = solve_with_style(votes, Covariates(NAMES, values), STYLE)
    assert found.missing == 53
    assert found.ranking.n_battles == found.plain.ranking.n_battles == 747
    assert any(warning.endswith("style to be known: 53.") for warning in found.ranking.warnings)
    with pytest.raises(EstimationError, match="there are none"):
        solve_with_style(votes, Covariates(NAMES, np.full_like(values, np.nan)), STYLE)


def test_measures_that_tell_nothing_are_dropped_and_named() -> None:
    votes, covariates = drawn(800)
    values = np.c_[
        covariates.values, np.zeros(800), WORDY[votes.model_a] - WORDY[votes.model_b], covariates.values[:, 1]
    ]
    names = (*NAMES, "headings", "maker", "twin")
    found = solve_with_style(votes, Covariates(names, values), STYLE).ranking
    assert [effect.name for effect in found.effects] == list(NAMES)
    assert any("never differ, so they have no effect: headings." in warning for warning in found.warnings)
    assert any("cannot be told: maker, twin." in warning for warning in found.warnings)
    with pytest.raises(EstimationError, match="none of the measures of style varies"):
        solve_with_style(votes, Covariates(("headings",), np.zeros((800, 1))), STYLE)


@pytest.mark.parametrize("method", ["davidson", "rao-kupper"])
def test_with_a_tie_model_and_a_side_effect(method: str) -> None:
    votes, covariates = drawn(3000, side=0.3)
    outcome = votes.outcome.copy()
    outcome[::5] = 2
    found = solve_with_style(
        replace(votes, outcome=outcome), covariates, Options(method=method, side_effect=True, style_control=True)
    )
    assert [effect.name for effect in found.ranking.effects] == ["side_a", *NAMES]
    assert found.ranking.effects[0].value > 20


def test_dropped_ties_are_dropped_from_both() -> None:
    votes, covariates = drawn(900)
    outcome = votes.outcome.copy()
    outcome[::3] = 2
    tied = replace(votes, outcome=outcome)
    dropped = solve_with_style(tied, covariates, Options(style_control=True, ties="drop"))
    kept = outcome != 2
    columns = ("model_a", "model_b", "outcome", "weight", "voter")
    only = replace(tied, **{name: getattr(tied, name)[kept] for name in columns})
    alone = solve_with_style(only, Covariates(NAMES, covariates.values[kept]), STYLE)
    assert dropped.ranking.n_battles == alone.ranking.n_battles == 600
    assert ratings(dropped.ranking) == pytest.approx(ratings(alone.ranking), abs=1e-4)


@pytest.mark.parametrize("options", [{"method": "elo"}, {"interval": "bootstrap"}, {"regularisation": 1.0}])
def test_refusals(options: dict[str, object]) -> None:
    with pytest.raises(EstimationError):
        Options(style_control=True, **options)  # type: ignore[arg-type]


def test_style_control_without_measures_is_refused() -> None:
    votes, covariates = drawn(100)
    with pytest.raises(EstimationError, match="needs the measures"):
        solve(votes, STYLE)
    with pytest.raises(EstimationError, match="100 votes and covariates of 99"):
        solve_with_style(votes, Covariates(NAMES, covariates.values[1:]), STYLE)
    with pytest.raises(EstimationError, match="infinite"):
        Covariates(("tokens",), np.array([[np.inf]]))
    with pytest.raises(EstimationError, match="shape"):
        Covariates(("tokens", "bold"), np.zeros((3, 1)))


def test_no_interval_and_anchor() -> None:
    votes, covariates = drawn(500)
    found = solve_with_style(votes, covariates, Options(style_control=True, interval="none", anchor="v")).ranking
    assert {rating.model: rating.rating for rating in found.ratings}["v"] == 1000
    assert all(rating.ci_low is None for rating in found.ratings)
