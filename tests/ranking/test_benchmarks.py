"""Correlations of ratings with benchmarks, against another implementation, and files that are wrong."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from ranking.benchmark_scores import by_task
from ranking.benchmarks import MEAN, correlations
from ranking.estimators import EstimationError, Options, rank
from ranking.files.errors import BadFile
from ranking.files.score_tables import read_table
from tests.ranking.estimators.samples import draw_rows, rating_of, votes_of

RANKING = rank(votes_of(draw_rows([0.5, 0.2, -0.1, 0.3, -0.6, 0.0, 0.9], 600)), Options(interval="none"))


def test_agrees_with_scipy_ties_included():
    ratings = rating_of(RANKING)
    rng = np.random.default_rng(1)
    scores = {model: float(rng.integers(0, 4)) for model in ratings}
    (found,) = correlations(RANKING, {"arc": scores}, 0.95)
    other = spearmanr([ratings[model] for model in scores], [*scores.values()])
    assert (found.rho, found.p) == pytest.approx((other.statistic, other.pvalue), abs=1e-9)
    assert found.models == 7
    assert -1 < found.ci_low < found.rho < found.ci_high < 1
    # By hand: Fisher's z with Bonett and Wright's variance.
    half = 1.959964 * np.sqrt((1 + found.rho**2 / 2) / 4)
    assert found.ci_high == pytest.approx(np.tanh(np.arctanh(found.rho) + half), abs=1e-6)


def test_best_first_and_their_mean_last():
    ratings = rating_of(RANKING)
    same, turned = dict(ratings), {model: -rating for model, rating in ratings.items()}
    near = {model: rating + 40 * (i % 3) for i, (model, rating) in enumerate(ratings.items())}
    found = correlations(RANKING, {"turned": turned, "same": same, "near": near}, 0.95)
    assert [each.benchmark for each in found] == ["same", "near", "turned", MEAN]
    assert (found[0].rho, found[0].p, found[2].rho) == (1, pytest.approx(2 / 5040), -1)
    assert str(found[0]) == "same: rho +1.00 [+1.00, +1.00], p below 0.001, 7 models"


def test_benchmarks_that_tell_nothing_are_left_out():
    ratings = rating_of(RANKING)
    few, alike = dict([*ratings.items()][:3]), dict.fromkeys(ratings, 1.0)
    assert [each.benchmark for each in correlations(RANKING, {"few": few, "same": ratings}, 0.9)] == ["same"]
    with pytest.raises(EstimationError, match="no benchmark has scores of 4 rated models"):
        correlations(RANKING, {"few": few, "alike": alike, "others": {"nobody": 1.0}}, 0.95)


def test_reading(tmp_path):
    path = tmp_path / "scores.csv"
    path.write_text("\ufeffscore,model,benchmark,more\n0.5,a,arc,x\n 61 , b ,arc,\n0.1,a,piqa,\n", encoding="utf-8")
    assert by_task(read_table(path)) == {"arc": {"a": 0.5, "b": 61}, "piqa": {"a": 0.1}}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "no column 'model'"),
        ("model,benchmark\na,b\n", "no column 'score'"),
        ("model,benchmark,score\na,arc,high\n", "line 2: the score must be a number, and 'high' is not"),
        ("model,benchmark,score\na,arc,nan\n", "line 2: the score must be a number"),
        ("model,benchmark,score\na,arc\n", "line 2: the score must be a number, and '' is not"),
        ("model,benchmark,score\n,arc,1\n", "line 2: the model or the task is missing"),
        ("model,benchmark,score\na,arc,1\na,arc,2\n", "line 3: 'a' has a score in 'arc' in line 2"),
    ],
)
def test_wrong_files(tmp_path, text, sentence):
    path = tmp_path / "scores.csv"
    path.write_text(text)
    with pytest.raises(BadFile, match=sentence):
        read_table(path)
    path.write_bytes(b"model,benchmark,score\n\xff\xfe,a,1\n")
    with pytest.raises(BadFile, match="cannot be read"):
        read_table(path)
