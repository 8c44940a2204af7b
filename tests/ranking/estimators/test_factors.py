"""Effects of factors, against a restatement by hand, a simulation with known effects, and designs that tell nothing."""

from typing import Any

import numpy as np
import pytest
from scipy.stats import chi2

from ranking.estimators import EstimationError, Options, encode_votes, rank, solve
from ranking.estimators.factor_design import parse_terms
from ranking.estimators.factors import analyse_factors
from ranking.estimators.groups import rank_groups
from ranking.estimators.ranking import Solution
from tests.ranking.estimators.samples import draw_rows, voters_for, votes_of

ELO = 400 / np.log(10)
#: Twelve models of a grid: the name says the levels.
GRID = {
    f"{b}-{c}-{i}": {"backbone": b, "corpus": c, "inst": i}
    for b in ("base", "chat", "latxa")
    for c in ("0", "1")
    for i in ("en", "eu")
}
BACKBONE = {"base": -0.4, "chat": 0.1, "latxa": 0.3}
SANDWICH = Options(interval="sandwich")


def strengths_of(extra: Any = lambda levels: 0.0) -> list[float]:
    return [
        BACKBONE[levels["backbone"]] + 0.8 * (levels["corpus"] == "1") + 0.2 * (levels["inst"] == "eu") + extra(levels)
        for levels in GRID.values()
    ]


def solved(strengths: list[float], n: int = 6000, *, seed: int = 1, names: list[str] | None = None) -> Solution:
    rows = draw_rows(strengths, n, seed=seed, ties=0.2, names=names or list(GRID))
    return solve(votes_of(rows, voter=voters_for(rows, 300)), SANDWICH)


@pytest.fixture(scope="module")
def additive() -> Solution:
    return solved(strengths_of())


def test_terms() -> None:
    known = ["backbone", "corpus", "inst"]
    assert parse_terms(["corpus"], known) == (("corpus",),)
    assert parse_terms(["backbone*corpus"], known) == (("backbone",), ("corpus",), ("backbone", "corpus"))
    assert parse_terms(["backbone:corpus", "inst", "corpus"], known) == (
        ("backbone",),
        ("corpus",),
        ("inst",),
        ("backbone", "corpus"),
    )
    assert len(parse_terms(["backbone*corpus*inst"], known)) == 7


@pytest.mark.parametrize(
    ("by", "sentence"),
    [
        (["colour"], r"No model has a factor 'colour'. There are: backbone, corpus, inst."),
        (["corpus*corpus"], "names a factor twice"),
        ([""], "No model has a factor ''"),
    ],
)
def test_terms_that_are_none(additive: Solution, by: list[str], sentence: str) -> None:
    with pytest.raises(EstimationError, match=sentence):
        analyse_factors(additive, GRID, by)


def test_agrees_with_generalised_least_squares_by_hand(additive: Solution) -> None:
    """Differences from the first model, whose covariance is regular, on reference-coded dummies."""
    found = analyse_factors(additive, GRID, ["backbone", "corpus"])
    names = additive.cells.models
    dummies = np.array(
        [[GRID[m]["backbone"] == "chat", GRID[m]["backbone"] == "latxa", GRID[m]["corpus"] == "1"] for m in names],
        float,
    )
    turn = np.c_[-np.ones(len(names) - 1), np.eye(len(names) - 1)]
    y, x = turn @ additive.estimate.strength * ELO, turn @ dummies
    weight = np.linalg.inv(turn @ np.asarray(additive.estimate.covariance) @ turn.T * ELO**2)
    spread = np.linalg.inv(x.T @ weight @ x)
    beta = spread @ x.T @ weight @ y
    rest = y - x @ beta
    by_levels = {(d.factor, d.level, d.versus): d for d in found.differences}
    corpus = by_levels["corpus", "0", "1"]
    assert -corpus.difference == pytest.approx(beta[2], abs=1e-5)
    assert corpus.ci_high - corpus.difference == pytest.approx(1.959964 * np.sqrt(spread[2, 2]), abs=1e-4)
    latxa = by_levels["backbone", "chat", "latxa"]
    assert latxa.difference == pytest.approx(beta[0] - beta[1], abs=1e-5)
    assert found.lack_of_fit is not None
    assert found.lack_of_fit.chi2 == pytest.approx(rest @ weight @ rest, rel=1e-6)
    assert found.lack_of_fit.df == 12 - 1 - 3
    assert found.lack_of_fit.p == pytest.approx(chi2.sf(rest @ weight @ rest, 8), rel=1e-4)


