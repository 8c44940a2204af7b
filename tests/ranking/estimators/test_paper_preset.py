"""The study's recipe, against a re-statement of it with the libraries that it used."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from ranking.estimators import EstimationError, encode_votes, solve
from ranking.estimators.options import Options
from ranking.estimators.paper_preset import ROUNDS, paper_resamples, rank_as_paper
from tests.ranking.estimators.samples import RING, draw_rows, votes_of


def logistic_ratings(frame):
    """Ratings around 1000 by scikit-learn: two rows a pair, weighted by half-wins."""
    names = np.unique([*frame.model_a, *frame.model_b])
    n = len(names)
    a, b = np.searchsorted(names, frame.model_a), np.searchsorted(names, frame.model_b)
    halves = np.zeros((n, n))
    np.add.at(halves, (a, b), frame.winner.map({"a": 2, "b": 0, "tie": 1}).to_numpy())
    np.add.at(halves, (b, a), frame.winner.map({"a": 0, "b": 2, "tie": 1}).to_numpy())
    first, second = np.nonzero(~np.eye(n, dtype=bool))
    x = np.zeros((len(first), n))
    x[np.arange(len(first)), first], x[np.arange(len(first)), second] = np.log(10), -np.log(10)
    model = LogisticRegression(fit_intercept=False, C=np.inf, tol=1e-9, max_iter=1000)
    model.fit(
        np.r_[x, x], np.r_[np.ones(len(x)), np.zeros(len(x))], np.r_[halves[first, second], halves[second, first]]
    )
    return pd.Series(400 * model.coef_[0] + 1000, index=names)


def restated(frame, rounds):
    np.random.seed(42)
    return pd.DataFrame([logistic_ratings(frame.sample(frac=1.0, replace=True)) for _ in range(rounds)])


@pytest.fixture(scope="module")
def study():
    """12,890 votes of 21 models, like the study's."""
    rows = draw_rows(np.linspace(-1.2, 1.2, 21), 12_890, seed=5)
    return votes_of(rows), pd.DataFrame(rows, columns=["model_a", "model_b", "winner"])


def test_draws_are_pandas(study):
    votes, frame = study
    np.random.seed(42)
    theirs = [frame.sample(frac=1.0, replace=True).index.to_numpy() for _ in range(3)]
    generator = np.random.RandomState(42)
    ours = [generator.choice(len(votes), size=len(votes), replace=True) for _ in range(3)]
    assert all((one == other).all() for one, other in zip(ours, theirs, strict=True))


def test_first_resamples_are_the_studys(study):
    votes, frame = study
    theirs = restated(frame, 3)
    ours = paper_resamples(votes, solve(votes, Options(interval="none")))
    assert ours[:3] == pytest.approx(theirs[list(votes.models)].to_numpy(), abs=0.01)


@pytest.mark.thorough
def test_every_integer_is_the_studys(study):
    votes, frame = study
    theirs = restated(frame, ROUNDS)
    score = theirs.mean().astype(int)
    up = (theirs.quantile(0.95) - theirs.quantile(0.5)).astype(int)
    down = (theirs.quantile(0.5) - theirs.quantile(0.05)).astype(int)
    ranking = rank_as_paper(votes)
    assert len(ranking.ratings) == 21
    for line in ranking.ratings:
        assert (line.rating, line.ci_high - line.rating, line.rating - line.ci_low) == (
            score[line.model], up[line.model], down[line.model],
        )  # fmt: skip


def test_order_of_votes_matters_and_is_part_of_the_fingerprint():
    rows = draw_rows([0.0, 0.5, 1.0], 300)
    one, other = rank_as_paper(votes_of(rows)), rank_as_paper(votes_of(rows[::-1]))
    assert one.input_sha256 != other.input_sha256
    assert one == rank_as_paper(votes_of(rows))


def test_leaves_the_global_generator_alone():
    np.random.seed(7)
    expected = np.random.random()
    np.random.seed(7)
    rank_as_paper(votes_of(RING * 5))
    assert np.random.random() == expected


def test_object_says_what_it_is():
    printed = rank_as_paper(votes_of(RING * 20), dimension="content").as_dict()
    assert (printed["preset"], printed["interval"], printed["level"], printed["rounds"], printed["seed"]) == (
        "paper", "bootstrap", 0.9, 100, 42,
    )  # fmt: skip
    assert printed["dimension"] == "content" and printed["n_battles"] == 60
    for line in printed["ratings"]:
        assert line["rating"] == int(line["rating"]) and line["ci_low"] <= line["rating"] <= line["ci_high"]
        assert line["rank_low"] is None and line["rank_high"] is None
    assert "recipe of the Ebaluatoia study" in printed["warnings"][-1]


def test_equal_scores_share_a_rank():
    ranking = rank_as_paper(votes_of([("p", "q", "tie"), ("q", "r", "tie"), ("r", "p", "tie")] * 30))
    assert [(line.rating, line.rank) for line in ranking.ratings] == [(1000, 1)] * 3


class TestHardCases:
    def test_no_votes(self):
        assert rank_as_paper(votes_of([])).ratings == ()

    def test_one_pair(self):
        ranking = rank_as_paper(votes_of([("x", "y", "a"), ("x", "y", "b")] * 20))
        assert [line.rating for line in ranking.ratings if line.rating is None] == []

    def test_a_model_that_never_lost_has_no_number(self):
        ranking = rank_as_paper(votes_of([*RING * 30, ("top", "p", "a"), ("top", "q", "a")] * 2))
        top = ranking.ratings[0]
        assert (top.model, top.rating, top.rank, top.ci_low) == ("top", None, 1, None)
        assert any(text.startswith("top had no finite rating in") for text in ranking.warnings)

    def test_a_model_absent_from_resamples(self):
        rows = [*RING * 30, ("rare", "p", "tie")]
        ranking = rank_as_paper(votes_of(rows))
        assert any(text.startswith("rare had no place in") for text in ranking.warnings)
        assert next(line for line in ranking.ratings if line.model == "rare").rating is not None

    def test_groups_that_never_met(self):
        rows = [*RING * 20, *[(f"{a}2", f"{b}2", o) for a, b, o in RING * 10]]
        ranking = rank_as_paper(votes_of(rows))
        assert [line.component for line in ranking.ratings] == [1, 1, 1, 2, 2, 2]
        assert {line.rank for line in ranking.ratings} <= {1, 2, 3}

    def test_weights_are_refused(self):
        with pytest.raises(EstimationError, match="knows no weights"):
            rank_as_paper(encode_votes(["x", "y"], ["y", "x"], ["a", "a"], weight=[1, 2]))