def test_gives_true_effects_back_within_their_intervals(additive: Solution) -> None:
    found = analyse_factors(additive, GRID, ["backbone", "corpus", "inst"])
    truth = {"backbone": BACKBONE, "corpus": {"0": -0.4, "1": 0.4}, "inst": {"en": -0.1, "eu": 0.1}}
    # Ties are thrown in evenly, which draws strengths together: by the share of votes that are not ties, nearly.
    for effect in found.effects:
        assert effect.effect is not None
        assert effect.models in (4, 6)
        assert effect.ci_low is not None and effect.ci_high is not None
        assert abs(effect.effect - 0.75 * ELO * truth[effect.term][effect.level]) < 2 * (effect.ci_high - effect.ci_low)
    assert sum(e.effect or 0 for e in found.effects if e.term == "backbone") == pytest.approx(0, abs=1e-5)
    assert found.lack_of_fit is not None and found.lack_of_fit.p > 0.01
    assert found.left_out == ()
    assert sum(model.residual for model in found.models) == pytest.approx(0, abs=1e-4)


def test_what_factors_do_not_explain_is_said(additive: Solution) -> None:
    found = analyse_factors(additive, GRID, ["inst"])
    assert found.lack_of_fit is not None and found.lack_of_fit.p < 1e-6
    assert found.lack_of_fit.between_models > 50
    assert any(warning.startswith("Factors are not enough") for warning in found.warnings)


def test_interactions_on_demand() -> None:
    solution = solved(strengths_of(lambda has: 0.8 * (has["backbone"] == "base" and has["corpus"] == "1")))
    plain = analyse_factors(solution, GRID, ["backbone", "corpus", "inst"])
    crossed = analyse_factors(solution, GRID, ["backbone*corpus", "inst"])
    assert plain.lack_of_fit is not None and plain.lack_of_fit.p < 1e-4
    assert crossed.lack_of_fit is not None and crossed.lack_of_fit.p > 0.01
    effect = {(e.term, e.level): e.effect for e in crossed.effects}
    # By hand: of an excess d in one cell of 3 x 2, its interaction keeps d (1 - 1/3)(1 - 1/2).
    assert effect["backbone:corpus", "base:1"] == pytest.approx(0.75 * ELO * 0.8 / 3, abs=20)
    by_backbone = [effect["backbone:corpus", f"{b}:1"] or 0 for b in ("base", "chat", "latxa")]
    assert sum(by_backbone) == pytest.approx(0, abs=1e-5)
    test = {test.term: test for test in crossed.tests}["backbone:corpus"]
    assert (test.df, test.p < 1e-4) == (2, True)


def test_models_without_factors_are_left_out_and_named() -> None:
    names = [*GRID, "gpt", "claude"]
    solution = solved([*strengths_of(), 1.0, 1.2], names=names)
    found = analyse_factors(solution, GRID | {"gpt": {"backbone": "gpt"}}, ["backbone", "corpus"])
    assert found.left_out == ("claude", "gpt")
    assert len(found.models) == 12


def test_factors_that_go_together_cannot_be_told() -> None:
    factors = {
        name: levels | {"vendor": "hitz" if levels["corpus"] == "1" else "meta"} for name, levels in GRID.items()
    }
    found = analyse_factors(solved(strengths_of()), factors, ["corpus", "vendor", "inst"])
    untold = {effect.term for effect in found.effects if effect.effect is None}
    assert untold == {"corpus", "vendor"}
    assert "These models cannot tell the effect of corpus: it goes together with vendor." in found.warnings
    assert {difference.factor for difference in found.differences} == {"inst"}


def test_combinations_that_no_model_has_are_named() -> None:
    names = [name for name in GRID if not name.startswith("base-1")]
    strengths = [s for s, name in zip(strengths_of(), GRID, strict=True) if name in names]
    found = analyse_factors(solved(strengths, names=names), {n: GRID[n] for n in names}, ["backbone*corpus"])
    assert any("no model has backbone = base with corpus = 1" in warning for warning in found.warnings)
    assert {e.term for e in found.effects if e.effect is not None} == set()


def test_as_many_effects_as_models_leave_no_test(additive: Solution) -> None:
    found = analyse_factors(additive, GRID, ["backbone*corpus*inst"])
    assert found.lack_of_fit is None
    assert any("cannot be tested" in warning for warning in found.warnings)
    assert max(abs(model.residual) for model in found.models) < 1e-4


def test_a_factor_with_one_level_or_without_models(additive: Solution) -> None:
    with pytest.raises(EstimationError, match="all models have maker = x"):
        analyse_factors(additive, {name: {"maker": "x"} for name in GRID}, ["maker"])
    with pytest.raises(EstimationError, match="three rated models that have them, and there are 0"):
        analyse_factors(additive, {"somebody else": {"maker": "x"}}, ["maker"])


def test_needs_a_covariance() -> None:
    rows = draw_rows([0, 0.5, 1], 200)
    with pytest.raises(EstimationError, match="by the ratings' covariance"):
        analyse_factors(solve(votes_of(rows), Options(interval="none")), {}, [])
    few = solve(votes_of(rows, voter=voters_for(rows, 2)), SANDWICH)
    factors = {"m00": {"f": "0"}, "m01": {"f": "1"}, "m02": {"f": "1"}}
    with pytest.raises(EstimationError, match="fewer voters than models"):
        analyse_factors(few, factors, ["f"])


def test_renaming_and_swapping_change_nothing(additive: Solution) -> None:
    rows = [(b, a, {"a": "b", "b": "a"}.get(o, o)) for a, b, o in draw_rows(strengths_of(), 6000, names=list(GRID))]
    other = solve(votes_of(rows, voter=voters_for(rows, 300)), SANDWICH)
    here, there = (analyse_factors(solution, GRID, ["backbone"]) for solution in (additive, other))
    assert [e.effect for e in here.effects] == pytest.approx([e.effect for e in there.effects], abs=1e-4)


class TestGroups:
    ROWS = [("x-0", "y-1", "a"), ("x-0", "x-1", "b"), ("y-1", "x-1", "tie"), ("x-1", "y-0", "b"), ("x-1", "z", "a")]
    FACTORS = {"x-0": {"f": "x", "g": "0"}, "x-1": {"f": "x", "g": "1"}, "y-0": {"f": "y"}, "y-1": {"f": "y", "g": "1"}}

    def test_models_are_merged_and_votes_inside_a_group_left_out(self) -> None:
        found = rank_groups(votes_of(self.ROWS), self.FACTORS, ("f",), Options(interval="none"))
        assert (found.within, found.without_factors, found.ranking.n_battles) == (1, 1, 3)
        by_hand = rank(encode_votes(["x", "y", "x"], ["y", "x", "y"], ["a", "tie", "b"]), Options(interval="none"))
        assert found.ranking.ratings == by_hand.ratings
        assert {group.name: group.models for group in found.groups} == {"x": ("x-0", "x-1"), "y": ("y-0", "y-1")}

    def test_a_term_of_two_factors_groups_by_both(self) -> None:
        found = rank_groups(votes_of(self.ROWS), self.FACTORS, ("f", "g"), Options(interval="none"))
        assert [group.name for group in found.groups] == ["x:0", "x:1", "y:1"]
        assert found.without_factors == 2

    def test_as_dict_calls_groups_groups(self) -> None:
        found = rank_groups(votes_of(self.ROWS), self.FACTORS, ("f",), Options(interval="none")).as_dict()
        assert {line["group"] for line in found["ratings"]} == {"x", "y"}
        assert all("model" not in line for line in found["ratings"])

    def test_no_model_has_the_factor(self) -> None:
        with pytest.raises(EstimationError, match="no model has h"):
            rank_groups(votes_of(self.ROWS), self.FACTORS, ("h",), Options(interval="none"))
